"""What resolvers hold in hand during one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from backends.directory import Directory
from backends.model import Customer, CustomerUser
from backends.registries import GroupStore, ServiceStore
from backends.registry import Registry
from resolvers.cursors import Seal
from resolvers.permissions import PermissionPolicy
from resolvers.policies import ServicePolicy
from resolvers.viewer import Viewer

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
    policy: PermissionPolicy = field(default_factory=PermissionPolicy)
    service_policy: ServicePolicy = field(default_factory=ServicePolicy)


@dataclass(slots=True)
class RequestContext:
    """One request: who asks, the services, and the loaders that batch its look-ups."""

    services: Services
    viewer: Viewer
    loaders: dict[Hashable, Any] = field(default_factory=dict)
    beside: list[tuple[Any, Exception]] = field(default_factory=list)
    """Errors that stand beside a value, with the path of their field."""

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
