"""Numbers over all sources, each key once, without loading rows."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from backends.duplicates import Duplicates
from backends.errors import SourceUnavailable
from backends.filters import Filter
from backends.mapping import RecordMapping
from backends.model import SourceReport, SourceStatus
from backends.protocol import R
from backends.reports import report, skipped
from backends.source import Source

T = TypeVar("T")

Accepts = Callable[[RecordMapping], Callable[[str | None], bool]]
"""Says for the mapping of a source which of its values count."""

Shows = Callable[[RecordMapping], Callable[[str | None], str | None]]
"""Says for the mapping of a source what is shown of its values."""


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


class Counting(Generic[R]):
    """Has each source count what no other hides, and adds up."""

    def __init__(self, sources: Sequence[Source[R]], duplicates: Duplicates[R]) -> None:
        self.sources = sources
        self.duplicates = duplicates

    async def counts(self, filters: Sequence[Filter], only: Collection[str] | None) -> Sequence[Total]:
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
        only: Collection[str] | None,
        accepts: Accepts | None,
        shows: Shows | None = None,
    ) -> Tally:
        """How many matching records hold each value of `field`, without loading rows."""

        async def count(source: Source[R], hidden: tuple[str, ...]) -> tuple[Mapping[str | None, int], bool]:
            found = await source.backend.tally(field, replace(filter, exclude_exactly=hidden))
            if shows is not None:
                found = _renamed(found, shows(source.mapping))
            if accepts is not None:
                accepted = accepts(source.mapping)
                found = {value: number for value, number in found.items() if accepted(value)}
            return found, True

        counted = await self._count(replace(filter, needs=(*filter.needs, field)), only, count)
        numbers: Counter[str | None] = Counter()
        for answer in counted.answers:
            numbers.update(answer)
        return Tally(numbers, counted.exact, counted.reports)

    async def _count(
        self,
        filter: Filter,
        only: Collection[str] | None,
        count: Callable[[Source[R], tuple[str, ...]], Awaitable[tuple[T, bool]]],
    ) -> _Counted[T]:
        """Have each source count what the others do not hide; those silent a moment ago are not asked again."""
        survey = await self.duplicates.survey()
        left_out = [skipped(source, filter, only) for source in self.sources]
        last = max((place for place, why in enumerate(left_out) if why is None), default=-1)

        async def of(source: Source[R]) -> tuple[T | None, bool, SourceReport, SourceUnavailable | None]:
            why = left_out[source.place]
            silent = survey.silent.get(source.key) if source.place <= last else None
            if why is not None and silent is None:
                return None, True, why, None
            started = time.monotonic()
            if silent is not None:
                return None, False, report(source, silent.status, started), silent
            try:
                answer, exact = await count(source, survey.hidden.get(source.key, ()))
            except SourceUnavailable as error:
                return None, False, report(source, error.status, started), error
            status = SourceStatus.OK if exact else SourceStatus.TRUNCATED
            return answer, exact, report(source, status, started), None

        found = await asyncio.gather(*(of(source) for source in self.sources))
        certain = found[:1] if survey.cut else found  # nothing hides what the first source holds
        return _Counted(
            [answer for answer, *_ in certain if answer is not None],
            not survey.cut and all(exact for _, exact, *_ in found),
            [said for *_, said, _ in found],
            next((error for *_, error in found if error is not None), None),
        )


def _renamed(
    numbers: Mapping[str | None, int], shown: Callable[[str | None], str | None]
) -> Mapping[str | None, int]:
    found: Counter[str | None] = Counter()
    for value, number in numbers.items():
        found[shown(value)] += number
    return found


@dataclass(frozen=True, slots=True)
class _Counted(Generic[T]):
    """What the sources that answered counted, and what to think of it."""

    answers: Sequence[T]
    exact: bool
    reports: Sequence[SourceReport]
    silent: SourceUnavailable | None
