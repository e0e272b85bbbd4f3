"""The registry: the database of relations, dynamic fields, groups, services and tickets, as batch questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from backends.filters import Operator
from backends.model import Inspection, SourceKind
from backends.search import Search

ObjectType = Literal["CustomerUser", "CustomerCompany"]
"""What a dynamic field hangs on (DB-14)."""


@dataclass(frozen=True, slots=True)
class DynamicSearch:
    """One dynamic field that must match: by a search tree over its values, or by values and an operator (DET-8)."""

    field: str
    search: Search | None = None
    values: tuple[str, ...] = ()
    operator: Operator = Operator.LIKE


class Registry(Protocol):
    """Answers questions about what hangs on logins and customer IDs; all comparisons are exact, as stored."""

    kind: SourceKind

    async def customers_of(self, logins: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Additional customer IDs of each login, ordered by ID (MULTI-8); logins without any are left out."""
        ...

    async def logins_of(self, customer_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Logins related to each customer, ordered by login (MULTI-8); customers without any are left out."""
        ...

    async def related_logins(self) -> Sequence[str]:
        """Every login that is related to some customer."""
        ...

    async def dynamic_values(
        self, object_type: ObjectType, names: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Values of the valid dynamic fields of each object: object name → field name → values (MAP-8, DB-14)."""
        ...

    async def dynamic_choices(self, object_type: ObjectType) -> Mapping[str, Mapping[str, str]]:
        """What stored values are called, for valid dynamic fields with choices: field name → value → text (SRCH-17)."""
        ...

    async def dynamic_matches(self, object_type: ObjectType, search: DynamicSearch) -> Sequence[str]:
        """Names of the objects whose valid dynamic field matches (DF-2, DET-8).

        For EMPTY those who have a value, to be left out: whoever has no object in the registry has no value either.
        """
        ...

    async def ping(self) -> None:
        """Return when the registry answers; raise SourceUnavailable when it does not."""
        ...

    async def inspect(self) -> Inspection:
        """Say which tables are missing, for `check`."""
        ...

    async def close(self) -> None:
        """Give back all connections."""
        ...
