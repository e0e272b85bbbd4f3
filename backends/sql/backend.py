"""One source in one table, behind the protocol that all stores share."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Generic, cast

from backends.cells import Cells, Columns
from backends.conditions import And, Or, condition_of, storable
from backends.filters import Filter, Question
from backends.mapping import LAYOUTS, FieldType, RecordMapping
from backends.model import Inspection
from backends.narrow import records_of
from backends.order import Order, fold
from backends.protocol import Count, Page, R
from backends.sql import shapes
from backends.sql.database import Database
from backends.sql.database import Row as Stored
from backends.sql.inspection import inspected
from backends.sql.last import LastPages
from backends.sql.lookups import Lookup, is_loose, lookup
from backends.sql.placing import placed
from backends.sql.shapes import Shape, comparable, shape_of
from backends.sql.statements import PageShape, Statements

BATCH = 100
"""Questions in one statement at most."""
SEVERAL = 3
"""Questions from which on it pays to read their rows apart first."""


class SqlBackend(Generic[R]):
    """Reads one table; the password's column is in none of its statements."""

    def __init__(
        self, mapping: RecordMapping, database: Database, table: str, record: Callable[[Stored], R]
    ) -> None:
        self.kind = database.dialect.kind
        self.mapping = mapping
        self.table = table
        self._database = database
        self._record = record
        self._folds = not mapping.search.case_sensitive
        self._width = len(mapping.columns)
        self._made: _Texts | None = None
        self._last: LastPages[Page[R]] = LastPages(database.dialect.is_typed)
        database.dialect.quoted(table)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        texts = self._made or await self._texts()
        rows = await self._looked_up(texts.records, keys)
        return {key: self._record(row) for key, row in rows.items()}

    async def narrow(self, keys: Sequence[str], columns: Columns) -> Mapping[str, R] | None:
        texts = self._made or await self._texts()
        layout = self.mapping.layout(columns)
        rows = await self._looked_up(texts.of_columns(layout.columns), keys)
        cells = Cells(layout, list(rows.values()), before=0, sorts=0, typed=texts.statements.dialect.is_typed)
        return dict(zip(rows, cast(Sequence[R], records_of(cells)), strict=True))

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        texts = self._made or await self._texts()
        return (await self._looked_up(texts.keys, keys)).keys()

    def pages(self, questions: Sequence[Question]) -> Coroutine[Any, Any, Sequence[Page[R]]]:
        return self._pages(questions) if 0 < len(questions) <= BATCH else self._many_pages(questions)

    async def _many_pages(self, questions: Sequence[Question]) -> Sequence[Page[R]]:
        pages: list[Page[R]] = []
        for batch in _batches(questions):
            pages += await self._pages(batch)
        return pages

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        counts: list[Count] = []
        for batch in _batches(filters):
            counts += await self._counts(batch)
        return counts

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        mapped = self.mapping.field(field)
        if mapped is None or mapped.is_dynamic:
            return {}
        statements = (self._made or await self._texts()).statements
        condition, args = self._shape(filter, statements)
        rows = await self._database.fetch(statements.tally(mapped.column, condition), args)
        tally: Counter[str | None] = Counter()
        for value, number in rows:
            tally[value or None] += number
        return tally

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        statements = (self._made or await self._texts()).statements
        condition, args = self._shape(filter, statements)
        if after is not None:
            args += _doubled(after)
        rows = await self._database.fetch(statements.keys(condition, after is not None), [*args, limit])
        return [(folded, key) for folded, key in rows]

    async def twins(self) -> Sequence[str]:
        statements = (self._made or await self._texts()).statements
        return [row[1] for row in await self._database.fetch(statements.twins)]

    async def ping(self) -> None:
        await self._database.ping()

    async def inspect(self) -> Inspection:
        return await inspected(self.mapping, self._database, self.table)

    async def close(self) -> None:
        await self._database.close()

    async def _looked_up(self, lookup: Lookup, keys: Sequence[str]) -> dict[str, Stored]:
        """The row of each key that has one; what a looser collation offered is dropped (OVR-5)."""
        asked = storable(keys)
        if lookup.fits is not None:
            asked = [key for key in asked if lookup.fits(key)]
        if not asked:
            return {}
        rows = await self._database.fetch(lookup.text_for(len(asked)), lookup.arguments(asked))
        exact = {str(row[0]): row for row in rows}
        found = {key: exact[key] for key in asked if key in exact}
        if not self._folds or len(found) == len(asked):
            return found
        folded: dict[str, str] = {}
        for key in exact:
            low = fold(key)
            folded[low] = min(key, folded.get(low, key))
        return {key: exact[same] for key in asked if (same := _spelling(key, exact, folded)) is not None}

    async def _pages(self, questions: Sequence[Question]) -> list[Page[R]]:
        statements = (self._made or await self._texts()).statements
        if len(questions) == 1 and questions[0].columns is not None:
            return [await self._cells(questions[0], questions[0].columns, statements)]
        if len(questions) == 1:
            text, args = self._single(questions[0], statements, questions[0].filter.search is not None)
            rows = await self._database.fetch(text, args)
            return [self._last.of((text, *args), rows, partial(self._page, questions[0]))]
        shapes, args = [], []
        for question in questions:
            capped = question.filter.search is not None
            condition, own = self._shape(question.filter, statements)
            shapes.append(PageShape(condition, *_kind(question), capped))
            args += [*own, *_place(question, capped)]
        candidates, common = self._candidates([question.filter for question in questions], statements)
        text = statements.pages(tuple(shapes), candidates)
        rows = await self._database.fetch(text, common + args)
        found = {number: list(group) for number, group in itertools.groupby(rows, lambda row: row[0])}
        return [self._page(question, found.get(number, [])) for number, question in enumerate(questions)]

    async def _cells(self, question: Question, asked: Columns, statements: Statements) -> Page[R]:
        """A page of the columns alone, without what nobody is told: sort values, and whether matches were cut."""
        layout = self.mapping.layout(asked)
        whole = question.after is None and question.limit <= self.mapping.search.list_limit
        capped = question.filter.search is not None and (asked.reports or not whole)
        text, args = self._single(question, statements, capped, layout.columns, asked.cursors)
        rows = await self._database.fetch(text, args)
        kept = [row for row in rows if not row[1]] if capped else rows
        sorts = len(question.order.directions) if asked.cursors else 0
        before = 2 if capped else 0
        return Page(
            (),
            more=len(kept) > question.limit,
            truncated=len(kept) < len(rows),
            cells=Cells(layout, kept[: question.limit], before, sorts, statements.dialect.is_typed),
        )

    def _candidates(
        self, filters: Sequence[Filter], statements: Statements
    ) -> tuple[Shape | None, list[Any]]:
        """What the rows of all pages have in common, where it is worth to read them once."""
        if len(filters) < SEVERAL or not statements.dialect.reads_once:
            return None, []
        rest = {replace(asked, members=None, keys=None) for asked in filters}
        if len(rest) > 1:
            return None, []
        anchors = [
            condition_of(Filter(validity=None, members=asked.members, keys=asked.keys), self.mapping)
            for asked in filters
        ]
        parts = [
            part for anchor in anchors for part in (anchor.parts if isinstance(anchor, Or) else (anchor,))
        ]
        common = And((condition_of(rest.pop(), self.mapping), Or(tuple(parts))))
        return shape_of(common, statements.dialect, statements.columns)

    def _single(
        self, question: Question, statements: Statements, capped: bool, *read: Any
    ) -> tuple[str, list[Any]]:
        """The statement that gives one page, and its arguments; `read` says of which columns, if not of all."""
        asked, kind = question.filter, (*_kind(question), capped, *read)
        if asked.has_anchor:
            condition, args = self._shape(asked, statements)
            text = statements.pages((PageShape(condition, *kind),))
        else:
            text, args = statements.single(asked, *kind)
        return text, [*args, *_place(question, capped)]

    def _page(self, question: Question, rows: Sequence[Stored]) -> Page[R]:
        """A page of rows that begin with number and cut; a row that is cut says only that there were more."""
        kept = [row for row in rows if not row[1]] if question.filter.search is not None else rows
        return Page(
            placed(kept[: question.limit], self._record, self._width, self.mapping.source_key),
            more=len(kept) > question.limit,
            truncated=len(kept) < len(rows),
        )

    async def _counts(self, filters: Sequence[Filter]) -> list[Count]:
        statements = (self._made or await self._texts()).statements
        shapes, args = [], []
        for asked in filters:
            shape, own = self._shape(asked, statements)
            shapes.append((shape, asked.search is not None))
            args += own
        rows = await self._database.fetch(statements.counts(tuple(shapes)), args)
        numbers = {row[0]: int(row[1]) for row in rows}
        most = self.mapping.search.list_limit
        return [
            Count(most, exact=False) if capped and numbers[place] > most else Count(numbers[place])
            for place, (_, capped) in enumerate(shapes)
        ]

    def _shape(self, filter: Filter, statements: Statements) -> tuple[Shape, list[Any]]:
        if filter.has_anchor:
            return shape_of(condition_of(filter, self.mapping), statements.dialect, statements.columns)
        shape, args = statements.shape(filter)
        return shape, args.copy()

    async def _texts(self) -> _Texts:
        """The texts of this source, once the store has said what they depend on."""
        dialect = self._database.dialect
        collations: dict[str, str | None] = {}
        if dialect.tells_collations:
            sql, args = dialect.columns(dialect.quoted(self.table))
            collations = {row[0]: row[1] for row in await self._database.fetch(sql, args)}
        texts = _Texts(self.mapping, self.table, self._database, collations)
        if collations or not dialect.tells_collations:
            self._made = texts  # a table that is not there yet may come
        return texts


