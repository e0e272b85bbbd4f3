"""Lists that start in the registry: rows by login or name, each with the record behind it where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backends.errors import CursorInvalid, GatewayError
from backends.model import Customer, CustomerUser
from backends.order import Position
from backends.protocol import R
from resolvers.context import RequestContext
from resolvers.cursors import question
from resolvers.permissions import PermissionContext


@dataclass(frozen=True, slots=True)
class KeyedEdge:
    """One row: its key, what is granted to it, and in which context."""

    parts: tuple[str, ...]
    """What the list is ordered by; the first one is the login or customer ID."""
    permissions: tuple[str, ...] = ()
    context: PermissionContext | None = None
    cursor: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """The login or customer ID."""
        return self.parts[0]

    login = customer_id = key


@dataclass(frozen=True, slots=True)
class KeyedConnection:
    """One page of rows; `anchor` is the id of the group or service whose list it is."""

    anchor: int
    edges: Sequence[KeyedEdge]
    has_next_page: bool
    has_previous_page: bool

    @property
    def start_cursor(self) -> str | None:
        """Cursor of the first row; None on an empty page (A6)."""
        return self.edges[0].cursor if self.edges else None

    @property
    def end_cursor(self) -> str | None:
        """Cursor of the last row; None on an empty page (A6)."""
        return self.edges[-1].cursor if self.edges else None


@dataclass(frozen=True, slots=True)
class KeyedList:
    """What such a list asks: whose it is, how many rows, after which."""

    field: str
    anchor: int
    first: int
    after: str | None

    @property
    def limit(self) -> int:
        """One row more than is shown, to know whether rows follow."""
        return self.first + 1

    def last(self, context: RequestContext) -> tuple[str, ...] | None:
        """The parts of the row that the list goes on behind; None at its beginning."""
        if self.after is None:
            return None
        return context.services.seal.open(self.after, self._question).values

    def start(self, context: RequestContext) -> tuple[str, ...] | CursorInvalid | None:
        """The same with the error as a value, for a cursor that belongs to another list of the batch."""
        try:
            return self.last(context)
        except CursorInvalid as error:
            return error

    def connection(self, context: RequestContext, edges: Sequence[KeyedEdge]) -> KeyedConnection:
        """The page that `edges`, one more than wanted where there are so many, make."""
        seal = context.services.seal
        shown = [
            KeyedEdge(
                edge.parts,
                edge.permissions,
                edge.context,
                seal.seal(Position(edge.parts, "", edge.key, ""), self._question),
            )
            for edge in edges[: self.first]
        ]
        return KeyedConnection(self.anchor, shown, len(edges) > self.first, self.after is not None)

    @property
    def _question(self) -> bytes:
        return question(self.field, self.anchor)


async def users_behind(
    context: RequestContext, edges: Sequence[KeyedEdge]
) -> Sequence[CustomerUser | GatewayError | None]:
    """The customer user with exactly the login of each row; None where no source holds it any more."""
    lookup = await context.users.get_many([edge.key for edge in edges], stop_at_gap=True)
    return [_exactly(edge.key, lookup.or_error(edge.key)) for edge in edges]


async def customers_behind(
    context: RequestContext, edges: Sequence[KeyedEdge]
) -> Sequence[Customer | GatewayError | None]:
    """The customer with exactly the ID of each row; None where no source holds it any more."""
    lookup = await context.customers.get_many([edge.key for edge in edges], stop_at_gap=True)
    return [_exactly(edge.key, lookup.or_error(edge.key)) for edge in edges]


def _exactly(key: str, found: R | GatewayError | None) -> R | GatewayError | None:
    """What was found, unless it is spelled otherwise: rows of the registry mean the exact key."""
    return found if isinstance(found, GatewayError) or (found is not None and found.key == key) else None
