"""Calls that ended alike, counted together when somebody looks: a counter and a histogram have a lock for each figure."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Numbers

from prometheus_client import Counter, Histogram

WAITING = 1000
"""Calls that wait at most until they are counted."""


class Tally:
    """A counter of calls and a histogram of their seconds, which are told of many at once."""

    __slots__ = ("_bounds", "_histogram", "_most", "_waiting", "counter")

    def __init__(self, counter: Counter, histogram: Histogram, most: int) -> None:
        """Both are children, with their labels; `most` calls wait until they are counted."""
        self.counter = counter
        self._histogram = histogram
        self._bounds = histogram._upper_bounds
        self._most = most
        self._waiting: list[float] = []

    def add(self, seconds: float) -> None:
        """One call has ended."""
        self._waiting.append(seconds)
        if len(self._waiting) >= self._most:
            self.count()

    def count(self) -> None:
        """Tell the figures of those that wait."""
        seconds, self._waiting = self._waiting, []
        if not seconds:
            return
        self.counter.inc(len(seconds))
        self._histogram._sum.inc(sum(seconds))
        for place, number in Numbers(bisect_left(self._bounds, one) for one in seconds).items():
            self._histogram._buckets[place].inc(number)
