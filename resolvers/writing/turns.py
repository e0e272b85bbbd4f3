"""Who writes when, among the requests of one process."""

from __future__ import annotations

import asyncio
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

    def of(self, source: Source[R], key: str, *, takes_name: bool) -> asyncio.Lock:
        """Held by whoever writes this record."""
        if takes_name or source.kind is not SourceKind.POSTGRESQL:
            return self.alone
        lock = self._each.get((source.key, key))
        if lock is None:
            lock = self._each[source.key, key] = asyncio.Lock()
        return lock