class _Texts:
    """What is made once for a source."""

    def __init__(
        self, mapping: RecordMapping, table: str, database: Database, collations: Mapping[str, str | None]
    ) -> None:
        dialect = database.dialect
        loose = frozenset(name for name, collation in collations.items() if is_loose(collation))
        numbers = frozenset(row.column for row in mapping.fields if row.type is FieldType.INT)
        self.statements = Statements(mapping, table, dialect, shapes.Columns(numbers, loose))
        self.of_columns = lru_cache(LAYOUTS)(partial(self._lookup, mapping, collations))
        self.records = self.of_columns(mapping.columns)
        self.keys = self.of_columns(mapping.columns[:1])

    def _lookup(
        self, mapping: RecordMapping, collations: Mapping[str, str | None], columns: Sequence[str]
    ) -> Lookup:
        dialect, key = self.statements.dialect, mapping.key_column
        return lookup(
            dialect,
            self.statements.table,
            self.statements.key,
            ", ".join(map(dialect.quoted, columns)),
            folded=not mapping.search.case_sensitive,
            is_number=mapping.key_is_number,
            collation=collations.get(key),
        )


def _spelling(key: str, exact: Mapping[str, Stored], folded: Mapping[str, str]) -> str | None:
    return key if key in exact else folded.get(fold(key))


def _doubled(parts: Sequence[str]) -> list[str]:
    """A position as the keyset predicate takes it: every part twice, from the first on, but the last one once."""
    texts = [comparable(part) for part in parts]
    return [text for part in texts[:-1] for text in (part, part)] + texts[-1:]


def _kind(question: Question) -> tuple[Order, bool, bool]:
    """Its order, whether it goes on behind a position, and whether a row that equals that one follows it."""
    order, place = question.order, question.after_place
    if question.after is None:
        return order, False, False
    return order, True, place > 0 if order.descending_ties else place < 0


def _place(question: Question, capped: bool) -> list[Any]:
    """The arguments that stand behind those of the filter."""
    after = [] if question.after is None else _doubled(question.after.parts)
    return [*after, question.limit + 1 + capped]


def _batches(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
