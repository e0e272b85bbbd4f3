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
