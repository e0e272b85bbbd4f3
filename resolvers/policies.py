"""What the configuration says, in words that resolvers use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """What the configuration says of services."""

    keep_children: bool = False
    """Whether a service stays in the list though one above it is invalid (SVC-12)."""
    always_defaults: bool = False
    """Whether the default services are added to the assigned ones instead of standing in for them."""


NEVER_EDITED = frozenset({"login", "customerId", "listedCustomerIds", "validity"})
"""Fields that no customer user changes of itself, whatever is configured."""


@dataclass(frozen=True, slots=True)
class CustomerPolicy:
    """What the configuration lets customer users see and change who ask for themselves."""

    sees_colleagues: bool = False
    """Whether they see the other users of their customers."""
    may_edit: frozenset[str] = frozenset()
    """Fields of their own record, by GraphQL name; `password` among them for the password."""
