"""All sources of customer users, or of customers, in order, as one: the only place records come from."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from backends.duplicates import Duplicate, Duplicates
from backends.errors import BadUserInput, SourceUnavailable
from backends.filters import Filter, Question
from backends.mapping import RecordMapping
from backends.merge import Stream, merge
from backends.model import Freshness, ServedFrom, SourceReport, SourceStatus
from backends.order import Order, Position
from backends.protocol import Known, Page, R, Row
from backends.source import Source
from backends.walk import HEAD_START, walk

T = TypeVar("T")

MOST_ROWS = 1001
"""Rows that are read of a source at once, unless a page is larger."""


@dataclass(frozen=True, slots=True)
class Beside(Generic[R]):
    """A value and the error that stands beside it: what was found, and why it may be somebody else's."""

    value: R | None
    error: SourceUnavailable


@dataclass(frozen=True, slots=True)
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

    def best(self, key: str) -> R | Beside[R] | None:
        """What was found, with the gap beside it where an earlier source was silent."""
        if gaps := self.gaps.get(key):
            return Beside(self.found.get(key), gaps[0])
        return self.found.get(key)


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """One page of the merged list, and what each source had to do with it."""

    rows: Sequence[Row[R]]
    has_next: bool
    reports: Sequence[SourceReport]
    silent: SourceUnavailable | None = None
    """Why the first source that did not answer is missing."""


