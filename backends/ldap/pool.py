"""A bounded number of connections, kept while they are well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from backends.ldap.faults import Dead, LdapFault
from backends.turns import Places, TimeLimit

MAX_IDLE = 60.0


class Pooled(Protocol):
    """What a pool must know of a connection."""

    @property
    def usable(self) -> bool:
        """Whether another operation may be sent."""
        ...

    def drop(self) -> None:
        """Let go at once, without a word to the server."""
        ...

    async def dropped(self) -> None:
        """Wait until nothing of a dropped connection is left."""
        ...


C = TypeVar("C", bound=Pooled)
T = TypeVar("T")


class Pool(Generic[C]):
    """Lends at most `size` connections at a time; `timeout` seconds are the longest wait for one."""

    def __init__(self, connect: Callable[[], Awaitable[C]], size: int, timeout: float) -> None:
        self._connect = connect
        self._free = Places(size)
        self._timeout = timeout
        self._idle: list[tuple[C, float]] = []
        self._dropped: set[asyncio.Task[None]] = set()

    async def run(self, operation: Callable[[C], Awaitable[T]]) -> T:
        """Lend a connection for an operation; it comes back unless what happened leaves its state in doubt.

        Where one that had been idle turns out to be dead, the operation runs once more.
        """
        for last in (False, True):
            if not self._free.taken():
                with TimeLimit(self._timeout):
                    await self._free.acquire()
            connection: C | None = None
            reused = healthy = False
            try:
                connection = self._take()
                reused = connection is not None
                if connection is None:
                    connection = await self._connect()
                result = await operation(connection)
            except Dead:
                self.drop_idle()  # the server that closed this one has closed its siblings
                if last or not reused:
                    raise
            except LdapFault:
                healthy = True
                raise
            else:
                healthy = True
                return result
            finally:
                if connection is not None:
                    self._give_back(connection, healthy)
                self._free.release()
        raise AssertionError("unreachable")

    def drop_idle(self) -> None:
        """Let go of every connection that nobody uses."""
        while self._idle:
            self._drop(self._idle.pop()[0])

    async def close(self) -> None:
        """Let go of every idle connection and wait for the last one; those on loan end with their borrowers."""
        self.drop_idle()
        await asyncio.gather(*self._dropped)

    def _take(self) -> C | None:
        while self._idle:
            connection, since = self._idle.pop()
            if connection.usable and time.monotonic() - since < MAX_IDLE:
                return connection
            self._drop(connection)
        return None

    def _give_back(self, connection: C, healthy: bool) -> None:
        if healthy and connection.usable:
            self._idle.append((connection, time.monotonic()))
        else:
            self._drop(connection)

    def _drop(self, connection: C) -> None:
        connection.drop()
        task = asyncio.get_running_loop().create_task(connection.dropped())
        self._dropped.add(task)
        task.add_done_callback(self._dropped.discard)
