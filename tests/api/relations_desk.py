"""A help desk over real stores, PostgreSQL, a read-only SQLite file and a directory, asked through its schema."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from backends.model import SourceKind
from backends.sql import ddl
from backends.sql.database import Database, PooledDatabase, open_database
from backends.sql.writing import insert
from gateway.app import schema_of
from gateway.config import Config, loads
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from gateway.stack import Stack
from resolvers.context import RequestContext
from resolvers.viewer import Viewer

SAME, OTHER = "Ticket::CustomerID::Same", "Ticket::CustomerID::Other"
THEN = datetime(2025, 1, 2, 3, 4, 5)
AUDIT = ("create_time", "create_by", "change_time", "change_by")

TOML = """
[registry]
url = "{registry}"

[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
second_factor_key = "MyOtpSecret"

[groups]
enabled = {enabled}
{groups}
permissions = ["ro", "move_into", "rw"]
other_context = "{other}"

[services]
{services}

[[customers]]
key = "companies"
{customers}

{desk}
[[sources]]
key = "archive"
name = "Archive"
url = "sqlite:///{archive}"
read_only = true

[[sources]]
key = "directory"
url = "{directory}"
backend = "ldap"
base_dn = "ou=people,dc=example,dc=org"
bind_dn = "{bind_dn}"
bind_password = "{bind_password}"
customer_id = "departmentNumber"
{sources}
"""

DESK = '[[sources]]\nkey = "desk"\nname = "Help desk"\n'
GONE = '\n[[sources]]\nkey = "gone"\nname = "The lost one"\nurl = "sqlite:///{folder}/gone.sqlite"\n'
NO_COMPANIES = 'url = "sqlite:///{folder}/gone.sqlite"'

TABLES: Mapping[str, tuple[str, ...]] = {
    "groups_table": ("id", "name", "comments", "valid_id", *AUDIT),
    "service": ("id", "name", "comments", "valid_id", *AUDIT),
    "group_customer_user": ("user_id", "group_id", "permission_key", "permission_value", *AUDIT),
    "group_customer": (
        "customer_id",
        "group_id",
        "permission_context",
        "permission_key",
        "permission_value",
        *AUDIT,
    ),
    "service_customer_user": ("customer_user_login", "service_id", "create_time", "create_by"),
    "customer_user_customer": ("user_id", "customer_id", *AUDIT),
    "customer_preferences": ("user_id", "preferences_key", "preferences_value"),
}
"""The tables that relations live in, and their columns."""

GROUPS = ((11, "support", None, 1), (12, "sales", "Vertrieb", 1), (13, "old", None, 2))
SERVICES = ((21, "Web", None, 1), (22, "Web::Shop", None, 1), (23, "Mail", None, 1), (24, "Fax", None, 2))


@dataclass
class Desk:
    """The stores behind one configuration, and what they were asked."""

    config: Config
    database: Database
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Name of the pool and statement."""

    def __post_init__(self) -> None:
        """Open what the configuration names."""
        self.stack = Stack(self.config)
        self.schema = schema_of(self.config)

    async def ask(self, query: str, roles: Sequence[str] = ("admin",), **variables: Any) -> dict[str, Any]:
        """Data, and errors as a client sees them."""
        context = RequestContext(self.stack.services, Viewer.named("tester", roles))
        result = await self.schema.execute(query, variables, context)
        errors = [one.formatted for one in result.errors or ()]
        return {"data": result.data} | ({"errors": errors} if errors else {})

    async def data(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def write(self, mutation: str, selection: str, **given: Any) -> dict[str, Any]:
        """The payload of one mutation, whose input is `given`."""
        name = mutation[0].upper() + mutation[1:]
        query = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {selection} {ERRORS} }} }}"
        found: dict[str, Any] = (await self.data(query, input=given))[mutation]
        return found

    async def findings(self, mutation: str, **given: Any) -> list[tuple[str, str]]:
        """Path and code of everything that a mutation found wrong, in order of their paths."""
        payload = await self.write(mutation, "__typename", **given)
        return sorted((".".join(one["field"] or ()), one["code"]) for one in payload["userErrors"])

    async def tables(self) -> Mapping[str, list[tuple[Any, ...]]]:
        """All rows of all tables of relations."""
        found = {}
        for table, columns in TABLES.items():
            rows = await self.database.fetch(f"SELECT {', '.join(columns)} FROM {table}")
            found[table] = sorted((tuple(row) for row in rows), key=repr)
        return found

    async def put(self, table: str, *rows: Sequence[Any]) -> None:
        """More rows in a table, written long ago."""
        columns = TABLES[table]
        audit = (THEN, 1, THEN, 1)[: sum(name in AUDIT for name in columns)]
        async with self.database.transaction() as session:
            await insert(session, self.database.dialect, table, columns, [(*row, *audit) for row in rows])

    async def statements(self, query: str, **variables: Any) -> list[str]:
        """The statements that the registry is asked for one document."""
        self.asked.clear()
        await self.data(query, **variables)
        return [sql for name, sql in self.asked if name == "registry"]


