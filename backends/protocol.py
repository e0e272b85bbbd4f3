"""The questions that every store answers: batch first, no pattern in a key, only our errors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from backends.cells import Cells
from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.model import Inspection, Record, SourceKind, Validity
from backends.order import Position

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Row(Generic[R]):
    """A record and its place in the list it was asked for.

    Of an unread row only the place is known, which stands for the record as well: whoever shows it reads it first.
    """

    record: R
    position: Position

    @property
    def is_unread(self) -> bool:
        """Whether the record is still to be read."""
        return self.record is self.position  # type: ignore[comparison-overlap]


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


@dataclass(slots=True)
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


@runtime_checkable
class Placing(Protocol[R]):
    """A store that may know the places of its records by heart, so that only those are read that are shown."""

    def places(self, questions: Sequence[Question]) -> Sequence[Page[R]] | None:
        """One page of unread rows for each question; None where they are not remembered, or nobody is to be asked."""
        ...

    async def read(self, keys: Sequence[str], wanted: frozenset[Validity] | None) -> Mapping[str, R]:
        """The records of keys as `places` spelled them, where they are there and of these validities."""
        ...


def placing(backend: Backend[R]) -> Placing[R] | None:
    """What tells the places of a store, or of the one behind it; None where nobody knows them by heart."""
    if isinstance(backend, Placing):
        return backend
    found: Placing[R] | None = getattr(backend, "placing", None)
    return found
