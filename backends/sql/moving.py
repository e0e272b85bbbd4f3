"""Giving what hangs on one name to another, table by table, such that doing it twice is doing it once (CU-34)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from backends.model import SourceKind
from backends.registry import ObjectType
from backends.sql.database import Session
from backends.sql.dialects import Dialect
from backends.sql.exactly import Exactly
from backends.sql.failures import DuplicateKey
from backends.sql.writing import FOR_UPDATE, Stamp
from backends.writers import Conflict

OBJECTS = ("dynamic_field", "dynamic_field_obj_id_name", "dynamic_field_value")


@dataclass(frozen=True, slots=True)
class Named:
    """A table whose rows belong to a name in `column`; of the same identity there is one row for each name."""

    table: str
    column: str
    identity: tuple[str, ...]
    audited: bool = False
    prefix: str = ""
    """What stands before the name."""

    async def move(self, session: Session, dialect: Dialect, stamp: Stamp, old: str, new: str) -> None:
        """Give the rows of `old` to `new`; where `new` has such a row already, that of `old` replaces it."""
        exactly = Exactly(dialect)
        mine, theirs = f"{self.table}.{self.column}", f"o.{self.column}"
        same = [
            f"{exactly.text(f'o.{name}')} = {exactly.text(f'{self.table}.{name}')}" for name in self.identity
        ]
        replaced = f"SELECT 1 FROM {self.table} AS o WHERE {exactly.equals(theirs)} AND {' AND '.join(same)}"
        sql = f"DELETE FROM {self.table} WHERE {exactly.equals(mine)} AND EXISTS ({replaced})"
        before, after = self.prefix + old, self.prefix + new
        await session.execute(dialect.finish(sql), [*exactly.value(after), *exactly.value(before)])
        assigned = f"{self.column} = ?"
        args: list[Any] = [after]
        if self.audited:
            assigned += ", change_time = ?, change_by = ?"
            args += [stamp.moment(dialect.kind), stamp.user_id]
        sql = f"UPDATE {self.table} SET {assigned} WHERE {exactly.equals(self.column)}"
        await session.execute(dialect.finish(sql), [*args, *exactly.value(before)])


async def existing(session: Session, dialect: Dialect, tables: Iterable[str]) -> frozenset[str]:
    """Which of these tables there are."""
    names = list(tables)
    match dialect.kind:
        case SourceKind.POSTGRESQL:
            sql = "SELECT t FROM unnest($1::text[]) AS t WHERE to_regclass(t) IS NOT NULL"
            rows = await session.fetch(sql, [names])
        case SourceKind.MARIADB:
            sql = (
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name IN %s"
            )
            rows = await session.fetch(sql, [tuple(names)])
        case _:
            sql = "SELECT name FROM sqlite_master WHERE name IN (SELECT value FROM json_each(?))"
            rows = await session.fetch(sql, [orjson.dumps(names).decode()])
    return frozenset(str(row[0]) for row in rows)


async def move_object(
    session: Session, dialect: Dialect, object_type: ObjectType, old: str, new: str
) -> None:
    """Give the dynamic fields of an object to a new name; its id stays, and its values win over what was left there.

    The name may have an id already, which the unique key would insist on (EVT-9). Values of tickets and of other
    objects may have the same numbers, so that only fields of this type are touched.
    """
    exactly = Exactly(dialect)
    typed = f"object_type = {dialect.value}"
    sql = (
        f"SELECT object_name, object_id FROM dynamic_field_obj_id_name WHERE {typed}"
        f" AND {exactly.among('object_name')}{FOR_UPDATE[dialect.kind]}"
    )
    rows = await session.fetch(dialect.finish(sql), [object_type, *exactly.values([old, new])])
    ids = {str(name): int(number) for name, number in rows}
    if old not in ids:
        return
    if new in ids:
        await _merge(session, dialect, object_type, ids[new], ids[old])
    sql = f"UPDATE dynamic_field_obj_id_name SET object_name = ? WHERE object_id = {exactly.number}"
    try:
        await session.execute(dialect.finish(sql), [new, ids[old]])
    except DuplicateKey:
        raise Conflict from None  # a name that only the store's collation takes for the new one


async def _merge(session: Session, dialect: Dialect, object_type: ObjectType, from_: int, into: int) -> None:
    exactly = Exactly(dialect)
    number, typed = exactly.number, f"object_type = {dialect.value}"
    fields = f"field_id IN (SELECT id FROM dynamic_field WHERE {typed})"
    sql = f"SELECT DISTINCT field_id FROM dynamic_field_value WHERE object_id = {number} AND {fields}"
    own = [row[0] for row in await session.fetch(dialect.finish(sql), [into, object_type])]
    if own:
        sql = (
            f"DELETE FROM dynamic_field_value WHERE object_id = {number}"
            f" AND {exactly.numbers_among('field_id')}"
        )
        await session.execute(dialect.finish(sql), [from_, *exactly.numbers(own)])
    sql = f"UPDATE dynamic_field_value SET object_id = {number} WHERE object_id = {number} AND {fields}"
    await session.execute(dialect.finish(sql), [into, from_, object_type])
    sql = f"DELETE FROM dynamic_field_obj_id_name WHERE object_id = {number}"
    await session.execute(dialect.finish(sql), [from_])


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What is set in tickets; None leaves as it is (TKT-11)."""

    customer_id: str | None = None
    login: str | None = None

    @property
    def history(self) -> str:
        """The name of the history entry: the parts that are set."""
        customer = f"CustomerID={self.customer_id};" if self.customer_id else ""
        login = f"CustomerUser={self.login};" if self.login else ""
        return f"%%{customer}{login}"[:200]


