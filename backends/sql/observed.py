"""A database whose statements are timed, counted and traced: what `Guarded` does for sources, for the registry."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from backends.errors import SourceUnavailable
from backends.guard import Guard, Meter
from backends.model import SourceStatus
from backends.recorder import CURRENT, spanned
from backends.source import Health
from backends.sql.database import Database, Row, Session

T = TypeVar("T")


class Observed:
    """The same database; only with a `meter` are its statements counted, for sources are counted by their guard."""

    def __init__(
        self, database: Database, slots: int, meter: Meter | None = None, guard: Guard | None = None
    ) -> None:
        """`guard` is what stands before the database, and knows how it is."""
        self.name = database.name
        self.dialect = database.dialect
        self.slots = slots
        self.under_way = 0
        self._guard = guard
        self._database = database
        self._meter = meter

    @property
    def health(self) -> Health:
        """How the database answered last."""
        return self._guard.health if self._guard else Health(SourceStatus.OK)

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        return await self.noted(sql, lambda: self._database.fetch(sql, args))

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        return await self.noted(sql, lambda: self._database.execute(sql, args))

    async def change(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        return await self.noted(sql, lambda: self._database.change(sql, args))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        with spanned("transaction", source=self.name):
            async with self._database.transaction() as session:
                yield _ObservedSession(self, session)

    @property
    def _shared(self) -> object:
        """The pool, by which two names of one database are known for the same."""
        return getattr(self._database, "_shared", self._database)

    def named(self, name: str, more: int = 0) -> Database:
        return self._database.named(name, more)

    async def ping(self) -> None:
        await self.noted("ping", self._database.ping)

    async def close(self) -> None:
        await self._database.close()

    async def noted(self, sql: str, call: Callable[[], Awaitable[T]]) -> T:
        """The result of a statement, which has placeholders where values belong."""
        if self._meter is None:
            with spanned("statement", source=self.name, statement=sql):
                return await call()
        self.under_way += 1
        started = time.perf_counter()
        status = SourceStatus.OK
        try:
            with spanned("statement", source=self.name, statement=sql):
                return await call()
        except SourceUnavailable as error:
            status = error.status
            raise
        finally:
            self.under_way -= 1
            seconds = time.perf_counter() - started
            refused = status is SourceStatus.CIRCUIT_OPEN
            self._meter(status, None if refused else seconds)
            if not refused and (record := CURRENT.get()) is not None:
                record.called(self.name, seconds)


@dataclass(frozen=True, slots=True)
class _ObservedSession:
    database: Observed
    session: Session

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        return await self.database.noted(sql, lambda: self.session.fetch(sql, args))

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        return await self.database.noted(sql, lambda: self.session.execute(sql, args))
