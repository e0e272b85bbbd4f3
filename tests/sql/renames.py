"""A registry and a source full of what hangs on names, and databases that stop at a chosen statement."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from backends.model import Customer, CustomerUser
from backends.sql.carrying import Carrier
from backends.sql.database import Database, PooledDatabase, Row, Session, open_database
from backends.sql.ddl import statements
from backends.sql.members import Members
from backends.sql.writer import SqlWriter
from backends.sql.writing import Stamp
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from tests.builders import CUSTOM_FIELDS, USER_FIELDS, a_customer_mapping, a_mapping

THEN = "2024-01-15 10:00:00"
NOW = datetime(2026, 3, 29, 1, 30, 15, 999_999, tzinfo=UTC)
NOW_TEXT = "2026-03-29 01:30:15"
AUDIT = f"'{THEN}', 1, '{THEN}', 1"
STAMP = Stamp(user_id=1, now=lambda: NOW)

USERS = (
    ("amy", "amy@mut.test", "CO-1", "CO-9;CO-1"),
    ("ben", "ben@mut.test", "CO-1", None),
    ("fay", "fay@mut.test", "co-1", "X, co-1 ,Y"),
    ("gus", "gus@mut.test", "CO-12", "CO-12|CO-10"),
)
COMPANIES = (("CO-1", "Company 1"), ("CO-2", "Company 2"))


def tickets(*rows: tuple[int, str | int, str, str, int]) -> str:
    """The statement that inserts tickets: number, type, customer ID, login, archived."""
    return (
        "INSERT INTO ticket (id, tn, title, queue_id, ticket_lock_id, type_id, user_id, responsible_user_id,"
        " ticket_priority_id, ticket_state_id, customer_id, customer_user_id, timeout, until_time,"
        " escalation_time, escalation_update_time, escalation_response_time, escalation_solution_time,"
        " archive_flag, create_time, create_by, change_time, change_by) VALUES "
    ) + ", ".join(
        f"({number}, 'tn{number}', 't', 1, 1, {kind}, 1, 1, 3, 4, {customer}, {login}, 0, 0, 0, 0, 0, 0,"
        f" {archived}, {AUDIT})"
        for number, kind, customer, login, archived in rows
    )


FILL = (
    "INSERT INTO groups_table (id, name, valid_id, create_time, create_by, change_time, change_by)"
    f" VALUES (10, 'g10', 1, {AUDIT}), (11, 'g11', 2, {AUDIT})",
    "INSERT INTO group_customer_user (user_id, group_id, permission_key, permission_value, create_time, create_by,"
    f" change_time, change_by) VALUES ('amy', 10, 'ro', 1, {AUDIT}), ('amy', 11, 'rw', 1, {AUDIT}),"
    f" ('amy', 11, 'ro', 0, {AUDIT}), ('ben', 10, 'ro', 1, {AUDIT})",
    "INSERT INTO group_customer (customer_id, group_id, permission_key, permission_value, permission_context,"
    f" create_time, create_by, change_time, change_by) VALUES ('CO-1', 10, 'ro', 1, 'Same', {AUDIT}),"
    f" ('CO-1', 10, 'ro', 1, 'Other', {AUDIT}), ('CO-2', 10, 'rw', 1, 'Same', {AUDIT})",
    "INSERT INTO customer_user_customer (user_id, customer_id, create_time, create_by, change_time, change_by)"
    f" VALUES ('amy', 'CO-2', {AUDIT}), ('ben', 'CO-1', {AUDIT}), ('zoe', 'CO-1', {AUDIT})",
    "INSERT INTO customer_preferences (user_id, preferences_key, preferences_value)"
    " VALUES ('amy', 'UserLanguage', 'de'), ('amy', 'UserSkin', NULL), ('ben', 'UserLanguage', 'en')",
    "INSERT INTO service (id, name, valid_id, create_time, create_by, change_time, change_by)"
    f" VALUES (20, 's20', 1, {AUDIT}), (22, 's22', 2, {AUDIT})",
    "INSERT INTO service_customer_user (customer_user_login, service_id, create_time, create_by)"
    f" VALUES ('amy', 20, '{THEN}', 1), ('amy', 22, '{THEN}', 1), ('<DEFAULT>', 20, '{THEN}', 1)",
    "INSERT INTO search_profile (login, profile_name, profile_type, profile_key, profile_value)"
    " VALUES ('CustomerTicketSearch::amy', 'mine', 'SCALAR', 'Title', 'x'),"
    " ('CustomerTicketSearch::amy', 'mine', 'ARRAY', 'StateIDs', '1'),"
    " ('TicketSearch::amy', 'theirs', 'SCALAR', 'Title', 'y')",
    "INSERT INTO dynamic_field (id, name, label, field_order, field_type, object_type, valid_id, create_time,"
    f" create_by, change_time, change_by) VALUES (101, 'Colour', '', 1, 'Text', 'CustomerUser', 1, {AUDIT}),"
    f" (102, 'Note', '', 1, 'Text', 'CustomerUser', 2, {AUDIT}), (103, 'Branch', '', 1, 'Text', 'CustomerCompany', 1,"
    f" {AUDIT}), (104, 'OfTicket', '', 1, 'Text', 'Ticket', 1, {AUDIT})",
    "INSERT INTO dynamic_field_obj_id_name (object_id, object_name, object_type)"
    " VALUES (1001, 'amy', 'CustomerUser'), (1002, 'CO-1', 'CustomerCompany'), (1003, 'amy', 'CustomerCompany')",
    "INSERT INTO dynamic_field_value (field_id, object_id, value_text) VALUES (101, 1001, 'red'), (102, 1001, 'n'),"
    " (103, 1002, 'steel'), (104, 1001, 'of the ticket 1001')",
    tickets(
        (1, "NULL", "'CO-1'", "'amy'", 0),
        (2, 2, "'CO-9'", "'amy'", 0),
        (3, 1, "'CO-1'", "'ben'", 0),
        (4, 1, "'CO-1'", "'amy'", 1),
        (5, 1, "NULL", "NULL", 0),
        (6, 1, "NULL", "'amy'", 0),
        (7, 1, "'co-1'", "'Amy'", 0),
    ),
)
EMPTIED = (
    "ticket_history",
    "ticket",
    "search_profile",
    "dynamic_field_value",
    "dynamic_field_obj_id_name",
    "dynamic_field",
    "service_customer_user",
    "service",
    "customer_preferences",
    "customer_user_customer",
    "group_customer",
    "group_customer_user",
    "customer_user",
    "customer_company",
)
SHOWN = tuple(table for table in EMPTIED if table not in ("service", "dynamic_field"))

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows of each table, as text and sorted; numbers that a sequence gives are left out."""


