"""A directory as somebody sees it who may see some of its rows, or not all of their fields.

The restriction is part of every question, so that pages are full and totals right; single look-ups agree with lists:
what another source hides, and what lies out of scope, reads as absent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace

from backends.cells import Columns
from backends.counting import Accepts, Shows, Tally, Total
from backends.directory import Directory, Lookup
from backends.duplicates import Duplicate
from backends.errors import SourceUnavailable
from backends.filters import Filter
from backends.listing import Listing
from backends.mapping import RecordMapping
from backends.model import Freshness, SourceReport
from backends.order import Order, Position
from backends.protocol import R
from backends.reports import report
from backends.sight import Sight
from backends.source import Source

CHUNK = 1000
"""Keys of one look-up."""


class View(Directory[R]):
    """Asks `whole` for what `sight` says; who sees rows is decided by no record past its lifetime (R12)."""

    def __init__(self, whole: Directory[R], sight: Callable[[], Awaitable[Sight]]) -> None:
        super().__init__(whole.sources, what=whole.what, duplicates=whole.duplicates)
        self.whole = whole
        self.sight = sight

    async def get_many(
        self,
        keys: Collection[str],
        freshness: Freshness = Freshness.STALE,
        *,
        source: str | None = None,
        stop_at_gap: bool = False,
    ) -> Lookup[R]:
        """The same as far as it is seen; where rows are limited, a record in `source` that is hidden is not."""
        sight = await self.sight()
        limited = sight.scope is not None
        if limited and freshness is Freshness.STALE:
            freshness = Freshness.CACHED
        if source is not None:
            self.source(source)
        named = None if limited else source
        lookup = await self.whole.get_many(keys, freshness, source=named, stop_at_gap=stop_at_gap)
        found = {
            key: self._shown(sight, record)
            for key, record in lookup.found.items()
            if source in (None, record.source_key) and self._sees(sight, record)
        }
        return Lookup(found, lookup.gaps)

    async def shown(self, record: R) -> R | None:
        """A record as it is shown; None where it is not seen."""
        sight = await self.sight()
        return self._shown(sight, record) if self._sees(sight, record) else None

    async def shadowing(self, records: Sequence[R]) -> Sequence[Sequence[Source[R]] | SourceUnavailable]:
        """Later sources that hold the same key in a row that is seen."""
        sight, found = await self.sight(), await self.whole.shadowing(records)
        if sight.scope is None:
            return found
        wanted: dict[str, list[str]] = {}
        for record, sources in zip(records, found, strict=True):
            for source in sources if isinstance(sources, Sequence) else ():
                wanted.setdefault(source.key, []).append(record.key)
        seen, silent = await self._seen(sight, wanted)
        return [
            sources
            if isinstance(sources, SourceUnavailable)
            else next((silent[one.key] for one in sources if one.key in silent), None)
            or [one for one in sources if record.key in seen[one.key]]
            for record, sources in zip(records, found, strict=True)
        ]

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
        """One page of what is seen for each filter; whether a record is seen is told by all of it."""
        del columns
        sight = await self.sight()
        asked = [_limited(one, sight) for one in filters]
        listings = await self.whole.lists(asked, order, first, after, only=only)
        return [
            replace(
                one,
                rows=[
                    replace(row, record=self._shown(sight, row.record))
                    for row in one.rows
                    if self._sees(sight, row.record)  # a key that is remembered may be another's by now
                ],
            )
            for one in listings
        ]

    async def counts(
        self, filters: Sequence[Filter], *, only: Collection[str] | None = None
    ) -> Sequence[Total]:
        """How many of the rows that are seen match."""
        sight = await self.sight()
        return await self.whole.counts([_limited(one, sight) for one in filters], only=only)

    async def tally(
        self,
        field: str,
        filter: Filter,
        *,
        only: Collection[str] | None = None,
        accepts: Accepts | None = None,
        shows: Shows | None = None,
    ) -> Tally:
        """The same by value; customers that may not be named count as none."""
        sight = await self.sight()
        if field == "customerId" and sight.scope is not None:
            shows = _named(sight)
        return await self.whole.tally(field, _limited(filter, sight), only=only, accepts=accepts, shows=shows)

    async def duplicated(self) -> tuple[Sequence[Duplicate], Sequence[SourceReport], bool]:
        """Keys that several sources hold in rows that are seen."""
        started = time.monotonic()
        sight, (found, reports, complete) = await self.sight(), await self.whole.duplicated()
        if sight.scope is None:
            return found, reports, complete
        wanted: dict[str, list[str]] = {}
        for one in found:
            for key in one.source_keys:
                wanted.setdefault(key, []).append(one.key)
        seen, silent = await self._seen(sight, wanted)
        kept = [
            replace(one, source_keys=tuple(key for key in one.source_keys if one.key in seen[key]))
            for one in found
            if one.key in seen[one.source_keys[0]]
        ]
        reports = [
            report(self.source(one.source_key), silent[one.source_key].status, started)
            if one.source_key in silent
            else one
            for one in reports
        ]
        return [one for one in kept if len(one.source_keys) > 1], reports, complete and not silent

    async def _seen(
        self, sight: Sight, wanted: Mapping[str, Sequence[str]]
    ) -> tuple[Mapping[str, Collection[str]], Mapping[str, SourceUnavailable]]:
        """Which of the keys each source holds in a row that is seen, and those that did not say."""
        seen: dict[str, Collection[str]] = {}
        silent: dict[str, SourceUnavailable] = {}

        async def ask(source: Source[R]) -> None:
            keys = list(dict.fromkeys(wanted.get(source.key, ())))
            mine = seen[source.key] = set[str]()
            for start in range(0, len(keys), CHUNK):
                known = await source.know(keys[start : start + CHUNK], Freshness.CACHED)
                mine |= {key for key, record in known.records.items() if sight.sees(source, record)}
                if known.silent is not None:
                    silent[source.key] = known.silent
                    return

        await asyncio.gather(*(ask(source) for source in self.sources))
        return seen, silent

    def _sees(self, sight: Sight, record: R) -> bool:
        return sight.sees(self.source(record.source_key), record)

    def _shown(self, sight: Sight, record: R) -> R:
        return sight.shown(self.mapping(record.source_key), record)


def _limited(filter: Filter, sight: Sight) -> Filter:
    return replace(filter, scope=sight.scope, hidden=sight.hidden)


def _named(sight: Sight) -> Shows:
    def of(mapping: RecordMapping) -> Callable[[str | None], str | None]:
        return lambda value: value if value and sight.names(mapping, value) else None

    return of
