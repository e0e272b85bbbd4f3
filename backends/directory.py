"""All sources of customer users, or of customers, in order, as one: the only place records come from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic

from backends.duplicates import Duplicates
from backends.errors import BadUserInput, SourceUnavailable
from backends.filters import Filter, Question
from backends.mapping import RecordMapping
from backends.merge import Stream, merge
from backends.model import Freshness, ServedFrom, SourceReport, SourceStatus
from backends.order import Order, Position
from backends.protocol import Known, Page, R, Row
from backends.source import Source
from backends.walk import HEAD_START, walk


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

    @property
    def silent(self) -> SourceUnavailable | None:
        """The first source that did not answer."""
        return next((silence(report) for report in self.reports if report.status in SILENT), None)


@dataclass(frozen=True, slots=True)
class Total:
    """A number over all sources, each key once."""

    number: int
    exact: bool
    reports: Sequence[SourceReport]


SILENT = frozenset({SourceStatus.TIMEOUT, SourceStatus.UNAVAILABLE, SourceStatus.CIRCUIT_OPEN})


def silence(report: SourceReport) -> SourceUnavailable:
    """The error that says what `report` says."""
    return SourceUnavailable(report.source_key, report.status)


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

    async def shadowing(self, keys: Mapping[str, str]) -> Mapping[str, Sequence[Source[R]]]:
        """For each key (→ its owner's source key) the later sources that hold it too; raises when one is silent."""
        later = {key: self._by_key[owner].place for key, owner in keys.items()}

        async def holders(source: Source[R]) -> Collection[str]:
            wanted = [key for key, place in later.items() if place < source.place]
            return await source.backend.have(wanted) if wanted else ()

        held = await asyncio.gather(*(holders(source) for source in self.sources))
        return {
            key: [source for source, have in zip(self.sources, held, strict=True) if key in have]
            for key in keys
        }

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
        reading = _Reading(self, filters, order, first, after, only)
        return await reading.run()

    async def counts(
        self, filters: Sequence[Filter], *, only: Collection[str] | None = None
    ) -> Sequence[Total]:
        """How many records match each filter over all sources, each key once, without loading rows."""
        hidden, complete = await self.duplicates.hidden()

        async def of(source: Source[R]) -> tuple[Sequence[int], bool, SourceReport]:
            if (report := self.skipped(source, filters[0], only)) is not None:
                return [0] * len(filters), True, report
            started = time.monotonic()
            shadowed = tuple(sorted(hidden.get(source.key, ())))
            both = [*filters, *(replace(one, keys=_within(one, shadowed)) for one in filters if shadowed)]
            try:
                found = await source.backend.counts(both)
            except SourceUnavailable as silent:
                return [0] * len(filters), False, _report(source, silent.status, started)
            numbers = [count.number for count in found]
            less = numbers[len(filters) :] or [0] * len(filters)
            exact = all(count.exact for count in found)
            status = SourceStatus.OK if exact else SourceStatus.TRUNCATED
            return (
                [number - minus for number, minus in zip(numbers, less, strict=False)],
                exact,
                _report(source, status, started),
            )

        answers = await asyncio.gather(*(of(source) for source in self.sources))
        exact = complete and all(answer[1] for answer in answers)
        reports = [answer[2] for answer in answers]
        return [
            Total(sum(answer[0][index] for answer in answers), exact, reports)
            for index in range(len(filters))
        ]

    def skipped(self, source: Source[R], filter: Filter, only: Collection[str] | None) -> SourceReport | None:
        """A report that says why `source` is not searched at all, or None."""
        if only is not None and source.key not in only:
            return _skip(source, "Not among the sources asked for.")
        needed = (*filter.needs, *(one.name for one in filter.fields))
        missing = [name for name in needed if source.mapping.field(name) is None]
        if missing:
            return _skip(source, f"Does not have the field {', '.join(missing)}.")
        rules = source.mapping.search
        if filter.search is not None and not rules.columns and not rules.dynamic_fields:
            return _skip(source, "Has no search fields.")
        return None


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
        self.directory, self.filters, self.order, self.first, self.after = (
            directory,
            filters,
            order,
            first,
            after,
        )
        self.only = only
        self.streams = [[Stream[R](source.place, after) for source in directory.sources] for _ in filters]
        self.reports: dict[str, SourceReport] = {}

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
        reports = [self._final(source) for source in self.directory.sources]
        return [Listing(found[: self.first], len(found) > self.first, reports) for found in rows]

    def _skip(self) -> None:
        for source in self.directory.sources:
            report = self.directory.skipped(source, self.filters[0], self.only)
            if report is not None:
                self.reports[source.key] = report
                for streams in self.streams:
                    streams[source.place].more = False

    async def _refill(self, wanted: Mapping[int, Sequence[int]]) -> None:
        sources = self.directory.sources
        answers = await asyncio.gather(
            *(self._pages(sources[place], indexes) for place, indexes in wanted.items())
        )
        fresh = {
            place: {row.record.key for page in pages for row in page.rows}
            for (place, _), pages in zip(wanted.items(), answers, strict=True)
        }
        hidden = await self._hidden(fresh)
        for (place, indexes), pages in zip(wanted.items(), answers, strict=True):
            for index, page in zip(indexes, pages, strict=False):
                self.streams[index][place].add(page, hidden.get(place, set()))
            if not pages:
                for index in indexes:
                    self.streams[index][place].end()

    async def _pages(self, source: Source[R], indexes: Sequence[int]) -> Sequence[Page[R]]:
        """The next page for each of the questions `indexes`; nothing at all where the source is silent."""
        twins = await self.directory.duplicates.twins(source)
        after_place = self._place_of(self.after) - source.place
        questions = []
        for index in indexes:
            stream = self.streams[index][source.place]
            own = stream.after is not self.after
            questions.append(
                Question(
                    replace(self.filters[index], exclude_exactly=twins),
                    self.order,
                    self.first + 1,
                    stream.after,
                    0 if own else after_place,
                )
            )
        started = time.monotonic()
        try:
            pages = await source.backend.pages(questions)
        except SourceUnavailable as silent:
            self._note(source, _report(source, silent.status, started))
            return []
        status = SourceStatus.TRUNCATED if any(page.truncated for page in pages) else SourceStatus.OK
        self._note(source, _report(source, status, started))
        return pages

    def _place_of(self, position: Position | None) -> int:
        known = {source.key: source.place for source in self.directory.sources}
        return known.get(position.source_key, 0) if position else 0

    async def _hidden(self, fresh: Mapping[int, set[str]]) -> dict[int, set[str]]:
        """For each place the keys just read that an earlier source owns."""
        hidden: dict[int, set[str]] = {place: set() for place in fresh}

        async def ask(source: Source[R]) -> None:
            wanted = {key for place, keys in fresh.items() if place > source.place for key in keys}
            if not wanted:
                return
            started = time.monotonic()
            known = await source.know(sorted(wanted), Freshness.STALE)
            for place in fresh:
                if place > source.place:
                    hidden[place] |= known.records.keys() & fresh[place]
            if known.silent is not None:
                self._note(source, _report(source, known.silent.status, started))

        await asyncio.gather(*(ask(source) for source in self.directory.sources))
        return hidden

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
    served = ServedFrom.NONE if status in SILENT else ServedFrom.LIVE
    say = _MESSAGES.get(status)
    return SourceReport(source.key, status, served, elapsed, say(source.name) if say else None)


def _skip(source: Source[R], why: str) -> SourceReport:
    return SourceReport(source.key, SourceStatus.SKIPPED, ServedFrom.NONE, 0.0, why)


def _within(filter: Filter, keys: tuple[str, ...]) -> tuple[str, ...]:
    return keys if filter.keys is None else tuple(key for key in keys if key in set(filter.keys))


async def _know(source: Source[R], freshness: Freshness, keys: Sequence[str]) -> Known[R]:
    return await source.know(keys, freshness)
