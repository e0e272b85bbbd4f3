"""Equal questions in flight share one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from backends.deadline import Over, seconds_left, timeless

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Trip(Generic[T]):
    task: asyncio.Task[T]
    passengers: list[asyncio.Future[T]] = field(default_factory=list)
    """Those who wait."""


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
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        trip.passengers.append(answer)
        left = seconds_left()
        timer = None if left is None else loop.call_later(left, _fail, answer, Over())
        try:
            return await answer
        finally:
            if timer is not None:
                timer.cancel()
            if not trip.task.done():
                trip.passengers.remove(answer)
                if not trip.passengers:
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
        if task.cancelled():
            for answer in trip.passengers:
                answer.cancel()
        elif (error := task.exception()) is not None:
            for answer in trip.passengers:
                _fail(answer, error)
        else:
            for answer in trip.passengers:
                if not answer.done():
                    answer.set_result(task.result())

    def _end(self, question: Hashable, trip: _Trip[T]) -> None:
        if self._trips.get(question) is trip:  # another call may have set out in its place
            del self._trips[question]


def _fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # noted as heard of: who waits may leave in this moment
