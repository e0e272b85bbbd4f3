"""Every kind of registry, filled with the same rows; the one in memory says what is right."""

from __future__ import annotations

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from backends.memory_registry import MemoryPreferences, MemoryRegistry, MemoryRelations
from backends.memory_stores import MemoryGroups, MemoryServices
from backends.model import SourceKind, Validity
from backends.records import Grant, Group, Service
from backends.registries import GroupStore, PreferenceStore, RelationStore, ServiceStore
from backends.registry import Registry
from backends.sql import ddl
from backends.sql.database import Database, open_database
from backends.sql.dynamic import FieldKind
from backends.sql.groups import SqlGroups
from backends.sql.preferences import SqlPreferences
from backends.sql.registry import SqlRegistry
from backends.sql.relations import SqlRelations
from backends.sql.services import SqlServices
from backends.sql.writing import Stamp
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL

SAME, OTHER = "Ticket::CustomerID::Same", "Ticket::CustomerID::Other"
"""Contexts as OTOBO stores them."""

LONG_AGO = "2001-02-03 04:05:06"
NOW = datetime(2025, 6, 7, 8, 9, 10, 999_999, UTC)
WRITTEN = "2025-06-07 10:09:10"
"""NOW, as it is written in Berlin."""

FRESH_GROUPS = ((1, "users", 1), (2, "admin", 1), (3, "stats", 1))

STATE = {
    "group_customer_user": "user_id, group_id, permission_key, permission_value",
    "group_customer": "customer_id, group_id, permission_context, permission_key, permission_value",
    "service": "id, name",
    "service_customer_user": "customer_user_login, service_id",
    "customer_user_customer": "user_id, customer_id",
    "customer_preferences": "user_id, preferences_key, preferences_value",
}


@dataclass(frozen=True)
class Rows:
    """What the tables hold: with value for grants, with duplicates where a row is there twice."""

    groups: Sequence[tuple[int, str, int]] = ()
    """Beside those of a fresh system."""
    user_grants: Sequence[tuple[str, int, str, int]] = ()
    customer_grants: Sequence[tuple[str, int, str, str, int]] = ()
    """Customer, group, context, key, value."""
    services: Sequence[tuple[int, str, int]] = ()
    assigned: Sequence[tuple[str, int]] = ()
    relations: Sequence[tuple[str, str]] = ()
    preferences: Sequence[tuple[str, str, str | None]] = ()
    fields: Sequence[tuple[str, str, int]] = ()
    """Dynamic fields of customer users: name, type, validity."""
    values: Sequence[tuple[str, str, str]] = ()
    """Object, dynamic field, value."""


@dataclass(frozen=True)
class Stores:
    """The stores over one place."""

    groups: GroupStore
    services: ServiceStore
    relations: RelationStore
    preferences: PreferenceStore
    registry: Registry


class Place(ABC):
    """Where a registry is."""

    @abstractmethod
    async def filled(self, rows: Rows) -> Stores:
        """The stores over these rows and no others."""

    @abstractmethod
    async def close(self) -> None:
        """Give back all connections."""


class InMemory(Place):
    """No place at all."""

    async def filled(self, rows: Rows) -> Stores:
        grants = [Grant(group, key, login) for login, group, key, value in rows.user_grants if value == 1]
        grants += [
            Grant(group, key, customer_id=customer, context=context)
            for customer, group, context, key, value in rows.customer_grants
            if value == 1
        ]
        preferences: dict[str, dict[str, str | None]] = {}
        for login, key, text in rows.preferences:
            preferences.setdefault(login, {})[key] = text
        groups = [Group(id_, name, None, Validity.of(valid)) for id_, name, valid in _groups(rows)]
        services = [Service(id_, name, None, Validity.of(valid)) for id_, name, valid in rows.services]
        registry = MemoryRegistry(
            MemoryGroups(groups, grants),
            MemoryServices(services, rows.assigned),
            MemoryRelations(rows.relations),
            MemoryPreferences(preferences),
            {("CustomerUser", name): FieldKind.of(type_) for name, type_, valid in rows.fields if valid == 1},
            {
                ("CustomerUser", one): {
                    name: tuple(value for *whose, value in rows.values if whose == [one, name])
                    for name in {name for other, name, _ in rows.values if other == one}
                }
                for one in {one for one, _, _ in rows.values}
            },
        )
        return Stores(registry.groups, registry.services, registry.relations, registry.preferences, registry)

    async def close(self) -> None:
        pass


