"""Logins that more than one source holds: what the order hides. Counts and lists of duplicates rest on it."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from backends.deadline import Over
from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING
from backends.flight import Flight
from backends.model import SourceStatus
from backends.protocol import R
from backends.source import Source

CHUNK = 10_000
"""Keys that are read at once."""
MAX_HIDDEN = 500_000
"""Hidden keys that are kept at most."""
LIFETIME = 60.0
"""Seconds for which a survey of all keys may be used again."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A login, as its owner spells it, and the keys of the sources that hold it, in order."""

    folded: str
    key: str
    source_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the keys of all sources say of each other."""

    hidden: Mapping[str, tuple[str, ...]]
    """By source, the keys that an earlier source, or another spelling in itself, hides."""
    duplicates: tuple[Duplicate, ...] = ()
    """In order of folded login."""
    silent: Mapping[str, SourceUnavailable] = field(default_factory=dict)
    """Sources that did not answer: their keys are missing here."""
    cut: bool = False
    """Whether there were more hidden keys than are kept."""


class Duplicates(Generic[R]):
    """Knows for each source which of its keys an earlier source, or another spelling in itself, hides."""

    def __init__(
        self,
        sources: Sequence[Source[R]],
        *,
        lifetime: float = LIFETIME,
        clock: Callable[[], float] = time.monotonic,
        chunk: int = CHUNK,
        max_hidden: int = MAX_HIDDEN,
    ) -> None:
        self._sources = tuple(sources)
        self._lifetime = lifetime
        self._clock = clock
        self._chunk = chunk
        self._max_hidden = max_hidden
        self._survey: tuple[float, Survey] | None = None
        self._twins: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._turn = 0
        self._surveys: Flight[Survey] = Flight()
        self._searches: Flight[tuple[str, ...]] = Flight()

    def forget(self) -> None:
        """Something was written: look anew."""
        self._turn += 1
        self._survey = None
        self._twins.clear()

    async def twins(self, source: Source[R]) -> tuple[str, ...]:
        """Keys of `source` that another spelling of its own hides (DB-8); none where it tells spellings apart.

        Raises when the source is silent and has never said.
        """
        if (known := self.known_twins(source)) is not None:
            return known
        kept = self._twins.get(source.key)
        try:
            return await self._searches.share((self._turn, source.key), lambda: self._find_twins(source))
        except (SourceUnavailable, Over) as silent:
            if kept:
                return kept[1]
            if isinstance(silent, Over):
                raise SourceUnavailable(source.key, SourceStatus.TIMEOUT) from silent
            raise

    def known_twins(self, source: Source[R]) -> tuple[str, ...] | None:
        """The same, if nobody has to be asked."""
        if source.mapping.search.case_sensitive:
            return ()
        kept = self._twins.get(source.key)
        return kept[1] if kept and self._clock() - kept[0] < self._lifetime else None

    async def survey(self) -> Survey:
        """All keys of all sources, read once for everybody who asks, and kept for a while.

        One with gaps is kept as long as the silent sources stay silent.
        """
        return await self._surveys.share(self._turn, self._current)

    async def _find_twins(self, source: Source[R]) -> tuple[str, ...]:
        turn = self._turn
        found = tuple(await source.backend.twins())
        if turn == self._turn:
            self._twins[source.key] = (self._clock(), found)
        return found

    async def _current(self) -> Survey:
        kept = self._survey
        if kept and self._clock() - kept[0] < self._lifetime and not await self._any_is_back(kept[1]):
            return kept[1]
        turn = self._turn
        survey = await (self._of_one(self._sources[0]) if len(self._sources) == 1 else self._of_all())
        if turn == self._turn:
            self._survey = (self._clock(), survey)
        return survey

    async def _any_is_back(self, survey: Survey) -> bool:
        async def answers(source: Source[R]) -> bool:
            try:
                await source.backend.ping()
            except SourceUnavailable:
                return False
            return True

        silent = [source for source in self._sources if source.key in survey.silent]
        return any(await asyncio.gather(*(answers(source) for source in silent)))

    async def _of_one(self, source: Source[R]) -> Survey:
        try:
            return Survey({source.key: await self.twins(source)})
        except SourceUnavailable as silent:
            return Survey({}, silent={source.key: silent})

    async def _of_all(self) -> Survey:
        """Read the keys of all sources side by side in order, and keep only what is held more than once."""
        readers = [_Keys(source, self._chunk) for source in self._sources]
        hidden: dict[str, list[str]] = {source.key: [] for source in self._sources}
        duplicates: list[Duplicate] = []
        cut = False
        while not cut and any(reader.more for reader in readers):
            reached = _reached(readers)
            await asyncio.gather(
                *(reader.read() for reader in readers if reader.more and reader.last == reached)
            )
            reached = _reached(readers)
            for folded, held in _held_twice([reader.take(reached) for reader in readers]):
                duplicates += self._settle(folded, held, hidden)
            cut = sum(len(keys) for keys in hidden.values()) > self._max_hidden
        silent = {reader.source.key: reader.silent for reader in readers if reader.silent}
        return Survey({key: tuple(keys) for key, keys in hidden.items()}, tuple(duplicates), silent, cut)

    def _settle(
        self, folded: str, held: Sequence[tuple[int, str]], hidden: Mapping[str, list[str]]
    ) -> Iterable[Duplicate]:
        """Decide who hides whom among spellings of one login, by the case rule of the earlier source."""
        owners: dict[tuple[int, str], tuple[int, str]] = {}
        places: dict[tuple[int, str], list[int]] = {}
        for place, key in sorted(held):
            hider = next((one for one in owners if self._hides(one, key)), None)
            owner = owners[place, key] = (place, key) if hider is None else owners[hider]
            holders = places.setdefault(owner, [])
            if place not in holders:
                holders.append(place)
            if hider is not None:
                hidden[self._sources[place].key].append(key)
        return [
            Duplicate(folded, key, tuple(self._sources[place].key for place in holders))
            for (_, key), holders in sorted(places.items(), key=lambda pair: pair[0][1])
            if len(holders) > 1
        ]

    def _hides(self, earlier: tuple[int, str], key: str) -> bool:
        place, spelling = earlier
        return spelling == key or not self._sources[place].mapping.search.case_sensitive


@dataclass(slots=True)
class _Keys(Generic[R]):
    """The keys of one source as far as they were read and not yet taken."""

    source: Source[R]
    chunk: int
    pairs: list[tuple[str, str]] = field(default_factory=list)
    after: tuple[str, str] | None = None
    more: bool = True
    silent: SourceUnavailable | None = None

    @property
    def last(self) -> str:
        """The folded key up to which it is read."""
        return self.after[0] if self.after else ""

    async def read(self) -> None:
        try:
            found = await self.source.backend.keys(EVERYTHING, self.after, self.chunk)
        except SourceUnavailable as silent:
            self.silent, self.more, self.pairs = silent, False, []
            return
        self.pairs += found
        self.more = len(found) == self.chunk
        self.after = found[-1] if found else self.after

    def take(self, end_at: str | None) -> Sequence[tuple[str, str]]:
        """What lies before this folded key, or all."""
        end = len(self.pairs) if end_at is None else bisect_left(self.pairs, (end_at, ""))
        taken, self.pairs = self.pairs[:end], self.pairs[end:]
        return taken


def _reached(readers: Iterable[_Keys[R]]) -> str | None:
    """The folded key from which on some source may hold more; None when everything is read."""
    return min((reader.last for reader in readers if reader.more), default=None)


def _held_twice(
    keys: Sequence[Sequence[tuple[str, str]]],
) -> Sequence[tuple[str, Sequence[tuple[int, str]]]]:
    """Folded keys that stand there more than once, in order, with the places and spellings."""
    held: dict[str, list[tuple[int, str]]] = {}
    for place, pairs in enumerate(keys):
        for folded, key in pairs:
            held.setdefault(folded, []).append((place, key))
    return sorted((folded, found) for folded, found in held.items() if len(found) > 1)
