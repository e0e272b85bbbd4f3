"""When two answers are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schema.ordering import nulled

Errors = Sequence[dict[str, Any]]


def same(data: Any, one: Errors, other: Errors) -> bool:
    """Whether the errors are the same; of several that null one place at the same time, either may be told."""
    return len(one) == len(other) and all(_same(data, a, b) for a, b in zip(one, other, strict=True))


def _same(data: Any, one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one == other:
        return True
    places = [nulled(data, error.get("path") or ()) for error in (one, other)]
    return places[0] == places[1] and all(
        len(place) < len(error.get("path") or ()) for place, error in zip(places, (one, other), strict=True)
    )
