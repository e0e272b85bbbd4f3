"""Several ordered streams as one list: pure, knows neither stores nor asyncio."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heapify, heappop, heapreplace
from typing import Generic

from backends.order import Order, Position, sort_key
from backends.protocol import Page, R, Row
from backends.shadows import Asked


@dataclass(slots=True)
class Stream(Generic[R]):
    """What was read of one source and not yet taken; `after` is where its next page begins."""

    place: int
    after: Position | None
    rows: deque[Row[R]] = field(default_factory=deque)
    more: bool = True
    read: int = 0
    """How many rows it gave."""
    origin: object = True
    """What its state comes of: its only page, or whether it gives one; None where more has happened."""

    @property
    def is_dry(self) -> bool:
        """Whether the source may hold the next row, and nothing of it is at hand."""
        return self.more and not self.rows

    def add(self, page: Page[R]) -> None:
        """Take in a page; one without rows is the last."""
        if page.rows:
            self.after = page.rows[-1].position
        self.rows.extend(page.rows)
        self.read += len(page.rows)
        self.more = page.more and bool(page.rows)
        self.origin = page if self.origin is True else None

    def skip(self, number: int) -> None:
        """Take so many rows that are known already."""
        for _ in range(number):
            self.rows.popleft()
        self.origin = None

    def end(self) -> None:
        """Take note that the source gives no more rows, nor those that were not taken."""
        self.rows.clear()
        self.more = self.origin = False


Head = tuple[tuple[object, ...], Stream[R]]


@dataclass(slots=True)
class Merged(Generic[R]):
    """Rows whose place is proven, and the places of the streams that must be refilled to prove the next."""

    rows: Sequence[Row[R]]
    dry: Sequence[int]
    asked: Asked | None = None
    """The rows' keys, once somebody has asked who hides them."""


def merge(streams: Sequence[Stream[R]], order: Order, wanted: int) -> Merged[R]:
    """Take rows in order, as far as what was read proves their place."""
    if len(streams) == 1:
        return _cut(streams[0], wanted)
    rows: list[Row[R]] = []
    plain = not order.terms and not order.descending_ties
    head: Callable[[Stream[R]], Head[R]] = _plain_head if plain else partial(_head, order)
    heads = [head(stream) for stream in streams if stream.rows]
    heapify(heads)
    while len(rows) < wanted:
        if dry := [stream.place for stream in streams if stream.is_dry]:
            return Merged(rows, dry)
        if not heads:
            break
        while heads and len(rows) < wanted:
            stream = heads[0][1]
            stream.origin = None
            rows.append(stream.rows.popleft())
            if stream.rows:
                heapreplace(heads, head(stream))
            else:
                heappop(heads)
                break  # it may be dry
    return Merged(rows, [])


def _head(order: Order, stream: Stream[R]) -> Head[R]:
    """The first row's place in the list, which no other stream's row shares."""
    return sort_key(order, stream.rows[0].position, stream.place), stream


def _plain_head(stream: Stream[R]) -> Head[R]:
    """The same where nothing but keys decides, without a call more for each row."""
    position = stream.rows[0].position
    return (position.folded, position.key, stream.place), stream


def _cut(stream: Stream[R], wanted: int) -> Merged[R]:
    """The next rows of the only stream."""
    taken = min(wanted, len(stream.rows))
    rows = [stream.rows.popleft() for _ in range(taken)]
    stream.origin = None
    return Merged(rows, [stream.place] if taken < wanted and stream.more else [])
