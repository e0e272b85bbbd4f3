"""What all writes to the registry share: audit values, locks, and replacing rows by their difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from backends.changes import Note
from backends.model import SourceKind
from backends.sql.database import Database, Row, Session
from backends.sql.dialects import Dialect
from backends.sql.exactly import Exactly, possible

ROWS = 200
"""Rows inserted by one statement at most."""

Identity = tuple[str | int, ...]
"""What says which row it is; the tables have no keys."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who writes, and what time it is there (OVR-7, OVR-8)."""

    user_id: int = 1
    time_zone: tzinfo = UTC
    now: Callable[[], datetime] = _now

    def moment(self, kind: SourceKind) -> datetime | str:
        """The present second in the configured time zone, without zone, as the driver takes it."""
        local = second_of(self.now().astimezone(self.time_zone))
        return local.isoformat(" ") if kind is SourceKind.SQLITE else local

    def audit(self, kind: SourceKind) -> tuple[Any, ...]:
        """Values of create_time, create_by, change_time and change_by for a new row."""
        return (self.moment(kind), self.user_id) * 2


def second_of(at: datetime) -> datetime:
    """The second of a time, without its zone; `datetime.replace` takes three times as long."""
    return datetime(at.year, at.month, at.day, at.hour, at.minute, at.second)


FOR_UPDATE = {
    SourceKind.POSTGRESQL: " FOR NO KEY UPDATE",  # whoever only refers to the row need not wait
    SourceKind.MARIADB: " FOR UPDATE",
    SourceKind.SQLITE: "",  # BEGIN IMMEDIATE has locked everything
}
"""How a statement ends that reads what is about to be written: the newest rows, locked."""


@asynccontextmanager
async def writing(database: Database, name: str) -> AsyncIterator[Session]:
    """A transaction that waits until no other of this name is open.

    MariaDB's named locks outlive a transaction, so there one row stands for all names, which every OTOBO has, which
    nothing changes and to which little refers: the last of `valid`. It comes before every other lock, as statements
    there lock what they read on their way, and writers would meet in different orders.
    """
    kind = database.dialect.kind
    async with database.transaction() as session:
        if kind is SourceKind.POSTGRESQL:
            lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
            await session.fetch(lock, [f"kundengraph:{name}"])
        elif kind is SourceKind.MARIADB:
            await session.fetch("SELECT id FROM valid ORDER BY id DESC LIMIT 1 FOR UPDATE")
        yield session


async def lock_rows(
    session: Session, dialect: Dialect, selected: str, ids: Collection[int] | None = None
) -> Sequence[Row]:
    """The rows with these ids, or all, locked in the order of their ids; KeyError for an id without a row.

    `selected` begins a statement up to its table; the first column must be the id.
    """
    exactly, asked = Exactly(dialect), possible(ids or ())
    where = f" WHERE {exactly.numbers_among('id')}" if ids is not None else ""
    sql = dialect.finish(f"{selected}{where} ORDER BY id{FOR_UPDATE[dialect.kind]}")
    rows: Sequence[Row] = []
    if asked or ids is None:
        rows = await session.fetch(sql, exactly.numbers(asked) if ids is not None else ())
    if missing := set(ids or ()) - {row[0] for row in rows}:
        raise KeyError(min(missing))
    return rows


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as found: whether it is in force, and its audit values."""

    identity: Identity
    counts: bool
    audit: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to go, with all that looks like it, and what has to come, perhaps with audit values it had."""

    gone: Sequence[Identity]
    new: Sequence[tuple[Identity, tuple[Any, ...] | None]]


def difference(stored: Iterable[StoredRow], wanted: Iterable[Identity]) -> Difference:
    """How each wanted identity comes to have one row in force and no other; a row that is alone stays untouched.

    Of duplicates the oldest is written again as it was.
    """
    held: dict[Identity, list[StoredRow]] = defaultdict(list)
    for row in stored:
        held[row.identity].append(row)
    asked = dict.fromkeys(wanted)
    gone = [identity for identity in held if identity not in asked]
    new: list[tuple[Identity, tuple[Any, ...] | None]] = []
    for identity in asked:
        rows = held.get(identity, [])
        if len(rows) == 1 and rows[0].counts:
            continue
        if rows:
            gone.append(identity)
        in_force = [row.audit for row in rows if row.counts]
        new.append((identity, min(in_force, key=lambda audit: str(audit[0]), default=None)))
    return Difference(gone, new)


@dataclass(frozen=True, slots=True)
class RelationTable:
    """A table of relations without key, whose rows are replaced within a transaction."""

    dialect: Dialect
    name: str
    columns: tuple[str, ...]
    """The identity; many rows differ in the first column alone."""
    flag: str | None = None
    """The column that is 1 in rows in force."""
    audit: tuple[str, ...] = ("create_time", "create_by", "change_time", "change_by")

    async def replace(
        self,
        session: Session,
        stamp: Stamp,
        where: str,
        args: Sequence[Any],
        wanted: Iterable[Identity],
        concerns: Callable[[Identity], bool] = lambda _: True,
        note: Note | None = None,
    ) -> None:
        """Of the rows `where` says, and among them those it `concerns`, leave or make those that are wanted."""
        rows = [row for row in await self._stored(session, where, args) if concerns(row.identity)]
        asked = list(wanted)
        change = difference(rows, asked)
        await self._delete(session, change.gone)
        fresh = stamp.audit(self.dialect.kind)[: len(self.audit)]
        flag = [1] if self.flag else []
        await insert(
            session,
            self.dialect,
            self.name,
            (*self.columns, *([self.flag] if self.flag else []), *self.audit),
            [[*identity, *flag, *(audit or fresh)] for identity, audit in change.new],
        )
        if note is not None:
            in_force = {row.identity for row in rows if row.counts}
            await note(session, sorted(in_force), sorted(set(asked)))

    async def _stored(self, session: Session, where: str, args: Sequence[Any]) -> list[StoredRow]:
        width = len(self.columns)
        listed = ", ".join((*self.columns, self.flag or "1", *self.audit))
        sql = self.dialect.finish(
            f"SELECT {listed} FROM {self.name} WHERE {where}{FOR_UPDATE[self.dialect.kind]}"
        )
        rows = await session.fetch(sql, args)
        return [StoredRow(tuple(row[:width]), row[width] == 1, tuple(row[width + 1 :])) for row in rows]

    async def _delete(self, session: Session, identities: Iterable[Identity]) -> None:
        """Delete every row of these identities: one statement for all that differ in the first column alone."""
        exactly = Exactly(self.dialect)
        firsts: dict[Identity, list[Any]] = defaultdict(list)
        for first, *rest in identities:
            firsts[tuple(rest)].append(first)
        for others, values in firsts.items():
            numbers = isinstance(values[0], int)
            tests = [exactly.numbers_among(self.columns[0]) if numbers else exactly.among(self.columns[0])]
            args = exactly.numbers(values) if numbers else exactly.values(values)
            for column, value in zip(self.columns[1:], others, strict=True):
                if isinstance(value, int):
                    tests.append(f"{column} = {exactly.number}")
                    args.append(value)
                else:
                    tests.append(exactly.equals(column))
                    args += exactly.value(value)
            sql = f"DELETE FROM {self.name} WHERE {' AND '.join(tests)}"
            await session.execute(self.dialect.finish(sql), args)


async def insert(
    session: Session, dialect: Dialect, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert the rows, many with one statement."""
    marks = f"({', '.join('?' * len(columns))})"
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * len(some))}"
        await session.execute(dialect.finish(sql), [value for row in some for value in row])
