"""How many rows are asked at first of each of many sources, all of which have a part of one page."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable, Sequence

MANY = 4
"""Sources of which each is asked for a part of the page first."""
SPREAD = 3
"""Deviations beyond its share of a page that are asked of one of many sources: where rows are mixed, three suffice."""
BEYOND = 2
"""Rows beyond those that a source had in the same page before: one proves the last, one may be new."""
PAGES = 1024
"""Pages of which it is remembered what each source had in them."""


class Shares:
    """A guess for each source: what it had in the same page before, else what it has where rows are mixed.

    Whoever has more is asked again, so that a wrong guess costs time, and no row.
    """

    def __init__(self, sources: int) -> None:
        self._sources = sources
        self._taken: OrderedDict[Hashable, tuple[int, ...]] = OrderedDict()

    def of(self, page: Hashable | None, limit: int) -> Sequence[int]:
        """How many rows of `limit` to ask of each source."""
        if self._sources < MANY:
            return (limit,) * self._sources
        taken = None if page is None else self._taken.get(page)
        if taken is not None:
            return [min(limit, number + BEYOND) for number in taken]
        share = limit / self._sources
        return (min(limit, math.ceil(share + SPREAD * math.sqrt(share))),) * self._sources

    def note(self, page: Hashable | None, taken: Sequence[int]) -> None:
        """That many rows of each source were looked at for the page."""
        if page is None or self._sources < MANY:
            return
        self._taken[page] = tuple(taken)
        self._taken.move_to_end(page)
        if len(self._taken) > PAGES:
            self._taken.popitem(last=False)
