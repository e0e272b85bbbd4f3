"""Lists that start in the registry: rows by login or name, each with the record behind it where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from backends.errors import CursorInvalid, GatewayError
from backends.filters import EVERYTHING
from backends.model import Customer, CustomerUser
from backends.order import Order, Position
from backends.protocol import R
from resolvers.context import RequestContext
from resolvers.cursors import question
from resolvers.lists import MAX_PAGE
from resolvers.permissions import PermissionContext
from resolvers.rows import Once


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
        return context.services.seal.open(self.after, self._question(context)).values

    def start(self, context: RequestContext) -> tuple[str, ...] | CursorInvalid | None:
        """The same with the error as a value, for a cursor that belongs to another list of the batch."""
        try:
            return self.last(context)
        except CursorInvalid as error:
            return error

    def connection(self, context: RequestContext, edges: Sequence[KeyedEdge]) -> KeyedConnection:
        """The page that `edges`, one more than wanted where there are so many, make."""
        seal, bound = context.services.seal, self._question(context)
        shown = [
            KeyedEdge(
                edge.parts,
                edge.permissions,
                edge.context,
                seal.seal(Position(edge.parts, "", edge.key, ""), bound),
            )
            for edge in edges[: self.first]
        ]
        return KeyedConnection(self.anchor, shown, len(edges) > self.first, self.after is not None)

    def page(
        self, context: RequestContext, edges: Sequence[KeyedEdge], last: tuple[str, ...] | None
    ) -> KeyedConnection:
        """The page behind `last`, of all the rows."""
        rest = [edge for edge in edges if last is None or edge.parts > last]
        return self.connection(context, rest[: self.limit])

    def _question(self, context: RequestContext) -> bytes:
        return question(self.field, self.anchor, context.viewer.rows)


async def logins_in_sight(context: RequestContext) -> Sequence[str]:
    """Every login that the viewer sees, read once for a request; a source that is silent is an error."""
    key = "logins in sight"
    if key not in context.loaders:
        context.loaders[key] = Once(partial(_read_logins, context))
    found: Sequence[str] = await context.loaders[key]()
    return found


async def _read_logins(context: RequestContext) -> Sequence[str]:
    logins: list[str] = []
    order, after = Order(()), None
    while True:
        (listing,) = await context.users.lists([EVERYTHING], order, MAX_PAGE, after)
        if listing.silent is not None:
            raise listing.silent
        logins += [row.record.login for row in listing.rows]
        if not listing.has_next:
            return logins
        after = listing.rows[-1].position


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