TICKETS = ("ticket", "ticket_history", "ticket_history_type")
BATCH = 500
"""Tickets changed by one statement at most, so that none takes too long."""


async def change_tickets(
    session: Session, dialect: Dialect, stamp: Stamp, where: str, args: Sequence[Any], change: TicketChange
) -> None:
    """Change all tickets that the condition finds, each with one entry in its history, archived ones too."""
    exactly, last = Exactly(dialect), 0
    sql = dialect.finish(
        f"SELECT id FROM ticket WHERE {where} AND id > {exactly.number} ORDER BY id LIMIT {BATCH}"
        f"{FOR_UPDATE[dialect.kind]}"
    )
    while rows := await session.fetch(sql, [*args, last]):
        ids = [int(row[0]) for row in rows]
        await set_tickets(session, dialect, stamp, ids, change)
        last = ids[-1]


async def set_tickets(
    session: Session, dialect: Dialect, stamp: Stamp, ids: Sequence[int], change: TicketChange
) -> None:
    """Change these tickets and write their history, as OTOBO does."""
    exactly, now = Exactly(dialect), stamp.moment(dialect.kind)
    assigned: dict[str, Any] = {"change_time": now, "change_by": stamp.user_id}
    if change.customer_id is not None:
        assigned["customer_id"] = change.customer_id
    if change.login is not None:
        assigned["customer_user_id"] = change.login
    among = exactly.numbers_among("id")
    sql = f"UPDATE ticket SET {', '.join(f'{name} = ?' for name in assigned)} WHERE {among}"
    await session.execute(dialect.finish(sql), [*assigned.values(), *exactly.numbers(ids)])
    time = "?::timestamp" if dialect.kind is SourceKind.POSTGRESQL else "?"
    sql = (
        "INSERT INTO ticket_history (name, history_type_id, ticket_id, type_id, queue_id, owner_id, priority_id,"
        " state_id, create_time, create_by, change_time, change_by)"
        f" SELECT {dialect.value}, COALESCE((SELECT id FROM ticket_history_type WHERE name = 'CustomerUpdate'), 21),"
        f" id, COALESCE(type_id, 1), queue_id, user_id, ticket_priority_id, ticket_state_id,"
        f" {time}, {stamp.user_id}, {time}, {stamp.user_id} FROM ticket WHERE {among}"
    )
    await session.execute(dialect.finish(sql), [change.history, now, now, *exactly.numbers(ids)])
