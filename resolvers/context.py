"""What resolvers hold in hand during one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from backends.audit import AuditTrail
from backends.bus import Bus
from backends.directory import Directory
from backends.errors import SourceUnavailable
from backends.model import Customer, CustomerUser
from backends.registries import GroupStore, PreferenceStore, RelationStore, ServiceStore
from backends.registry import ObjectType, Registry
from backends.sight import Sight
from backends.tickets import TicketStore
from backends.views import View
from resolvers.cursors import Seal
from resolvers.joined import Joined
from resolvers.permissions import PermissionPolicy
from resolvers.policies import CustomerPolicy, ServicePolicy
from resolvers.rows import Once, customers_in, rows_of
from resolvers.viewer import Viewer
from resolvers.writing.stores import WriteStores

if TYPE_CHECKING:
    from resolvers.login import SigningIn

P = TypeVar("P")
V = TypeVar("V")

Batch = Callable[..., Awaitable[Sequence[Any]]]
"""A relation: (context, parents, **arguments) → one value, or error, for each parent."""


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process: the stores as directories, and the seal of cursors and versions."""

    users: Directory[CustomerUser]
    customers: Directory[Customer]
    registry: Registry
    seal: Seal
    groups: GroupStore = field(default=cast(GroupStore, None))
    offers: ServiceStore = field(default=cast(ServiceStore, None))
    relations: RelationStore = field(default=cast(RelationStore, None))
    preferences: PreferenceStore = field(default=cast(PreferenceStore, None))
    writes: WriteStores = field(default=cast(WriteStores, None))
    tickets: TicketStore = field(default=cast(TicketStore, None))
    trail: AuditTrail = field(default=cast(AuditTrail, None))
    bus: Bus = field(default_factory=Bus)
    ticket_fields: Mapping[str, str] = field(default_factory=dict)
    """Variables of a customer user, and the dynamic fields of its tickets that get them (DFC-3)."""
    policy: PermissionPolicy = field(default_factory=PermissionPolicy)
    service_policy: ServicePolicy = field(default_factory=ServicePolicy)
    customer_policy: CustomerPolicy = field(default_factory=CustomerPolicy)
    signing_in: SigningIn = field(default=cast("SigningIn", None))
    second_factor_key: str = ""
    """The preference that holds the secret of the second factor; never shown."""


@dataclass(slots=True)
class RequestContext:
    """One request: who asks, the services, and the loaders that batch its look-ups."""

    services: Services
    viewer: Viewer
    request_id: str = ""
    """What logs and the audit trail call this request."""
    address: str = ""
    """The client's address, behind trusted proxies; "" where there is none."""
    again: Callable[[], Awaitable[Viewer]] | None = field(default=None, repr=False)
    """Asks who the same credential stands for by now: for what outlives its request."""
    loaders: dict[Hashable, Any] = field(default_factory=dict)
    beside: list[tuple[Any, Exception]] = field(default_factory=list)
    """Errors that stand beside a value, with the path of their field."""
    users: Directory[CustomerUser] = field(init=False)
    """All sources of customer users, in order, as far as the viewer sees them."""
    customers: Directory[Customer] = field(init=False)
    """All sources of customers, in order, as far as the viewer sees them."""
    sight: Callable[[], Awaitable[Sight]] = field(init=False)
    """Which customer users the viewer sees, and which customers it may be told of."""
    _meetings: Meetings | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        """See the directories as the viewer does."""
        self._look()

    def renew(self) -> None:
        """Ask anew from here on: what was read before a write is not the new state."""
        self.loaders.clear()
        self._meetings = None
        self._look()

    @property
    def _met(self) -> Meetings:
        """Where the look-ups of fields meet; most requests look up nothing so."""
        if self._meetings is None:
            self._meetings = Meetings(self)
        return self._meetings

    @property
    def relations(self) -> Joined[str, tuple[str, ...]]:
        """Additional customer IDs by login."""
        return self._met.relations

    @property
    def customer_records(self) -> Joined[str, Customer | SourceUnavailable | None]:
        """Customers by ID; an error where a silent source may own the ID."""
        return self._met.customer_records

    @property
    def dynamic_values(self) -> Mapping[ObjectType, Joined[str, Mapping[str, tuple[str, ...]]]]:
        """Dynamic fields by object name."""
        return self._met.dynamic_values

    @property
    def is_limited(self) -> bool:
        """Whether the viewer sees some rows only."""
        return self.viewer.rows is not None

    @property
    def sees_all(self) -> bool:
        """Whether every record is shown to the viewer as it is."""
        return self.users is self.services.users

    async def shown(self, value: Any) -> Any:
        """A record that was written as the viewer sees it, if at all; anything else as it is."""
        if isinstance(value, CustomerUser) and isinstance(self.users, View):
            return await self.users.shown(value)
        if isinstance(value, Customer) and isinstance(self.customers, View):
            return await self.customers.shown(value)
        return value

    def _look(self) -> None:
        """See the directories as the viewer does; whoever sees everything asks them as they are."""
        services, viewer = self.services, self.viewer
        if not viewer.hidden_fields and not self.is_limited:
            self.sight, self.users, self.customers = _all, services.users, services.customers
            return

        async def sight() -> Sight:
            rows = await rows_of(viewer, services.users, services.registry, services.customer_policy)
            return Sight(rows, viewer.hidden_fields)

        async def of_customers() -> Sight:
            users = await self.sight()
            return Sight(customers_in(users.scope), viewer.hidden_fields)

        self.sight = Once(sight)
        self.users = View(services.users, self.sight)
        self.customers = View(services.customers, Once(of_customers))

    @property
    def registry(self) -> Registry:
        """The database of relations."""
        return self.services.registry


class Meetings:
    """Look-ups that several fields of one request share until it asks anew."""

    def __init__(self, context: RequestContext) -> None:
        registry = context.services.registry

        async def relations(logins: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
            return await registry.customers_of(logins)

        async def customers(ids: Sequence[str]) -> Mapping[str, Customer | SourceUnavailable | None]:
            lookup = await context.customers.get_many(ids, stop_at_gap=True)
            return lookup.of_all(ids)

        self.relations: Joined[str, tuple[str, ...]] = Joined(relations)
        self.customer_records: Joined[str, Customer | SourceUnavailable | None] = Joined(
            customers, behind=self.relations
        )
        self.dynamic_values: Mapping[ObjectType, Joined[str, Mapping[str, tuple[str, ...]]]] = {
            "CustomerUser": Joined(lambda names: registry.dynamic_values("CustomerUser", names)),
            "CustomerCompany": Joined(lambda names: registry.dynamic_values("CustomerCompany", names)),
        }


_EVERYTHING = Sight(None)


async def _all() -> Sight:
    """What a caller sees who sees everything."""
    return _EVERYTHING
