"""A store in memory: what every other store is compared with, and the double in tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic

from backends.conditions import condition_of
from backends.evaluate import number_columns, predicate
from backends.filters import Filter, Question
from backends.mapping import FieldType, RecordMapping, first
from backends.model import Inspection, SourceKind, Validity, Value
from backends.order import Descending, Order, Position, fold, number_text, other_spellings
from backends.protocol import Count, Page, R, Row

Columns = Mapping[str, Value]


class MemoryBackend(Generic[R]):
    """Answers from rows in memory. None is NULL, or, where `kind` is a directory, an attribute that is absent."""

    def __init__(
        self,
        mapping: RecordMapping,
        rows: Sequence[Columns],
        record: Callable[[Sequence[Any]], R],
        kind: SourceKind = SourceKind.SQLITE,
    ) -> None:
        self.kind = kind
        self.mapping = mapping
        self.rows = rows
        self._record = record

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        found = {key: self._owner(key) for key in keys}
        return {key: self._made(row) for key, row in found.items() if row is not None}

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        return {key for key in keys if self._owner(key) is not None}

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[R]]:
        return [self._page(question) for question in questions]

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        return [self._count(each) for each in filters]

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        mapped = self.mapping.field(field)
        if mapped is None:
            return {}
        return Counter(first(row.get(mapped.column)) or None for row in self._matching(filter))

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        pairs = sorted((fold(key), key) for row in self._matching(filter) for key in [self._key(row)])
        return [pair for pair in pairs if after is None or pair > after][:limit]

    async def twins(self) -> Sequence[str]:
        return other_spellings(sorted((fold(key), key) for row in self.rows for key in [self._key(row)]))

    async def ping(self) -> None:
        pass

    async def inspect(self) -> Inspection:
        return Inspection(rows=len(self.rows))

    async def close(self) -> None:
        pass

    def _owner(self, key: str) -> Columns | None:
        """The row with this key: of several the one spelled like it, else the first in order."""
        same = [row for row in self.rows if self._key(row) == key]
        if not same and not self.mapping.search.case_sensitive:
            same = [row for row in self.rows if fold(self._key(row)) == fold(key)]
        return min(same, key=self._key, default=None)

    def _page(self, question: Question) -> Page[R]:
        order, after = question.order, question.after
        matching = sorted(
            ((self._position(row, order), row) for row in self._matching(question.filter)),
            key=lambda pair: _directed(pair[0], order),
        )
        kept = matching[: self._limit(question.filter)]
        if after is not None:
            kept = [pair for pair in kept if _follows(pair[0], after, order, question.after_place)]
        return Page(
            [Row(self._made(row), position) for position, row in kept[: question.limit]],
            more=len(kept) > question.limit,
            truncated=self._is_cut(question.filter, len(matching)),
        )

    def _count(self, filter: Filter) -> Count:
        number = sum(1 for _ in self._matching(filter))
        if self._is_cut(filter, number):
            return Count(self.mapping.search.list_limit, exact=False)
        return Count(number)

    def _limit(self, filter: Filter) -> int | None:
        return None if filter.search is None else self.mapping.search.list_limit

    def _is_cut(self, filter: Filter, number: int) -> bool:
        limit = self._limit(filter)
        return limit is not None and number > limit

    def _matching(self, filter: Filter) -> Iterable[Columns]:
        test = predicate(
            condition_of(filter, self.mapping),
            numbers=number_columns(self.mapping),
            absent_is_empty=self.kind is SourceKind.LDAP,
        )
        return (row for row in self.rows if test(row.get, self._validity(row)))

    def _position(self, row: Columns, order: Order) -> Position:
        key = self._key(row)
        values = tuple(self._sort_value(row, term.field) for term in order.terms)
        return Position(values, fold(key), key, self.mapping.source_key)

    def _sort_value(self, row: Columns, name: str) -> str:
        if name == "validity":
            return str(self._validity(row).value)
        if name in _TIMES:
            return (first(row.get(_TIMES[name])) or "") if self.mapping.audited else ""
        field = self.mapping.field(name)
        if field is None or field.is_dynamic:
            return ""
        value = first(row.get(field.column)) or ""
        return number_text(value) if field.type is FieldType.INT else fold(value)

    def _validity(self, row: Columns) -> Validity:
        column = self.mapping.valid_column
        return Validity.VALID if column is None else Validity.of(first(row.get(column)))

    def _key(self, row: Columns) -> str:
        return first(row.get(self.mapping.key_column)) or ""

    def _made(self, row: Columns) -> R:
        return self._record([row.get(column) for column in self.mapping.columns])


_TIMES = {"createdAt": "create_time", "changedAt": "change_time"}


def _directed(position: Position, order: Order) -> tuple[str, ...]:
    return tuple(
        Descending(part) if down else part
        for part, down in zip(position.parts, order.directions, strict=True)
    )


def _follows(position: Position, after: Position, order: Order, after_place: int) -> bool:
    if position.parts == after.parts:
        return after_place > 0 if order.descending_ties else after_place < 0
    return _directed(position, order) > _directed(after, order)
