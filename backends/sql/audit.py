"""The audit trail in the registry's table `kundengraph_audit`, in one transaction with what it tells of."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from backends.audit import AuditEntry, AuditTrail, Line, Place, Trail, listed
from backends.errors import GatewayError
from backends.model import SourceKind
from backends.sql.database import Database, Row, Session
from backends.sql.ddl.audit import COLUMNS, TABLE
from backends.sql.exactly import Exactly
from backends.sql.storing import places_of
from backends.sql.writing import second_of

LOOK_AGAIN = 60.0
"""Seconds after which a table that was missing is looked for again."""

NAMES = tuple(COLUMNS)
_INSERTION = f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_CONTAINS = {
    SourceKind.POSTGRESQL: "strpos(logins, ?::text) > 0",
    SourceKind.MARIADB: "INSTR(CAST(logins AS BINARY), CAST(? AS BINARY)) > 0",
    SourceKind.SQLITE: "instr(logins, ?) > 0",
}


class SqlTrail:
    """Keeps entries in the table where the registry has it, and in another trail where it has not."""

    def __init__(
        self, database: Database, otherwise: AuditTrail, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._otherwise = otherwise
        self._clock = clock
        self._exactly = Exactly(database.dialect)
        self._insertion = database.dialect.finish(_INSERTION)
        self._is_there = False
        self._look_at = 0.0

    async def prepare(self) -> None:
        if self._is_there or self._clock() < self._look_at:
            return
        try:
            found = await places_of(self._database, TABLE)
        except GatewayError:
            return
        self._is_there = COLUMNS.keys() <= found.keys()
        self._look_at = self._clock() + LOOK_AGAIN

    async def within(self, session: Session, entry: AuditEntry) -> bool:
        if not self._is_there:
            return False
        await session.execute(self._insertion, self._row(entry))
        return True

    def line(self, entry: AuditEntry) -> Line | None:
        return Line(TABLE, NAMES, self._row(entry)) if self._is_there else None

    async def keep(self, entry: AuditEntry) -> None:
        await self.prepare()
        if self._is_there:
            await self._database.execute(self._insertion, self._row(entry))
        else:
            await self._otherwise.keep(entry)

    async def read(self, login: str | None, before: Place | None, limit: int) -> Trail:
        await self.prepare()
        if not self._is_there:
            await self._database.ping()
            return await self._otherwise.read(login, before, limit)
        tests, args = self._tests(login, before)
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        sql = f"SELECT id, {', '.join(COLUMNS)} FROM {TABLE}{where} ORDER BY id DESC LIMIT ?"
        rows = await self._database.fetch(self._database.dialect.finish(sql), [*args, limit + 1])
        entries = [(Place(int(row[0])), _entry(row[1:])) for row in rows[:limit]]
        return Trail(entries, len(rows) > limit)

    async def close(self) -> None:
        await self._otherwise.close()

    def _tests(self, login: str | None, before: Place | None) -> tuple[list[str], list[Any]]:
        tests: list[str] = []
        args: list[Any] = []
        if before is not None:
            tests.append(f"id < {self._exactly.number}")
            args.append(before.number)
        if login is not None:
            target = f"CustomerUser {login}"
            own = [self._exactly.equals(column) for column in ("target", "former_target")]
            tests.append(f"({' OR '.join([*own, _CONTAINS[self._database.dialect.kind]])})")
            args += [*self._exactly.value(target) * 2, orjson.dumps(login).decode()]
        return tests, args

    def _row(self, entry: AuditEntry) -> list[Any]:
        """The values of the columns, in their order; what is longer than its column is cut."""
        at = second_of(entry.at.astimezone(UTC))
        return [
            at.isoformat(" ") if self._database.dialect.kind is SourceKind.SQLITE else at,
            entry.actor[:250],
            entry.mutation,
            entry.target[:250],
            entry.former_target and entry.former_target[:250],
            listed(entry.logins),
            entry.source_key,
            ",".join(entry.changed_fields),
            entry.request_id[:200],
            entry.before,
            entry.after,
        ]


def _entry(row: Row) -> AuditEntry:
    at, actor, mutation, target, former, logins, source_key, fields, request_id, before, after = row
    return AuditEntry(
        (datetime.fromisoformat(at) if isinstance(at, str) else at).replace(tzinfo=UTC),
        actor,
        mutation,
        target,
        former,
        _texts(logins),
        source_key,
        tuple(filter(None, (fields or "").split(","))),
        request_id or "",
        before,
        after,
    )


def _texts(listed_logins: str | None) -> tuple[str, ...]:
    found: Sequence[str] = orjson.loads(listed_logins or "[]")
    return tuple(found)
