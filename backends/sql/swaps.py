"""A change of one row by one statement on PostgreSQL, which counts only if the row is still what was seen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic

from backends.audit import Line
from backends.changes import Note
from backends.errors import Refused
from backends.mapping import RecordMapping
from backends.model import SourceKind
from backends.protocol import R
from backends.sql.database import Database, Row
from backends.sql.exactly import Exactly
from backends.sql.failures import DuplicateKey
from backends.sql.storing import Storage, Stored
from backends.sql.writing import Stamp
from backends.writers import Conflict, Missing

TEXTS = 64
"""Texts remembered for each table: one for every choice of columns that change."""

PAUSE = 60.0
"""Seconds for which rows are changed in transactions after such a statement was refused: there may be a trigger."""

_EXACT = re.compile(
    r"text|character varying(\(\d+\))?|(small|big)int|integer|timestamp(\(\d\))? without time zone"
)
"""Types that give back what they were given, and whose values can be compared as they are."""


@dataclass(frozen=True, slots=True)
class Swap:
    """What one change puts in the place of what was seen."""

    seen: Row
    after: Row
    """The row as it will be, unless the store makes something else of it."""
    assigned: Mapping[str, Any]


class Swaps(Generic[R]):
    """Changes the rows of one table, if all its mapped columns are of types that can be compared exactly."""

    def __init__(
        self,
        mapping: RecordMapping,
        storage: Storage,
        database: Database,
        table: str,
        record: Callable[[Row], R],
        stamp: Stamp,
    ) -> None:
        self._mapping = mapping
        self._storage = storage
        self._database = database
        self._dialect = database.dialect
        self._exactly = Exactly(database.dialect)
        self._table = database.dialect.quoted(table)
        self._record = record
        self._stamp = stamp
        self._types = [
            place.column.type if (place := storage.place(name)) else "" for name in mapping.columns
        ]
        self._not_before = 0.0
        self._text = lru_cache(TEXTS)(self._made)
        self._can_compare = self._dialect.kind is SourceKind.POSTGRESQL and all(
            map(_EXACT.fullmatch, self._types)
        )

    async def update(
        self,
        seen: Row,
        columns: Mapping[str, Stored],
        check: Callable[[R], None] | None,
        note: Note | None,
        *,
        here: bool,
    ) -> R | None:
        """The record as it is then; None where nothing was written, of which a transaction must find the reason.

        `here` is whether this is the registry's database.
        """
        swap = self._swap(seen, columns) if time.monotonic() >= self._not_before else None
        if swap is None:
            return None
        before, after = self._record(swap.seen), self._record(swap.after)
        try:
            if check is not None:
                check(before)
            line = note.foretell(before, after, here=here) if note is not None else None
            rows = await self._rows(swap, line)
        except Refused:
            self._not_before, rows = time.monotonic() + PAUSE, ()
        except (Conflict, Missing, DuplicateKey):
            rows = ()
        if not rows:
            if note is not None:
                note.unsay()
            return None
        record = self._record(rows[0][: len(self._types)])
        if note is not None and record.stored != after.stored:
            await note(None, before, record)
        return record

    def _swap(self, seen: Row, columns: Mapping[str, Stored]) -> Swap | None:
        """The swap that stores these values, perhaps none at all; None where nobody can foretell the row."""
        index = self._mapping.column_index
        changed = {name: new.value for name, new in columns.items() if new.value != seen[index(name)]}
        if not self._can_compare or any(self._storage.mark(name) != "?" for name in changed):
            return None
        assigned: dict[str, Any] = dict(changed)
        if changed and self._mapping.audited:
            assigned |= {
                "change_time": self._stamp.moment(self._dialect.kind),
                "change_by": self._stamp.user_id,
            }
        after = [assigned.get(name, value) for name, value in zip(self._mapping.columns, seen, strict=True)]
        return Swap(seen, after, assigned)

    async def _rows(self, swap: Swap, line: Line | None) -> Sequence[Row]:
        """The row as it is then; none where it is not what was seen."""
        if not swap.assigned and line is None:
            return [swap.seen]  # it was as it is to be when it was seen
        return await self._database.change(*self._statement(swap, line))

    def _statement(self, swap: Swap, line: Line | None) -> tuple[str, Sequence[Any]]:
        args = [
            datetime.fromisoformat(value) if value is not None and type_.startswith("timestamp") else value
            for type_, value in zip(self._types, swap.seen, strict=True)
        ]
        args += [str(swap.seen[0]), *swap.assigned.values()]
        if line is None:
            return self._text(tuple(swap.assigned), None, ()), args
        return self._text(tuple(swap.assigned), line.table, line.columns), [*args, *line.values]

    def _made(self, assigned: tuple[str, ...], lines: str | None, columns: tuple[str, ...]) -> str:
        """The text; where the row becomes another one than a line tells of, the statement fails."""
        quoted, names = self._dialect.quoted, self._mapping.columns
        seen = {name: f"${number}" for number, name in enumerate(names, 1)}
        first = len(names) + 2
        new = {name: f"${number}" for number, name in enumerate(assigned, first)}
        is_key = self._exactly.equals(quoted(names[0])).replace("?", f"${first - 1}")
        changes = ", ".join(f"{quoted(name)} = {place}" for name, place in new.items())
        listed = ", ".join(map(quoted, names))
        where = (
            f"WHERE {is_key} AND {self._same(seen)}"
            f" AND (SELECT count(*) FROM {self._table} WHERE {is_key}) = 1"  # keys need not be unique
        )
        update = f"UPDATE {self._table} SET {changes} {where} RETURNING {listed}"
        if not new:
            update = f"SELECT {listed} FROM {self._table} {where}"
        if lines is None:
            return update
        values = ", ".join(f"${first + len(new) + place}" for place in range(len(columns)))
        foretold = self._same({name: new.get(name, place) for name, place in seen.items()})
        return (
            f"WITH changed AS ({update}), kept AS (INSERT INTO {lines} ({', '.join(columns)})"
            f" SELECT {values} FROM changed WHERE {foretold} RETURNING 1)"
            " SELECT changed.*, 1 / (SELECT count(*) FROM kept) FROM changed"
        )

    def _same(self, values: Mapping[str, str]) -> str:
        """Whether columns hold these values, texts by code point."""
        tests = []
        for (name, value), type_ in zip(values.items(), self._types, strict=True):
            column = self._dialect.quoted(name)
            if type_.startswith(("text", "character")):
                tests.append(f"{self._exactly.text(column)} IS NOT DISTINCT FROM {value}::text")
            else:
                tests.append(f"{column} IS NOT DISTINCT FROM {value}")
        return " AND ".join(tests)
