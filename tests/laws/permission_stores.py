"""The generated world of permissions in real stores: PostgreSQL, a SQLite file that is read-only, and a directory."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from backends.model import SourceKind
from backends.sql import ddl
from backends.sql.database import open_database
from backends.sql.writing import insert
from gateway.config import Config, loads
from gateway.demo.servers import slapd as slapd_server
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.builders import Columns, entry_of
from tests.laws.permission_world import OTHER, PermissionWorld, Rules
from tests.servers import DIRECTORY, need

THEN = datetime(2025, 1, 2, 3, 4, 5)
AUDIT = ("create_time", "create_by", "change_time", "change_by")
PEOPLE = ("login", "email", "customer_id", "customer_ids", "first_name", "last_name", "valid_id")

TOML = """
[registry]
url = "{registry}"

[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

[groups]
enabled = {enabled}
permissions = {keys}
always = {always}
customer_always = {customer_always}
other_context = "{other}"

[[sources]]
key = "desk"
fields = [{{ variable = "UserCustomerIDs", column = "customer_ids" }}]

[[sources]]
key = "archive"
url = "sqlite:///{archive}"
read_only = true
exclude_primary_customer_id = true
fields = [{{ variable = "UserCustomerIDs", column = "customer_ids" }}]

[[sources]]
key = "directory"
url = "{directory}"
backend = "ldap"
base_dn = "ou=people,dc=example,dc=org"
bind_dn = "{bind_dn}"
bind_password = "{bind_password}"
customer_id = "departmentNumber"
fields = [{{ variable = "UserCustomerIDs", column = "o" }}]
"""


@contextmanager
def people_of(world: PermissionWorld) -> Iterator[Slapd]:
    """A directory with the people that the world has in one."""
    need(slapd_server.available())
    with slapd_server.start_slapd("\n".join([DIRECTORY, *map(_entry, *_numbered(world))])) as server:
        yield server


async def settled(
    world: PermissionWorld, rules: Rules, server: PostgreSQL, directory: Slapd, folder: Path
) -> Config:
    """The world in its stores, and a configuration that names them."""
    server.create_database("permissions")
    url, archive = server.url("permissions"), folder / "archive.sqlite"
    await _registry(world, url)
    _archive(world, archive)
    text = TOML.format(
        registry=url,
        enabled=str(rules.enabled).lower(),
        keys=list(rules.keys),
        always=list(rules.always),
        customer_always=list(rules.customer_always),
        other=OTHER if rules.other else "",
        archive=archive,
        directory=directory.url,
        bind_dn=directory.rootdn,
        bind_password=directory.rootpw,
    )
    return loads(text, folder / "kundengraph.toml", {})


async def _registry(world: PermissionWorld, url: str) -> None:
    database = open_database(url, name="registry", timeout=20)
    audit = (THEN, 1, THEN, 1)
    tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Any]]]] = (
        ("customer_user", PEOPLE, [_person(row) for row in world.people["desk"]]),
        (
            "customer_company",
            ("customer_id", "name", "valid_id"),
            [(row["customer_id"], row["name"], row["valid_id"]) for row in world.customers],
        ),
        ("groups_table", ("id", "name", "valid_id"), [row for row in world.groups if row[0] > 3]),
        (
            "group_customer_user",
            ("user_id", "group_id", "permission_key", "permission_value"),
            world.on_logins,
        ),
        (
            "group_customer",
            ("customer_id", "group_id", "permission_context", "permission_key", "permission_value"),
            world.on_customers,
        ),
        ("customer_user_customer", ("user_id", "customer_id"), world.relations),
    )
    async with database.transaction() as session:
        for statement in ddl.statements(SourceKind.POSTGRESQL):
            await session.execute(statement)
        await session.execute("ALTER TABLE customer_user ADD COLUMN customer_ids VARCHAR(500)")
        for name, columns, rows in tables:
            full = [(*row, *audit) for row in rows]
            await insert(session, database.dialect, name, (*columns, *AUDIT), full)
    await database.close()


def _archive(world: PermissionWorld, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for statement in ddl.statements(SourceKind.SQLITE):
            connection.execute(statement)
        connection.execute("ALTER TABLE customer_user ADD COLUMN customer_ids VARCHAR(500)")
        columns = (*PEOPLE, *AUDIT)
        connection.executemany(
            f"INSERT INTO customer_user ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            [(*_person(row), str(THEN), 1, str(THEN), 1) for row in world.people["archive"]],
        )
        connection.execute("COMMIT")


def _person(row: Columns) -> tuple[Any, ...]:
    """Columns of a table that may not be NULL hold the empty text instead."""
    return tuple("" if name == "customer_id" and row[name] is None else row[name] for name in PEOPLE)


def _numbered(world: PermissionWorld) -> tuple[Sequence[int], Sequence[Columns]]:
    rows = world.people["directory"]
    return range(len(rows)), rows


def _entry(number: int, row: Columns) -> str:
    lines = [
        f"dn: cn=p{number},ou=people,dc=example,dc=org",
        "objectClass: inetOrgPerson",
        f"cn: p{number}",
    ]
    for attribute, value in entry_of(row).items():
        values = value if isinstance(value, tuple) else () if value is None else (value,)
        lines += [f"{attribute}:: {base64.b64encode(str(one).encode()).decode()}" for one in values]
    return "\n".join([*lines, ""])
