"""Logins that more than one source holds: what the order hides. Counts and lists of duplicates rest on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING
from backends.order import fold
from backends.protocol import R
from backends.source import Source

CHUNK = 50_000
MAX_KEYS = 2_000_000
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
    """All keys of all sources, read once: which are hidden, by source, and which sources were silent."""

    hidden: Mapping[str, frozenset[str]]
    duplicates: tuple[Duplicate, ...]
    silent: tuple[SourceUnavailable, ...]
    made_at: float


class Duplicates(Generic[R]):
    """Knows for each source which of its keys an earlier source, or another spelling in itself, hides."""

    def __init__(
        self,
        sources: Sequence[Source[R]],
        *,
        lifetime: float = LIFETIME,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = tuple(sources)
        self._lifetime = lifetime
        self._clock = clock
        self._survey: Survey | None = None
        self._twins: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._lock = asyncio.Lock()

    def forget(self) -> None:
        """Something was written: survey anew."""
        self._survey = None
        self._twins.clear()

    async def hidden(self) -> tuple[Mapping[str, frozenset[str]], bool]:
        """Hidden keys by source, and whether every source was read."""
        if len(self._sources) == 1:
            twins = await self.twins(self._sources[0])
            return {self._sources[0].key: frozenset(twins)}, True
        survey = await self.survey()
        return survey.hidden, not survey.silent

    async def twins(self, source: Source[R]) -> tuple[str, ...]:
        """Keys of `source` that another spelling of its own hides (DB-8); empty where it tells spellings apart."""
        if source.mapping.search.case_sensitive:
            return ()
        kept = self._twins.get(source.key)
        if kept and self._clock() - kept[0] < self._lifetime:
            return kept[1]
        try:
            found = tuple(await source.backend.twins())
        except SourceUnavailable:
            return kept[1] if kept else ()
        self._twins[source.key] = (self._clock(), found)
        return found

    async def survey(self) -> Survey:
        """All keys of all sources; made once for everybody who asks, kept for a while."""
        async with self._lock:
            if self._survey is None or self._clock() - self._survey.made_at > self._lifetime:
                self._survey = await self._make()
            return self._survey

    async def _make(self) -> Survey:
        answers = await asyncio.gather(*(_keys(source) for source in self._sources))
        silent = tuple(answer for answer in answers if isinstance(answer, SourceUnavailable))
        keys = [() if isinstance(answer, SourceUnavailable) else answer for answer in answers]
        holders: dict[str, list[tuple[int, str]]] = {}
        for place, found in enumerate(keys):
            for key in found:
                holders.setdefault(fold(key), []).append((place, key))
        hidden: dict[str, set[str]] = {source.key: set() for source in self._sources}
        duplicates: list[Duplicate] = []
        for folded, held in holders.items():
            if len(held) > 1 and (duplicate := self._confirm(folded, held, hidden)):
                duplicates.append(duplicate)
        duplicates.sort(key=lambda duplicate: (duplicate.folded, duplicate.key))
        return Survey(
            {key: frozenset(logins) for key, logins in hidden.items()},
            tuple(duplicates),
            silent,
            self._clock(),
        )

    def _confirm(
        self, folded: str, held: Sequence[tuple[int, str]], hidden: dict[str, set[str]]
    ) -> Duplicate | None:
        """Decide who hides whom among spellings of one login, by the case rule of the earlier source."""
        owners: list[tuple[int, str]] = []
        places: dict[int, None] = {}
        for place, key in sorted(held):
            owner = next((one for one in owners if self._hides(one, (place, key))), None)
            if owner is None:
                owners.append((place, key))
            else:
                hidden[self._sources[place].key].add(key)
                if owner[0] != place:
                    places |= {owner[0]: None, place: None}
        if not places:
            return None
        source_keys = tuple(self._sources[place].key for place in sorted(places))
        return Duplicate(folded, min(owners)[1], source_keys)

    def _hides(self, earlier: tuple[int, str], later: tuple[int, str]) -> bool:
        case_sensitive = self._sources[earlier[0]].mapping.search.case_sensitive
        return earlier[1] == later[1] or not case_sensitive


async def _keys(source: Source[R]) -> list[str] | SourceUnavailable:
    found: list[str] = []
    after: tuple[str, str] | None = None
    while len(found) < MAX_KEYS:
        try:
            chunk = await source.backend.keys(EVERYTHING, after, CHUNK)
        except SourceUnavailable as silent:
            return silent
        found += [key for _, key in chunk]
        if len(chunk) < CHUNK:
            break
        after = chunk[-1]
    return found
