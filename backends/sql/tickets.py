"""Whose a ticket is, in OTOBO's tables: customer ID, login, and the dynamic fields filled from the customer user."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from backends.changes import Note
from backends.conditions import is_storable
from backends.limits import RELATION
from backends.model import SourceKind
from backends.sql.database import Database, Session
from backends.sql.dynamic import VALUE_COLUMNS, FieldKind
from backends.sql.exactly import Exactly
from backends.sql.moving import TICKETS, TicketChange, existing, set_tickets
from backends.sql.writing import FOR_UPDATE, Stamp, insert
from backends.tickets import Given
from backends.writers import Missing, NoTickets, Unstorable

_LONGEST = 3800
_LARGEST_ID = 2**63 - 1
_LENGTHS = {"login": 191, "customerId": RELATION["customer_id"]}
_Cell = str | int | datetime


class SqlTickets:
    """Reads and sets the customer of tickets; a registry without tickets raises NoTickets."""

    def __init__(self, database: Database, stamp: Stamp) -> None:
        self._database = database
        self._dialect = database.dialect
        self._exactly = Exactly(database.dialect)
        self._stamp = stamp
        self._are_there = False

    async def ticket(self, ticket_id: int) -> tuple[str | None, str | None] | None:
        await self._check_tables()
        return await self._customer(self._database, ticket_id, "")

    async def unknown_fields(self, names: Collection[str]) -> Sequence[str]:
        await self._check_tables()
        known = await self._fields(self._database, list(names))
        return [name for name in names if name not in known]

    async def set_customer(
        self,
        ticket_id: int,
        login: str | None,
        customer_id: str | None,
        dynamic: Mapping[str, Given],
        note: Note | None = None,
    ) -> Sequence[str]:
        _check(login=login, customerId=customer_id)
        await self._check_tables()
        async with self._database.transaction() as session:
            lock = FOR_UPDATE[self._dialect.kind]
            before = await self._customer(session, ticket_id, lock)
            if before is None:
                raise Missing
            change = TicketChange(customer_id, login)
            await set_tickets(session, self._dialect, self._stamp, [ticket_id], change)
            left_alone = await self._fill(session, ticket_id, dynamic)
            if note is not None:
                given = (customer_id, login)
                after = [old if new is None else new or None for old, new in zip(before, given, strict=True)]
                await note(session, list(before), after)
            return left_alone

    async def _customer(
        self, session: Session, ticket_id: int, lock: str
    ) -> tuple[str | None, str | None] | None:
        if not 0 < ticket_id <= _LARGEST_ID:
            return None
        sql = f"SELECT customer_id, customer_user_id FROM ticket WHERE id = {self._exactly.number}{lock}"
        rows = await session.fetch(self._dialect.finish(sql), [ticket_id])
        return (rows[0][0] or None, rows[0][1] or None) if rows else None

    async def _fill(self, session: Session, ticket_id: int, dynamic: Mapping[str, Given]) -> Sequence[str]:
        """Set each field; the names of those that could not be, in the order given."""
        left_alone = []
        fields = await self._fields(session, list(dynamic))
        for name, given in dynamic.items():
            values = [given] if isinstance(given, str) else list(given or ())
            cells = _cells(fields.get(name), [value for value in values if value], self._dialect.kind)
            if cells is None:
                left_alone.append(name)
            else:
                field_id, kind = fields[name]
                await self._set(session, ticket_id, field_id, kind, cells)
        return left_alone

    async def _set(
        self, session: Session, ticket_id: int, field_id: int, kind: FieldKind, cells: Sequence[_Cell]
    ) -> None:
        """Replace the values, unless they are the same (DFC-7)."""
        number = self._exactly.number
        where = f"WHERE object_id = {number} AND field_id = {number}"
        column = self._dialect.moment(kind.column) if kind is FieldKind.DATE else kind.column
        sql = f"SELECT {column} FROM dynamic_field_value {where} ORDER BY index_value, id"
        rows = await session.fetch(self._dialect.finish(sql), [ticket_id, field_id])
        if [str(row[0]) for row in rows] == [str(cell) for cell in cells]:
            return
        sql = f"DELETE FROM dynamic_field_value {where}"
        await session.execute(self._dialect.finish(sql), [ticket_id, field_id])
        several = len(cells) > 1
        columns = ("field_id", "object_id", *VALUE_COLUMNS, "index_value")
        await insert(
            session,
            self._dialect,
            "dynamic_field_value",
            columns,
            [
                [
                    field_id,
                    ticket_id,
                    *(cell if name == kind.column else None for name in VALUE_COLUMNS),
                    place if several else None,
                ]
                for place, cell in enumerate(cells)
            ],
        )

    async def _fields(self, session: Session, names: Sequence[str]) -> Mapping[str, tuple[int, FieldKind]]:
        """Valid dynamic fields of tickets among the names."""
        asked = [name for name in names if name and is_storable(name)]
        if not asked:
            return {}
        sql = (
            "SELECT name, id, field_type FROM dynamic_field"
            f" WHERE object_type = 'Ticket' AND valid_id = 1 AND {self._exactly.among('name')}"
        )
        rows = await session.fetch(self._dialect.finish(sql), self._exactly.values(asked))
        return {str(row[0]): (int(row[1]), FieldKind.of(str(row[2]))) for row in rows}

    async def _check_tables(self) -> None:
        """Raise NoTickets unless the tables are there; asked until they are."""
        if not self._are_there:
            found = await existing(self._database, self._dialect, TICKETS)
            if not found.issuperset(TICKETS):
                raise NoTickets
            self._are_there = True


def _check(**texts: str | None) -> None:
    for field, text in texts.items():
        if text is not None and (len(text) > _LENGTHS[field] or not is_storable(text)):
            raise Unstorable(field)


def _cells(
    field: tuple[int, FieldKind] | None, values: Sequence[str], kind: SourceKind
) -> list[_Cell] | None:
    """The values as the field's column takes them; None where it cannot."""
    if field is None:
        return None
    cells = [_cell(value, field[1], kind) for value in values]
    return None if None in cells else [cell for cell in cells if cell is not None]


def _cell(value: str, field: FieldKind, kind: SourceKind) -> _Cell | None:
    if field is FieldKind.NUMBER:
        return int(value) if re.fullmatch(r"[-+]?\d{1,16}", value, re.ASCII) else None
    if field is FieldKind.DATE:
        try:
            moment = datetime.fromisoformat(value).replace(microsecond=0)
        except ValueError:
            return None
        if moment.tzinfo is not None:
            return None
        return moment.isoformat(" ") if kind is SourceKind.SQLITE else moment
    return value if len(value) <= _LONGEST and is_storable(value) else None
