"""Where entries are kept: in memory, or in a Redis that replicas share. The only import of aiocache."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer, StringSerializer

from backends.breaker import Breaker

T = TypeVar("T")
_MARK = "written"
_FILL = f"""
for place, name in ipairs(KEYS) do
    if redis.call('GET', name) ~= '{_MARK}' then redis.call('SET', name, ARGV[place + 1], 'PX', ARGV[1]) end
end
"""
_CLAIM = """
local found = redis.call('GET', KEYS[1])
if not found then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1]) end
return found or ''
"""
_SETTLE = """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[1])
return 1
"""


class MemoryCache(BaseCache):
    """aiocache's interface over a dictionary that forgets what was used least recently.

    Values are kept as they are. `peek`, `keep` and `drop` are the same without a coroutine.
    """

    NAME = "bounded-memory"

    def __init__(self, max_entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(serializer=NullSerializer(), timeout=None)  # type: ignore[no-untyped-call]
        self._max_entries = max_entries
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def peek(self, names: Sequence[str]) -> list[Any]:
        """The values of `names`, None where there is none."""
        return list(map(self.peek_one, names))

    def peek_one(self, name: str) -> Any:
        """The value of `name`, None where there is none."""
        kept = self._kept.get(name)
        if kept is None:
            return None
        if kept[0] <= self._clock():
            del self._kept[name]
            return None
        self._kept.move_to_end(name)
        return kept[1]

    def keep(self, values: Mapping[str, Any], seconds: float) -> None:
        """Keep `values` for so long."""
        end = self._clock() + seconds
        for name, value in values.items():
            self._kept[name] = (end, value)
            self._kept.move_to_end(name)
        while len(self._kept) > self._max_entries:
            self._kept.popitem(last=False)

    def drop(self, names: Iterable[str]) -> int:
        """Forget `names`; returns how many there were."""
        return sum(self._kept.pop(name, None) is not None for name in names)

    def drop_all(self, prefix: str) -> None:
        """Forget every name that begins with `prefix`."""
        self.drop([name for name in self._kept if name.startswith(prefix)])

    async def _get(self, key: str, encoding: str | None = None, _conn: object = None) -> Any:
        return self.peek([key])[0]

    async def _multi_get(self, keys: Sequence[str], encoding: str | None = None, _conn: object = None) -> Any:
        return self.peek(keys)

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: object = None, _conn: object = None
    ) -> bool:
        self.keep({key: value}, float("inf") if ttl is None else ttl)
        return True

    async def _multi_set(
        self, pairs: Iterable[tuple[str, Any]], ttl: float | None = None, _conn: object = None
    ) -> bool:
        self.keep(dict(pairs), float("inf") if ttl is None else ttl)
        return True

    async def _delete(self, key: str, _conn: object = None) -> int:
        return self.drop([key])

    async def _exists(self, key: str, _conn: object = None) -> bool:
        return self.peek([key])[0] is not None

    async def _clear(self, namespace: str | None = None, _conn: object = None) -> bool:
        self.drop_all(namespace or "")
        return True


class SharedCache:
    """A Redis, which may fail: then nothing is remembered, and after some failures it is not asked for a while."""

    def __init__(
        self, cache: BaseCache, errors: tuple[type[Exception], ...], timeout: float, breaker: Breaker
    ) -> None:
        self._cache: Any = cache
        self._errors = errors
        self._timeout = timeout
        self._breaker = breaker
        self.is_up = True
        """Whether the last call was answered."""

    async def read(self, names: Sequence[str]) -> Sequence[str | None]:
        """The texts of `names`, None where there is none."""
        nothing: Sequence[str | None] = [None] * len(names)
        return await self._try(lambda: self._cache.multi_get(names), nothing) or nothing

    async def fill(self, texts: Mapping[str, str], seconds: float) -> None:
        """Keep `texts` for so long, but none whose name is marked."""
        arguments = (*texts, max(int(seconds * 1000), 1), *texts.values())
        await self._try(lambda: self._cache.raw("eval", _FILL, len(texts), *arguments), None)

    async def mark(self, names: Sequence[str], seconds: float) -> bool:
        """Put a mark in place of `names`; says whether that was possible."""
        pairs = [(name, _MARK) for name in names]
        return await self._try(lambda: self._cache.multi_set(pairs, ttl=float(seconds)), False)

    async def claim(self, name: str, text: str, seconds: float) -> str | None:
        """What is kept under `name`; "" where nothing was and `text` is now, None where nobody knows."""
        arguments = (name, int(seconds * 1000), text)
        found = await self._try(lambda: self._cache.raw("eval", _CLAIM, 1, *arguments), None)
        return None if found is None else _text(found)

    async def settle(self, name: str, claimed: str, text: str, seconds: float) -> None:
        """Keep `text` in place of what was claimed, or nothing where it is empty."""
        arguments = (name, int(seconds * 1000), claimed, text)
        await self._try(lambda: self._cache.raw("eval", _SETTLE, 1, *arguments), None)

    async def close(self) -> None:
        """Give back the connections."""
        await self._cache.client.aclose()

    async def _try(self, call: Callable[[], Awaitable[T]], otherwise: T) -> T:
        permit = self._breaker.admit()
        if permit is None:
            return otherwise
        worked: bool | None = None
        try:
            async with asyncio.timeout(self._timeout):
                answer = await call()
        except self._errors:
            worked = False
            return otherwise
        else:
            worked = True
            return answer
        finally:
            self._breaker.settle(permit, worked)
            if worked is not None:
                self.is_up = worked


def memory_cache(max_entries: int, clock: Callable[[], float] = time.monotonic) -> MemoryCache:
    """A cache of this process alone, which never holds more than `max_entries`."""
    return MemoryCache(max_entries, clock)


def redis_cache(url: str, timeout: float = 0.2, breaker: Breaker | None = None) -> SharedCache:
    """A cache that replicas share; nothing is connected before the first question."""
    backend = importlib.import_module("aiocache.backends.redis")  # without it, memory alone needs no redis
    client = importlib.import_module("redis.asyncio")
    # aiocache's own time limit makes a task of each call, whose failure nobody hears of when its caller leaves
    cache = backend.RedisCache(serializer=StringSerializer(), timeout=None)  # type: ignore[no-untyped-call]
    cache.client = client.Redis.from_url(url)  # aiocache's own takes no URL, and no user name
    # of uvloop, a RuntimeError is a connection that was lost in the moment of its use
    errors = (OSError, ValueError, RuntimeError, client.RedisError)
    return SharedCache(cache, errors, timeout, breaker or Breaker(3, 2.0))


def _text(answer: Any) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)
