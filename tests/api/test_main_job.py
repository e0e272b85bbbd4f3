"""The main job: one GraphQL query over PostgreSQL, MariaDB, SQLite and a directory at once, in order."""

from __future__ import annotations

import hashlib
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
from backends.sql.driver import PooledDriver
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


@pytest.fixture(scope="module")
def own_mariadb() -> Any:
    """A MariaDB of these tests' own, which they stop and start again."""
    if reason := mariadb_server.available():
        need(reason)
    server = start_mariadb()
    yield server
    server.stop()


@pytest.fixture(scope="module")
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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(config_text: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(loads(config_text, Path("/etc/kundengraph.toml"), {}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers=headers
        ) as client:
            yield client


async def ask(client: httpx.AsyncClient, query: str) -> dict[str, Any]:
    answer = await client.post("/graphql", json={"query": query})
    return dict(answer.json())


async def test_one_list_runs_over_four_kinds_of_store_in_order(client: httpx.AsyncClient) -> None:
    answer = await ask(
        client,
        """{
          sources { key kind position writable health { status } }
          customerUsers(filter: {login: "*", excludeLogins: []}, orderBy: [{field: LOGIN, direction: DESC}], first: 200) {
            totalCount totalCountPrecision
            nodes { login firstName room source { key } }
            sources { source { key } status }
          }
        }""",
    )
    assert "errors" not in answer
    data = answer["data"]
    assert [(one["key"], one["kind"], one["writable"]) for one in data["sources"]] == [
        ("first", "POSTGRESQL", True),
        ("second", "MARIADB", True),
        ("third", "SQLITE", False),
        ("fourth", "LDAP", False),
    ]
    assert {one["health"]["status"] for one in data["sources"]} == {"OK"}
    listed = data["customerUsers"]
    owners = {one["login"]: one["source"]["key"] for one in listed["nodes"]}
    assert owners["shared"] == "first"
    assert "Shared" not in owners  # a login in another spelling is the same login, and hidden
    assert owners["only2"] == "second"
    assert owners["only3"] == "third"
    assert owners["juergen"] == "fourth"
    assert [one["login"] for one in listed["nodes"]] == sorted(owners, key=str.lower, reverse=True)
    assert (listed["totalCount"], listed["totalCountPrecision"]) == (len(owners), "EXACT")
    assert {one["room"] for one in listed["nodes"] if one["login"] == "only3"} == {"3.03"}
    assert [one["status"] for one in listed["sources"]] == ["OK"] * 4


async def test_the_first_source_that_knows_a_login_owns_it_in_any_spelling(client: httpx.AsyncClient) -> None:
    answer = await ask(
        client, '{ customerUser(login: "SHARED") { login firstName shadowedSources { key } } }'
    )
    assert answer["data"]["customerUser"] == {
        "login": "shared",
        "firstName": "Erste",
        "shadowedSources": [{"key": "second"}, {"key": "third"}],
    }


async def test_a_hundred_users_with_their_customers_cost_one_statement_for_each_source_and_relation(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    fetch = PooledDriver.fetch

    async def counting(self: PooledDriver[Any], sql: str, args: Any = ()) -> Any:
        asked.append(sql)
        return await fetch(self, sql, args)

    logins = ", ".join(f'"many{number:03}"' for number in range(100))
    query = (
        f"{{ customerUsersByLogin(logins: [{logins}]) {{ login customer {{ name }} customers {{ name }} }} }}"
    )
    await ask(client, '{ customerUser(login: "many000") { customer { name } customers { name } } }')
    monkeypatch.setattr(PooledDriver, "fetch", counting)
    answer = await ask(client, query)
    names = [one["customer"]["name"] for one in answer["data"]["customerUsersByLogin"]]
    assert names == [f"C{number} AG" for number in range(100)]
    assert len(asked) <= 3, "the owner's look-up, the relations, the customers"


async def test_a_source_that_stops_and_comes_back_is_never_lied_about(
    client: httpx.AsyncClient, own_mariadb: MariaDB
) -> None:
    own_mariadb.kill()
    gone = await ask(client, '{ customerUser(login: "only3") { login } }')
    assert gone["data"] == {"customerUser": None}
    assert gone["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert gone["errors"][0]["extensions"]["source"] == "second"
    partly = await ask(
        client, '{ customerUser(login: "only3", onSourceError: PARTIAL) { login source { key } } }'
    )
    assert partly["data"]["customerUser"] == {"login": "only3", "source": {"key": "third"}}
    assert partly["errors"][0]["path"] == ["customerUser"]
    assert partly["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    known = await ask(client, '{ customerUser(login: "shared") { firstName } }')
    assert known["data"]["customerUser"] == {"firstName": "Erste"}
    listed = await ask(
        client, "{ customerUsers(first: 5) { totalCountPrecision sources { source { key } status } } }"
    )
    statuses = {one["source"]["key"]: one["status"] for one in listed["data"]["customerUsers"]["sources"]}
    assert statuses == {"first": "OK", "second": "UNAVAILABLE", "third": "OK", "fourth": "OK"}
    assert listed["data"]["customerUsers"]["totalCountPrecision"] == "AT_LEAST"
    own_mariadb.spawn()
    back = await ask(client, '{ customerUser(login: "only3") { login source { key } } }')
    assert back["data"]["customerUser"] == {"login": "only3", "source": {"key": "third"}}


async def test_a_login_that_nobody_has_is_null_without_an_error(client: httpx.AsyncClient) -> None:
    assert await ask(client, '{ customerUser(login: "nobody") { login } }') == {
        "data": {"customerUser": None},
        "extensions": {"cost": {"cost": 1, "limit": 20000}},
    }
