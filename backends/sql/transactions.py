"""One write over several databases: all transactions open, every statement run, then commits in a safe order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

from backends.errors import GatewayError, SourceUnavailable
from backends.model import SourceKind
from backends.sql.database import Database, Row, Session
from backends.sql.dialects import Dialect
from backends.writers import Step, Together, Unfinished

NAMES = "logins and customer IDs"
"""The lock of the registry under which names are taken, whatever the source."""


def share(one: Database, other: Database) -> bool:
    """Whether both are names of one pool, so that one transaction can hold what concerns either."""
    return _pool(one) is _pool(other)


class Write:
    """The open transactions of one write; `session` is that of the record's own database."""

    def __init__(
        self,
        registry: Database,
        session: Session,
        stack: AsyncExitStack,
        sessions: dict[int, Session],
        steps: list[Step],
    ) -> None:
        self.session = session
        self.steps = steps
        self._registry = registry
        self._stack = stack
        self._sessions = sessions

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


class OpenWrites:
    """Many writes that count together: a transaction of each database, open until all of them are written."""

    def __init__(self, registry: Database, stack: AsyncExitStack, sessions: dict[int, Session]) -> None:
        self.steps: list[Step] = []
        self._registry = registry
        self._stack = stack
        self._sessions = sessions

    def write(self, own: Database) -> Write:
        """One of the writes, of a record in this database."""
        session = self._sessions[id(_pool(own))]
        return Write(self._registry, session, self._stack, self._sessions, self.steps)


@asynccontextmanager
async def one_write(
    own: Database, registry: Database, together: Together | None = None
) -> AsyncIterator[Write]:
    """A write that counts as a whole; its own database is committed last, and the registry just before.

    When the last commit fails after the others have succeeded, Unfinished says so. One of many that count `together`
    ends with them.
    """
    if together is not None:
        yield cast(OpenWrites, together).write(own)
        return
    others_committed = False
    try:
        async with own.transaction() as session:
            async with AsyncExitStack() as stack:
                write = Write(registry, session, stack, {id(_pool(own)): session}, [])
                yield write
            others_committed = write.is_spread
    except SourceUnavailable as error:
        if others_committed:
            raise Unfinished(error.source, error.status, error.retry_after_ms) from error
        raise
    await _take(write.steps, registry)


@asynccontextmanager
async def writes_together(databases: Iterable[Database], registry: Database) -> AsyncIterator[OpenWrites]:
    """Writes that count together, in these databases; the registry is committed first, then each in turn.

    Names are locked before any row is, so that calls that write many rows do not wait for each other crosswise. When
    a commit fails after another one has succeeded, Unfinished says so.
    """
    apart = {id(_pool(one)): one for one in databases if not share(one, registry)}
    committed = 0
    sessions: dict[int, Session] = {}

    @asynccontextmanager
    async def counted(database: Database) -> AsyncIterator[Session]:
        nonlocal committed
        async with database.transaction() as session:
            yield session
        committed += 1

    try:
        async with AsyncExitStack() as stack:
            for pool, database in apart.items():
                sessions[pool] = await stack.enter_async_context(counted(database))
            session = sessions[id(_pool(registry))] = await stack.enter_async_context(counted(registry))
            await lock_names(session, registry.dialect, (NAMES,))
            writes = OpenWrites(registry, stack, sessions)
            yield writes
    except SourceUnavailable as error:
        if committed:
            raise Unfinished(error.source, error.status, error.retry_after_ms) from error
        raise
    await _take(writes.steps, registry)


async def _take(steps: Sequence[Step], registry: Database) -> None:
    """Steps that come afterwards, each in a transaction of its own."""
    for step in steps:
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
