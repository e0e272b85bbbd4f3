"""Which rows of a list an earlier source hides, whoever has the same key there."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Generic

from backends.habits import Habits
from backends.merge import Merged, Stream
from backends.model import Freshness, SourceStatus
from backends.protocol import R, Row
from backends.reports import Reports
from backends.shadows import Asked
from backends.source import Source


class Judge(Generic[R]):
    """Asks for each key once, all keys of a round together; what falls silent meanwhile is reported."""

    def __init__(self, sources: Sequence[Source[R]], habits: Habits[R], reports: Reports) -> None:
        self._sources, self._reports = sources, reports
        self._shadows, self._places = habits.shadows, habits.places
        self._judged: defaultdict[int, set[str]] = defaultdict(set)
        """Keys by the place of the source that has them, of which is known whether an earlier one has them too."""
        self._hidden: dict[int, set[str]] = {}
        """Those of them that an earlier one has."""
        self._hid = False

    async def hides(self, taken: Sequence[Merged[R]], streams: Sequence[Sequence[Stream[R]]]) -> bool:
        """Whether some of what was taken is hidden; `streams` hold what will be taken next."""
        if not any(merged.rows for merged in taken):
            return False
        asked = self._unjudged(taken, streams)
        for place, keys in asked.keys.items():
            self._judged[place] |= keys
        if doubtful := self._shadows.doubtful(asked):
            hidden = await self._held_earlier(doubtful)
            for place, keys in doubtful.items():
                if hidden[place]:
                    self._hidden.setdefault(place, set()).update(hidden[place])
                self._shadows.keep(place, keys - hidden[place])
        hides = bool(self._hidden) and any(self._hides(row) for merged in taken for row in merged.rows)
        self._hid |= hides
        return hides

    def shown(self, rows: Sequence[Row[R]]) -> Sequence[Row[R]]:
        """Those of the rows that are not hidden; all were judged."""
        return [row for row in rows if not self._hides(row)]

    def _unjudged(self, taken: Sequence[Merged[R]], streams: Sequence[Sequence[Stream[R]]]) -> Asked:
        """The keys of which is not known yet whether they are hidden.

        Where something was hidden before, all that is at hand is judged, so that few rounds are needed.
        """
        alone = taken[0] if len(taken) == 1 and not self._judged else None  # then only its rows decide
        if alone is not None and alone.asked is not None:
            return alone.asked
        at_hand = [stream.rows for some in streams for stream in some] if self._hid else []
        fresh: dict[int, set[str]] = {}
        for rows in (*(merged.rows for merged in taken), *at_hand):
            for row in rows:
                place = self._places[row.position.source_key]
                if place and (key := row.record.key) not in self._judged[place]:
                    fresh.setdefault(place, set()).add(key)
        asked = Asked(fresh)
        if alone is not None:
            alone.asked = asked
        return asked

    def _hides(self, row: Row[R]) -> bool:
        return row.record.key in self._hidden.get(self._places[row.position.source_key], ())

    async def _held_earlier(self, fresh: Mapping[int, Set[str]]) -> Mapping[int, set[str]]:
        """For each place those of the keys that an earlier source has."""
        hidden: dict[int, set[str]] = {place: set() for place in fresh}

        async def ask(source: Source[R]) -> None:
            wanted = {key for place, keys in fresh.items() if place > source.place for key in keys}
            silent = self._reports.silent.get(source.key)
            if not wanted or (silent and silent.status is SourceStatus.TIMEOUT):
                return  # to wait for it twice would double the time
            started = time.monotonic()
            known = await source.know(sorted(wanted), Freshness.STALE)
            for place in fresh:
                if place > source.place:
                    hidden[place] |= known.records.keys() & fresh[place]
            if known.silent and not wanted <= known.records.keys() | known.absent:
                self._reports.note_silence(source, known.silent, started)

        await asyncio.gather(*(ask(source) for source in self._sources))
        return hidden
