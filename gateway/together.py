"""Equal requests that come at nearly the same moment: one of them is executed, and its answer is everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from backends.recorder import CURRENT
from gateway.hangups import InTime
from resolvers.viewer import Viewer

T = TypeVar("T")

NEARLY = 0.01
"""Seconds by which an answer may have been begun before it was asked for."""


@dataclass(slots=True, eq=False)
class Trip(Generic[T]):
    """One request that is executed, for others too."""

    viewer: Viewer
    call: InTime
    """The request that is executed."""
    until: float
    """Until when others may join."""
    followers: list[asyncio.Future[T | None]] = field(default_factory=list)


class Together(Generic[T]):
    """Whoever asks what was asked a moment ago, and is being found out, waits for that answer.

    A caller who leaves takes nobody's answer away: what is executed goes on for as long as somebody waits for it.
    Where it fails, or its time ends, everybody else asks anew. Nothing is kept of what has been answered.
    """

    def __init__(self) -> None:
        self._trips: dict[Hashable, Trip[T]] = {}

    def begin(self, question: Hashable, viewer: Viewer, call: InTime) -> Trip[T] | None:
        """A trip for `call`, which ends it whatever happens; None where an equal question is being answered."""
        now = call.loop.time()
        trip = self._trips.get(question)
        if trip is not None and now < trip.until:
            return None
        trip = self._trips[question] = Trip(viewer, call, now + NEARLY)
        call.followers = trip.followers
        return trip

    def end(self, question: Hashable, trip: Trip[T], found: T | None) -> None:
        """The trip has come to this; to None where it came to nothing."""
        if self._trips.get(question) is trip:  # another one may have set out in its place
            del self._trips[question]
        for follower in trip.followers:
            if not follower.done():
                follower.set_result(found)

    async def share(
        self, question: Hashable, viewer: Viewer, answer: Callable[[], Awaitable[T]], call: InTime
    ) -> T:
        """The answer to `question`, by an equal request of an equal viewer or else by `answer`; `call` is who asks.

        Of several viewers who ask the same at once, those of the first one share.
        """
        while (own := self.begin(question, viewer, call)) is None:
            trip = self._trips[question]
            if trip.viewer is not viewer and trip.viewer != viewer:
                return await answer()
            found = await _follow(trip)
            if found is not None:
                if (record := CURRENT.get()) is not None:
                    record.shared = True
                return found
        found = None
        try:
            found = await answer()
            return found
        finally:
            self.end(question, own, found)


async def _follow(trip: Trip[T]) -> T | None:
    """What the trip comes to; None where it came to nothing."""
    follower: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
    trip.followers.append(follower)
    try:
        return await follower
    finally:
        trip.followers.remove(follower)
        trip.call.look_again()
