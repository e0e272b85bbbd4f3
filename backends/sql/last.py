"""Pages made of rows: of rows that are those of last time, the same page again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from itertools import chain
from typing import Generic, TypeVar

from backends.bounded import Bounded
from backends.sql.database import Row

P = TypeVar("P")

PAGES = 64
"""Pages of one source that are kept."""
ROWS = 200
"""Rows of such a page at most."""
EXACT = frozenset({str, int, datetime, type(None)})
"""Classes whose equal values are the same to whoever reads them, which those of decimals, say, are not."""


class LastPages(Generic[P]):
    """What was made of the rows that a statement gave last; they are read each time, and only then compared."""

    def __init__(self, typed: bool) -> None:
        """`typed`: the values of a column are of one class, or None; otherwise the same object alone is the same."""
        self._typed = typed
        self._known: Bounded[Hashable, tuple[Sequence[Row], P]] = Bounded(PAGES)

    def of(self, asked: Hashable, rows: Sequence[Row], make: Callable[[Sequence[Row]], P]) -> P:
        """The page of these rows, which the statement and arguments `asked` gave."""
        known = self._known.get(asked)
        if known is not None and (known[0] is rows or (self._typed and known[0] == rows)):
            return known[1]
        page = make(rows)
        if len(rows) <= ROWS and (not self._typed or EXACT.issuperset(map(type, chain.from_iterable(rows)))):
            self._known.keep(asked, (rows, page))
        elif known is not None:
            del self._known[asked]
        return page