ERRORS = "userErrors { field code message }"


@asynccontextmanager
async def desk_of(
    server: PostgreSQL,
    directory: Slapd,
    folder: Path,
    *,
    name: str = "relations",
    services: str = "",
    sources: str = "",
    customers: str = "",
    other: str = OTHER,
    registry: str | None = None,
    enabled: bool = True,
    groups: str = "",
    with_desk: bool = True,
) -> AsyncIterator[Desk]:
    """A desk with its stores; the database `name` is made when it is first asked for."""
    if not (folder / "archive.sqlite").exists():
        server.create_database(name)
        server.run_sql(";\n".join([*ddl.statements(SourceKind.POSTGRESQL), ""]), name)
        _archive(folder / "archive.sqlite")
    text = TOML.format(
        registry=server.url(registry or name),
        other=other,
        enabled=str(enabled).lower(),
        groups=groups,
        desk=DESK if with_desk else "",
        archive=folder / "archive.sqlite",
        directory=directory.url,
        bind_dn=directory.rootdn,
        bind_password=directory.rootpw,
        services=services,
        sources=sources.format(folder=folder),
        customers=customers.format(folder=folder),
    )
    config = loads(text, folder / "kundengraph.toml", {})
    database = open_database(server.url(name), name="tables", timeout=20)
    made = Desk(config, database)
    try:
        yield made
    finally:
        await made.stack.close()
        await database.close()


async def emptied(desk: Desk) -> None:
    """The tables as every test finds them."""
    for table in (*list(TABLES)[2:], "service", "customer_user", "customer_company"):
        await desk.database.execute(f"DELETE FROM {table}")
    await desk.database.execute("DELETE FROM groups_table WHERE id > 3")
    for table in ("service", "groups_table"):
        await desk.database.fetch(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100)")
    await desk.put("groups_table", *GROUPS)
    await desk.put("service", *SERVICES)
    people = [("ada", "ACME", 1), ("Ben", "NORD", 1), ("invalid", "ACME", 2), ("l" * 120, "ACME", 1)]
    companies = [("ACME", 1), ("NORD", 1), ("SUED", 1), ("OLD", 2)]
    audit = (THEN, 1, THEN, 1)
    async with desk.database.transaction() as session:
        await insert(
            session,
            desk.database.dialect,
            "customer_user",
            ("login", "customer_id", "valid_id", "email", "first_name", "last_name", *AUDIT),
            [(*one, f"{one[0]}@x.example", "Some", "Body", *audit) for one in people],
        )
        await insert(
            session,
            desk.database.dialect,
            "customer_company",
            ("customer_id", "name", "valid_id", *AUDIT),
            [(one, f"{one} Inc.", valid, *audit) for one, valid in companies],
        )


def counted(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """Note every statement that reads."""
    fetch = PooledDatabase.fetch

    async def noted(self: PooledDatabase, sql: str, args: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        desk.asked.append((self.name, sql))
        return await fetch(self, sql, args)

    monkeypatch.setattr(PooledDatabase, "fetch", noted)


def _archive(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for statement in ddl.statements(SourceKind.SQLITE):
            connection.execute(statement)
        for login in ("eve", "ADA"):
            connection.execute(
                "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id,"
                " create_time, create_by, change_time, change_by) VALUES (?, ?, 'ACME', 'E', 'E', 1, ?, 1, ?, 1)",
                (login, f"{login}@x.example", str(THEN), str(THEN)),
            )
        connection.execute("COMMIT")
