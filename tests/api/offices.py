"""An OTOBO on PostgreSQL, a branch and an archive in files and a directory: one gateway over all, which writes."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backends.model import SourceKind
from backends.sql.database import Database, open_database
from backends.sql.ddl import statements
from gateway.app import create_app
from gateway.config import Config, loads
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.callers import ADMIN, EDITOR, READER, Gateway
from tests.api.serving import digest
from tests.sql.renames import AUDIT, tickets

TOML = """
{head}
[registry]
url = "{registry}"
user_id = 7
time_zone = "Europe/Berlin"

[auth]
signing_key = "{signing_key}"
bcrypt_cost = 9
{tokens}

[email]
reject = "@forbidden[.]test$"

[tickets.dynamic_fields]
UserFirstname = "First"
CustomerCompanyName = "Company"
UserRoom = "Room"

[[sources]]
key = "desk"
name = "Desk"
{fields}

[[sources]]
key = "branch"
name = "Branch"
url = "sqlite:///branch.sqlite"
customer_must_exist = false
unique_email = false
{optional}

[[sources]]
key = "archive"
name = "Archive"
url = "sqlite:///archive.sqlite"
read_only = true
{more}

[[sources]]
key = "ldap"
name = "Directory"
url = "{ldap}"
base_dn = "ou=people,{suffix}"
bind_dn = "{bind_dn}"
bind_password = "{bind_password}"
customer_id = "businessCategory"

{companies}
{customers}
"""

COMPANIES = """
[[customers]]
key = "companies"
name = "Companies"

[[customers]]
key = "old"
name = "Old companies"
url = "sqlite:///archive.sqlite"
read_only = true
"""

FIELDS = """
[[sources.fields]]
variable = "UserRoom"
column = "room"

[[sources.fields]]
variable = "UserFloor"
column = "floor"
type = "int"

[[sources.fields]]
variable = "UserColour"
column = "colour"
selection = { red = "Red", blue = "Blue" }

[[sources.fields]]
variable = "UserBadge"
column = "badge"
read_only = true

[[sources.fields]]
variable = "UserCustomerIDs"
column = "customer_ids"
"""

OPTIONAL = """
[[sources.fields]]
variable = "UserCustomerID"
column = "customer_id"
required = false
"""

AGENT = (
    "INSERT INTO users (id, login, pw, first_name, last_name, valid_id, create_time, create_by, change_time,"
    f" change_by) VALUES (7, 'gateway', '', 'G', 'W', 1, {AUDIT})"
)
"""Who writes here."""

GONE = """
[[sources]]
key = "gone"
name = "Gone"
url = "sqlite:///gone.sqlite"
"""

GONE_CUSTOMERS = """
[[customers]]
key = "vanished"
url = "sqlite:///gone.sqlite"
"""


@dataclass
class Offices:
    """The stores behind the gateway, and the configuration that names them."""

    folder: Path
    values: Mapping[str, str]
    otobo: Database
    """Where a client of SQL looks, and writes as well."""

    def config(self, **parts: str) -> Config:
        """The configuration, with a `head`, `more` sources, more `customers` or others than `companies`."""
        text = TOML.format(
            **{**self.values, "head": "", "more": "", "companies": COMPANIES, "customers": "", **parts}
        )
        return loads(text, self.folder / "kundengraph.toml", {})

    @asynccontextmanager
    async def gateway(self, **parts: str) -> AsyncIterator[Gateway]:
        """A running application."""
        app = create_app(self.config(**parts))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client,
        ):
            yield Gateway(client)

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """What a statement finds in OTOBO's database."""
        return [tuple(row) for row in await self.otobo.fetch(sql, args)]

    async def run(self, *script: str) -> None:
        """Write past the gateway."""
        for statement in script:
            await self.otobo.execute(statement)

    def branch(self, sql: str, *args: Any, file: str = "branch") -> list[tuple[Any, ...]]:
        """The same in the branch's file, or in another."""
        with closing(sqlite3.connect(self.folder / f"{file}.sqlite")) as connection, connection:
            return connection.execute(sql, args).fetchall()

    async def people(self) -> Sequence[tuple[Any, ...]]:
        """All customer users of the writable sources, every column, to tell whether anything was written."""
        sql = "SELECT * FROM customer_user ORDER BY id"
        return [*(await self.rows(sql)), *self.branch(sql)]


