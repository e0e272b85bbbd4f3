"""Every kind of store, loaded with the same people, beside a store in memory that says what is right."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic
from urllib.parse import urlsplit

import asyncmy
import asyncpg
import pytest

from backends.breaker import Breaker
from backends.cached import Cached
from backends.caches import MemoryCache
from backends.envelope import decode_customer_user, encode, namespace
from backends.filters import EVERYTHING, Filter, Question
from backends.guarded import Guarded
from backends.kept import Kept
from backends.ldap.backend import LdapBackend
from backends.ldap.settings import LdapSettings
from backends.mapping import RecordMapping
from backends.memory import MemoryBackend
from backends.model import Customer, CustomerUser, SourceKind, Value
from backends.order import Order, OrderTerm, Position
from backends.protocol import Backend, Page, R
from backends.sql.backend import SqlBackend
from backends.sql.database import Database, open_database
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.ports import HOST
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.builders import (
    CUSTOM_FIELDS,
    DIRECTORY_ATTRIBUTES,
    PEOPLE,
    USER_FIELDS,
    Columns,
    a_customer_mapping,
    a_directory_mapping,
    a_mapping,
    entry_of,
)

TIMEOUT = 5.0

Decoration = Callable[[Backend[CustomerUser], RecordMapping], Backend[CustomerUser]]


def guarded(backend: Backend[CustomerUser], mapping: RecordMapping) -> Backend[CustomerUser]:
    """At arm's length."""
    return Guarded(backend, mapping.source_key, Breaker(5, 30.0), timeout=TIMEOUT, slots=4)


def cached(backend: Backend[CustomerUser], mapping: RecordMapping) -> Backend[CustomerUser]:
    """As in a running gateway: remembered, and at arm's length."""
    kept: Kept[CustomerUser] = Kept(
        MemoryCache(10_000),
        namespace=namespace(mapping),
        secret=b"secret",
        ttl=60.0,
        negative_ttl=60.0,
        stale=60.0,
        encode=encode,
        decode=decode_customer_user,
        case_sensitive=mapping.search.case_sensitive,
    )
    return Cached(guarded(backend, mapping), kept)


DECORATIONS: Mapping[str, Decoration] = {"guarded": guarded, "cached": cached}
"""What is put around a backend in a running gateway, by name: each keeps the contract."""


@dataclass(frozen=True)
class World(Generic[R]):
    """A store with rows in it, and the same rows in memory."""

    backend: Backend[R]
    reference: MemoryBackend[R]
    mapping: RecordMapping

    @property
    def keys(self) -> list[str]:
        """All keys, as spelled in the rows."""
        return [str(row[self.mapping.key_column]) for row in self.reference.rows]

    def order(self, *fields: str) -> Order:
        """The order by these fields; a minus before a name turns it round."""
        terms = [OrderTerm(field.removeprefix("-"), field.startswith("-")) for field in fields]
        return Order.of(terms, "login" if self.mapping.field("login") else "customerId")


class Store(ABC):
    """A place where rows can be put; tables and worlds that were made once are used again."""

    kind: ClassVar[SourceKind] = SourceKind.SQLITE
    cannot: ClassVar[Mapping[str, str]] = {}
    """What this kind of store cannot do or hold, and why."""

    timeout: float = TIMEOUT

    def __init__(self) -> None:
        self._made: dict[int, tuple[Sequence[Columns], str]] = {}
        self._worlds: dict[tuple[str, RecordMapping], World[CustomerUser]] = {}
        self._numbers = itertools.count(1)
        self._closing: list[Backend[Any]] = []

    async def people(self, rows: Sequence[Columns] = PEOPLE, **changes: Any) -> World[CustomerUser]:
        """The rows in a table, read through the standard mapping with these changes."""
        mapping, kept = self.mapping(changes), self.kept(rows)
        table = await self._table(rows, kept)
        if (world := self._worlds.get((table, mapping))) is None:
            backend = await self.opened(mapping, table, kept)
            self._closing.append(backend)
            world = World(self.decorated(backend, mapping), self.reference(mapping, kept), mapping)
            self._worlds[table, mapping] = world
        return world

    def decorated(self, backend: Backend[CustomerUser], mapping: RecordMapping) -> Backend[CustomerUser]:
        """What the tests talk to."""
        return backend

    def mapping(self, changes: Mapping[str, Any]) -> RecordMapping:
        """The standard mapping of this kind of store, changed."""
        return a_mapping(**{"fields": (*USER_FIELDS, *CUSTOM_FIELDS), **changes})

    def kept(self, rows: Sequence[Columns]) -> Sequence[Columns]:
        """The rows that this kind of store can hold."""
        return rows

    def reference(self, mapping: RecordMapping, rows: Sequence[Columns]) -> MemoryBackend[CustomerUser]:
        """The same rows in memory."""
        return MemoryBackend(mapping, rows, mapping.customer_user, self.kind)

    async def close(self) -> None:
        """Give back the connections of all worlds."""
        for backend in self._closing:
            await backend.close()

    async def _table(self, rows: Sequence[Columns], kept: Sequence[Columns]) -> str:
        if id(rows) not in self._made:
            name = f"people_{next(self._numbers)}"
            await self.load(name, kept)
            self._made[id(rows)] = (rows, name)
        return self._made[id(rows)][1]

    @abstractmethod
    async def load(self, table: str, rows: Sequence[Columns]) -> None:
        """Put the rows into a new table of this name."""

    @abstractmethod
    async def opened(
        self, mapping: RecordMapping, table: str, rows: Sequence[Columns]
    ) -> Backend[CustomerUser]:
        """A backend over the table."""


