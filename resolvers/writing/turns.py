"""Who writes when, among the requests of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from backends.model import SourceKind
from backends.protocol import R
from backends.source import Source


class Turns:
    """One write at a time where a name is taken, since it waits for the other gateways; and one for each record.

    Stores that lock no more than the rows that they write let several records be changed beside each other; in the
    others every write waits for the one before.
    """

    def __init__(self) -> None:
        self.alone = asyncio.Lock()
        """Held while a name is taken."""
        self._each: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, source: Source[R], key: str, *, takes_name: bool) -> AsyncIterator[None]:
        """The turn of a write to this record."""
        if takes_name or source.kind is not SourceKind.POSTGRESQL:
            async with self.alone:
                yield
            return
        lock = self._each.get((source.key, key))
        if lock is None:
            lock = self._each[source.key, key] = asyncio.Lock()
        async with lock:
            yield
