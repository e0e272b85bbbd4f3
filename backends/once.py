"""Answers kept under the keys of calls that are run once, however often they are sent."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from backends.caches import SharedCache

DAY = 86_400.0
MOST_CHARACTERS = 32_000_000
"""Length of all answers that one process keeps."""
PREFIX = "kundengraph:once:"
PAUSES = (0.02, 0.05, 0.1, 0.25)
"""How long to wait for a call of another process before each look, the last one again and again."""


class OtherInput(Exception):
    """The key belongs to a call with another input."""


class Unsure(Exception):
    """Nobody can tell whether the call has run, since the place of the answers is silent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to; one that is not `final` is not kept, and the next call runs again."""

    text: str
    final: bool = True


Call = Callable[[], Awaitable[Answer]]


class Once(Protocol):
    """Runs calls once for each name: whoever comes again, or meanwhile, gets the first answer."""

    async def answer(self, name: str, input: str, call: Call) -> str:
        """The first answer under `name`, else that of `call`; raises OtherInput, Unsure, and what `call` raises."""
        ...


class MemoryOnce:
    """The answers of this process alone; the oldest go when there are too many."""

    def __init__(
        self,
        seconds: float = DAY,
        most: int = MOST_CHARACTERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, str, str]] = OrderedDict()
        self._length = 0
        self._running: dict[str, asyncio.Event] = {}

    async def answer(self, name: str, input: str, call: Call) -> str:
        while (under_way := self._running.get(name)) is not None:
            await under_way.wait()
        self._drop_old()
        if kept := self._kept.get(name):
            if kept[1] != input:
                raise OtherInput
            return kept[2]
        ended = self._running[name] = asyncio.Event()
        try:
            answer = await call()
            if answer.final:
                self._keep(name, input, answer.text)
            return answer.text
        finally:
            del self._running[name]
            ended.set()

    def _keep(self, name: str, input: str, text: str) -> None:
        self._kept[name] = (self._clock() + self._seconds, input, text)
        self._length += len(text)
        while self._length > self._most:
            self._forget_oldest()

    def _drop_old(self) -> None:
        """All are kept equally long, so the oldest ends first."""
        while self._kept and next(iter(self._kept.values()))[0] <= self._clock():
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._length -= len(self._kept.popitem(last=False)[1][2])


class SharedOnce:
    """Answers in a Redis that replicas share; without it no call is run that should run once."""

    def __init__(self, cache: SharedCache, hold: float, seconds: float = DAY) -> None:
        """`hold` is longer than any call takes: so long a call that died keeps others waiting."""
        self._cache = cache
        self._hold = hold
        self._seconds = seconds

    async def answer(self, name: str, input: str, call: Call) -> str:
        name = PREFIX + name
        claimed = json.dumps([input, None, secrets.token_hex(8)])
        pauses = iter(PAUSES)
        while found := await self._cache.claim(name, claimed, self._hold):
            kept_input, text, *_ = json.loads(found)
            if kept_input != input:
                raise OtherInput
            if text is not None:
                return str(text)
            await asyncio.sleep(next(pauses, PAUSES[-1]))
        if found is None:
            raise Unsure
        kept = ""
        try:
            answer = await call()
            if answer.final:
                kept = json.dumps([input, answer.text])
            return answer.text
        finally:
            await self._cache.settle(name, claimed, kept, self._seconds)
