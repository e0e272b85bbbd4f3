"""What was changed through this API, for admins to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.audit import AuditEntry, Place
from backends.errors import Forbidden
from backends.order import Position
from resolvers.context import RequestContext
from resolvers.cursors import question
from resolvers.lists import page_size


@dataclass(frozen=True, slots=True)
class AuditEdge:
    """An entry and where it stands."""

    node: AuditEntry
    cursor: str


@dataclass(frozen=True, slots=True)
class AuditEntries:
    """One page of the audit trail, newest first."""

    edges: Sequence[AuditEdge]
    has_next_page: bool
    has_previous_page: bool

    @property
    def nodes(self) -> list[AuditEntry]:
        """The entries alone."""
        return [edge.node for edge in self.edges]

    @property
    def start_cursor(self) -> str | None:
        """Cursor of the first entry; None on an empty page (A6)."""
        return self.edges[0].cursor if self.edges else None

    @property
    def end_cursor(self) -> str | None:
        """Cursor of the last entry; None on an empty page (A6)."""
        return self.edges[-1].cursor if self.edges else None


async def page(
    context: RequestContext, login: str | None, first: int | None, after: str | None
) -> AuditEntries:
    """Entries of everybody, or those that concern one customer user.

    A viewer of some customers only is refused: whose a record was when it was changed is not kept.
    """
    if context.viewer.customer_ids:
        raise Forbidden(f"{context.viewer.name} sees some customers only, and the audit trail tells of all.")
    size = page_size(first)
    bound, seal = question("auditEntries", login), context.services.seal
    before = _place(seal.open(after, bound)) if after is not None else None
    found = await context.services.trail.read(login, before, size)
    return AuditEntries(
        [AuditEdge(entry, seal.seal(_position(place), bound)) for place, entry in found.entries],
        found.more,
        after is not None,
    )


def _position(place: Place) -> Position:
    return Position((), "", str(place.number), place.part)


def _place(position: Position) -> Place:
    return Place(int(position.key), position.source_key)
