"""A source kept at arm's length: a time budget, a circuit breaker, a bulkhead, and at most one retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from backends.breaker import Breaker, Permit
from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.model import Inspection, SourceStatus
from backends.protocol import Backend, Count, Page, R
from backends.recorder import CURRENT, spanned
from backends.source import Health

T = TypeVar("T")

Meter = Callable[[SourceStatus, float | None], None]
"""Hears how each call ended, and its seconds; None where it was refused."""


class Guarded(Generic[R]):
    """A backend whose calls end in time, whose troubles do not spread, and which is left alone while it is ill."""

    def __init__(
        self,
        backend: Backend[R],
        key: str,
        breaker: Breaker,
        timeout: float,
        slots: int,
        *,
        retry: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        meter: Meter = lambda _status, _seconds: None,
    ) -> None:
        """`retry` is for drivers that do not retry on a fresh connection by themselves."""
        self.kind = backend.kind
        self.slots = slots
        self.under_way = 0
        self._meter = meter
        self._backend = backend
        self._key = key
        self._breaker = breaker
        self._timeout = timeout
        self._slots = asyncio.Semaphore(slots)
        self._retry = retry
        self._now = now
        self._health = Health(SourceStatus.OK)

    @property
    def health(self) -> Health:
        """How the last finished call went, and whether the next would be refused; nothing is asked."""
        if not self._breaker.is_open:
            return self._health
        refusal = self._refusal()
        return replace(self._health, status=refusal.status, message=refusal.message)

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        return await self._ask("get_many", lambda: self._backend.get_many(keys)) if keys else {}

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        return await self._ask("have", lambda: self._backend.have(keys)) if keys else frozenset()

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[R]]:
        return await self._ask("pages", lambda: self._backend.pages(questions)) if questions else ()

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        return await self._ask("counts", lambda: self._backend.counts(filters)) if filters else ()

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        return await self._ask("tally", lambda: self._backend.tally(field, filter))

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        return await self._ask("keys", lambda: self._backend.keys(filter, after, limit))

    async def twins(self) -> Sequence[str]:
        return await self._ask("twins", self._backend.twins)

    async def ping(self) -> None:
        await self._ask("ping", self._backend.ping)

    async def inspect(self) -> Inspection:
        return await self._ask("inspect", self._backend.inspect)

    async def close(self) -> None:
        """Give back all connections, or give up when that takes longer than a call may."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._backend.close()

    async def _ask(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """Call in time, in turn and with leave; whatever happens, the breaker learns of it once."""
        if self._breaker.is_open:
            raise self._refused()
        permit: Permit | None = None
        started = time.perf_counter()
        silence: SourceUnavailable | None = None
        worked: bool | None = None  # a bug and a cancelled caller say nothing about the source
        budget = asyncio.timeout(self._timeout)
        try:
            async with budget, self._slots:
                permit = self._admitted()
                self.under_way += 1
                with spanned(f"source {what}", source=self._key):
                    answer = await self._call(call, permit)
        except SourceUnavailable as error:
            silence, worked = error, False
            raise
        except TimeoutError as error:
            if not budget.expired():
                raise
            silence, worked = SourceUnavailable(self._key, SourceStatus.TIMEOUT), False
            raise silence from error
        else:
            worked = True
            return answer
        finally:
            if permit is not None:  # who got no turn has not asked the source
                self.under_way -= 1
                self._breaker.settle(permit, worked)
                if worked is not None:
                    self._note(time.perf_counter() - started, silence)

    async def _call(self, call: Callable[[], Awaitable[T]], permit: Permit) -> T:
        try:
            return await call()
        except SourceUnavailable as error:
            # A source that worked a moment ago may have cut an idle connection; one that is down stays down.
            if not (self._retry and permit.hopeful and error.status is SourceStatus.UNAVAILABLE):
                raise
        return await call()

    def _admitted(self) -> Permit:
        permit = self._breaker.admit()
        if permit is None:  # it opened while we waited for our turn
            raise self._refused()
        return permit

    def _refusal(self) -> SourceUnavailable:
        return SourceUnavailable(self._key, SourceStatus.CIRCUIT_OPEN, self._breaker.retry_after_ms)

    def _refused(self) -> SourceUnavailable:
        self._meter(SourceStatus.CIRCUIT_OPEN, None)
        return self._refusal()

    def _note(self, seconds: float, silence: SourceUnavailable | None) -> None:
        self._meter(silence.status if silence else SourceStatus.OK, seconds)
        if (record := CURRENT.get()) is not None:
            record.called(self._key, seconds)
        self._health = Health(
            status=silence.status if silence else SourceStatus.OK,
            latency_ms=seconds * 1000,
            checked_at=self._now(),
            message=silence.message if silence else None,
        )
