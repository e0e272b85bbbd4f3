"""A table of things with unique names, groups or services: listed, created, changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

from backends.changes import Note
from backends.limits import check_naming
from backends.model import Validity
from backends.records import Group, KeySets, Service
from backends.registries import Naming, Taken, Unstorable
from backends.sql.database import Database, Row, Session
from backends.sql.exactly import Exactly
from backends.sql.failures import DuplicateKey
from backends.sql.writing import Stamp, insert, lock_rows, writing

N = TypeVar("N", bound=Group | Service)

RECORDS = 4096
"""Records that are made once for each table, as long as they are asked for."""

NEXT = "\n"
"""Stands between the pairs of one row, and is in no text of a pair."""
PAIRS = 65_536
"""Pairs that are read once as long as they are met."""
SETS = 4096
"""Texts of pairs that are read once as long as they are met."""
LONGEST = 2000
"""Characters of such a text at most, so that what is kept of all takes some megabytes."""

_CREATED = ("name", "comments", "valid_id", "create_time", "create_by", "change_time", "change_by")


class NamedTable(Generic[N]):
    """Makes a record of each row, and knows the statements for one kind of things, whose writers wait for `lock`."""

    def __init__(
        self,
        database: Database,
        stamp: Stamp,
        table: str,
        record: Callable[[int, str, str | None, Validity], N],
        lock: str,
    ) -> None:
        self._database = database
        self._dialect = database.dialect
        self._stamp = stamp
        self._table = table
        self._lock = lock
        self._select = f"SELECT id, name, comments, valid_id FROM {table}"
        self._text = Exactly(self._dialect).text
        self._select_all = f"{self._select} ORDER BY {self._text('name')}, id"
        self._last: tuple[Sequence[Row], Sequence[N]] = ([], [])

        def made(id_: int, name: str, comment: str | None, valid: Any) -> N:
            return record(id_, name, comment, Validity.of(valid))

        self.record: Callable[[int, str, str | None, Any], N] = lru_cache(RECORDS)(made)
        """The record of these values: of equal ones, as long as some thousands are not exceeded, the same."""

    async def all(self) -> Sequence[N]:
        """Every record, by name; rows that are those of last time are the same records."""
        rows = await self._database.fetch(self._select_all)
        if rows != self._last[0]:
            self._last = rows, list(map(self._made, rows))
        return self._last[1]

    def beside(self, rows: str, also: str = "") -> str:
        """The text of one statement for rows of id, text, holder and mark, and for the records whose ids those are.

        It gives both, in no order: of each holder one row or more of 0, what `pairs` reads, holder and mark; of a record
        its id, name, comment and validity, for which marks are below 0. `also`: a condition of other records.
        """
        name, comment = map(self._text, ("name", "comments"))
        pair, together = self._dialect.gathered("id", "one", NEXT)
        return (
            f"WITH held (id, one, other, mark) AS ({rows})"
            f" SELECT 0, {pair}, other, mark FROM held WHERE one = replace(one, '{NEXT}', ''){' GROUP BY other, mark' if together else ''}"
            f" UNION ALL SELECT id, {name}, {comment}, valid_id FROM {self._table}"
            f" WHERE id IN (SELECT id FROM held){f' OR {also}' if also else ''}"
        )

    async def locked(self, session: Session, ids: Collection[int] | None = None) -> dict[int, N]:
        """The records with these ids, or all, which nobody else changes meanwhile; KeyError for one that is not."""
        rows = await lock_rows(session, self._dialect, self._select, ids)
        return {row[0]: self._made(row) for row in rows}

    async def create(self, naming: Naming, note: Note | None = None) -> N:
        """A new record; raises Taken, or Unstorable where it has no name."""
        check_naming(naming)
        if naming.name is None:
            raise Unstorable("name")
        exactly, validity = Exactly(self._dialect), naming.validity or Validity.VALID
        audit = self._stamp.audit(self._dialect.kind)
        with names_are_unique():
            async with writing(self._database, self._lock) as session:
                values = [naming.name, naming.comment or None, validity.value, *audit]
                await insert(session, self._dialect, self._table, _CREATED, [values])
                sql = self._dialect.finish(f"{self._select} WHERE {exactly.equals('name')}")
                (row,) = await session.fetch(sql, exactly.value(naming.name))
                made = self._made(row)
                if note is not None:
                    await note(session, None, made)
        return made

    async def change(self, session: Session, old: N, naming: Naming) -> N:
        """The locked record as it is then; what stays the same is not written, and nothing is when all does."""
        changes: dict[str, Any] = {}
        new = old
        if naming.name is not None and naming.name != old.name:
            new, changes["name"] = replace(new, name=naming.name), naming.name
        if naming.comment is not None and (naming.comment or None) != (old.comment or None):
            new, changes["comments"] = replace(new, comment=naming.comment or None), naming.comment or None
        if naming.validity is not None and naming.validity is not old.validity:
            new, changes["valid_id"] = replace(new, validity=naming.validity), naming.validity.value
        if changes:
            changes["change_time"] = self._stamp.moment(self._dialect.kind)
            changes["change_by"] = self._stamp.user_id
            assigned = ", ".join(f"{column} = ?" for column in changes)
            sql = f"UPDATE {self._table} SET {assigned} WHERE id = {Exactly(self._dialect).number}"
            await session.execute(self._dialect.finish(sql), [*changes.values(), old.id])
        return new

    def _made(self, row: Row) -> N:
        return self.record(*row)


def pairs(text: str) -> Iterator[tuple[int, str]]:
    """The pairs of id and text that a row of `beside` holds."""
    return map(_pair, text.split(NEXT))


def key_sets(text: str, bits: tuple[tuple[str, int], ...]) -> KeySets:
    """The same where texts are keys: by id a set of these, of which each is a bit; other keys do not count.

    Equal texts are read once as long as they are met, and give the same object.
    """
    return _key_sets(text, bits) if len(text) <= LONGEST else _key_sets.__wrapped__(text, bits)


@lru_cache(SETS)
def _key_sets(text: str, bits: tuple[tuple[str, int], ...]) -> KeySets:
    bit_of, sets = dict(bits), dict[int, int]()
    for id_, key in pairs(text):
        if bit := bit_of.get(key):
            sets[id_] = sets[id_] | bit if id_ in sets else bit
    return sets


@lru_cache(PAIRS)
def _pair(text: str) -> tuple[int, str]:
    id_, _, rest = text.partition(":")
    return int(id_), rest


@contextmanager
def names_are_unique() -> Iterator[None]:
    """Let a unique name that was refused come out as Taken."""
    try:
        yield
    except DuplicateKey as error:
        raise Taken from error
