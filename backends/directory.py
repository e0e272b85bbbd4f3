"""All sources of customer users, or of customers, in order, as one: the only place records come from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic

from backends.cells import Columns
from backends.counting import Accepts, Counting, Shows, Tally, Total
from backends.duplicates import Duplicate, Duplicates
from backends.errors import BadUserInput, SourceUnavailable
from backends.filters import Filter
from backends.habits import Habits
from backends.listing import Listing, Reading
from backends.mapping import RecordMapping
from backends.model import Freshness, SourceReport, SourceStatus
from backends.order import Order, Position
from backends.protocol import Known, R
from backends.reports import report
from backends.source import Source
from backends.walk import HEAD_START, decide, walk

__all__ = ["Beside", "Directory", "Listing", "Lookup", "Tally", "Total"]


@dataclass(frozen=True, slots=True)
class Beside(Generic[R]):
    """A value and the error that stands beside it: what was found, and why it may be somebody else's."""

    value: R | None
    error: SourceUnavailable


@dataclass(slots=True)
class Lookup(Generic[R]):
    """For each key FOUND, ABSENT (in neither) or UNKNOWN (has gaps)."""

    found: Mapping[str, R]
    gaps: Mapping[str, tuple[SourceUnavailable, ...]]

    def certain(self, key: str) -> R | None:
        """The owner's record, None where nobody has it; raises where a silent source may own it."""
        if gaps := self.gaps.get(key):
            raise gaps[0]
        return self.found.get(key)

    def or_error(self, key: str) -> R | SourceUnavailable | None:
        """The same with the error as a value, for lists in which it stands in one place of many."""
        gaps = self.gaps.get(key)
        return gaps[0] if gaps else self.found.get(key)

    def of_all(self, keys: Sequence[str]) -> Mapping[str, R | SourceUnavailable | None]:
        """The same for each of the keys."""
        if self.gaps:
            return {key: self.or_error(key) for key in keys}
        return dict(zip(keys, map(self.found.get, keys), strict=True))

    def best(self, key: str) -> R | Beside[R] | None:
        """What was found, with the gap beside it where an earlier source was silent."""
        if gaps := self.gaps.get(key):
            return Beside(self.found.get(key), gaps[0])
        return self.found.get(key)


