"""What one request did, noted in passing for its log line: calls of sources, answers from memory, the operation.

Whoever does something worth noting takes the record of the request from `CURRENT`, where there is one; tasks that the
request starts share it. Names and numbers only: nothing that somebody typed, and nothing that a store holds.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

LONGEST_NAME = 64
"""Operation names that are longer are no names that somebody reads."""


class Tracer(Protocol):
    """Makes spans, where somebody collects them."""

    def span(self, name: str, attributes: Mapping[str, str]) -> AbstractContextManager[None]:
        """A span for as long as the block lasts, below the one around it; attributes hold no values of anybody."""
        ...

    def operation(
        self, record: Record, headers: Iterable[tuple[bytes, bytes]]
    ) -> AbstractContextManager[None]:
        """A span below that of a caller who names one in the headers; it tells what the record has at its end."""
        ...


@dataclass(slots=True)
class Record:
    """One request, or one operation of a connection that carries several."""

    request_id: str
    method: str
    path: str
    """Which of the gateway's own pages, never the path itself."""
    status: int | None = None
    credential: str | None = None
    operation: str | None = None
    operation_type: str | None = None
    executor: str | None = None
    codes: tuple[str, ...] = ()
    sources: dict[str, list[float]] = field(default_factory=dict)
    """Number of calls and their seconds, by source key."""
    hits: int = 0
    stale: int = 0
    shared: bool = False
    """Whether an equal request was executed for it."""
    operations: int = 0
    """How many operations a WebSocket has carried."""
    tracer: Tracer | None = None
    ended: Ended | None = None
    """Counts the operations of a connection as they end."""

    def called(self, source: str, seconds: float) -> None:
        """A call of a source has ended, well or not."""
        sums = self.sources.get(source)
        if sums is None:
            self.sources[source] = [1, seconds]
        else:
            sums[0] += 1
            sums[1] += seconds

    def answered(self, type_: str | None, name: str | None, codes: Iterable[str]) -> None:
        """The operation has ended with errors of these codes, if any."""
        self.operation_type = type_
        self.operation = name if name and len(name) <= LONGEST_NAME else None
        self.codes = tuple(sorted(set(codes))) if codes else ()

    def part(self) -> Record:
        """The record of one operation of a connection."""
        self.operations += 1
        return Record(
            self.request_id,
            self.method,
            self.path,
            credential=self.credential,
            tracer=self.tracer,
            ended=self.ended,
        )


Ended = Callable[[Record, float], None]
"""Hears of a request or operation when it has ended, and how many seconds it took."""

CURRENT: ContextVar[Record | None] = ContextVar("kundengraph_record", default=None)
"""The record of the request that is being answered; None outside of any."""


def tracer() -> Tracer | None:
    """What makes spans of the request that is being answered; None where nobody collects them."""
    record = CURRENT.get()
    return None if record is None else record.tracer


def spanned(name: str, **attributes: str) -> AbstractContextManager[None]:
    """A span of the request that is being answered; nothing where nobody collects them."""
    found = tracer()
    return _NOTHING if found is None else found.span(name, attributes)


_NOTHING = nullcontext()


class Event(enum.Enum):
    """What is counted wherever it happens, over all requests."""

    LOGIN_REFUSED = enum.auto()
    """A sign-in that was refused for too many attempts."""
    EXECUTOR_FALLBACK = enum.auto()
    """An operation that the compiled executor has left to graphql-core."""
    SUBSCRIPTIONS_OPEN = enum.auto()
    """Goes up and down: subscriptions under way."""


EVENTS: Counter[Event] = Counter()
"""How often each has happened in this process."""


def count(event: Event, by: int = 1) -> None:
    """Note that something happened."""
    EVENTS[event] += by
