"""What was said of the keys of one source, for as long as it may be said again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Generic

from backends.caches import MemoryCache, SharedCache
from backends.envelope import Json
from backends.order import fold
from backends.protocol import R
from backends.remembered import Entry, entry_of, text_of


class Kept(Generic[R]):
    """Entries of one source in a cache that it may share with others; with `ttl` 0 there are none."""

    def __init__(
        self,
        cache: MemoryCache | SharedCache,
        *,
        namespace: str,
        secret: bytes,
        ttl: float,
        negative_ttl: float,
        stale: float,
        encode: Callable[[R], Json],
        decode: Callable[[Json], R],
        case_sensitive: bool = False,
        mark: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`secret` keys the hashes that stand for logins; `mark` is longer than any read takes."""
        self._cache = cache
        self._memory = cache if isinstance(cache, MemoryCache) and ttl else None
        self.is_near = self._memory is not None or not ttl
        """Whether no other process has to be asked what is remembered."""
        self._prefix = f"{namespace}:"
        self._secret = secret[:64]
        self._fold: Callable[[str], str] = str if case_sensitive else fold
        self.ttl, self._negative_ttl, self._stale = ttl, min(negative_ttl, ttl), stale
        self._encode, self._decode = encode, decode
        self._mark = mark
        self.clock = clock
        self.turn = 0
        """Counts what was written, here or elsewhere, as far as it is known."""
        self._all_forgotten = 0
        self._forgotten: dict[str, tuple[int, float]] = {}
        self._owed: set[str] = set()

    def peek(self, key: str) -> Entry[R] | None:
        """What is kept in this process, if only for another spelling or past its lifetime."""
        return None if self._memory is None else self._memory.peek_one(self._name(key))

    def stale(self, key: str, entry: Entry[R] | None) -> Entry[R] | None:
        """What may be said of `key` while its source is silent."""
        if entry is None or entry.until + self._stale <= self.clock() or not entry.answers(key):
            return None
        return entry

    async def forget(self, keys: Sequence[str], *, told: bool = False) -> None:
        """Drop what was written, and keep reads that began before from putting the old row back (R13).

        Where another process has `told` of it, a shared cache is marked already.
        """
        self.turn += 1
        if not keys or not self.ttl:
            return
        now = self.clock()
        names = [self._name(key) for key in keys]
        for name in names:
            self._forgotten.pop(name, None)
            self._forgotten[name] = (self.turn, now + self._mark)
        while (oldest := next(iter(self._forgotten), None)) and self._forgotten[oldest][1] < now:
            del self._forgotten[oldest]
        if isinstance(self._cache, MemoryCache):
            self._cache.drop(names)
        elif not told and not await self._cache.mark(names, self._mark):
            self._owed.update(names)

    async def forget_all(self) -> None:
        """Drop what this process holds, since it may have missed a change; a shared cache was told by the writer."""
        self.turn += 1
        self._all_forgotten = self.turn
        if isinstance(self._cache, MemoryCache):
            self._cache.drop_all(self._prefix)

    async def recall(self, keys: Sequence[str]) -> Sequence[Entry[R] | None]:
        """For each of `keys` what is kept under it, if only for another spelling or past its lifetime."""
        if not self.ttl or not keys:
            return [None] * len(keys)
        names = [self._name(key) for key in keys]
        if isinstance(self._cache, MemoryCache):
            return self._cache.peek(names)
        if self._owed:
            owed = tuple(self._owed)
            if await self._cache.mark(owed, self._mark):
                self._owed.difference_update(owed)
        texts = await self._cache.read(names)
        return [
            entry_of(text, self._decode) if text and name not in self._owed else None
            for name, text in zip(names, texts, strict=True)
        ]

    async def fill(self, keys: Sequence[str], found: Mapping[str, R], turn: int) -> None:
        """Keep an answer to a question that was asked at `turn`, except for what was written since."""
        if not self.ttl or not keys or self._all_forgotten > turn:
            return
        now, forgotten = self.clock(), self._forgotten
        entries = {
            name: self._entry(key, name, found.get(key), now)
            for key, name in zip(keys, map(self._name, keys), strict=True)
            if name not in forgotten or forgotten[name][0] <= turn
        }
        seconds = self.ttl * 1.1 + self._stale
        if isinstance(self._cache, MemoryCache):
            self._cache.keep(entries, seconds)
        elif entries:
            await self._cache.fill(
                {name: text_of(entry, self._encode) for name, entry in entries.items()}, seconds
            )

    def _entry(self, key: str, name: str, record: R | None, now: float) -> Entry[R]:
        # by name, so that what was read at once does not end at once
        spread = 0.9 + 0.2 * int(name[-4:], 16) / 0xFFFF
        if record is None:
            return Entry(key, now + self._negative_ttl * spread, None)
        return Entry(key, now + self.ttl * spread, record, is_live=True)

    def _name(self, key: str) -> str:
        """What an entry is kept under: no login can be read from it (S15)."""
        return self._prefix + _digest(self._secret, self._fold(key))


@lru_cache(maxsize=16384)
def _digest(secret: bytes, folded: str) -> str:
    """What stands for a key in the names of all sources; many are asked for the same keys, and again and again."""
    return blake2b(folded.encode("utf-8", "surrogatepass"), key=secret, digest_size=16).hexdigest()
