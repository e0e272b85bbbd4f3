"""What all drivers share: a small pool, a time limit on every call, and no connection used twice after a fault."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, TypeVar

from backends.model import SourceStatus
from backends.sql.database import Row, Session
from backends.sql.dialects import Dialect
from backends.sql.failures import DuplicateKey, StoreError
from backends.turns import Places, TimeLimit

C = TypeVar("C")
T = TypeVar("T")

GRACE = 0.5
"""Seconds beyond the limit before we give up ourselves: a server that stops a statement keeps its connection."""


class PooledDriver(ABC, Generic[C]):
    """Runs each statement on a connection of its own; connections are opened when needed and kept."""

    dialect: Dialect

    def __init__(self, pool_size: int, timeout: float) -> None:
        self.timeout = timeout
        self._slots = Places(pool_size)
        self._idle: list[C] = []
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def connect(self) -> C:
        """A new connection, ready for statements."""

    @abstractmethod
    def is_usable(self, connection: C) -> bool:
        """Whether an idle connection still stands, as far as can be told without asking."""

    @abstractmethod
    async def abandon(self, connection: C) -> None:
        """Stop whatever still runs on the connection, and close it; runs in the background."""

    @abstractmethod
    async def disconnect(self, connection: C) -> None:
        """Close a connection on which nothing runs."""

    @abstractmethod
    async def run_fetch(self, connection: C, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        """All rows of a statement."""

    @abstractmethod
    async def run_execute(self, connection: C, sql: str, args: Sequence[Any]) -> int:
        """How many rows a statement matched."""

    @abstractmethod
    def failure(self, error: Exception) -> StoreError | DuplicateKey | None:
        """What an error of the product's client means; None when it is none of the client's."""

    @abstractmethod
    def is_statement_error(self, error: Exception) -> bool:
        """Whether the server refused a statement while the connection stands."""

    begin = "BEGIN"

    def widen(self, connections: int) -> None:
        """Make room for as many more connections at a time."""
        for _ in range(connections):
            self._slots.release()

    def fetch(self, sql: str, args: Sequence[Any] = ()) -> Coroutine[Any, Any, Sequence[Row]]:
        return self._pooled(self.run_fetch, sql, args)

    def execute(self, sql: str, args: Sequence[Any] = ()) -> Coroutine[Any, Any, int]:
        return self._pooled(self.run_execute, sql, args)

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        return self._transaction()

    async def close(self) -> None:
        self._closed = True
        self._drop_idle()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _pooled(
        self, call: Callable[[C, str, Sequence[Any]], Awaitable[T]], sql: str, args: Sequence[Any]
    ) -> T:
        stands = has_place = False
        try:
            with TimeLimit(self.timeout + GRACE):
                has_place = self._slots.taken() or await self._slots.acquire()
                connection = self._at_hand()
                if connection is None:
                    connection = await self._opened()
                try:
                    result = await call(connection, sql, args)
                except BaseException as error:
                    stands = self._after_fault(connection, error)
                    raise
                self._give_back(connection)
                return result
        except Exception as error:
            failure = self._translated(error)
            if isinstance(failure, StoreError):
                failure.refused = stands and failure.status is SourceStatus.UNAVAILABLE
            raise failure from error
        finally:
            if has_place:
                self._slots.release()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Session]:
        async with self._slots:
            connection = self._at_hand()
            if connection is None:
                connection = await self.guarded(self._opened())
            try:
                await self.guarded(self.run_execute(connection, self.begin, ()))
                yield _Transaction(self, connection)
                await self.guarded(self.run_execute(connection, "COMMIT", ()))
            except BaseException as error:
                await self._roll_back(connection, error)
                raise
            self._give_back(connection)

    async def _roll_back(self, connection: C, error: BaseException) -> None:
        """Undo in the open where a fault of the caller's ended the transaction, else by dropping the connection."""
        if not isinstance(error, Exception) or (
            isinstance(error, StoreError) and error.status is SourceStatus.TIMEOUT
        ):
            self._background(self.abandon(connection))
            return
        try:
            await self.guarded(self.run_execute(connection, "ROLLBACK", ()))
        except BaseException as fault:
            self._background(self.abandon(connection))
            if not isinstance(fault, Exception):
                raise
        else:
            self._give_back(connection)

    async def guarded(self, call: Awaitable[T]) -> T:
        """The result of one step within the time limit, errors translated."""
        try:
            with TimeLimit(self.timeout + GRACE):
                return await call
        except Exception as error:
            raise self._translated(error) from error

    def _at_hand(self) -> C | None:
        """A connection that is there already."""
        if self._closed:
            raise StoreError
        while self._idle:
            connection = self._idle.pop()
            if self.is_usable(connection):
                return connection
            self._background(self.disconnect(connection))
        return None

    async def _opened(self) -> C:
        opening = asyncio.get_running_loop().create_task(self.connect())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            self._background(self._let_go(opening))
            raise

    async def _let_go(self, opening: asyncio.Task[C]) -> None:
        """End the opening of a connection that nobody waits for any more, and the connection if there is one."""
        while not opening.done():
            opening.cancel()  # again and again: Python 3.11's wait_for loses one that comes as its call ends
            await asyncio.wait([opening], timeout=GRACE)
        if not opening.cancelled() and opening.exception() is None:
            await self.disconnect(opening.result())

    def _give_back(self, connection: C) -> None:
        if self._closed:
            self._background(self.disconnect(connection))
        else:
            self._idle.append(connection)

    def _after_fault(self, connection: C, error: BaseException) -> bool:
        """Keep the connection or not; whether it still stands."""
        if isinstance(error, Exception) and self.is_statement_error(error) and self.is_usable(connection):
            self._give_back(connection)
            return True
        self._background(self.abandon(connection))
        if isinstance(error, Exception):
            self._drop_idle()  # what broke one connection has broken the others
        return False

    def _drop_idle(self) -> None:
        while self._idle:
            self._background(self.disconnect(self._idle.pop()))

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        """Let the cleaning up not delay the caller; nobody is left to hear of its errors."""
        task = asyncio.get_running_loop().create_task(_quietly(work, self.timeout + GRACE))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, StoreError):
            return error
        return self.failure(error) or (
            StoreError(SourceStatus.TIMEOUT) if isinstance(error, TimeoutError) else error
        )


class _Transaction(Generic[C]):
    """The session of one transaction, on its one connection."""

    def __init__(self, driver: PooledDriver[C], connection: C) -> None:
        self._driver = driver
        self._connection = connection

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        return await self._driver.guarded(self._driver.run_fetch(self._connection, sql, args))

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        return await self._driver.guarded(self._driver.run_execute(self._connection, sql, args))


async def _quietly(work: Coroutine[Any, Any, None], seconds: float) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(seconds):
            await work
