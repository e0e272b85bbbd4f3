"""The main job: one GraphQL query over PostgreSQL, MariaDB, SQLite and a directory at once, in order."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from backends.sql.driver import PooledDriver
from gateway.demo.servers.mariadb import MariaDB
from tests.api.four_stores import ask


async def test_one_list_runs_over_four_kinds_of_store_in_order(four_stores: httpx.AsyncClient) -> None:
    answer = await ask(
        four_stores,
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


async def test_the_first_source_that_knows_a_login_owns_it_in_any_spelling(
    four_stores: httpx.AsyncClient,
) -> None:
    answer = await ask(
        four_stores, '{ customerUser(login: "SHARED") { login firstName shadowedSources { key } } }'
    )
    assert answer["data"]["customerUser"] == {
        "login": "shared",
        "firstName": "Erste",
        "shadowedSources": [{"key": "second"}, {"key": "third"}],
    }


async def test_a_hundred_users_with_their_customers_cost_one_statement_for_each_source_and_relation(
    four_stores: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
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
    await ask(four_stores, '{ customerUser(login: "many000") { customer { name } customers { name } } }')
    monkeypatch.setattr(PooledDriver, "fetch", counting)
    answer = await ask(four_stores, query)
    names = [one["customer"]["name"] for one in answer["data"]["customerUsersByLogin"]]
    assert names == [f"C{number} AG" for number in range(100)]
    assert len(asked) <= 3, "the owner's look-up, the relations, the customers"


async def test_r1_a_source_that_stops_and_comes_back_is_never_lied_about(
    four_stores: httpx.AsyncClient, own_mariadb: MariaDB
) -> None:
    own_mariadb.kill()
    gone = await ask(four_stores, '{ customerUser(login: "only3") { login } }')
    assert gone["data"] == {"customerUser": None}
    assert gone["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert gone["errors"][0]["extensions"]["source"] == "second"
    partly = await ask(
        four_stores, '{ customerUser(login: "only3", onSourceError: PARTIAL) { login source { key } } }'
    )
    assert partly["data"]["customerUser"] == {"login": "only3", "source": {"key": "third"}}
    assert partly["errors"][0]["path"] == ["customerUser"]
    assert partly["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    known = await ask(four_stores, '{ customerUser(login: "shared") { firstName } }')
    assert known["data"]["customerUser"] == {"firstName": "Erste"}
    listed = await ask(
        four_stores, "{ customerUsers(first: 5) { totalCountPrecision sources { source { key } status } } }"
    )
    statuses = {one["source"]["key"]: one["status"] for one in listed["data"]["customerUsers"]["sources"]}
    assert statuses == {"first": "OK", "second": "UNAVAILABLE", "third": "OK", "fourth": "OK"}
    assert listed["data"]["customerUsers"]["totalCountPrecision"] == "AT_LEAST"
    own_mariadb.spawn()
    back = await ask(four_stores, '{ customerUser(login: "only3") { login source { key } } }')
    assert back["data"]["customerUser"] == {"login": "only3", "source": {"key": "third"}}


async def test_a_login_that_nobody_has_is_null_without_an_error(four_stores: httpx.AsyncClient) -> None:
    assert await ask(four_stores, '{ customerUser(login: "nobody") { login } }') == {
        "data": {"customerUser": None},
        "extensions": {"cost": {"cost": 1, "limit": 20000}},
    }
