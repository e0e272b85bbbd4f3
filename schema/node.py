"""The interface of whatever has an id."""

from __future__ import annotations

from typing import Any

import strawberry

from schema import ids


@strawberry.interface
class Node:
    @strawberry.field
    @staticmethod
    def id(root: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(ids.of(root))