@dataclass(frozen=True, slots=True)
class Total:
    """A number over all sources, each key once; not exact where a source was silent or cut short."""

    number: int
    exact: bool
    reports: Sequence[SourceReport]
    silent: SourceUnavailable | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records hold each value over all sources, each key once; empty counts as None."""

    numbers: Mapping[str | None, int]
    exact: bool
    reports: Sequence[SourceReport]


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
        self._what = what
        self._head_start = head_start
        self._by_key = {source.key: source for source in self.sources}
        self.duplicates = duplicates or Duplicates(self.sources)

    def source(self, key: str) -> Source[R]:
        """The source with this key; BAD_USER_INPUT names those that exist."""
        if (source := self._by_key.get(key)) is None:
            raise BadUserInput(f"There is no {self._what} {key!r}; there are {', '.join(self._by_key)}.")
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
        """Look up `keys` in all sources in order, or only in the one named."""
        if not keys:
            return Lookup({}, {})
        asked = self.sources if source is None else (self.source(source),)
        ask = [partial(_know, source, freshness) for source in asked]
        wanted = list(dict.fromkeys(keys))
        decision = await walk(ask, wanted, stop_at_gap=stop_at_gap, head_start=self._head_start)
        return Lookup(decision.found, decision.gaps)

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
    ) -> Sequence[Listing[R]]:
        """One page for each filter; the filters of one call differ in their anchor alone.

        `only` names the sources that are listed; the others still hide what they own.
        """
        return await _Reading(self, filters, order, first, after, only).run() if filters else []

    async def counts(
        self, filters: Sequence[Filter], *, only: Collection[str] | None = None
    ) -> Sequence[Total]:
        """How many records match each filter over all sources, each key once, without loading rows."""

        async def count(source: Source[R], hidden: tuple[str, ...]) -> tuple[Sequence[int], bool]:
            visible = [replace(one, exclude_exactly=hidden) for one in filters]
            whole: list[Filter] = []
            if hidden and filters[0].search is not None:  # its limit counts what other sources hide, too
                twins = await self.duplicates.twins(source)
                whole = [replace(one, exclude_exactly=twins) for one in filters]
            found = await source.backend.counts([*visible, *whole])
            return [one.number for one in found[: len(filters)]], all(one.exact for one in found)

        counted = await self._count(filters[0], only, count)
        numbers = [sum(column) for column in zip(*counted.answers, strict=True)] or [0] * len(filters)
        return [Total(number, counted.exact, counted.reports, counted.silent) for number in numbers]

    async def tally(
        self,
        field: str,
        filter: Filter,
        *,
        only: Collection[str] | None = None,
        accepts: Callable[[RecordMapping], Callable[[str | None], bool]] | None = None,
    ) -> Tally:
        """How many matching records hold each value of `field`, without loading rows.

        `accepts` says by the source's mapping which of its values count.
        """

        async def count(source: Source[R], hidden: tuple[str, ...]) -> tuple[Mapping[str | None, int], bool]:
            found = await source.backend.tally(field, replace(filter, exclude_exactly=hidden))
            if accepts is not None:
                accepted = accepts(source.mapping)
                found = {value: number for value, number in found.items() if accepted(value)}
            return found, True

        counted = await self._count(replace(filter, needs=(*filter.needs, field)), only, count)
        numbers: Counter[str | None] = Counter()
        for answer in counted.answers:
            numbers.update(answer)
        return Tally(numbers, counted.exact, counted.reports)

    async def duplicated(self) -> tuple[Sequence[Duplicate], Sequence[SourceReport], bool]:
        """Keys that several sources hold, in order; what each source had to do with it; and whether that is all."""
        started = time.monotonic()
        survey = await self.duplicates.survey()
        cut = SourceStatus.TRUNCATED if survey.cut else SourceStatus.OK
        reports = [
            _report(source, survey.silent[source.key].status if source.key in survey.silent else cut, started)
            for source in self.sources
        ]
        return survey.duplicates, reports, not survey.silent and not survey.cut

    async def _count(
        self,
        filter: Filter,
        only: Collection[str] | None,
        count: Callable[[Source[R], tuple[str, ...]], Awaitable[tuple[T, bool]]],
    ) -> _Counted[T]:
        """Have each source count what the others do not hide; those silent a moment ago are not asked again."""
        survey = await self.duplicates.survey()
        skipped = [self.skipped(source, filter, only) for source in self.sources]
        last = max((place for place, report in enumerate(skipped) if report is None), default=-1)

        async def of(source: Source[R]) -> tuple[T | None, bool, SourceReport, SourceUnavailable | None]:
            report = skipped[source.place]
            silent = survey.silent.get(source.key) if source.place <= last else None
            if report is not None and silent is None:
                return None, True, report, None
            started = time.monotonic()
            try:
                if silent is not None:
                    raise silent
                answer, exact = await count(source, survey.hidden.get(source.key, ()))
            except SourceUnavailable as error:
                return None, False, _report(source, error.status, started), error
            status = SourceStatus.OK if exact else SourceStatus.TRUNCATED
            return answer, exact, _report(source, status, started), None

        found = await asyncio.gather(*(of(source) for source in self.sources))
        answers = [answer for answer, *_ in found if answer is not None]
        return _Counted(
            answers[:1] if survey.cut else answers,  # nothing hides what the first source holds
            not survey.cut and all(exact for _, exact, *_ in found),
            [report for *_, report, _ in found],
            next((error for *_, error in found if error is not None), None),
        )

    def skipped(self, source: Source[R], filter: Filter, only: Collection[str] | None) -> SourceReport | None:
        """A report that says why `source` is not searched at all, or None."""
        if only is not None and source.key not in only:
            return _skip(source, "Not among the sources asked for.")
        needed = (*filter.needs, *(one.name for one in filter.fields))
        missing = [name for name in dict.fromkeys(needed) if source.mapping.field(name) is None]
        if missing:
            return _skip(source, f"Does not have the field {', '.join(missing)}.")
        rules = source.mapping.search
        if filter.search is not None and not rules.columns and not rules.dynamic_fields:
            return _skip(source, "Has no search fields.")
        return None


@dataclass(frozen=True, slots=True)
class _Counted(Generic[T]):
    """What the sources that answered counted, and what to think of it."""

    answers: Sequence[T]
    exact: bool
    reports: Sequence[SourceReport]
    silent: SourceUnavailable | None


class _Reading(Generic[R]):
    """The shell around `merge`: asks every source once a round for all questions, and hides what is shadowed."""

    def __init__(
        self,
        directory: Directory[R],
        filters: Sequence[Filter],
        order: Order,
        first: int,
        after: Position | None,
        only: Collection[str] | None,
    ) -> None:
        self.directory, self.sources = directory, directory.sources
        self.filters, self.order, self.first, self.after, self.only = filters, order, first, after, only
        self.streams = [[Stream[R](source.place, after) for source in self.sources] for _ in filters]
        self.reports: dict[str, SourceReport] = {}
        self.silent: dict[str, SourceUnavailable] = {}

    async def run(self) -> Sequence[Listing[R]]:
        rows: list[list[Row[R]]] = [[] for _ in self.filters]
        self._skip()
        while True:
            wanted: dict[int, list[int]] = {}
            for index, streams in enumerate(self.streams):
                merged = merge(streams, self.order, self.first + 1 - len(rows[index]))
                rows[index] += merged.rows
                for stream in merged.dry:
                    wanted.setdefault(stream.place, []).append(index)
            if not wanted:
                break
            await self._refill(wanted)
        reports = [self._final(source) for source in self.sources]
        silent = next((self.silent[one.key] for one in self.sources if one.key in self.silent), None)
        return [Listing(found[: self.first], len(found) > self.first, reports, silent) for found in rows]

    def _skip(self) -> None:
        for source in self.sources:
            report = self.directory.skipped(source, self.filters[0], self.only)
            if report is not None:
                self.reports[source.key] = report
                for streams in self.streams:
                    streams[source.place].more = False

    async def _refill(self, wanted: Mapping[int, Sequence[int]]) -> None:
        answers = await asyncio.gather(
            *(self._pages(self.sources[place], indexes) for place, indexes in wanted.items())
        )
        fresh = {
            place: {row.record.key for page in pages for row in page.rows}
            for (place, _), pages in zip(wanted.items(), answers, strict=True)
        }
        hidden = await self._hidden(fresh)
        for (place, indexes), pages in zip(wanted.items(), answers, strict=True):
            streams = [self.streams[index][place] for index in indexes]
            for stream, page in zip(streams, pages, strict=False):
                stream.add(page, hidden[place])
            for stream in streams[len(pages) :]:
                stream.end()

    async def _pages(self, source: Source[R], indexes: Sequence[int]) -> Sequence[Page[R]]:
        """The next page for each of the questions `indexes`; nothing at all where the source is silent.

        Where most of what was read is hidden, the next page is larger.
        """
        streams = [self.streams[index][source.place] for index in indexes]
        limit = max(self.first + 1, min(MOST_ROWS, max(stream.read for stream in streams)))
        after_place = self._place_of(self.after) - source.place
        started = time.monotonic()
        try:
            twins = await self.directory.duplicates.twins(source)
            pages = await source.backend.pages(
                [
                    Question(
                        replace(self.filters[index], exclude_exactly=twins),
                        self.order,
                        limit,
                        stream.after,
                        after_place if stream.after is self.after else 0,
                    )
                    for index, stream in zip(indexes, streams, strict=True)
                ]
            )
        except SourceUnavailable as silent:
            self._fall_silent(source, silent, started)
            return []
        status = SourceStatus.TRUNCATED if any(page.truncated for page in pages) else SourceStatus.OK
        self._note(source, _report(source, status, started))
        return pages

    def _place_of(self, position: Position | None) -> int:
        known = {source.key: source.place for source in self.sources}
        return known.get(position.source_key, 0) if position else 0

    async def _hidden(self, fresh: Mapping[int, set[str]]) -> Mapping[int, set[str]]:
        """For each place the keys just read that an earlier source has."""
        hidden: dict[int, set[str]] = {place: set() for place in fresh}

        async def ask(source: Source[R]) -> None:
            wanted = {key for place, keys in fresh.items() if place > source.place for key in keys}
            silent = self.silent.get(source.key)
            if not wanted or (silent and silent.status is SourceStatus.TIMEOUT):
                return  # to wait for it twice would double the time
            started = time.monotonic()
            known = await source.know(sorted(wanted), Freshness.STALE)
            for place in fresh:
                if place > source.place:
                    hidden[place] |= known.records.keys() & fresh[place]
            if known.silent and not wanted <= known.records.keys() | known.absent:
                self._fall_silent(source, known.silent, started)

        await asyncio.gather(*(ask(source) for source in self.sources))
        return hidden

    def _fall_silent(self, source: Source[R], silent: SourceUnavailable, started: float) -> None:
        self.silent.setdefault(source.key, silent)
        self._note(source, _report(source, silent.status, started))

    def _note(self, source: Source[R], report: SourceReport) -> None:
        """Keep the worst that was seen of a source, and add up its time."""
        before = self.reports.get(source.key)
        if before is None:
            self.reports[source.key] = report
            return
        worst = max(before, report, key=lambda one: _GRAVITY[one.status])
        self.reports[source.key] = replace(worst, elapsed_ms=before.elapsed_ms + report.elapsed_ms)

    def _final(self, source: Source[R]) -> SourceReport:
        report = self.reports.get(source.key)
        return report or SourceReport(source.key, SourceStatus.OK, ServedFrom.LIVE, 0.0)


_GRAVITY = {
    status: place
    for place, status in enumerate(
        (
            SourceStatus.OK,
            SourceStatus.SKIPPED,
            SourceStatus.TRUNCATED,
            SourceStatus.CIRCUIT_OPEN,
            SourceStatus.UNAVAILABLE,
            SourceStatus.TIMEOUT,
        )
    )
}

_MESSAGES: Mapping[SourceStatus, Callable[[str], str]] = {
    SourceStatus.TRUNCATED: "{} has more matches than its own limit shows.".format,
    SourceStatus.TIMEOUT: "{} did not answer in time: its rows are missing, and rows it hides may show.".format,
    SourceStatus.UNAVAILABLE: "{} cannot be reached: its rows are missing, and rows it hides may show.".format,
    SourceStatus.CIRCUIT_OPEN: "{} is given time to recover: its rows are missing, and rows it hides may show.".format,
}


def _report(source: Source[R], status: SourceStatus, started: float) -> SourceReport:
    elapsed = (time.monotonic() - started) * 1000
    served = ServedFrom.LIVE if status in (SourceStatus.OK, SourceStatus.TRUNCATED) else ServedFrom.NONE
    say = _MESSAGES.get(status)
    return SourceReport(source.key, status, served, elapsed, say(source.name) if say else None)


def _skip(source: Source[R], why: str) -> SourceReport:
    return SourceReport(source.key, SourceStatus.SKIPPED, ServedFrom.NONE, 0.0, why)


async def _know(source: Source[R], freshness: Freshness, keys: Sequence[str]) -> Known[R]:
    return await source.know(keys, freshness)