class InMemory(Store):
    """No store at all."""

    async def load(self, table: str, rows: Sequence[Columns]) -> None:
        pass

    async def opened(
        self, mapping: RecordMapping, table: str, rows: Sequence[Columns]
    ) -> Backend[CustomerUser]:
        return self.reference(mapping, rows)


class Decorated(InMemory):
    """A store in memory, and one of the decorations around it."""

    def __init__(self, decoration: Decoration) -> None:
        super().__init__()
        self._decoration = decoration

    def decorated(self, backend: Backend[CustomerUser], mapping: RecordMapping) -> Backend[CustomerUser]:
        return self._decoration(backend, mapping)


class Tables(Store):
    """A database of tables; no column but the key is required."""

    text: ClassVar[str] = "TEXT"
    time: ClassVar[str] = "TIMESTAMP"
    url: str

    async def opened(
        self, mapping: RecordMapping, table: str, rows: Sequence[Columns]
    ) -> Backend[CustomerUser]:
        return SqlBackend(mapping, self.database(), table, mapping.customer_user)

    async def companies(self, rows: Sequence[Columns]) -> World[Customer]:
        """Customers in a table of this database."""
        mapping = a_customer_mapping()
        table = await self._table(rows, rows)
        backend: Backend[Customer] = SqlBackend(mapping, self.database(), table, mapping.customer)
        self._closing.append(backend)
        return World(backend, MemoryBackend(mapping, rows, mapping.customer, self.kind), mapping)

    def database(self) -> Database:
        """The database, not yet connected."""
        return open_database(self.url, name="people", pool_size=3, timeout=self.timeout)

    def create(self, table: str, rows: Sequence[Columns]) -> str:
        """The statement that makes a table for these rows."""
        return f"CREATE TABLE {table} ({', '.join(self._column(name, rows) for name in rows[0])})"

    def _column(self, name: str, rows: Sequence[Columns]) -> str:
        if name in ("valid_id", "floor") or any(isinstance(row[name], int) for row in rows):
            return f"{name} BIGINT"
        if name in ("create_time", "change_time"):
            return f"{name} {self.time}"
        return f"{name} VARCHAR(191)" if name == "login" else f"{name} {self.text}"


class InPostgreSQL(Tables):
    """A database in the session's PostgreSQL."""

    kind = SourceKind.POSTGRESQL
    time = "TIMESTAMP(0)"

    def __init__(self, server: PostgreSQL, database: str = "contract") -> None:
        super().__init__()
        server.create_database(database)
        self.url = server.url(database)

    async def load(self, table: str, rows: Sequence[Columns]) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(self.create(table, rows))
            places = ", ".join(f"${place}" for place in range(1, len(rows[0]) + 1))
            values = [[_time_or(name, value) for name, value in row.items()] for row in rows]
            await connection.executemany(f"INSERT INTO {table} VALUES ({places})", values)
        finally:
            await connection.close()


class InMariaDB(Tables):
    """A database in the session's MariaDB, whose collation ignores case, accents and blanks at the end (OVR-5)."""

    kind = SourceKind.MARIADB
    time = "DATETIME"

    def __init__(self, server: MariaDB, database: str = "contract") -> None:
        super().__init__()
        server.create_database(database)
        self.url = server.url(database)

    async def load(self, table: str, rows: Sequence[Columns]) -> None:
        parts = urlsplit(self.url)
        connection = await asyncmy.connect(
            host=parts.hostname or "",
            port=parts.port or 3306,
            user=parts.username,
            password=parts.password or "",
            db=parts.path.strip("/"),
            charset="utf8mb4",
        )
        try:
            async with connection.cursor() as cursor:
                await cursor.execute(self.create(table, rows))
                places = ", ".join(["%s"] * len(rows[0]))
                for row in rows:
                    await cursor.execute(f"INSERT INTO {table} VALUES ({places})", list(row.values()))
            await connection.commit()
        finally:
            await connection.ensure_closed()


class InSQLite(Tables):
    """A file of SQLite's."""

    kind = SourceKind.SQLITE

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.url = f"sqlite:///{path}"

    async def load(self, table: str, rows: Sequence[Columns]) -> None:
        connection = sqlite3.connect(self.path)
        try:
            connection.execute(self.create(table, rows))
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(
                f"INSERT INTO {table} VALUES ({places})", [list(row.values()) for row in rows]
            )
            connection.commit()
        finally:
            connection.close()


