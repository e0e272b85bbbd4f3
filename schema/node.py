"""The interface of whatever has an id."""

from __future__ import annotations

from typing import Any

import strawberry

from schema import ids
from schema.fields import computed


@strawberry.interface
class Node:
    @computed
    @staticmethod
    def id(root: Any) -> strawberry.ID:
        return strawberry.ID(ids.of(root))