@dataclass
class InTables(Place):
    """A database with OTOBO's tables."""

    url: str
    kind: SourceKind
    _databases: list[Database] = field(default_factory=list)

    TABLES: ClassVar[Sequence[str]] = (
        "group_customer_user",
        "group_customer",
        "service_customer_user",
        "customer_user_customer",
        "customer_preferences",
        "service",
        "dynamic_field_value",
        "dynamic_field_obj_id_name",
        "dynamic_field",
    )

    async def made(self) -> InTables:
        """The same place, with its tables."""
        self.opened()
        async with self.database.transaction() as session:
            for statement in ddl.statements(self.kind):
                await session.execute(statement)
        if self.kind is SourceKind.POSTGRESQL:
            for table in ("service", "groups_table"):
                await self.database.fetch(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)")
        return self

    @property
    def database(self) -> Database:
        """The first pool of this place."""
        return self._databases[0]

    def opened(self) -> Stores:
        """The stores over a pool of their own."""
        database = open_database(self.url, name="registry", pool_size=3, timeout=10)
        self._databases.append(database)
        return stores_over(database)

    async def filled(self, rows: Rows) -> Stores:
        for table in self.TABLES:
            await self.database.execute(f"DELETE FROM {table}")
        await self.database.execute("DELETE FROM groups_table WHERE id > 3")
        await self.database.execute(
            "UPDATE groups_table SET name = CASE id WHEN 1 THEN 'users' WHEN 2 THEN 'admin' ELSE 'stats' END,"
            " comments = NULL, valid_id = 1"
        )
        await self._put("groups_table", "id, name, valid_id", rows.groups, 4)
        await self._put(
            "group_customer_user", "user_id, group_id, permission_key, permission_value", rows.user_grants, 4
        )
        columns = "customer_id, group_id, permission_context, permission_key, permission_value"
        await self._put("group_customer", columns, rows.customer_grants, 4)
        await self._put("service", "id, name, valid_id", rows.services, 4)
        await self._put("service_customer_user", "customer_user_login, service_id", rows.assigned, 2)
        await self._put("customer_user_customer", "user_id, customer_id", rows.relations, 4)
        columns = "user_id, preferences_key, preferences_value"
        await self._put("customer_preferences", columns, rows.preferences, 0)
        await self._put_dynamic(rows)
        return stores_over(self.database)

    async def rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table, sorted, times as text."""
        rows = await self.database.fetch(f"SELECT {columns} FROM {table}")
        return sorted(tuple(str(one) if isinstance(one, datetime) else one for one in row) for row in rows)

    async def state(self) -> list[object]:
        """Every row that a write can change, without times."""
        return [await self.rows(columns, table) for table, columns in STATE.items()]

    async def close(self) -> None:
        for database in self._databases:
            await database.close()

    async def _put_dynamic(self, rows: Rows) -> None:
        fields = {name: (id_, FieldKind.of(type_)) for id_, (name, type_, _) in enumerate(rows.fields, 100)}
        columns = "id, name, label, field_order, field_type, object_type, valid_id"
        listed = [
            (fields[name][0], name, name, 1, type_, "CustomerUser", valid)
            for name, type_, valid in rows.fields
        ]
        await self._put("dynamic_field", columns, listed, 4)
        objects = {name: id_ for id_, name in enumerate(dict.fromkeys(row[0] for row in rows.values), 1)}
        named = [(id_, name, "CustomerUser") for name, id_ in objects.items()]
        await self._put("dynamic_field_obj_id_name", "object_id, object_name, object_type", named, 0)
        for one, name, value in rows.values:
            id_, kind = fields[name]
            stored: object = value
            if kind is FieldKind.NUMBER:
                stored = int(value)
            elif kind is FieldKind.DATE and self.kind is not SourceKind.SQLITE:
                stored = datetime.fromisoformat(value)
            row = (id_, objects[one], stored)
            await self._put("dynamic_field_value", f"field_id, object_id, {kind.column}", [row], 0)

    async def _put(self, table: str, columns: str, rows: Sequence[Sequence[object]], audited: int) -> None:
        then = LONG_AGO if self.kind is SourceKind.SQLITE else datetime.fromisoformat(LONG_AGO)
        names = ", ".join([columns, *("create_time", "create_by", "change_time", "change_by")[:audited]])
        marks = ", ".join("?" * len(names.split(",")))
        sql = self.database.dialect.finish(f"INSERT INTO {table} ({names}) VALUES ({marks})")
        for row in rows:
            await self.database.execute(sql, [*row, *[then, 1, then, 1][:audited]])


def stores_over(database: Database) -> Stores:
    """The stores over a database, which write in Berlin at NOW."""
    stamp = Stamp(1, ZoneInfo("Europe/Berlin"), lambda: NOW)
    return Stores(
        SqlGroups(database, stamp),
        SqlServices(database, stamp),
        SqlRelations(database, stamp),
        SqlPreferences(database),
        SqlRegistry(database),
    )


TABLES = ("postgresql", "mariadb", "sqlite")
PLACES = ("memory", *TABLES)

_NUMBERS = itertools.count(1)


async def open_tables(name: str, request: pytest.FixtureRequest, place: str) -> InTables:
    """One of TABLES; `place` begins the name of the database or file that it has for itself."""
    if name == "sqlite":
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        path: Path = factory.mktemp(place) / "registry.sqlite"
        await asyncio.to_thread(path.touch)
        return await InTables(f"sqlite:///{path}", SourceKind.SQLITE).made()
    server: PostgreSQL | MariaDB = request.getfixturevalue(name)
    own = f"{place}_{next(_NUMBERS)}"
    server.create_database(own)
    return await InTables(server.url(own), SourceKind(name)).made()


def _groups(rows: Rows) -> Sequence[tuple[int, str, int]]:
    return (*FRESH_GROUPS, *rows.groups)