class InDirectory(Store):
    """A branch of the session's directory; its entries are named by numbers, so that logins may be anything."""

    kind = SourceKind.LDAP
    cannot: ClassVar[Mapping[str, str]] = {
        "case_sensitive": "its schema compares, usually without case (LDAP-19)",
        "blanks": "its matching rules ignore blanks at the ends and take several for one (RFC 4518)",
        "empty": "it has no empty values: what is empty in a table is absent here (LDAP-22)",
        "times": "entries have no create_time and change_time",
        "invalid-temporarily": "the valid filter tells valid from invalid, and no more (LDAP-10)",
    }

    def __init__(self, server: Slapd, branch: str = "contract") -> None:
        super().__init__()
        self.server = server
        self.branch = f"ou={branch},{server.suffix}"
        server.add(f"dn: {self.branch}\nobjectClass: organizationalUnit\nou: {branch}\n")

    def mapping(self, changes: Mapping[str, Any]) -> RecordMapping:
        kept = {name: _attributes(value) for name, value in changes.items() if name not in self.cannot}
        return a_directory_mapping(**kept)

    def kept(self, rows: Sequence[Columns]) -> Sequence[Columns]:
        return [row for row in rows if not any(_has_loose_blanks(value) for value in row.values())]

    def reference(self, mapping: RecordMapping, rows: Sequence[Columns]) -> MemoryBackend[CustomerUser]:
        entries = [{**entry_of(row), "valid": 1 if row["valid_id"] == 1 else 2} for row in rows]
        in_memory = dataclasses.replace(mapping, valid_column="valid")
        return MemoryBackend(in_memory, entries, in_memory.customer_user, self.kind)

    async def load(self, table: str, rows: Sequence[Columns]) -> None:
        base = f"ou={table},{self.branch}"
        entries = [f"dn: {base}\nobjectClass: organizationalUnit\nou: {table}\n"]
        entries += [_ldif(f"cn={place},{base}", row) for place, row in enumerate(rows)]
        self.server.add("\n".join(entries))

    async def opened(
        self, mapping: RecordMapping, table: str, rows: Sequence[Columns]
    ) -> Backend[CustomerUser]:
        settings = LdapSettings(
            key=mapping.source_key,
            host=HOST,
            port=self.server.port,
            base_dn=f"ou={table},{self.branch}",
            bind_dn=self.server.rootdn,
            bind_password=self.server.rootpw,
            always_filter="(objectClass=account)",
            valid_filter="(employeeType=active)",
            timeout=self.timeout,
        )
        return LdapBackend(mapping, settings)


TABLES = ("postgresql", "mariadb", "sqlite")
STORES = ("memory", *DECORATIONS, *TABLES, "directory")
WITH_CASE = tuple(name for name in STORES if name != "directory")
"""Stores that can be told to mind the case (SRC-7)."""


_NUMBERS = itertools.count(1)


def open_store(name: str, request: pytest.FixtureRequest, place: str) -> Store:
    """One of STORES; `place` begins the name of the database, file or branch that it has for itself."""
    place = f"{place}{next(_NUMBERS)}"
    if name == "postgresql":
        return InPostgreSQL(request.getfixturevalue("postgresql"), place)
    if name == "mariadb":
        return InMariaDB(request.getfixturevalue("mariadb"), place)
    if name == "sqlite":
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        file = factory.mktemp(place) / "people.sqlite"
        file.touch()
        return InSQLite(file)
    if name == "directory":
        return InDirectory(request.getfixturevalue("slapd"), place)
    return Decorated(DECORATIONS[name]) if name in DECORATIONS else InMemory()


def visible(record: R) -> R:
    """What a reader sees of a record, without the row as its store spells it."""
    return dataclasses.replace(record, stored=())


async def page_of(
    world: World[R],
    *fields: str,
    filter: Filter = EVERYTHING,
    limit: int = 1000,
    after: Position | None = None,
    after_place: int = 0,
) -> Page[R]:
    """One page of a store."""
    question = Question(filter, world.order(*fields), limit, after, after_place)
    (page,) = await world.backend.pages([question])
    return page


def _ldif(dn: str, row: Columns) -> str:
    lines = [f"dn: {dn}", "objectClass: account", "objectClass: extensibleObject"]
    if row["valid_id"] == 1:
        lines.append("employeeType: active")
    for name, value in entry_of(row).items():
        if value is not None:
            lines.append(f"{name}:: {base64.b64encode(str(value).encode()).decode()}")
    return "\n".join(lines) + "\n"


def _has_loose_blanks(value: Value) -> bool:
    return isinstance(value, str) and (value != value.strip() or "  " in value)


def _attributes(value: Any) -> Any:
    """Names of columns in a change to the mapping, as the directory calls them."""
    if isinstance(value, tuple):
        return tuple(_attributes(part) for part in value)
    return DIRECTORY_ATTRIBUTES.get(value, value) if isinstance(value, str) else value


def _time_or(name: str, value: Value) -> object:
    return (
        datetime.fromisoformat(value)
        if name in ("create_time", "change_time") and isinstance(value, str)
        else value
    )
