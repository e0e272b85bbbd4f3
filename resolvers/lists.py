"""Connections: one page of a list, its edges, and its total when somebody asks for it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Generic, cast

from backends.cells import Cells, Columns
from backends.directory import Directory, Listing, Total
from backends.errors import BadUserInput, CursorInvalid, SourceUnavailable
from backends.filters import Filter
from backends.gathering import gathered
from backends.model import Membership, SourceReport
from backends.order import Order, Position
from backends.protocol import R, Row
from resolvers.asked import UserFilter
from resolvers.context import RequestContext
from resolvers.cursors import Seal, question
from resolvers.viewer import Viewer

MAX_PAGE = 1000
DEFAULT_PAGE = 100


class Policy(enum.Enum):
    """What to do when a source that matters does not answer."""

    FAIL = "fail"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Edge(Generic[R]):
    """A record in a list; `membership` says how it belongs to the customer whose list it is."""

    node: R
    cursor: str
    membership: tuple[Membership, ...] | None = None


@dataclass(frozen=True, slots=True)
class CellEdges:
    """The same for a page of cells: each edge is written, and never made."""

    cells: Cells
    sealed: Callable[[Position], str]

    def cursors(self) -> list[str]:
        """The cursor of each row."""
        return [self.sealed(self.cells.position(index)) for index in range(len(self.cells.rows))]


@dataclass(frozen=True)
class Connection(Generic[R]):
    """One page of a list. Nothing of it costs anything until it is read.

    Whoever named columns may find cells where records and edges stand.
    """

    directory: Directory[R]
    filter: Filter
    only: Collection[str] | None
    listing: Listing[R]
    seal: Seal
    binding: Callable[[], bytes]
    """Tells what the cursors are bound to."""
    has_previous_page: bool
    memberships: Mapping[str, tuple[Membership, ...]] | None = None

    @cached_property
    def bound_to(self) -> bytes:
        """What the cursors are bound to."""
        return self.binding()

    @cached_property
    def edges(self) -> list[Edge[R]]:
        """The rows with their cursors."""
        if self.listing.cells is not None:
            return cast(list[Edge[R]], CellEdges(self.listing.cells, self._sealed))
        return [Edge(row.record, self._cursor(row), self._membership(row)) for row in self.listing.rows]

    @property
    def nodes(self) -> list[R]:
        """The records alone."""
        if self.listing.cells is not None:
            return cast(list[R], self.listing.cells)
        return [row.record for row in self.listing.rows]

    @property
    def has_next_page(self) -> bool:
        """Whether rows follow."""
        return self.listing.has_next

    @property
    def start_cursor(self) -> str | None:
        """Cursor of the first row; None on an empty page (A6)."""
        return self._cursor_at(0)

    @property
    def end_cursor(self) -> str | None:
        """Cursor of the last row; None on an empty page (A6)."""
        return self._cursor_at(-1)

    @property
    def reports(self) -> Sequence[SourceReport]:
        """One report for each source, in order."""
        return self.listing.reports

    def _cursor_at(self, index: int) -> str | None:
        position = self.listing.position(index)
        return None if position is None else self._sealed(position)

    def _cursor(self, row: Row[R]) -> str:
        return self._sealed(row.position)

    def _sealed(self, position: Position) -> str:
        return self.seal.seal(position, self.bound_to)

    def _membership(self, row: Row[R]) -> tuple[Membership, ...] | None:
        return None if self.memberships is None else self.memberships.get(row.record.key, ())


@dataclass(frozen=True, slots=True)
class ListRequest(Generic[R]):
    """What every list asks: where, in which order, how many, after what."""

    field: str
    directory: Directory[R]
    asked: object
    order: Order
    first: int
    after: str | None
    only: Collection[str] | None = None
    columns: Columns | None = None
    """All that is read of the records, where whoever asks can do with cells."""

    def bound_to(self, anchor: object, viewer: Viewer) -> bytes:
        """What the cursors of this list are bound to: what was asked by whom, not what the registry made of it."""
        sources = tuple(source.key for source in self.directory.sources)
        return question(self.field, self.order, self.asked, anchor, sources, viewer.rows)

    async def fetch(
        self, context: RequestContext, filters: Sequence[Filter], anchors: Sequence[object] = (None,)
    ) -> Sequence[Connection[R]]:
        """One connection for each filter; the filters, and what tells them apart, differ in their anchor alone."""
        found = []
        for one in await self.fetch_each(context, filters, anchors):
            if isinstance(one, CursorInvalid):
                raise one
            found.append(one)
        return found

    async def fetch_each(
        self, context: RequestContext, filters: Sequence[Filter], anchors: Sequence[object]
    ) -> Sequence[Connection[R] | CursorInvalid]:
        """The same, but a cursor is an error only in the lists that it does not belong to."""
        seal = context.services.seal
        bindings = [partial(self.bound_to, anchor, context.viewer) for anchor in anchors]
        starts = [self._start(seal, binding) for binding in bindings]
        after = next((start for start in starts if isinstance(start, Position)), None)
        kept = [
            one for one, start in zip(filters, starts, strict=True) if not isinstance(start, CursorInvalid)
        ]
        listings = iter(
            await self.directory.lists(
                kept, self.order, self.first, after, only=self.only, columns=self.columns
            )
        )
        return [
            start
            if isinstance(start, CursorInvalid)
            else Connection(
                self.directory, asked, self.only, next(listings), seal, binding, self.after is not None
            )
            for asked, binding, start in zip(filters, bindings, starts, strict=True)
        ]

    def _start(self, seal: Seal, binding: Callable[[], bytes]) -> Position | CursorInvalid | None:
        try:
            return None if self.after is None else seal.open(self.after, binding())
        except CursorInvalid as error:
            return error


def page_size(first: int | None) -> int:
    """How many rows to show: 0 to 1000, 100 where nothing is said (A3)."""
    if first is None:
        return DEFAULT_PAGE
    if not 0 <= first <= MAX_PAGE:
        raise BadUserInput(f"first must be between 0 and {MAX_PAGE}, not {first}.", argument="first")
    return first


def only_sources(context: RequestContext, filter: UserFilter) -> Collection[str] | None:
    """The sources that are asked for, None for all; one that does not exist is BAD_USER_INPUT."""
    if filter.sources is None:
        return None
    return [context.users.source(key).key for key in filter.sources]


async def totals(context: RequestContext, connections: Sequence[Connection[Any]]) -> Sequence[Total]:
    """The total of each connection; lists that differ in their anchor alone are counted together."""
    groups: dict[object, list[int]] = {}
    for index, one in enumerate(connections):
        shape = replace(one.filter, members=None, keys=None)
        only = None if one.only is None else tuple(one.only)
        groups.setdefault((id(one.directory), only, shape), []).append(index)

    async def count(indexes: Sequence[int]) -> Sequence[Total]:
        some = connections[indexes[0]]
        return await some.directory.counts([connections[index].filter for index in indexes], only=some.only)

    answers = await gathered(*(count(indexes) for indexes in groups.values()))
    found = {
        index: total
        for indexes, counted in zip(groups.values(), answers, strict=True)
        for index, total in zip(indexes, counted, strict=True)
    }
    return [found[index] for index in range(len(connections))]


async def known_totals(context: RequestContext, connections: Sequence[Connection[Any]]) -> Sequence[Total]:
    """The same, but exact only where every source answered for the page too: a remembered number is no answer."""
    return [
        total if one.listing.silent is None else replace(total, exact=False)
        for total, one in zip(await totals(context, connections), connections, strict=True)
    ]


async def certain_totals(
    context: RequestContext, connections: Sequence[Connection[Any]]
) -> Sequence[int | SourceUnavailable]:
    """The same for lists that cannot show what a number is worth: an error where a source did not answer."""
    return [total.silent or total.number for total in await totals(context, connections)]
