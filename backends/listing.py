"""One page of all sources: each is asked once a round, and what an earlier one has is hidden."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Generic, cast

from backends import deadline
from backends.cells import Cells, Columns
from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.habits import Habits
from backends.judge import Judge
from backends.merge import Merged, Stream
from backends.model import SourceReport, SourceStatus
from backends.order import Order, Position
from backends.protocol import Page, Placing, R, Row
from backends.reports import Reports, report, skipped
from backends.source import Source

MOST_ROWS = 1001
"""Rows that are read of a source at once, unless a page is larger."""
_READ, _TRUNCATED = attrgetter("read"), attrgetter("truncated")


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """One page of the merged list, and what each source had to do with it."""

    rows: Sequence[Row[R]]
    has_next: bool
    reports: Sequence[SourceReport]
    silent: SourceUnavailable | None = None
    """Why the first source that did not answer is missing."""
    cells: Cells | None = None
    """The rows, in place of `rows`, where columns were named and the only source gave them alone."""

    def position(self, index: int) -> Position | None:
        """The place of a row; None where there are no rows."""
        if self.cells is not None:
            return self.cells.position(index) if self.cells.rows else None
        return self.rows[index].position if self.rows else None


class Reading(Generic[R]):
    """The shell around `merge`: asks every source once a round for all questions, and hides what is shadowed."""

    def __init__(
        self,
        sources: Sequence[Source[R]],
        habits: Habits[R],
        filters: Sequence[Filter],
        order: Order,
        first: int,
        after: Position | None,
        only: Collection[str] | None,
        columns: Columns | None = None,
    ) -> None:
        self.columns = columns if len(sources) == len(filters) == 1 else None
        self.cells: Cells | None = None
        self.sources, self.habits = sources, habits
        self.filters, self.order, self.first, self.after, self.only = filters, order, first, after, only
        self.streams: Sequence[Sequence[Stream[R]]] = [
            [Stream(source.place, after) for source in self.sources] for _ in filters
        ]
        alone = len(filters) == 1
        self.page = (
            hash((filters[0], order, first, after, None if only is None else tuple(only))) if alone else None
        )
        self.guesses = habits.shares.of(self.page, first + 1)
        self.placed: set[int] = set()
        """Sources that told places by heart, and were not asked yet."""
        self.reports = Reports()
        self.judge = Judge(sources, habits, self.reports)

    async def run(self) -> Sequence[Listing[R]]:
        rows: list[list[Row[R]]] = [[] for _ in self.filters]
        self._skip()
        page, several = None, len(self.sources) > 1
        while True:
            wanted: dict[int, list[int]] = {}
            taken: list[Merged[R]] = []
            for index, streams in enumerate(self.streams):
                number = self.first + 1 - len(rows[index])
                taken.append(merged := self.habits.merges.of(page, streams, self.order, number))
                for place in merged.dry:
                    wanted.setdefault(place, []).append(index)
            hides = several and await self.judge.hides(taken, self.streams)
            for known, new in zip(rows, taken, strict=True):
                known.extend(self.judge.shown(new.rows) if hides else new.rows)
            if wanted:
                await self._refill(wanted)
                page = self.page if several else None
            elif not hides and not await self._read(rows):
                break
        if self.page is not None:
            looked_at = [stream.read - len(stream.rows) for stream in self.streams[0]]
            self.habits.shares.note(self.page, looked_at)
        reports = [self.reports.of(source.key) for source in self.sources]
        silent = self.reports.first_silent(self.sources)
        if (cells := self.cells) is not None:
            return [Listing((), len(cells.rows) > self.first, reports, silent, cells.cut(self.first))]
        return [Listing(found[: self.first], len(found) > self.first, reports, silent) for found in rows]

    def _skip(self) -> None:
        for source in self.sources:
            why = skipped(source, self.filters[0], self.only)
            if why is not None:
                self.reports.note(why)
                for streams in self.streams:
                    streams[source.place].end()

    async def _refill(self, wanted: Mapping[int, Sequence[int]]) -> None:
        if len(self.sources) > 1:
            wanted = {place: some for place, some in wanted.items() if not self._places(place, some)}
        with deadline.with_some_left():  # to ask whom they hide
            answers = await asyncio.gather(
                *(self._pages(self.sources[place], indexes) for place, indexes in wanted.items())
            )
        if len(self.sources) == 1:
            for index, page in zip(wanted[0], answers[0], strict=False):
                self.cells = page.cells
                self.streams[index][0].add(page)
            for index in wanted[0][len(answers[0]) :]:
                self.streams[index][0].end()
            return
        for (place, indexes), pages in zip(wanted.items(), answers, strict=True):
            streams = [self.streams[index][place] for index in indexes]
            for stream, page in zip(streams, pages, strict=False):
                stream.add(page)
            for stream in streams[len(pages) :]:
                stream.end()

    async def _pages(self, source: Source[R], indexes: Sequence[int]) -> Sequence[Page[R]]:
        """The next page for each of the questions `indexes`; nothing at all where the source is silent.

        Of many sources each is likely to have about its share of the rows, so little more is asked for at first. Where
        most of what was read is hidden, the next page is larger.
        """
        started = time.monotonic()
        try:
            if (twins := self.habits.duplicates.known_twins(source)) is None:
                twins = await self.habits.duplicates.twins(source)
            pages = await source.backend.pages(self._questions(source, indexes, twins))
        except SourceUnavailable as silent:
            self.reports.note_silence(source, silent, started)
            return []
        self._note_pages(source, pages, started)
        return pages

    def _questions(self, source: Source[R], indexes: Sequence[int], twins: tuple[str, ...]) -> list[Question]:
        streams = [self.streams[index][source.place] for index in indexes]
        read = max(map(_READ, streams))
        limit = max(self.first + 1, min(MOST_ROWS, read))
        if not read:
            limit = self.guesses[source.place]
        after_place = self._place_of(self.after) - source.place
        return [
            Question(
                _without(self.filters[index], twins),
                self.order,
                limit,
                stream.after,
                after_place if stream.after is self.after else 0,
                self.columns,
            )
            for index, stream in zip(indexes, streams, strict=True)
        ]

    def _places(self, place: int, indexes: Sequence[int]) -> bool:
        """Take unread rows where the source knows their places by heart; False where it has to be asked."""
        if (placing := self.habits.placing[place]) is None:
            return False
        source, started = self.sources[place], time.monotonic()
        twins = self.habits.duplicates.known_twins(source)
        if twins is None:
            return False
        pages = placing.places(self._questions(source, indexes, twins))
        if pages is None:
            return False
        self.placed.add(place)
        for index, page in zip(indexes, pages, strict=True):
            self.streams[index][place].add(page)
        self._note_pages(source, pages, started)
        return True

    async def _read(self, rows: list[list[Row[R]]]) -> bool:
        """Put records in place of those that are not read yet; True where some are gone, and others take their places.

        A source of which nothing is shown is asked for somebody all the same: so it is known whether it answers.
        """
        wanted: dict[str, set[str]] = {}
        unread = [[at for at, row in enumerate(found) if row.is_unread] for found in rows]
        for found, some in zip(rows, unread, strict=True):
            for at in some:
                wanted.setdefault(found[at].position.source_key, set()).add(found[at].position.key)
        for place in self.placed:
            heads = (streams[place].rows[0] for streams in self.streams if streams[place].rows)
            if self.sources[place].key not in wanted and (head := next(heads, None)) is not None:
                wanted[head.position.source_key] = {head.position.key}
        self.placed.clear()
        if not wanted:
            return False
        with deadline.with_some_left():
            answers = await asyncio.gather(
                *(
                    self._records(self.sources[self.habits.places[one]], sorted(keys))
                    for one, keys in wanted.items()
                )
            )
        read = dict(zip(wanted, answers, strict=True))
        gone = [_fill(found, some, read) for found, some in zip(rows, unread, strict=True)]
        return any(gone)

    async def _records(self, source: Source[R], keys: Sequence[str]) -> Mapping[str, R]:
        """The records of the keys that are there; where the source is silent it has no more rows at all."""
        started = time.monotonic()
        try:
            read = await cast(Placing[R], self.habits.placing[source.place]).read(
                keys, self.filters[0].validity
            )
        except SourceUnavailable as silent:
            self.reports.note_silence(source, silent, started)
            for streams in self.streams:
                streams[source.place].end()
            return {}
        self.reports.note(report(source, SourceStatus.OK, started))
        return read

    def _note_pages(self, source: Source[R], pages: Sequence[Page[R]], started: float) -> None:
        status = SourceStatus.TRUNCATED if any(map(_TRUNCATED, pages)) else SourceStatus.OK
        self.reports.note(report(source, status, started))

    def _place_of(self, position: Position | None) -> int:
        return self.habits.places.get(position.source_key, 0) if position else 0


def _without(filter: Filter, twins: tuple[str, ...]) -> Filter:
    return filter if filter.exclude_exactly == twins else replace(filter, exclude_exactly=twins)


def _fill(found: list[Row[R]], unread: Sequence[int], read: Mapping[str, Mapping[str, R]]) -> bool:
    """Put records in place of the unread rows; True where some are gone, and taken out."""
    gone = []
    for at in unread:
        place = found[at].position
        record = read[place.source_key].get(place.key)
        if record is None:
            gone.append(at)
        else:
            found[at] = Row(record, place)
    for at in reversed(gone):
        del found[at]
    return bool(gone)
