"""Lists of keys, sorted by our own order: a directory has no usable one, so pages are cut from these."""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any

from backends.bounded import Bounded
from backends.conditions import Condition
from backends.order import Order

MAX_LISTS = 32
PAGES = 32
"""Pages of one list of keys that are kept, as long as the list is."""

Place = tuple[str, ...]
"""Sort values, folded key, key."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What makes one list differ from another."""

    condition: Condition
    fields: tuple[str, ...]
    """GraphQL names of the fields whose values stand before the key."""
    directions: tuple[bool, ...]
    """Whether each part of a place descends."""
    folded: bool = True

    @classmethod
    def by(cls, condition: Condition, order: Order) -> Wanted:
        """The list of what matches, in this order."""
        return cls(condition, tuple(term.field for term in order.terms), order.directions)


@dataclass(frozen=True, slots=True)
class KeyList:
    """Places in order; `truncated` where the server or a limit of ours kept back others."""

    places: Sequence[Place]
    directions: tuple[bool, ...]
    truncated: bool = False
    cut: Bounded[tuple[int, int], Any] = field(
        default_factory=partial(Bounded, PAGES), compare=False, repr=False
    )
    """Pages that were cut from it, by start and size."""

    def start(self, after: Place, after_place: int) -> int:
        """Index of the first place that follows `after`, a place in the source `after_place` places from this one."""
        ties_descend = self.directions[-1]
        tie_follows = after_place > 0 if ties_descend else after_place < 0
        low, high = 0, len(self.places)
        while low < high:
            middle = (low + high) // 2
            if self._follows(self.places[middle], after, tie_follows):
                high = middle
            else:
                low = middle + 1
        return low

    def capped(self, limit: int) -> KeyList:
        """The first `limit` places; truncated if there are more."""
        if len(self.places) <= limit:
            return self
        return KeyList(self.places[:limit], self.directions, truncated=True)

    def _follows(self, place: Place, after: Place, tie_follows: bool) -> bool:
        for mine, other, descends in zip(place, after, self.directions, strict=True):
            if mine != other:
                return (mine < other) is descends
        return tie_follows


class Collector:
    """Gathers places in any order, each key once (the first entry counts, LDAP-27), and sorts them.

    Sorted runs of like length are merged as they come, so that no single step holds up the event loop for long.
    """

    def __init__(self, directions: tuple[bool, ...], limit: int) -> None:
        self._directions = directions
        self._limit = limit
        self._seen: set[str] = set()
        self._texts: dict[str, str] = {}
        self._runs: list[list[Place]] = []
        self._full = False

    def add(self, places: Sequence[Place]) -> bool:
        """Take places until the limit is reached; whether more are wanted."""
        run: list[Place] = []
        for place in places:
            if place[-1] in self._seen:
                continue
            if len(self._seen) >= self._limit:
                self._full = True
                break
            self._seen.add(place[-1])
            run.append(self._compact(place))
        while self._runs and len(self._runs[-1]) <= len(run):
            run += self._runs.pop()
        in_order(run, self._directions)
        self._runs.append(run)
        return not self._full

    async def finish(self, cut: bool) -> KeyList:
        """The whole list; `cut` where others were kept back."""
        while len(self._runs) > 1:
            run = self._runs.pop()
            self._runs[-1] += run
            in_order(self._runs[-1], self._directions)
            await asyncio.sleep(0)
        places = self._runs[0] if self._runs else []
        return KeyList(places, self._directions, cut or self._full)

    def _compact(self, place: Place) -> Place:
        """The same place in less memory: equal texts are one object."""
        *values, folded, key = place
        shared = [self._texts.setdefault(value, value) for value in values]
        return (*shared, key if folded == key else folded, key)


def in_order(places: list[Place], directions: tuple[bool, ...]) -> None:
    """Sort in place: one pass for each run of parts that go the same way, the last parts first."""
    end = len(directions)
    for descends, run in itertools.groupby(reversed(directions)):
        start = end - len(list(run))
        part = None if (start, end) == (0, len(directions)) else itemgetter(slice(start, end))
        places.sort(key=part, reverse=descends)
        end = start


@dataclass(slots=True)
class _Held:
    keys: KeyList
    since: float


class KeyLists:
    """Keeps lists for `ttl` seconds, and serves them as long again while a new one is read.

    However many ask for the same list, it is read once, by a task of its own: a caller that gives up does not end
    it, so the next one finds it. At most MAX_LISTS lists and `max_keys` keys beyond the latest list are kept.
    """

    def __init__(
        self,
        load: Callable[[Wanted], Awaitable[KeyList]],
        ttl: float,
        max_keys: int,
        clock: Callable[[], float],
    ) -> None:
        self._load = load
        self._ttl = ttl
        self._max_keys = max_keys
        self._clock = clock
        self._held: OrderedDict[Wanted, _Held] = OrderedDict()
        self._loading: dict[Wanted, asyncio.Task[KeyList]] = {}

    def held(self, wanted: Wanted) -> KeyList | None:
        """The list, if it is at most `ttl` seconds old."""
        held = self._held.get(wanted)
        if held is None or self._clock() - held.since >= self._ttl:
            return None
        self._held.move_to_end(wanted)
        return held.keys

    async def get(self, wanted: Wanted) -> KeyList:
        """The list, at most twice `ttl` seconds old."""
        held = self._held.get(wanted)
        age = self._clock() - held.since if held else 0.0
        if held and age < self._ttl:
            self._held.move_to_end(wanted)
            return held.keys
        task = self._loading.get(wanted) or self._start(wanted)
        if held and age < 2 * self._ttl:
            return held.keys
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End all reading."""
        tasks = list(self._loading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held.clear()

    def _start(self, wanted: Wanted) -> asyncio.Task[KeyList]:
        task = asyncio.get_running_loop().create_task(self._read(wanted))
        self._loading[wanted] = task
        task.add_done_callback(lambda done: self._finished(wanted, done))
        return task

    async def _read(self, wanted: Wanted) -> KeyList:
        since = self._clock()
        keys = await self._load(wanted)
        if self._ttl > 0:
            self._held[wanted] = _Held(keys, since)
            self._held.move_to_end(wanted)
            self._make_room()
        return keys

    def _finished(self, wanted: Wanted, task: asyncio.Task[KeyList]) -> None:
        del self._loading[wanted]
        if not task.cancelled():
            task.exception()  # whoever waited has it; a refresh in the background may fail unheard

    def _make_room(self) -> None:
        others = sum(len(held.keys.places) for held in list(self._held.values())[:-1])
        while len(self._held) > 1 and (len(self._held) > MAX_LISTS or others > self._max_keys):
            _, dropped = self._held.popitem(last=False)
            others -= len(dropped.keys.places)
