"""Errors in an order that does not depend on what answered first: one for each place that is null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

Path = Sequence[str | int]


def settled(data: Any, errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """Of several errors that null the same place, the one that did; those without a path stand as they are."""
    if len(errors) < 2 or any(error.path is None for error in errors):
        return list(errors)
    found = {nulled(data, error.path or ()): error for error in errors}
    return list(found.values())


def in_order(data: Any, errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """The errors in the order of the answer's fields."""
    if len(errors) < 2 or any(error.path is None for error in errors):
        return list(errors)
    return sorted(errors, key=lambda error: _rank(data, error.path or ()))


def nulled(data: Any, path: Path) -> tuple[str | int, ...]:
    """The place that is null for the error: its own, or one above it."""
    value = data
    for length, key in enumerate(path):
        if value is None:
            return tuple(path[:length])
        value = value[key]
    return tuple(path)


def _rank(data: Any, path: Path) -> tuple[int, ...]:
    value, found = data, []
    for key in path:
        if value is None:
            break
        found.append(key if isinstance(key, int) else list(value).index(key))
        value = value[key]
    return tuple(found)
