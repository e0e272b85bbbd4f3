"""What resolvers hold in hand during one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from backends.directory import Directory
from backends.errors import SourceUnavailable
from backends.model import Customer, CustomerUser
from backends.registries import GroupStore, PreferenceStore, RelationStore, ServiceStore
from backends.registry import ObjectType, Registry
from backends.tickets import TicketStore
from resolvers.cursors import Seal
from resolvers.joined import Joined
from resolvers.permissions import PermissionPolicy
from resolvers.policies import ServicePolicy
from resolvers.viewer import Viewer
from resolvers.writing.stores import WriteStores

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
    ticket_fields: Mapping[str, str] = field(default_factory=dict)
    """Variables of a customer user, and the dynamic fields of its tickets that get them (DFC-3)."""
    policy: PermissionPolicy = field(default_factory=PermissionPolicy)
    service_policy: ServicePolicy = field(default_factory=ServicePolicy)
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
    loaders: dict[Hashable, Any] = field(default_factory=dict)
    beside: list[tuple[Any, Exception]] = field(default_factory=list)
    """Errors that stand beside a value, with the path of their field."""
    relations: Joined[str, tuple[str, ...]] = field(init=False)
    """Additional customer IDs by login."""
    customer_records: Joined[str, Customer | SourceUnavailable | None] = field(init=False)
    """Customers by ID; an error where a silent source may own the ID."""
    dynamic_values: Mapping[ObjectType, Joined[str, Mapping[str, tuple[str, ...]]]] = field(init=False)
    """Dynamic fields by object name."""

    def __post_init__(self) -> None:
        """Give each kind of look-up a place where the fields of the request meet."""
        self.renew()

    def renew(self) -> None:
        """Ask anew from here on: what was read before a write is not the new state."""
        self.loaders.clear()
        registry = self.services.registry

        async def relations(logins: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
            return await registry.customers_of(logins)

        async def customers(ids: Sequence[str]) -> Mapping[str, Customer | SourceUnavailable | None]:
            lookup = await self.customers.get_many(ids, stop_at_gap=True)
            return {one: lookup.or_error(one) for one in ids}

        self.relations = Joined(relations)
        self.customer_records = Joined(customers, behind=self.relations)
        self.dynamic_values = {
            "CustomerUser": Joined(lambda names: registry.dynamic_values("CustomerUser", names)),
            "CustomerCompany": Joined(lambda names: registry.dynamic_values("CustomerCompany", names)),
        }

    @property
    def users(self) -> Directory[CustomerUser]:
        """All sources of customer users, in order."""
        return self.services.users

    @property
    def customers(self) -> Directory[Customer]:
        """All sources of customers, in order."""
        return self.services.customers

    @property
    def registry(self) -> Registry:
        """The database of relations."""
        return self.services.registry
