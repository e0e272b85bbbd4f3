"""The statements that a table is read by, each text made once for every shape of question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from backends.conditions import condition_of
from backends.filters import Filter
from backends.mapping import FieldType, RecordMapping
from backends.order import Order
from backends.sql.conditions import Renderer
from backends.sql.dialects import Dialect
from backends.sql.shapes import Columns, Shape, shape_of

TIMES = {"createdAt": "create_time", "changedAt": "change_time"}
TEXTS = 128
"""Texts remembered for each kind of statement; one of a hundred pages is a hundred kilobytes long."""
BY_KEY = Order((), False)


@dataclass(frozen=True, slots=True)
class PageShape:
    """What the text of a page depends on."""

    condition: Shape
    order: Order
    after: bool = False
    inclusive: bool = False
    """Whether a row that equals the position in all parts follows it."""
    capped: bool = False
    """Whether only the first `list_limit` matches count."""
    columns: tuple[str, ...] | None = None
    """The columns that are read; None: those of records."""
    placed: bool = True
    """Whether the sort values are told."""


class Statements:
    """The texts for one table; `columns` says what the store told of its columns."""

    def __init__(self, mapping: RecordMapping, table: str, dialect: Dialect, columns: Columns) -> None:
        self.mapping = mapping
        self.dialect = dialect
        self.table = dialect.quoted(table)
        self.columns = columns
        self.renderer = Renderer(dialect, columns, mapping.valid_column, dialect.quoted)
        self.shape = lru_cache(TEXTS)(self._shape)
        self.single = lru_cache(TEXTS)(self._single)
        self.pages = lru_cache(TEXTS)(self._pages)
        self.counts = lru_cache(TEXTS)(self._counts)
        self.tally = lru_cache(TEXTS)(self._tally)
        self.keys = lru_cache(TEXTS)(self._keys)

    def _shape(self, filter: Filter) -> tuple[Shape, list[Any]]:
        """What a filter comes to, and its arguments, which are not to be changed."""
        return shape_of(condition_of(filter, self.mapping), self.dialect, self.columns)

    def _single(self, filter: Filter, *rest: Any) -> tuple[str, list[Any]]:
        """The text of one page, and the arguments of the filter; `rest` is what a shape has beside its condition."""
        condition, args = self.shape(filter)
        return self.pages((PageShape(condition, *rest),)), args

    def _pages(self, shapes: tuple[PageShape, ...], candidates: Shape | None = None) -> str:
        """Rows of number, cut, record columns and sort values, in order, for each shape numbered from 0.

        With `candidates`, a condition that all rows of all pages satisfy, the table is read once.
        """
        table = self.table if candidates is None else "candidates"
        branches = [self._page(number, shape, table) for number, shape in enumerate(shapes)]
        if len(branches) == 1:
            return self.dialect.listing(branches[0])
        union = " UNION ALL ".join(f"SELECT * FROM ({branch}) AS q{n}" for n, branch in enumerate(branches))
        rows = f"SELECT * FROM ({union}) AS u ORDER BY number, cut DESC, {_order_by(shapes[0].order)}"
        return self.dialect.listing(self._with(candidates) + rows)

    def _with(self, candidates: Shape | None) -> str:
        if candidates is None:
            return ""
        columns = ", ".join(map(self.dialect.quoted, self._named))
        rows = f"SELECT {columns} FROM {self.table} WHERE {self._where(candidates)}"
        return f"WITH candidates AS MATERIALIZED ({rows}) "

    @cached_property
    def _named(self) -> Sequence[str]:
        """Every column that a condition, a sort key or a record may name."""
        rules = self.mapping.search
        more = [*rules.columns, *rules.post_master_columns]
        more += [self.mapping.customer_id_column] if self.mapping.customer_id_column else []
        return list(dict.fromkeys([*self.mapping.columns, *more]))

    def _page(self, number: int, shape: PageShape, table: str) -> str:
        sorts = self._sorts(shape.order)
        columns = self.mapping.columns if shape.columns is None else shape.columns
        values = [f"{self.dialect.quoted(name)} AS c{place}" for place, name in enumerate(columns)]
        listed = ", ".join(values + [f"{sort} AS s{place}" for place, sort in enumerate(sorts)])
        order_by = _order_by(shape.order)
        where = self._where(shape.condition)
        if not shape.capped:
            if shape.after:
                where += f" AND {self._follows(sorts, shape)}"
            if not shape.placed:
                order_by, listed = _order_by(shape.order, sorts), ", ".join(values)
            if shape.columns is not None:
                return f"SELECT {listed} FROM {table} WHERE {where} ORDER BY {order_by} LIMIT ?"
            return (
                f"SELECT {number} AS number, 0 AS cut, {listed} FROM {table}"
                f" WHERE {where} ORDER BY {order_by} LIMIT ?"
            )
        names = [f"s{place}" for place in range(len(sorts))]
        most = self.mapping.search.list_limit
        follows = f" OR {self._follows(names, shape)}" if shape.after else " OR 1 = 1"
        matches = f"SELECT {listed} FROM {table} WHERE {where} ORDER BY {order_by} LIMIT {most + 1}"
        placed = f"SELECT m.*, row_number() OVER (ORDER BY {order_by}) AS place FROM ({matches}) AS m"
        outer = ", ".join(f"c{place}" for place in range(len(columns)))
        outer = ", ".join([outer, *names]) if shape.placed else outer
        return (
            f"SELECT {number} AS number, CASE WHEN place > {most} THEN 1 ELSE 0 END AS cut, {outer}"
            f" FROM ({placed}) AS p WHERE (place > {most}{follows}) ORDER BY cut DESC, {order_by} LIMIT ?"
        )

    def _counts(self, shapes: tuple[tuple[Shape, bool], ...]) -> str:
        """Rows of number and count; a capped one counts to one more than `list_limit`."""
        texts = []
        for number, (condition, capped) in enumerate(shapes):
            rows = f"FROM {self.table} WHERE {self._where(condition)}"
            if capped:
                rows = (
                    f"FROM (SELECT 1 AS one {rows} LIMIT {self.mapping.search.list_limit + 1}) AS q{number}"
                )
            texts.append(f"SELECT {number} AS number, count(*) AS matching {rows}")
        return self.dialect.finish(" UNION ALL ".join(texts))

    def _tally(self, column: str, condition: Shape) -> str:
        """Rows of value and count."""
        value = self.dialect.exact(self.dialect.text(self.dialect.quoted(column)))
        return self.dialect.finish(
            f"SELECT {value} AS held, count(*) AS matching FROM {self.table}"
            f" WHERE {self._where(condition)} GROUP BY {value}"
        )

    def _keys(self, condition: Shape, after: bool) -> str:
        """Rows of folded key and key, in order."""
        sorts = self._sorts(BY_KEY)
        where = self._where(condition)
        if after:
            where += f" AND {self._follows(sorts, PageShape(condition, BY_KEY))}"
        return self.dialect.finish(
            f"SELECT {sorts[0]} AS s0, {sorts[1]} AS s1 FROM {self.table} WHERE {where} ORDER BY s0, s1 LIMIT ?"
        )

    @cached_property
    def twins(self) -> str:
        """Rows of keys that another spelling precedes."""
        folded, key = self._sorts(BY_KEY)
        return self.dialect.finish(
            f"SELECT DISTINCT s0, s1 FROM (SELECT {folded} AS s0, {key} AS s1,"
            f" first_value({key}) OVER (PARTITION BY {folded} ORDER BY {key}) AS owner"
            f" FROM {self.table} WHERE {self._exists}) AS p WHERE s1 <> owner ORDER BY s0, s1"
        )

    @cached_property
    def number_of_rows(self) -> str:
        """One row with the number of records."""
        return f"SELECT count(*) FROM {self.table} WHERE {self._exists}"

    @cached_property
    def key(self) -> str:
        """The quoted key column."""
        return self.dialect.quoted(self.mapping.key_column)

    @cached_property
    def _exists(self) -> str:
        """A row without key is no record (CU-3)."""
        return f"{self.dialect.exact(self.dialect.text(self.key))} <> ''"

    def _where(self, condition: Shape) -> str:
        return f"{self._exists} AND {self.renderer.text(condition)}"

    def _sorts(self, order: Order) -> list[str]:
        key = self.dialect.text(self.key)
        values = [self._sort(term.field) for term in order.terms]
        return [self.dialect.exact(part) for part in (*values, self.dialect.fold(key), key)]

    def _sort(self, name: str) -> str:
        """The value of a field as all stores write it for sorting; empty where there is none."""
        if name == "validity":
            if self.mapping.valid_column is None:
                return "'1'"
            text = self.dialect.text(self.dialect.quoted(self.mapping.valid_column))
            return f"CASE WHEN {text} IN ('1', '3') THEN {text} ELSE '2' END"
        if name in TIMES:
            moment = self.dialect.moment(self.dialect.quoted(TIMES[name]))
            return f"COALESCE({moment}, '')" if self.mapping.audited else "''"
        field = self.mapping.field(name)
        if field is None or field.is_dynamic:
            return "''"
        column = self.dialect.quoted(field.column)
        if field.type is FieldType.INT:
            return f"COALESCE({self.dialect.number(column)}, '')"
        return self.dialect.fold(f"COALESCE({self.dialect.text(column)}, '')")

    def _follows(self, sorts: Sequence[str], shape: PageShape) -> str:
        """Whether a row comes after the position: each part is an argument twice, the last one once."""
        value = self.dialect.value
        signs = ["<" if down else ">" for down in shape.order.directions]
        text = f"{sorts[-1]} {signs[-1]}{'=' if shape.inclusive else ''} {value}"
        for sort, sign in zip(sorts[-2::-1], signs[-2::-1], strict=True):
            text = f"({sort} {sign}= {value} AND ({sort} {sign} {value} OR {text}))"
        return text


def _order_by(order: Order, sorts: Sequence[str] | None = None) -> str:
    """The sort values in their directions, by their names or written out."""
    names = sorts or [f"s{place}" for place in range(len(order.directions))]
    return ", ".join(
        f"{name}{' DESC' if down else ''}" for name, down in zip(names, order.directions, strict=True)
    )
