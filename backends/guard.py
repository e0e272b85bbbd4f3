"""A store kept at arm's length: a time budget, a circuit breaker, a bulkhead, and at most one retry."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from backends.breaker import Breaker, Permit
from backends.deadline import seconds_left
from backends.errors import Refused, SourceUnavailable
from backends.model import SourceStatus
from backends.recorder import CURRENT, spanned, tracer
from backends.source import Health
from backends.turns import Places, TimeLimit

T = TypeVar("T")

Meter = Callable[[SourceStatus, float | None], None]
"""Hears how each call ended, and its seconds; None where it was refused."""

WAITING = 1000
"""Calls that may wait for a slot; who comes after them is refused at once."""


class Guard:
    """Calls that end in time, whose troubles do not spread, of a store that is left alone while it is ill."""

    def __init__(
        self,
        key: str,
        breaker: Breaker,
        timeout: float,
        slots: int,
        *,
        retry: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        meter: Meter | None = None,
    ) -> None:
        """`retry` is for drivers that do not retry on a fresh connection by themselves; without `meter` others count."""
        self.timeout = timeout
        self.under_way = 0
        self._meter = meter
        self._key = key
        self._breaker = breaker
        self._slots = Places(slots)
        self._room = slots + WAITING
        self._retry = retry
        self._now = now
        self._last: tuple[SourceStatus, float, datetime, str | None] | None = None

    @property
    def health(self) -> Health:
        """How the last finished call went, and whether the next would be refused; nothing is asked."""
        health = Health(*self._last) if self._last else Health(SourceStatus.OK)
        if not self._breaker.is_open:
            return health
        refusal = self._refusal()
        return replace(health, status=refusal.status, message=refusal.message)

    @property
    def is_shut(self) -> bool:
        """Whether a call would be refused."""
        return self._breaker.is_open

    def check(self) -> None:
        """Raise where a call would be refused."""
        if self._breaker.is_open:
            raise self._refused()

    async def ask(self, what: str, call: Callable[[], Awaitable[T]], *, writes: bool = False) -> T:
        """Call in time, in turn and with leave; whatever happens, the breaker learns of it once."""
        self.check()
        left = seconds_left()
        if left == 0:
            raise SourceUnavailable(self._key, SourceStatus.TIMEOUT)
        if not self._room:
            raise SourceUnavailable(self._key)
        self._room -= 1
        try:
            return await self._ask(what, call, left, writes)
        finally:
            self._room += 1

    async def _ask(self, what: str, call: Callable[[], Awaitable[T]], left: float | None, writes: bool) -> T:
        has_place = False
        permit: Permit | None = None
        started = time.perf_counter()
        silence: SourceUnavailable | None = None
        worked: bool | None = None  # a bug and a cancelled caller say nothing about the store
        hurried = left is not None and left < self.timeout
        budget = TimeLimit(left if left is not None and hurried else self.timeout)
        try:
            with budget:
                has_place = self._slots.taken() or await self._slots.acquire()
                if (permit := self._breaker.admit()) is None:  # it opened while we waited for our turn
                    raise self._refused()
                self.under_way += 1
                called = self._call(call, permit, writes)
                answer = await (self._traced(what, called) if self._meter and tracer() else called)
        except SourceUnavailable as error:
            silence, worked = error, isinstance(error, Refused)
            raise
        except TimeoutError as error:
            if not budget.expired:
                raise
            silence = SourceUnavailable(self._key, SourceStatus.TIMEOUT)
            worked = None if hurried else False
            raise silence from error
        else:
            worked = True
            return answer
        finally:
            if has_place:
                self._slots.release()
            if permit is not None:  # who got no turn has not asked the store
                self.under_way -= 1
                self._breaker.settle(permit, worked)
                if worked is not None:
                    self._note(time.perf_counter() - started, silence)

    async def _traced(self, what: str, called: Awaitable[T]) -> T:
        with spanned(f"source {what}", source=self._key):
            return await called

    async def _call(self, call: Callable[[], Awaitable[T]], permit: Permit, writes: bool) -> T:
        try:
            return await call()
        except Refused:
            raise
        except SourceUnavailable as error:
            # A store that worked a moment ago may have cut an idle connection; one that is down stays down.
            again = self._retry and not writes and permit.hopeful
            if not (again and error.status is SourceStatus.UNAVAILABLE):
                raise
        return await call()

    def _refusal(self) -> SourceUnavailable:
        return SourceUnavailable(self._key, SourceStatus.CIRCUIT_OPEN, self._breaker.retry_after_ms)

    def _refused(self) -> SourceUnavailable:
        if self._meter:
            self._meter(SourceStatus.CIRCUIT_OPEN, None)
        return self._refusal()

    def _note(self, seconds: float, silence: SourceUnavailable | None) -> None:
        if self._meter:
            self._meter(silence.status if silence else SourceStatus.OK, seconds)
            if (record := CURRENT.get()) is not None:
                record.called(self._key, seconds)
        status, message = (silence.status, silence.message) if silence else (SourceStatus.OK, None)
        self._last = status, seconds * 1000, self._now(), message
