"""Changes of rows without a transaction on PostgreSQL, each of which counts only if its row is still what was seen."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic

from backends.changes import Note
from backends.errors import Refused
from backends.makers import made_of, settle
from backends.mapping import RecordMapping, plain
from backends.model import SourceKind
from backends.protocol import R
from backends.sql.batches import Batches
from backends.sql.database import Database, Row
from backends.sql.failures import DuplicateKey
from backends.sql.storing import Storage, Stored
from backends.sql.swap_texts import Swap, SwapTexts
from backends.sql.writing import Stamp
from backends.writers import Conflict, Missing

PAUSE = 60.0
"""Seconds for which rows are changed in transactions after such a statement was refused: there may be a trigger."""

_EXACT = re.compile(
    r"text|character varying(\(\d+\))?|(small|big)int|integer|timestamp(\(\d\))? without time zone"
)
"""Types that give back what they were given, and whose values can be compared as they are."""


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
        places: asyncio.Semaphore,
    ) -> None:
        """`places` limits the statements that are under way at a time."""
        self._mapping = mapping
        self._storage = storage
        self._database = database
        self._dialect = database.dialect
        self._record = record
        self._stamp = stamp
        types = list(map(self._type, mapping.columns))
        self._places = {name: place for place, name in enumerate(mapping.columns)}
        self._cast = {name for name in mapping.columns if storage.mark(name) != "?"}
        """Columns of which the store makes something else than what it is given."""
        self._texts = SwapTexts(database.dialect, table, mapping.columns, self._type)
        self._batches: Batches[Swap] = Batches(self._write, places)
        self._not_before = 0.0
        self._can_compare = self._dialect.kind is SourceKind.POSTGRESQL and all(map(_EXACT.fullmatch, types))

    async def update(
        self,
        seen: R,
        columns: Mapping[str, Stored],
        check: Callable[[R], None] | None,
        note: Note | None,
        *,
        here: bool,
    ) -> R | None:
        """The record as it is then; None where nothing was written, of which a transaction must find the reason.

        `here` is whether this is the registry's database.
        """
        if not self._can_compare or time.monotonic() < self._not_before:
            return None
        before = self._record(seen.stored) if seen.withheld else seen
        planned = self._planned(before, columns)
        if planned is None:
            return None
        swap, after = planned
        row: Row | None
        try:
            if check is not None:
                check(before)
            swap.line = note.foretell(before, after, here=here) if note is not None else None
            if swap.assigned or swap.line is not None:
                row = await self._batches.written(swap, swap.shape)
            else:
                row = swap.seen  # it was as it is to be when it was seen
        except Refused:
            self._not_before, row = time.monotonic() + PAUSE, None
        except (Conflict, Missing, DuplicateKey):
            row = None
        if row is None:
            if note is not None:
                note.unsay()
            return None
        if (stored := tuple(row[: len(swap.after)])) == swap.after:
            return after
        record = self._record(stored)
        if note is not None and record.stored != after.stored:
            await note(None, before, record)
        return record

    def _planned(self, before: R, columns: Mapping[str, Stored]) -> tuple[Swap, R] | None:
        """The swap that stores these values, perhaps none at all, and the record as it is to be then.

        None where nobody can foretell that.
        """
        stored, places = before.stored, self._places
        seen = tuple((made_of(before) or stored)[: len(stored)])
        assigned: dict[str, Any] = {}
        for name, new in columns.items():
            if new.value != stored[places[name]]:
                if name in self._cast:
                    return None
                assigned[name] = new.value
        if not assigned:
            return Swap(seen, seen, assigned), before
        if self._mapping.audited:
            assigned["change_time"] = self._stamp.moment(self._dialect.kind)
            assigned["change_by"] = self._stamp.user_id
        row, texts = list(seen), list(stored)
        for name, value in assigned.items():
            if (place := places.get(name)) is not None:
                row[place], texts[place] = value, plain(value)
        swap = Swap(seen, tuple(row), assigned)
        after = self._record(swap.after)
        settle(after, "stored", tuple(texts))
        return swap, after

    def _type(self, column: str) -> str:
        place = self._storage.place(column)
        return place.column.type if place else ""

    async def _write(self, swaps: Sequence[Swap]) -> Sequence[Row | None]:
        """The rows of swaps of one shape; None for those that were not written."""
        if len(swaps) == 1 or not swaps[0].assigned:
            return [await self._write_one(swap) for swap in swaps]
        rows = await self._database.change(*self._texts.many(swaps))
        written = {row[0]: row[1:] for row in rows}
        return [written.get(number) for number in range(len(swaps))]

    async def _write_one(self, swap: Swap) -> Row | None:
        rows = await self._database.change(*self._texts.one(swap))
        return rows[0] if rows else None
