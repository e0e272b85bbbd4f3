"""A gateway over PostgreSQL, MariaDB, SQLite and a directory at once, in this order."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from backends.model import SourceKind
from backends.sql.ddl import statements
from gateway.app import create_app
from gateway.config import loads
from gateway.demo.servers import mariadb as mariadb_server
from gateway.demo.servers.mariadb import MariaDB, start_mariadb
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.servers import need

TOKEN = "a-token-of-the-tests"
AUDIT = "'2026-01-02 03:04:05', 1, '2026-01-02 03:04:05', 1"

CONFIG = """
[registry]
url = "{registry}"

[auth]
signing_key = "{key}"

[[auth.tokens]]
name = "tests"
sha256 = "{sha256}"
roles = ["reader"]

[[sources]]
key = "first"
[[sources.fields]]
variable = "UserRoom"
column = "fax"

[[sources]]
key = "second"
url = "{second}"
timeout = 1.0
breaker = {{ failures = 100, seconds = 0.1 }}
cache_ttl = 0

[[sources]]
key = "third"
url = "{third}"
table = "people"
foreign = true
read_only = true
standard_fields = false
customer_key = "account"
customer_id = "org"
valid = ""
list_fields = ["given", "mail"]
name_fields = ["given"]
search_fields = ["account", "given"]
post_master_search_fields = ["mail"]
fields = [
  {{ variable = "UserLogin", column = "account" }},
  {{ variable = "UserFirstname", column = "given" }},
  {{ variable = "UserEmail", column = "mail" }},
  {{ variable = "UserCustomerID", column = "org" }},
  {{ variable = "UserRoom", column = "room" }},
]

[[sources]]
key = "fourth"
url = "{fourth}"
base_dn = "ou=people,{suffix}"
bind_dn = "{rootdn}"
bind_password = "{rootpw}"
customer_id = "departmentNumber"
"""


def user(login: str, first: str, customer: str = "ACME", valid: int = 1) -> str:
    return (
        "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id, create_time,"
        f" create_by, change_time, change_by) VALUES ('{login}', '{login}@example.org', '{customer}', '{first}',"
        f" 'Huber', {valid}, {AUDIT})"
    )


@pytest.fixture(scope="session")
def own_mariadb() -> Any:
    """A MariaDB of these tests' own, which they stop and start again."""
    if reason := mariadb_server.available():
        need(reason)
    server = start_mariadb()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def config_text(
    postgresql: PostgreSQL,
    own_mariadb: MariaDB,
    slapd: Slapd,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    postgresql.create_database("main_job")
    customers = [
        "INSERT INTO customer_company (customer_id, name, valid_id, create_time, create_by, change_time, change_by)"
        f" VALUES ('{one}', '{one} AG', 1, {AUDIT})"
        for one in ("ACME", *(f"C{number}" for number in range(100)))
    ]
    people = [user("shared", "Erste"), *(user(f"many{n:03}", "Viele", f"C{n}") for n in range(100))]
    postgresql.run_sql(";\n".join([*statements(SourceKind.POSTGRESQL), *customers, *people, ""]), "main_job")
    own_mariadb.create_database("second")
    second = [user("shared", "Zweite"), user("only2", "Müller")]
    own_mariadb.run_sql(";\n".join([*statements(SourceKind.MARIADB), *second, ""]), "second")
    file = tmp_path_factory.mktemp("third") / "people.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE people (account TEXT, given TEXT, mail TEXT, org TEXT, room TEXT)")
        rows = [
            ("Shared", "Dritte", "", "ACME", "1.01"),
            ("only2", "Dritte", "", "", ""),
            ("only3", "Ö", "", "", "3.03"),
        ]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
        connection.commit()
    return CONFIG.format(
        registry=postgresql.url("main_job"),
        key="k" * 40,
        sha256=hashlib.sha256(TOKEN.encode()).hexdigest(),
        second=own_mariadb.url("second"),
        third=f"sqlite:///{file}",
        fourth=slapd.url,
        suffix=slapd.suffix,
        rootdn=slapd.rootdn,
        rootpw=slapd.rootpw,
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def four_stores(config_text: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(loads(config_text, Path("/etc/kundengraph.toml"), {}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers=headers
        ) as client:
            yield client


async def ask(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, Any]:
    """The answer of the gateway to one query."""
    body = json.dumps({"query": query, "variables": variables})
    answer = await client.post("/graphql", content=body, headers={"content-type": "application/json"})
    return dict(answer.json())
