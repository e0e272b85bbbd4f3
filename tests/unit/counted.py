"""Sources in memory that fail when told to, and note what they were asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic

from backends.directory import Directory
from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.mapping import RecordMapping
from backends.memory import MemoryBackend
from backends.model import Customer, CustomerUser, Inspection, SourceKind, SourceStatus
from backends.protocol import Count, Page, R
from backends.registry import DynamicSearch, ObjectType
from backends.source import Source
from tests.builders import (
    CUSTOM_FIELDS,
    USER_FIELDS,
    Columns,
    a_customer_mapping,
    a_customer_memory_of,
    a_mapping,
    a_memory_of,
)


class Counted(Generic[R]):
    """A store in memory that keeps a list of the calls it got."""

    def __init__(self, backend: MemoryBackend[R]) -> None:
        self.backend = backend
        self.kind = backend.kind
        self.key = backend.mapping.source_key
        self.asked: list[str] = []
        self.sizes: list[int] = []
        self.silent: SourceStatus | None = None
        self.fails_at: frozenset[str] = frozenset()
        """Names of calls that fail; all, while `silent` is set."""

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        self._note("get_many", len(keys))
        return await self.backend.get_many(keys)

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        self._note("have", len(keys))
        return await self.backend.have(keys)

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[R]]:
        self._note("pages", questions[0].limit)
        return await self.backend.pages(questions)

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        self._note("counts", len(filters))
        return await self.backend.counts(filters)

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        self._note("tally", 1)
        return await self.backend.tally(field, filter)

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        self._note("keys", limit)
        return await self.backend.keys(filter, after, limit)

    async def twins(self) -> Sequence[str]:
        self._note("twins", 1)
        return await self.backend.twins()

    async def ping(self) -> None:
        self._note("ping", 1)

    async def inspect(self) -> Inspection:
        return await self.backend.inspect()

    async def close(self) -> None:
        pass

    def forget(self) -> None:
        """Count anew."""
        self.asked.clear()
        self.sizes.clear()

    def _note(self, call: str, size: int) -> None:
        self.asked.append(call)
        self.sizes.append(size)
        if self.silent is not None or call in self.fails_at:
            raise SourceUnavailable(self.key, self.silent or SourceStatus.UNAVAILABLE)


class Relations:
    """A registry in memory."""

    kind = SourceKind.SQLITE

    def __init__(
        self,
        customers: Mapping[str, Sequence[str]] | None = None,
        dynamic: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
    ) -> None:
        self.customers = {login: tuple(ids) for login, ids in (customers or {}).items()}
        self.dynamic = dynamic or {}
        self.asked: list[str] = []
        self.is_silent = False

    async def customers_of(self, logins: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        self._note("customers_of")
        return {login: self.customers[login] for login in logins if login in self.customers}

    async def logins_of(self, customer_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        self._note("logins_of")
        return {
            one: tuple(login for login, ids in sorted(self.customers.items()) if one in ids)
            for one in customer_ids
        }

    async def related_logins(self) -> Sequence[str]:
        return sorted(self.customers)

    async def dynamic_values(
        self, object_type: ObjectType, names: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        self._note("dynamic_values")
        return {name: self.dynamic[name] for name in names if name in self.dynamic}

    async def dynamic_choices(self, object_type: ObjectType) -> Mapping[str, Mapping[str, str]]:
        self._note("dynamic_choices")
        return {}

    async def dynamic_matches(self, object_type: ObjectType, search: DynamicSearch) -> Sequence[str]:
        self._note("dynamic_matches")
        return [
            name
            for name, fields in sorted(self.dynamic.items())
            if set(fields.get(search.field, ())) & set(search.values)
        ]

    async def ping(self) -> None:
        self._note("ping")

    async def inspect(self) -> Inspection:
        return Inspection(rows=0)

    async def close(self) -> None:
        pass

    def _note(self, call: str) -> None:
        self.asked.append(call)
        if self.is_silent:
            raise SourceUnavailable("registry")


def users_in(*sources: Iterable[Columns], **changes: Any) -> list[Counted[CustomerUser]]:
    """One source of customer users for each set of rows, all mapped with these changes."""
    return [
        Counted(a_memory_of(rows, a_mapping(f"s{place}", fields=(*USER_FIELDS, *CUSTOM_FIELDS), **changes)))
        for place, rows in enumerate(sources)
    ]


def customers_in(*sources: Iterable[Columns]) -> list[Counted[Customer]]:
    """One source of customers for each set of rows."""
    return [
        Counted(a_customer_memory_of(rows, a_customer_mapping(f"c{place}")))
        for place, rows in enumerate(sources)
    ]


def directory_of(stores: Sequence[Counted[R]], **settings: Any) -> Directory[R]:
    """The stores in order."""
    return Directory(
        [Source(store.key, store.key, place, store, _mapping(store)) for place, store in enumerate(stores)],
        **settings,
    )


def _mapping(store: Counted[Any]) -> RecordMapping:
    mapping: RecordMapping = store.backend.mapping
    return mapping
