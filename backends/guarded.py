"""A backend behind a guard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Generic

from backends.breaker import Breaker
from backends.cells import Columns
from backends.filters import Filter, Question
from backends.guard import Guard, Meter
from backends.model import Inspection, Validity
from backends.protocol import Backend, Count, Page, Placing, R, placing
from backends.source import Health


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
        self._backend = backend
        self.slots = slots
        self._guard = Guard(key, breaker, timeout, slots, retry=retry, now=now, meter=meter)
        inner = placing(backend)
        self.placing = None if inner is None else GuardedPlaces(inner, self._guard)

    @property
    def health(self) -> Health:
        """How the last finished call went, and whether the next would be refused; nothing is asked."""
        return self._guard.health

    @property
    def under_way(self) -> int:
        """How many calls the store is working on."""
        return self._guard.under_way

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        return await self._guard.ask("get_many", lambda: self._backend.get_many(keys)) if keys else {}

    async def narrow(self, keys: Sequence[str], columns: Columns) -> Mapping[str, R] | None:
        """Records of these columns alone; None where the backend makes whole ones only."""
        if (narrow := getattr(self._backend, "narrow", None)) is None:
            return None
        return await self._guard.ask("get_many", lambda: narrow(keys, columns)) if keys else {}

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        return await self._guard.ask("have", lambda: self._backend.have(keys)) if keys else frozenset()

    def pages(self, questions: Sequence[Question]) -> Coroutine[Any, Any, Sequence[Page[R]]]:
        return self._guard.ask("pages", lambda: self._backend.pages(questions)) if questions else _none()

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        return await self._guard.ask("counts", lambda: self._backend.counts(filters)) if filters else ()

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        return await self._guard.ask("tally", lambda: self._backend.tally(field, filter))

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        return await self._guard.ask("keys", lambda: self._backend.keys(filter, after, limit))

    async def twins(self) -> Sequence[str]:
        return await self._guard.ask("twins", self._backend.twins)

    async def ping(self) -> None:
        await self._guard.ask("ping", self._backend.ping)

    async def inspect(self) -> Inspection:
        return await self._guard.ask("inspect", self._backend.inspect)

    async def close(self) -> None:
        """Give back all connections, or give up when that takes longer than a call may."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._guard.timeout):
                await self._backend.close()


async def _none() -> Sequence[Page[R]]:
    return ()


class GuardedPlaces(Generic[R]):
    """Places that are known by heart, of a store that may be asked for the records."""

    def __init__(self, inner: Placing[R], guard: Guard) -> None:
        self._inner = inner
        self._guard = guard

    def places(self, questions: Sequence[Question]) -> Sequence[Page[R]] | None:
        """The store is not asked, so its breaker learns nothing; while that is open, nothing is told either."""
        return None if self._guard.is_shut else self._inner.places(questions)

    def read(
        self, keys: Sequence[str], wanted: frozenset[Validity] | None
    ) -> Coroutine[Any, Any, Mapping[str, R]]:
        return self._guard.ask("read", lambda: self._inner.read(keys, wanted))
