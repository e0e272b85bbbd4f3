"""Counting attempts within a time: in this process, or in a Redis that replicas share."""

from __future__ import annotations

import importlib
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol

from backends.breaker import Breaker

WINDOW = 900.0
"""Seconds for which an attempt counts; they begin with the first one."""
MOST_NAMES = 100_000
"""Names that one process counts at most; those that were counted first are forgotten first."""

_BEGIN = """
local found = {}
for place, name in ipairs(KEYS) do
    local number = redis.call('INCR', name)
    if redis.call('PTTL', name) < 0 then redis.call('PEXPIRE', name, ARGV[1]) end
    found[#found + 1] = number
    found[#found + 1] = redis.call('PTTL', name)
end
return found
"""
_TAKE_BACK = """
for place, name in ipairs(KEYS) do
    if ARGV[place] == '0' then redis.call('DEL', name)
    elseif tonumber(redis.call('GET', name) or '0') > 0 then redis.call('DECR', name) end
end
"""

Counted = Sequence[tuple[int, float]]
"""For each name how many attempts there were, and the seconds until they are forgotten."""


class Counter(Protocol):
    """Counts attempts by name."""

    async def begin(self, names: Sequence[str]) -> Counted:
        """Count one more of each, and say how many that makes."""
        ...

    async def take_back(self, names: Mapping[str, bool]) -> None:
        """Count one less of each, or forget those that are true."""
        ...

    async def close(self) -> None:
        """Give back what is held."""
        ...


class MemoryCounter:
    """Counts in this process, within bounds."""

    def __init__(
        self,
        window: float = WINDOW,
        most: int = MOST_NAMES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window = window
        self._most = most
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def names(self) -> Collection[str]:
        """What is counted now."""
        return self._counts.keys()

    async def begin(self, names: Sequence[str]) -> Counted:
        now = self._clock()
        found = []
        for name in names:
            number, end = self._counts.get(name, (0, 0.0))
            if end <= now:
                self._counts.pop(name, None)
                number, end = 0, now + self._window
            self._counts[name] = (number + 1, end)
            found.append((number + 1, end - now))
        while len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return found

    async def take_back(self, names: Mapping[str, bool]) -> None:
        for name, forget in names.items():
            if name not in self._counts:
                continue
            number, end = self._counts[name]
            if forget or number <= 1:
                del self._counts[name]
            else:
                self._counts[name] = (number - 1, end)

    async def close(self) -> None:
        self._counts.clear()


class SharedCounter:
    """Counts in a Redis; while that is silent, in this process. Names are kept as keyed hashes."""

    def __init__(
        self,
        client: Any,
        errors: tuple[type[Exception], ...],
        secret: bytes,
        *,
        window: float = WINDOW,
        breaker: Breaker | None = None,
    ) -> None:
        self._client = client
        self._errors = errors
        self._secret = secret
        self._window = window
        self._breaker = breaker or Breaker(3, 2.0)
        self._own = MemoryCounter(window)

    async def begin(self, names: Sequence[str]) -> Counted:
        own = await self._own.begin(names)
        found = await self._run(_BEGIN, names, [int(self._window * 1000)])
        if found is None:
            return own
        return list(zip(found[::2], (rest / 1000 for rest in found[1::2]), strict=True))

    async def take_back(self, names: Mapping[str, bool]) -> None:
        await self._own.take_back(names)
        await self._run(_TAKE_BACK, list(names), ["0" if forget else "1" for forget in names.values()])

    async def close(self) -> None:
        await self._client.aclose()

    async def _run(self, script: str, names: Sequence[str], arguments: Sequence[Any]) -> Any:
        """What the script gives; None where Redis is silent."""
        permit = self._breaker.admit()
        if permit is None:
            return None
        worked: bool | None = None
        try:
            found = await self._client.eval(script, len(names), *map(self._key, names), *arguments)
        except self._errors:
            worked = False
            return None
        else:
            worked = True
            return found if found is not None else ()
        finally:
            self._breaker.settle(permit, worked)

    def _key(self, name: str) -> str:
        data = name.encode("utf-8", "surrogatepass")
        return f"kundengraph:attempts:{blake2b(data, key=self._secret, digest_size=16).hexdigest()}"


def shared_counter(url: str, secret: bytes, timeout: float = 0.2) -> SharedCounter:
    """A counter in the Redis at `url`, not yet connected."""
    client = importlib.import_module("redis.asyncio")  # without it, memory alone needs no redis
    redis = client.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
    return SharedCounter(redis, (OSError, ValueError, client.RedisError), secret)
