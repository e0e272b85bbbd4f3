"""The questions that every store answers: batch first, no pattern in a key, only our errors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from backends.cells import Cells
from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.model import Inspection, Record, SourceKind
from backends.order import Position

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Row(Generic[R]):
    """A record and its place in the list it was asked for."""

    record: R
    position: Position


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows in order, at most as many as were asked for."""

    rows: Sequence[Row[R]]
    more: bool
    """Whether matching rows follow the last one."""
    truncated: bool = False
    """Whether the store's own limit cut the matches (SRCH-5, R19)."""
    cells: Cells | None = None
    """The rows, in place of `rows`, where the question named columns and the store can give them alone."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many records match; not exact where a limit cut the counting."""

    number: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Known(Generic[R]):
    """What a source knows of the keys asked: present, absent, and, while it is silent, unknown (in neither)."""

    records: Mapping[str, R]
    absent: frozenset[str]
    silent: SourceUnavailable | None = None


class Backend(Protocol[R]):
    """Answers questions about the records of one store.

    Answers are keyed by the spelling that was asked; absent keys are left out; an empty request costs no round
    trip. A key is data: `*`, `%` and brackets find nobody but their bearer. Where the source ignores case, both
    sides are folded by the store (SRC-7), and a row that a looser collation offers is dropped again (OVR-5); of
    `Franz` and `franz` the exact spelling answers, else the first in order. `get_many` and `have` know no filter:
    an invalid owner still owns its key. Only errors of `backends.errors` come out. Opening is lazy.
    """

    kind: SourceKind

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, R]:
        """The records of `keys`, by the spelling asked."""
        ...

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        """Which of `keys` exist here, as spelled in the request."""
        ...

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[R]]:
        """One page for each question. The questions of one batch differ in their anchor alone."""
        ...

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        """How many records match each filter, without loading them."""
        ...

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        """How many matching records hold each value of the mapped field `field`; empty counts as None."""
        ...

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        """(folded key, key) of matching records, ascending by both, after the pair given."""
        ...

    async def twins(self) -> Sequence[str]:
        """Keys that another spelling in this store hides (DB-8): all but the first of each folded key."""
        ...

    async def ping(self) -> None:
        """Return when the store answers; raise SourceUnavailable when it does not."""
        ...

    async def inspect(self) -> Inspection:
        """Compare the mapping with the real columns or attributes, for `check`."""
        ...

    async def close(self) -> None:
        """Give back all connections."""
        ...