class Interrupted(Exception):
    """The work was cut off here."""


@dataclass
class Clock:
    """Counts statements and commits, and calls `stop` before one of them."""

    at: int | None = None
    stop: Callable[[], None] = lambda: None
    passed: list[str] = field(default_factory=list)

    def tick(self, what: str) -> None:
        """Something is about to happen."""
        if len(self.passed) == self.at:
            self.stop()
        self.passed.append(what)


class Watched(PooledDatabase):
    """A database whose every statement and commit passes a clock."""

    def __init__(self, database: Database, clock: Clock) -> None:
        assert isinstance(database, PooledDatabase)
        super().__init__(database.name, database._shared)
        self._shared.users -= 1  # whoever opened it closes it
        self.clock = clock

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        self.clock.tick(sql)
        return await super().fetch(sql, args)

    async def change(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        self.clock.tick(sql)
        return await super().change(sql, args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        async with super().transaction() as session:
            yield WatchedSession(session, self.clock)
            self.clock.tick(f"COMMIT {self.name}")


@dataclass
class WatchedSession:
    """A session whose every statement passes a clock."""

    session: Session
    clock: Clock

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        self.clock.tick(sql)
        return await self.session.fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        self.clock.tick(sql)
        return await self.session.execute(sql, args)


@dataclass
class Place:
    """A registry, and the source, which may be in the same database."""

    registry: Database
    source: Database

    async def reset(self) -> None:
        """The world as it was in the beginning."""
        async with self.registry.transaction() as session:
            await _empty(session)
            await session.execute("DELETE FROM groups_table WHERE id >= 10")
            for statement in FILL:
                await session.execute(statement)
        if self.source is not self.registry:
            async with self.source.transaction() as session:
                await _empty(session)
        async with self.source.transaction() as session:
            await _people(session)

    async def tables(self) -> Tables:
        """All rows of both, those of the source replacing those of the registry that nobody reads."""
        shown = await dump(self.registry, SHOWN)
        return shown | await dump(self.source, ("customer_user", "customer_company"))

    def watched(self, clock: Clock) -> Place:
        """The same place, every statement of which passes the clock."""
        registry = Watched(self.registry, clock)
        return Place(registry, registry if self.source is self.registry else Watched(self.source, clock))

    def users(self) -> SqlWriter[CustomerUser]:
        """Writes customer users."""
        mapping = a_mapping(fields=(*USER_FIELDS, CUSTOM_FIELDS[0]))
        return SqlWriter(
            mapping,
            self.source,
            "customer_user",
            mapping.customer_user,
            STAMP,
            password_column="pw",
            registry=self.registry,
        )

    def customers(self) -> SqlWriter[Customer]:
        """Writes customers."""
        mapping = a_customer_mapping()
        return SqlWriter(
            mapping,
            self.source,
            "customer_company",
            mapping.customer,
            STAMP,
            password_column=None,
            registry=self.registry,
        )

    def carrier(self) -> Carrier:
        """Carries along what hangs on names."""
        return Carrier(self.registry, STAMP)

    def members(self) -> list[Members]:
        """The one table of customer users."""
        return [
            Members(a_mapping(fields=(*USER_FIELDS, CUSTOM_FIELDS[0])), self.source, "customer_user", STAMP)
        ]

    async def rename_user(self) -> None:
        """Amy gets another login and another customer."""
        carry = self.carrier().renaming_user("amy", "Änne", "CO-1", "CO-2")
        await self.users().update("amy", {"login": "Änne", "customerId": "CO-2"}, carry=carry)

    async def rename_customer(self) -> None:
        """CO-1 gets another ID."""
        carry = self.carrier().renaming_customer("CO-1", "NEW-1", self.members())
        await self.customers().update("CO-1", {"customerId": "NEW-1"}, carry=carry)

    async def close(self) -> None:
        """Give back all connections."""
        await self.registry.close()
        if self.source is not self.registry:
            await self.source.close()


def place_at(registry_url: str, source_url: str) -> Place:
    """The place at these addresses, one database if they are the same."""
    registry = open_database(registry_url, name="registry", pool_size=3, timeout=10)
    if source_url == registry_url:
        return Place(registry, registry)
    return Place(registry, open_database(source_url, name="people", pool_size=3, timeout=10))


async def lay_out(url: str) -> None:
    """Make all tables, and a column for further customer IDs."""
    database = open_database(url, name="people", timeout=30)
    async with database.transaction() as session:
        for statement in statements(database.dialect.kind):
            await session.execute(statement)
        await session.execute("ALTER TABLE customer_user ADD COLUMN customer_ids VARCHAR(250)")
    await database.close()


async def dump(database: Database, tables: Sequence[str]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """All rows of these tables as text."""
    shown: dict[str, Sequence[Mapping[str, Any]]] = {}
    for table in tables:
        sql, args = database.dialect.columns(table)
        names = [str(row[0]) for row in await database.fetch(sql, args)]
        kept = [name for name in names if name != "id" or table == "ticket"]
        rows = await database.fetch(f"SELECT {', '.join(kept)} FROM {table}")
        texts = [
            {name: value if value is None else str(value) for name, value in zip(kept, row, strict=True)}
            for row in rows
        ]
        shown[table] = sorted(
            texts, key=lambda row: [(value is not None, value or "") for value in row.values()]
        )
    return shown


async def _empty(session: Session) -> None:
    for table in EMPTIED:
        kept = " WHERE id > 2" if table == "dynamic_field" else ""
        await session.execute(f"DELETE FROM {table}{kept}")


async def _people(session: Session) -> None:
    listed = "login, email, customer_id, customer_ids"
    for login, email, customer, customers in USERS:
        further = f"'{customers}'" if customers else "NULL"
        await session.execute(
            f"INSERT INTO customer_user ({listed}, first_name, last_name, valid_id, create_time, create_by,"
            f" change_time, change_by) VALUES ('{login}', '{email}', '{customer}', {further}, 'F', 'L', 1, {AUDIT})"
        )
    for customer, name in COMPANIES:
        await session.execute(
            "INSERT INTO customer_company (customer_id, name, valid_id, create_time, create_by, change_time,"
            f" change_by) VALUES ('{customer}', '{name}', 1, {AUDIT})"
        )


@pytest.fixture(scope="module", params=["postgresql", "mariadb", "sqlite"])
async def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Addresses of two databases of each kind, laid out alike."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("places")
        for name in ("registry", "people"):
            (folder / name).touch()
        urls = f"sqlite:///{folder}/registry", f"sqlite:///{folder}/people"
    else:
        server: PostgreSQL | MariaDB = request.getfixturevalue(request.param)
        names = f"registry_{secrets.token_hex(4)}", f"people_{secrets.token_hex(4)}"
        for name in names:
            server.create_database(name)
        urls = server.url(names[0]), server.url(names[1])
    for url in urls:
        await lay_out(url)
    return urls
