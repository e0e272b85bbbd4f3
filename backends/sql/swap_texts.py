"""The statements that put rows in the place of those that were seen, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from backends.audit import Line
from backends.sql.database import Row
from backends.sql.dialects import Dialect
from backends.sql.exactly import Exactly

TEXTS = 64
"""Texts remembered for each table: one for every choice of columns that change."""

Statement = tuple[str, Sequence[Any]]
"""A text and its arguments."""

Shape = tuple[tuple[str, ...], str | None, tuple[str, ...]]
"""The columns that change, and the table and columns of the line, if there is one."""
TypeOf = Callable[[str], str]
"""The type of a column."""


@dataclass(slots=True)
class Swap:
    """What one change puts in the place of what was seen."""

    seen: Row
    after: Row
    """The row as it will be, unless the store makes something else of it."""
    assigned: Mapping[str, Any]
    line: Line | None = None
    """What is to be kept along with it."""

    @property
    def shape(self) -> Shape:
        """What is said by the text."""
        line = self.line
        return tuple(self.assigned), line.table if line else None, line.columns if line else ()


class SwapTexts:
    """Statements for one table whose rows are read as these columns, of which the first is the key.

    Their rows are those that were written, as they are then; where one becomes another one than a line tells of, the
    statement fails.
    """

    def __init__(self, dialect: Dialect, table: str, columns: Sequence[str], type_of: TypeOf) -> None:
        self._quoted = dialect.quoted
        self._exactly = Exactly(dialect)
        self._table = dialect.quoted(table)
        self._columns = columns
        self._types = [type_of(name) for name in columns]
        self._type_of = type_of
        self._one = lru_cache(TEXTS)(self._text_of_one)
        self._many = lru_cache(TEXTS)(self._text_of_many)

    def one(self, swap: Swap) -> Statement:
        """Waits for whoever holds the row. The columns in their order, and one more."""
        args = [
            datetime.fromisoformat(value)
            if value.__class__ is str and type_.startswith("timestamp")
            else value
            for type_, value in zip(self._types, swap.seen, strict=True)
        ]
        args += [str(swap.seen[0]), *swap.assigned.values(), *(swap.line.values if swap.line else ())]
        return self._one(*swap.shape), args

    def many(self, swaps: Sequence[Swap]) -> Statement:
        """For swaps of one shape; passes over rows that somebody else holds.

        The number of the swap, the columns in their order, and one more.
        """
        first = swaps[0]
        lines = first.line.values if first.line else ()
        timed = tuple(isinstance(value, datetime) for value in lines)
        text, names = self._many(*first.shape, timed)
        rows = [dict(zip(names, (number, *_values(swap)), strict=True)) for number, swap in enumerate(swaps)]
        return text, [orjson.dumps(rows).decode()]

    def _names(self, assigned: int, lines: int) -> list[str]:
        """What the values are called in `asked`."""
        return [
            "number",
            "key",
            *(f"s{place}" for place in range(len(self._columns))),
            *(f"v{place}" for place in range(assigned)),
            *(f"l{place}" for place in range(lines)),
        ]

    def _text_of_one(self, assigned: tuple[str, ...], lines: str | None, columns: tuple[str, ...]) -> str:
        quoted, names = self._quoted, self._columns
        seen = {name: f"${number}" for number, name in enumerate(names, 1)}
        first = len(names) + 2
        new = {name: f"${number}" for number, name in enumerate(assigned, first)}
        is_key = self._is_key("", f"${first - 1}")
        changes = ", ".join(f"{quoted(name)} = {place}" for name, place in new.items())
        where = f"WHERE {is_key} AND {self._same('', seen)} AND {self._is_alone(f'${first - 1}')}"
        update = f"UPDATE {self._table} SET {changes} {where} RETURNING {self._listed('')}"
        if not new:
            update = f"SELECT {self._listed('')} FROM {self._table} {where}"
        if lines is None:
            return update
        values = ", ".join(f"${first + len(new) + place}" for place in range(len(columns)))
        return (
            f"WITH changed AS ({update}), kept AS (INSERT INTO {lines} ({', '.join(columns)})"
            f" SELECT {values} FROM changed WHERE {self._same('', seen | new)} RETURNING 1)"
            " SELECT changed.*, 1 / (SELECT count(*) FROM kept) FROM changed"
        )

    def _text_of_many(
        self,
        assigned: tuple[str, ...],
        lines: str | None,
        columns: tuple[str, ...],
        timed: tuple[bool, ...],
    ) -> tuple[str, Sequence[str]]:
        """The text, and what the values are called in it."""
        seen = {name: f"asked.s{place}" for place, name in enumerate(self._columns)}
        new = {name: f"asked.v{place}" for place, name in enumerate(assigned)}
        types = [
            "int",
            "text",
            *map(_declared, self._types),
            *(_declared(self._type_of(name)) for name in assigned),
            *(_TIME if one else "text" for one in timed),
        ]
        names = self._names(len(assigned), len(columns))
        asked = ", ".join(f"{name} {type_}" for name, type_ in zip(names, types, strict=True))
        changes = ", ".join(f"{self._quoted(name)} = {place}" for name, place in new.items())
        text = (
            f"WITH asked AS (SELECT * FROM json_to_recordset($1::json) AS asked({asked})),"
            f" held AS (SELECT one.tableoid AS part, one.ctid AS place, asked.number"
            f" FROM asked JOIN {self._table} AS one ON {self._is_key('one.', 'asked.key')} AND {self._same('one.', seen)}"
            f" WHERE {self._is_alone('asked.key')} ORDER BY asked.number FOR NO KEY UPDATE OF one SKIP LOCKED),"
            f" changed AS (UPDATE {self._table} AS one SET {changes} FROM held JOIN asked USING (number)"
            " WHERE one.tableoid = held.part AND one.ctid = held.place"
            f" RETURNING asked.number AS {_NUMBER}, {self._listed('one.')})"
        )
        if lines is None:
            return f"{text} SELECT * FROM changed", names
        values = ", ".join(f"asked.l{place}" for place in range(len(columns)))
        text = (
            f"{text}, kept AS (INSERT INTO {lines} ({', '.join(columns)}) SELECT {values}"
            f" FROM changed JOIN asked ON asked.number = changed.{_NUMBER}"
            f" WHERE {self._same('changed.', seen | new)} RETURNING 1)"
            " SELECT changed.*, 1 / ((SELECT count(*) FROM kept) = (SELECT count(*) FROM changed))::int FROM changed"
        )
        return text, names

    def _listed(self, table: str) -> str:
        return ", ".join(f"{table}{self._quoted(name)}" for name in self._columns)

    def _is_key(self, table: str, value: str) -> str:
        return self._exactly.equals(table + self._quoted(self._columns[0])).replace("?", value)

    def _is_alone(self, value: str) -> str:
        """Whether one row has the key: keys need not be unique."""
        return f"(SELECT count(*) FROM {self._table} WHERE {self._is_key('', value)}) = 1"

    def _same(self, table: str, values: Mapping[str, str]) -> str:
        """Whether columns hold these values, texts by code point."""
        tests = []
        for name, type_ in zip(self._columns, self._types, strict=True):
            column = table + self._quoted(name)
            if type_.startswith(("text", "character")):
                tests.append(f"{self._exactly.text(column)} IS NOT DISTINCT FROM {values[name]}::text")
            else:
                tests.append(f"{column} IS NOT DISTINCT FROM {values[name]}")
        return " AND ".join(tests)


def _values(swap: Swap) -> Sequence[Any]:
    """The key, what was seen, what changes and what is kept along."""
    return (str(swap.seen[0]), *swap.seen, *swap.assigned.values(), *(swap.line.values if swap.line else ()))


_NUMBER = '"#"'
"""What no column is called."""
_TIME = "timestamp without time zone"


def _declared(type_: str) -> str:
    """The type of a value for a column."""
    if type_.startswith(("text", "character")):
        return "text"
    return _TIME if type_.startswith("timestamp") else type_
