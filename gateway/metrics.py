"""Figures for Prometheus: requests, sources, memory; labels are source keys and names of closed lists, nothing else.

With several workers every process writes its figures into files of one folder, `PROMETHEUS_MULTIPROC_DIR`, which must be
set before the client library is imported; whichever worker is asked adds them up.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from backends.cached import Uses
from backends.guard import Meter
from backends.model import SourceStatus
from backends.recorder import EVENTS, Event, Record
from backends.source import Health
from gateway.tallies import WAITING, Tally
from gateway.telemetry import known_code

disable_created_metrics()  # type: ignore[no-untyped-call]
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PULSE = 5.0
"""Seconds between two looks of a worker at its own gauges, which another worker shows."""
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CALL_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SOURCE = ("source", "holds")


class Guard(Protocol):
    """Whoever stands before a store."""

    slots: int

    @property
    def under_way(self) -> int:
        """How many calls the store is working on."""
        ...

    @property
    def health(self) -> Health:
        """How the store answered last."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """What the figures of one source are read from."""

    key: str
    holds: str
    """customer_users, customers or registry."""
    guard: Guard
    uses: Uses | None = None


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._several = FOLDER in os.environ
        self._watched: list[Watched] = []
        self.cache_is_up: Callable[[], bool] = lambda: True
        self._seen: dict[Hashable, int] = {(event,): EVENTS[event] for event in Event}
        self._tallies: dict[Hashable, Tally] = {}
        self._requests = Counter(
            "kundengraph_requests",
            "GraphQL requests and operations of WebSockets, by the code of their error, or OK.",
            ("operation_type", "code"),
            registry=registry,
        )
        self._durations = Histogram(
            "kundengraph_request_duration_seconds",
            "How long they took.",
            ("operation_type",),
            registry=registry,
            buckets=REQUEST_SECONDS,
        )
        self._calls = Counter(
            "kundengraph_source_calls",
            "Calls of a source by how they ended; CIRCUIT_OPEN were refused by the breaker.",
            (*SOURCE, "status"),
            registry=registry,
        )
        self._latency = Histogram(
            "kundengraph_source_latency_seconds",
            "How long calls of a source took.",
            SOURCE,
            registry=registry,
            buckets=CALL_SECONDS,
        )
        self._cached = {
            name: Counter(f"kundengraph_cache_{name}", words, SOURCE, registry=registry)
            for name, words in (
                ("hits", "Records and absences that were remembered."),
                ("misses", "Records that had to be asked for."),
                ("stale_served", "Records served past their lifetime while their source was silent."),
            )
        }
        self._up = self._gauge(
            "source_up", "Whether the last call of the source was answered.", "livemin", SOURCE
        )
        self._open = self._gauge(
            "source_breaker_open", "Whether the breaker refuses calls.", "livemax", SOURCE
        )
        self._in_use = self._gauge("source_pool_in_use", "Calls under way.", "livesum", SOURCE)
        self._size = self._gauge("source_pool_size", "Most calls at once.", "livesum", SOURCE)
        self._cache_up = self._gauge("cache_up", "Whether the cache answered last.", "livemin")
        self._events = {
            Event.LOGIN_REFUSED: self._counter(
                "login_attempts_refused", "Sign-ins refused for too many attempts."
            ),
            Event.EXECUTOR_FALLBACK: self._counter("executor_fallbacks", "Operations left to graphql-core."),
        }
        self._subscriptions = self._gauge("subscriptions_open", "Subscriptions under way.", "livesum")
        self._gauge("build_info", "The version that runs.", "livemax", ("version",)).labels(_version()).set(1)
        if not self._several:
            ProcessCollector(registry=registry)

    def watch(self, watched: Watched) -> None:
        """Show the figures of a source."""
        self._watched.append(watched)

    def meter(self, key: str, holds: str) -> Meter:
        """What is to hear of each call of a source: how it ended, and its seconds unless it was refused."""
        latency = self._latency.labels(key, holds)
        ends: Mapping[SourceStatus, Tally] = {
            status: self._tally((key, holds, status), self._calls.labels(key, holds, status.name), latency)
            for status in (
                SourceStatus.OK,
                SourceStatus.TIMEOUT,
                SourceStatus.UNAVAILABLE,
                SourceStatus.CIRCUIT_OPEN,
            )
        }

        def heard(status: SourceStatus, seconds: float | None) -> None:
            if seconds is not None:
                ends[status].add(seconds)
            else:
                ends[status].counter.inc()

        return heard

    def ended(self, record: Record, seconds: float) -> None:
        """Count a request, or an operation of a WebSocket."""
        if record.path != "graphql" or (record.method == "WEBSOCKET" and record.status is not None):
            return
        key = record.operation_type, _outcome(record) if record.codes else record.status
        tally = self._tallies.get(key)
        if tally is None:
            type_ = key[0] or "none"
            requests = self._requests.labels(type_, _outcome(record))
            tally = self._tally(key, requests, self._durations.labels(type_))
        tally.add(seconds)

    def text(self) -> bytes:
        """All figures as Prometheus reads them."""
        self.refresh()
        if not self._several:
            return generate_latest(self._registry)
        _bury(Path(os.environ[FOLDER]))
        everything = CollectorRegistry()
        multiprocess.MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
        return generate_latest(everything)

    async def pulse(self) -> None:
        """Keep this worker's gauges true for the others, until cancelled."""
        while self._several:
            self.refresh()
            await asyncio.sleep(PULSE)

    def refresh(self) -> None:
        """Read what is not counted as it happens."""
        for tally in self._tallies.values():
            tally.count()
        for one in self._watched:
            labels = one.key, one.holds
            self._up.labels(*labels).set(one.guard.health.status is SourceStatus.OK)
            self._open.labels(*labels).set(one.guard.health.status is SourceStatus.CIRCUIT_OPEN)
            self._in_use.labels(*labels).set(one.guard.under_way)
            self._size.labels(*labels).set(one.guard.slots)
            if one.uses is not None:
                uses = {"hits": one.uses.hits, "misses": one.uses.misses, "stale_served": one.uses.stale}
                for name, value in uses.items():
                    self._add(self._cached[name].labels(*labels), (*labels, name), value)
        self._cache_up.set(self.cache_is_up())
        for event, counter in self._events.items():
            self._add(counter, (event,), EVENTS[event])
        self._subscriptions.set(EVENTS[Event.SUBSCRIPTIONS_OPEN])

    def _tally(self, key: Hashable, counter: Counter, histogram: Histogram) -> Tally:
        """What counts calls that end alike; other workers are to see each of them at once."""
        tally = self._tallies[key] = Tally(counter, histogram, 1 if self._several else WAITING)
        return tally

    def _add(self, counter: Counter, key: Hashable, value: int) -> None:
        counter.inc(max(value - self._seen.get(key, 0), 0))
        self._seen[key] = value

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(f"kundengraph_{name}", words, registry=self._registry)

    def _gauge(self, name: str, words: str, mode: str, labels: tuple[str, ...] = ()) -> Gauge:
        """A gauge; `mode` says what the figures of several workers come to."""
        full = f"kundengraph_{name}"
        return Gauge(full, words, labels, registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]


def _outcome(record: Record) -> str:
    """One code for a request: what is wrong with us before what is wrong with the request."""
    if record.codes:
        return "INTERNAL" if "INTERNAL" in record.codes else known_code(record.codes[0])
    status = record.status or 200
    return "OK" if status < 400 else "HTTP_4XX" if status < 500 else "HTTP_5XX"


def _bury(folder: Path) -> None:
    """Forget the gauges of workers that are gone; what they have counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue


def _version() -> str:
    try:
        return version("kundengraph")
    except PackageNotFoundError:
        return "unknown"
