"""Merges of pages: of pages that are those of last time, the same rows again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Generic

from backends.bounded import Bounded
from backends.merge import Merged, Stream, merge
from backends.order import Order
from backends.protocol import R

PAGES = 64
"""Pages of the merged list that are kept."""
ROWS = 200
"""Rows of such a page at most."""


@dataclass(frozen=True, slots=True)
class _Last(Generic[R]):
    origins: Sequence[object]
    order: Order
    wanted: int
    merged: Merged[R]
    taken: Sequence[int]


class LastMerges(Generic[R]):
    """What streams came to last: every store is asked each time, and one that gave another page is merged anew."""

    def __init__(self) -> None:
        self._known: Bounded[Hashable, _Last[R]] = Bounded(PAGES)

    def of(self, page: Hashable | None, streams: Sequence[Stream[R]], order: Order, wanted: int) -> Merged[R]:
        """The same as `merge`, which is not to be changed; `page` says of which list it is a part, if of one."""
        if page is None or wanted > ROWS:
            return merge(streams, order, wanted)
        origins = [stream.origin for stream in streams]
        last = self._known.get(page)
        if (
            last is not None
            and all(map(is_, origins, last.origins))
            and last.wanted == wanted
            and last.order == order
        ):
            for stream, number in zip(streams, last.taken, strict=True):
                stream.skip(number)
            return last.merged
        at_hand = [len(stream.rows) for stream in streams]
        merged = merge(streams, order, wanted)
        if None not in origins:
            taken = [before - len(stream.rows) for before, stream in zip(at_hand, streams, strict=True)]
            self._known.keep(page, _Last(origins, order, wanted, merged, taken))
        return merged