class Directory(Generic[R]):
    """Asks the sources in order and joins their answers."""

    def __init__(
        self,
        sources: Sequence[Source[R]],
        *,
        what: str = "source",
        head_start: float = HEAD_START,
        duplicates: Duplicates[R] | None = None,
    ) -> None:
        self.sources = tuple(sources)
        self.what = what
        self._head_start = head_start
        self._by_key = {source.key: source for source in self.sources}
        self.duplicates = duplicates or Duplicates(self.sources)
        self._habits = Habits(self.sources, self.duplicates)

    def source(self, key: str) -> Source[R]:
        """The source with this key; BAD_USER_INPUT names those that exist."""
        if (source := self._by_key.get(key)) is None:
            raise BadUserInput(f"There is no {self.what} {key!r}; there are {', '.join(self._by_key)}.")
        return source

    def mapping(self, source_key: str) -> RecordMapping:
        """The mapping of the source that a record came from."""
        return self._by_key[source_key].mapping

    async def get_many(
        self,
        keys: Collection[str],
        freshness: Freshness = Freshness.STALE,
        *,
        source: str | None = None,
        stop_at_gap: bool = False,
    ) -> Lookup[R]:
        """Look up `keys` in all sources in order, or only in the one named; nobody has the empty key."""
        asked = self.sources if source is None else (self.source(source),)
        wanted = sorted(filter(None, set(keys) if len(keys) > 1 else keys))
        if not wanted:
            return Lookup({}, {})
        if len(asked) == 1:
            known = await asked[0].know(wanted, freshness)
            if known.silent is None:
                return Lookup(known.records, {})
            settled = decide([known], wanted, stop_at_gap=stop_at_gap)
            return Lookup(settled.found, settled.gaps)
        ask = [partial(_know, source, freshness) for source in asked]
        decision = await walk(ask, wanted, stop_at_gap=stop_at_gap, head_start=self._head_start)
        return Lookup(decision.found, decision.gaps)

    async def narrow(
        self, keys: Collection[str], columns: Columns
    ) -> Mapping[str, R | SourceUnavailable | None] | None:
        """Records of `columns` alone, or the silence of the source, for each key; None where whole ones are to be read.

        They are where there are several sources, of which each may hide others, or where records are remembered.
        """
        narrow = getattr(self.sources[0].backend, "narrow", None) if len(self.sources) == 1 else None
        wanted = sorted({key for key in keys if key})
        if narrow is None or not wanted:
            return None
        try:
            found = await narrow(wanted, columns)
        except SourceUnavailable as silent:
            return dict.fromkeys(wanted, silent)
        return None if found is None else dict(zip(wanted, map(found.get, wanted), strict=True))

    async def shadowing(self, records: Sequence[R]) -> Sequence[Sequence[Source[R]] | SourceUnavailable]:
        """For each record the later sources that hold its key too, or the error of one that did not say."""
        places = [self._by_key[record.source_key].place for record in records]

        async def holders(source: Source[R]) -> Collection[str] | SourceUnavailable:
            pairs = zip(records, places, strict=True)
            wanted = list(dict.fromkeys(record.key for record, place in pairs if place < source.place))
            try:
                return await source.backend.have(wanted) if wanted else ()
            except SourceUnavailable as silent:
                return silent

        held = await asyncio.gather(*(holders(source) for source in self.sources))

        def of(record: R, place: int) -> Sequence[Source[R]] | SourceUnavailable:
            found = []
            for source, keys in zip(self.sources[place + 1 :], held[place + 1 :], strict=True):
                if isinstance(keys, SourceUnavailable):
                    return keys
                if record.key in keys:
                    found.append(source)
            return found

        return [of(record, place) for record, place in zip(records, places, strict=True)]

    async def lists(
        self,
        filters: Sequence[Filter],
        order: Order,
        first: int,
        after: Position | None = None,
        *,
        only: Collection[str] | None = None,
        columns: Columns | None = None,
    ) -> Sequence[Listing[R]]:
        """One page for each filter; the filters of one call differ in their anchor alone.

        `only` names the sources that are listed; the others still hide what they own. Where nothing but `columns` is
        read, the page may come as cells.
        """
        reading = Reading(self.sources, self._habits, filters, order, first, after, only, columns)
        return await reading.run() if filters else []

    async def counts(
        self, filters: Sequence[Filter], *, only: Collection[str] | None = None
    ) -> Sequence[Total]:
        """How many records match each filter over all sources, each key once, without loading rows."""
        return await Counting(self.sources, self.duplicates).counts(filters, only)

    async def tally(
        self,
        field: str,
        filter: Filter,
        *,
        only: Collection[str] | None = None,
        accepts: Accepts | None = None,
        shows: Shows | None = None,
    ) -> Tally:
        """How many matching records hold each value of `field`, without loading rows."""
        return await Counting(self.sources, self.duplicates).tally(field, filter, only, accepts, shows)

    async def duplicated(self) -> tuple[Sequence[Duplicate], Sequence[SourceReport], bool]:
        """Keys that several sources hold, in order; what each source had to do with it; and whether that is all."""
        started = time.monotonic()
        survey = await self.duplicates.survey()
        cut = SourceStatus.TRUNCATED if survey.cut else SourceStatus.OK
        reports = [
            report(source, survey.silent[source.key].status if source.key in survey.silent else cut, started)
            for source in self.sources
        ]
        return survey.duplicates, reports, not survey.silent and not survey.cut


async def _know(source: Source[R], freshness: Freshness, keys: Sequence[str]) -> Known[R]:
    return await source.know(keys, freshness)
