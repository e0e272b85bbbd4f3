"""What is said of a source beside an answer: that it took part, was skipped, was cut short or fell silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from backends.errors import SourceUnavailable
from backends.filters import Filter
from backends.model import ServedFrom, SourceReport, SourceStatus
from backends.protocol import R
from backends.source import Source


def report(source: Source[R], status: SourceStatus, started: float) -> SourceReport:
    """How `source` took part in what was asked at `started`, a time of the monotonic clock."""
    elapsed = (time.monotonic() - started) * 1000
    served = ServedFrom.LIVE if status in (SourceStatus.OK, SourceStatus.TRUNCATED) else ServedFrom.NONE
    say = _MESSAGES.get(status)
    return SourceReport(source.key, status, served, elapsed, say(source.name) if say else None)


def skipped(source: Source[R], filter: Filter, only: Collection[str] | None) -> SourceReport | None:
    """A report that says why `source` is not searched at all, or None."""
    if only is not None and source.key not in only:
        return _skip(source, "Not among the sources asked for.")
    if filter.needs or filter.fields:
        needed = (*filter.needs, *(one.name for one in filter.fields))
        if missing := [name for name in dict.fromkeys(needed) if source.mapping.field(name) is None]:
            return _skip(source, f"Does not have the field {', '.join(missing)}.")
    rules = source.mapping.search
    if filter.search is not None and not rules.columns and not rules.dynamic_fields:
        return _skip(source, "Has no search fields.")
    return None


class Reports:
    """One report for each source: the worst that was seen of it, with the time of all."""

    def __init__(self) -> None:
        self._worst: dict[str, SourceReport] = {}
        self.silent: dict[str, SourceUnavailable] = {}
        """Why a source did not answer, for each that did not."""

    def note(self, report: SourceReport) -> None:
        """Take in one more."""
        before = self._worst.get(report.source_key)
        if before is not None:
            elapsed = before.elapsed_ms + report.elapsed_ms
            report = replace(max(before, report, key=_gravity), elapsed_ms=elapsed)
        self._worst[report.source_key] = report

    def note_silence(self, source: Source[R], silent: SourceUnavailable, started: float) -> None:
        """A source that was asked at `started` did not answer; the first reason counts."""
        self.silent.setdefault(source.key, silent)
        self.note(report(source, silent.status, started))

    def first_silent(self, sources: Sequence[Source[R]]) -> SourceUnavailable | None:
        """Why the first of the sources that did not answer did not."""
        return next((self.silent[one.key] for one in sources if one.key in self.silent), None)

    def of(self, key: str) -> SourceReport:
        """That of a source, which is well if nothing else was seen."""
        return self._worst.get(key) or SourceReport(key, SourceStatus.OK, ServedFrom.LIVE, 0.0)


def _skip(source: Source[R], why: str) -> SourceReport:
    return SourceReport(source.key, SourceStatus.SKIPPED, ServedFrom.NONE, 0.0, why)


_MESSAGES: Mapping[SourceStatus, Callable[[str], str]] = {
    SourceStatus.TRUNCATED: "{} has more matches than its own limit shows.".format,
    SourceStatus.TIMEOUT: "{} did not answer in time: its rows are missing, and rows it hides may show.".format,
    SourceStatus.UNAVAILABLE: "{} cannot be reached: its rows are missing, and rows it hides may show.".format,
    SourceStatus.CIRCUIT_OPEN: "{} is given time to recover: its rows are missing, and rows it hides may show.".format,
}

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


def _gravity(report: SourceReport) -> int:
    return _GRAVITY[report.status]
