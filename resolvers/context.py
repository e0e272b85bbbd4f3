"""What resolvers hold in hand during one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from backends.directory import Directory
from backends.model import Customer, CustomerUser
from backends.registry import Registry
from resolvers.cursors import Seal
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
    order_fields: Mapping[str, str] = field(default_factory=dict)


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