def fill_file(path: Path, people: Sequence[str], companies: Sequence[str]) -> None:
    """A SQLite file with OTOBO's tables, some people and some companies."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements(SourceKind.SQLITE):
            connection.execute(statement)
        connection.execute(AGENT)
        for login in people:
            connection.execute(person(login, "ACME", f"{login}@archive.test"))
        for company in companies:
            connection.execute(a_company(company))


def fill_foreign(path: Path) -> None:
    """A SQLite file of somebody else, without what OTOBO adds to its tables."""
    user = "title, first_name, last_name, email, customer_id, phone, fax, mobile, street, zip, city, country, comments"
    company = "name, street, zip, city, country, url, comments"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE customer_user (login TEXT PRIMARY KEY, {user}, valid_id INTEGER)")
        connection.execute(f"CREATE TABLE customer_company (customer_id TEXT PRIMARY KEY, {company})")


def person(login: str, customer_id: str, email: str) -> str:
    """The statement that inserts a person as OTOBO does."""
    return (
        "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id, create_time,"
        f" create_by, change_time, change_by) VALUES ('{login}', '{email}', '{customer_id}', 'F', 'L', 1, {AUDIT})"
    )


def a_company(customer_id: str) -> str:
    """The statement that inserts a company."""
    return (
        "INSERT INTO customer_company (customer_id, name, valid_id, create_time, create_by, change_time, change_by)"
        f" VALUES ('{customer_id}', '{customer_id} Inc.', 1, {AUDIT})"
    )


def a_ticket(number: int, customer_id: str, login: str) -> str:
    """The statement that inserts a ticket."""
    return tickets((number, 1, f"'{customer_id}'", f"'{login}'", 0))


@asynccontextmanager
async def opened(name: str, folder: Path, postgresql: PostgreSQL, slapd: Slapd) -> AsyncIterator[Offices]:
    """The stores, filled, in a database of this name; hashes cost little there."""
    postgresql.create_database(name)
    columns = (
        "room VARCHAR(200), floor INTEGER, colour VARCHAR(20), badge VARCHAR(20), customer_ids VARCHAR(200)"
    )
    extra = [f"ALTER TABLE customer_user ADD COLUMN {column}" for column in columns.split(", ")]
    script = [*statements(SourceKind.POSTGRESQL), *extra, a_company("ACME"), a_company("NORD")]
    postgresql.run_sql(";\n".join([*script, AGENT, ""]), name)
    fill_file(folder / "branch.sqlite", [], [])
    fill_file(folder / "archive.sqlite", ["oldie"], ["OLDCO"])
    fill_foreign(folder / "foreign.sqlite")
    keys = {"editor": EDITOR, "admin": ADMIN, "reader": READER}
    tokens = [
        f'[[auth.tokens]]\nname = "{role}"\nsha256 = "{digest(key)}"\nroles = ["{role}"]'
        for role, key in keys.items()
    ]
    values = {
        "registry": postgresql.url(name),
        "signing_key": "k" * 32,
        "tokens": "\n".join(tokens),
        "fields": FIELDS,
        "optional": OPTIONAL,
        "ldap": slapd.url,
        "suffix": slapd.suffix,
        "bind_dn": slapd.rootdn,
        "bind_password": slapd.rootpw,
    }
    otobo = open_database(postgresql.url(name), name="otobo", pool_size=2)
    yield Offices(folder, values, otobo)
    await otobo.close()
