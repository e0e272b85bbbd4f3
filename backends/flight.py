"""Equal questions in flight share one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from backends.deadline import Over, seconds_left, timeless

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Trip(Generic[T]):
    task: asyncio.Task[T]
    passengers: int = 0


class Flight(Generic[T]):
    """Whoever asks what is being asked gets the answer, or the error, of the call under way (R11).

    The call runs in a task of its own: a waiter who leaves takes nobody else's answer away, and when the last one
    has left the call is cancelled. Whose request ends meanwhile is told so by Over. Nothing is kept of a call that
    has ended.
    """

    def __init__(self) -> None:
        self._trips: dict[Hashable, _Trip[T]] = {}
        self._tasks: set[asyncio.Task[T]] = set()

    async def share(self, question: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer to `question`, by a call under way or else by `call`."""
        trip = self._trips.get(question) or self._depart(question, call)
        trip.passengers += 1
        wait = asyncio.timeout(seconds_left())
        try:
            async with wait:
                return await asyncio.shield(trip.task)
        except TimeoutError as error:
            if wait.expired():
                raise Over from error
            raise
        finally:
            trip.passengers -= 1
            if not trip.passengers and not trip.task.done():
                self._end(question, trip)
                trip.task.cancel()

    def _depart(self, question: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> _Trip[T]:
        trip = _Trip(asyncio.create_task(call(), context=timeless()))
        self._trips[question] = trip
        self._tasks.add(trip.task)  # the loop itself holds tasks weakly
        trip.task.add_done_callback(self._tasks.discard)
        trip.task.add_done_callback(lambda task: self._land(question, trip, task))
        return trip

    def _land(self, question: Hashable, trip: _Trip[T], task: asyncio.Task[T]) -> None:
        self._end(question, trip)
        if not task.cancelled():
            task.exception()  # noted as heard of: everybody may have left in the moment of the failure

    def _end(self, question: Hashable, trip: _Trip[T]) -> None:
        if self._trips.get(question) is trip:  # another call may have set out in its place
            del self._trips[question]
