"""One write over several databases: all transactions open, every statement run, then commits in a safe order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from backends.errors import GatewayError, SourceUnavailable
from backends.model import SourceKind
from backends.sql.database import Database, Row, Session
from backends.sql.dialects import Dialect
from backends.writers import Step, Unfinished


def share(one: Database, other: Database) -> bool:
    """Whether both are names of one pool, so that one transaction can hold what concerns either."""
    return _pool(one) is _pool(other)


class Write:
    """The open transactions of one write; `session` is that of the record's own database."""

    def __init__(self, own: Database, registry: Database, session: Session, stack: AsyncExitStack) -> None:
        self.session = session
        self.steps: list[Step] = []
        self._registry = registry
        self._stack = stack
        self._sessions: dict[int, Session] = {id(_pool(own)): session}

    @property
    def is_spread(self) -> bool:
        """Whether more than one database takes part."""
        return len(self._sessions) > 1

    async def beside(self, database: Database) -> Session:
        """The session of a database, begun when first asked for."""
        pool = id(_pool(database))
        if pool not in self._sessions:
            self._sessions[pool] = await self._stack.enter_async_context(database.transaction())
        return self._sessions[pool]

    async def registry(self) -> JoinedSession:
        """The registry's session; asked for before those of other databases, it is committed after them."""
        session = await self.beside(self._registry)
        return JoinedSession(self, session, session is not self.session)


class JoinedSession:
    """A session of the registry within a write."""

    def __init__(self, write: Write, session: Session, apart: bool) -> None:
        self.apart = apart
        self._write = write
        self._session = session

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        return await self._session.fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        return await self._session.execute(sql, args)

    async def beside(self, database: Database) -> Session:
        return await self._write.beside(database)

    def afterwards(self, step: Step) -> None:
        self._write.steps.append(step)


@asynccontextmanager
async def one_write(own: Database, registry: Database) -> AsyncIterator[Write]:
    """A write that counts as a whole; its own database is committed last, and the registry just before.

    When the last commit fails after the others have succeeded, Unfinished says so.
    """
    others_committed = False
    try:
        async with own.transaction() as session:
            async with AsyncExitStack() as stack:
                write = Write(own, registry, session, stack)
                yield write
            others_committed = write.is_spread
    except SourceUnavailable as error:
        if others_committed:
            raise Unfinished(error.source, error.status, error.retry_after_ms) from error
        raise
    for step in write.steps:
        with contextlib.suppress(GatewayError):
            async with registry.transaction() as session:
                await step(session)


async def lock_names(session: Session, dialect: Dialect, names: Iterable[str]) -> None:
    """Wait until no other write under one of these names is open (as `writing.writing` locks one)."""
    if dialect.kind is SourceKind.POSTGRESQL:
        for name in sorted(names):
            await session.fetch(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [f"kundengraph:{name}"]
            )
    elif dialect.kind is SourceKind.MARIADB:
        await session.fetch("SELECT id FROM valid ORDER BY id DESC LIMIT 1 FOR UPDATE")


def _pool(database: Database) -> object:
    return getattr(database, "_shared", database)
