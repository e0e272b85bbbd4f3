"""Equal questions in flight share one call."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from backends import deadline
from backends.deadline import Over, timeless

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Trip(Generic[T]):
    """A call under way."""

    task: asyncio.Task[T]
    passengers: dict[asyncio.Future[T], float] = field(default_factory=dict)
    """Those who wait, and until when, by the clock of the loop."""
    timer: asyncio.TimerHandle | None = None
    """Rings when the time of the first of them is over: one for all, for most are answered long before."""
    rings: float = math.inf

    def board(self) -> asyncio.Future[T]:
        """Another one who waits; by the clock of deadlines, which is that of the loop."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        end = deadline.end_of_request()
        if end is None:
            end = math.inf
        self.passengers[answer] = end
        if end < self.rings:
            _set(self, end)
        return answer


class Flight(Generic[T]):
    """Whoever asks what is being asked gets the answer, or the error, of the call under way (R11).

    The call runs in a task of its own: a waiter who leaves takes nobody else's answer away, and when the last one
    has left the call is cancelled. Whose request ends meanwhile is told so by Over. Nothing is kept of a call that
    has ended.
    """

    def __init__(self) -> None:
        self._trips: dict[Hashable, Trip[T]] = {}
        self._tasks: set[asyncio.Task[T]] = set()

    async def share(self, question: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer to `question`, by a call under way or else by `call`."""
        trip = self.trip(question, call)
        answer = trip.board()
        try:
            return await answer
        finally:
            self.leave(question, trip, answer)

    def trip(self, question: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> Trip[T]:
        """The call under way that answers `question`, or else a new one; for those who spare `share`'s coroutine."""
        return self._trips.get(question) or self._depart(question, call)

    def leave(self, question: Hashable, trip: Trip[T], answer: asyncio.Future[T]) -> None:
        """Whoever has boarded waits for the answer no longer, if only because it is there."""
        if not trip.task.done():
            del trip.passengers[answer]
            if not trip.passengers:
                self._end(question, trip)
                trip.task.cancel()

    def _depart(self, question: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> Trip[T]:
        trip = Trip(asyncio.create_task(call(), context=timeless()))
        self._trips[question] = trip
        self._tasks.add(trip.task)  # the loop itself holds tasks weakly
        trip.task.add_done_callback(self._tasks.discard)
        trip.task.add_done_callback(lambda task: self._land(question, trip, task))
        return trip

    def _land(self, question: Hashable, trip: Trip[T], task: asyncio.Task[T]) -> None:
        self._end(question, trip)
        if task.cancelled():
            for answer in trip.passengers:
                answer.cancel()
        elif (error := task.exception()) is not None:
            for answer in trip.passengers:
                fail(answer, error)
        else:
            for answer in trip.passengers:
                if not answer.done():
                    answer.set_result(task.result())

    def _end(self, question: Hashable, trip: Trip[T]) -> None:
        _set(trip, math.inf)
        if self._trips.get(question) is trip:  # another call may have set out in its place
            del self._trips[question]


def _set(trip: Trip[Any], end: float) -> None:
    """Let it ring then and not before; never where that is infinite."""
    if trip.timer is not None:
        trip.timer.cancel()
    trip.rings = end
    trip.timer = None if end == math.inf else asyncio.get_running_loop().call_at(end, _ring, trip)


def _ring(trip: Trip[Any]) -> None:
    now = asyncio.get_running_loop().time()
    for answer, end in trip.passengers.items():
        if end <= now:
            fail(answer, Over())
    _set(trip, min((end for answer, end in trip.passengers.items() if not answer.done()), default=math.inf))


def fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    """Tell somebody who waits for an answer that it failed."""
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # noted as heard of: who waits may leave in this moment
