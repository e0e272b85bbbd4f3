"""What is remembered while sources, or the cache itself, fail; and what the order of sources and shared pools mean."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backends.sql.database import open_database
from tests.api.callers import EDITOR, READER
from tests.faults.proxy import Fault
from tests.faults.stage import SOURCES, Stage, people
from tests.faults.test_sources import LIST, PATIENT, codes

BOTH = pytest.mark.parametrize("cache", ["memory", "redis"])
SERVED = 'query { found: customerUser(login: "mariadb-1") { servedFrom firstName } }'
DECIDED = """{ customerUser(login: "mariadb-1") { servedFrom
  effectivePermissions { permissions } hasPermission(group: "users", permission: RO) } }"""
SIGN_IN = (
    'mutation { customerLogin(input: {login: "mariadb-1", password: "x"}) { token userErrors { code } } }'
)
CHANGE = """mutation($login: String!, $name: String!) { found: updateCustomerUser(input: {
  login: $login, firstName: $name}) { customerUser { firstName } userErrors { code } } }"""


@BOTH
async def test_r12_what_is_served_past_its_lifetime_says_so_and_decides_nothing(
    stage: Stage, cache: str
) -> None:
    stage.order = ("mariadb",)
    async with stage.gateway(cache=cache, cache_ttl=0.001, timeout=PATIENT) as gateway:
        assert (await gateway.ask(SERVED, READER))["found"]["servedFrom"] == "LIVE"
        async with stage.failing("mariadb", Fault.REFUSE):
            found = (await gateway.ask(SERVED, READER))["found"]
            assert found == {"servedFrom": "STALE_CACHE", "firstName": "mariadb"}
            decided = await gateway.answer(DECIDED, READER)
            assert codes(decided) == {("SOURCE_UNAVAILABLE", "mariadb")}
            kept = (decided["data"] or {}).get("customerUser") or {}
            assert not kept.get("effectivePermissions") and not kept.get("hasPermission")
            signed = await gateway.answer(SIGN_IN)
            assert codes(signed) == {("SOURCE_UNAVAILABLE", "mariadb")} or "errors" in signed
            written = await gateway.answer(CHANGE, EDITOR, login="mariadb-1", name="Never")
            assert codes(written) or written["data"]["found"]["userErrors"]
        assert (await gateway.ask(SERVED, READER))["found"] == {"servedFrom": "LIVE", "firstName": "mariadb"}


@BOTH
async def test_r13_our_own_writes_are_seen_at_once_whatever_was_remembered(stage: Stage, cache: str) -> None:
    stage.order = ("mariadb", "postgresql")
    login = f"new-{cache}"
    new = {
        "firstName": "First",
        "lastName": "L",
        "email": f"{login}@x.test",
        "customerId": "ACME",
        "password": "p",
    }
    one = "query($login: String!) { found: customerUser(login: $login) { firstName servedFrom } }"
    async with stage.gateway(cache=cache, cache_ttl=600, timeout=PATIENT) as gateway:
        assert (await gateway.ask(one, READER, login=login))["found"] is None
        made = await gateway.change("createCustomerUser", "customerUser { login }", **new, login=login)
        assert made["userErrors"] == []
        assert (await gateway.ask(one, READER, login=login))["found"]["firstName"] == "First"
        again = (await gateway.ask(one, READER, login=login))["found"]["servedFrom"]
        assert again == "CACHE" or cache == "redis", "a Redis that is slow is a miss"
        await gateway.ask(CHANGE, EDITOR, login=login, name="Second")
        assert (await gateway.ask(one, READER, login=login))["found"]["firstName"] == "Second"
    database = open_database(stage.servers.mariadb.url("faults"), name="eye")
    await database.execute("DELETE FROM customer_user WHERE login = %s", [login])
    await database.close()


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HANG_AT_FIRST_BYTE, Fault.RESET, Fault.DROP_BYTES])
async def test_r14_without_its_redis_the_gateway_works_on_and_says_so(stage: Stage, fault: Fault) -> None:
    stage.order = ("mariadb",)
    async with stage.gateway(cache="redis", cache_ttl=60, timeout=PATIENT) as gateway:
        await gateway.ask(SERVED, READER)
        async with stage.failing("redis", fault):
            for _ in range(5):
                assert (await gateway.ask(SERVED, READER))["found"]["firstName"] == "mariadb"
            changed = await gateway.ask(CHANGE, EDITOR, login="mariadb-1", name="Other")
            assert changed["found"]["customerUser"] == {"firstName": "Other"}
            assert (await gateway.ask(SERVED, READER))["found"]["firstName"] == "Other"
            assert (await gateway.client.get("/readyz")).json()["cache"] == "UNAVAILABLE"
        await gateway.ask(CHANGE, EDITOR, login="mariadb-1", name="mariadb")
        assert (await gateway.ask(SERVED, READER))["found"]["firstName"] == "mariadb"


async def test_r6_a_request_whose_time_is_over_is_answered_with_what_there_is(stage: Stage) -> None:
    query = """{ found: customerUsers(first: 100) { nodes { login source { key } } sources { source { key } status } }
      known: customerUser(login: "postgresql-1") { login } unknown: customerUser(login: "ldaps-1") { login } }"""
    async with stage.gateway(timeout=60, request_timeout=3) as gateway:
        await gateway.ask(LIST, READER, policy="FAIL")
        async with stage.failing("ldap", Fault.HANG_AT_FIRST_BYTE):
            answer = await gateway.answer(query, READER)
    data = answer["data"]
    assert {one["source"]["key"]: one["status"] for one in data["found"]["sources"]} == {
        key: "TIMEOUT" if key == "ldap" else "OK" for key in SOURCES
    }
    assert {one["source"]["key"] for one in data["found"]["nodes"]} == {*SOURCES} - {"ldap"}
    assert (data["known"], data["unknown"]) == ({"login": "postgresql-1"}, None)
    assert codes(answer) == {("SOURCE_UNAVAILABLE", "ldap")}


async def test_r8_a_locked_table_takes_no_connection_from_the_registry_beside_it(stage: Stage) -> None:
    """The source lives in the registry's database, and shares its pool."""
    stage.order = ("postgresql",)
    registry = stage.config().registry.url
    lock = open_database(stage.servers.postgresql.url("faults"), name="lock", timeout=60)
    one = "query($login: String!) { customerUser(login: $login) { login } }"
    async with stage.gateway(postgresql=registry, timeout=60, pool_size=2) as gateway:
        async with lock.transaction() as session:
            await session.execute("LOCK TABLE customer_user IN ACCESS EXCLUSIVE MODE")
            stuck = [
                asyncio.create_task(gateway.answer(one, READER, login=f"stuck-{number}"))
                for number in range(40)
            ]
            async with asyncio.timeout(20):
                for _ in range(10):
                    assert (await gateway.ask("{ groups { name } }", READER))["groups"]
            assert not any(call.done() for call in stuck)
        assert {codes(answer) == set() for answer in await asyncio.gather(*stuck)} == {True}
    await lock.close()


async def test_r16_a_new_order_of_sources_changes_no_id_and_no_page_is_wrong(stage: Stage) -> None:
    ids = "query($logins: [String!]!) { found: customerUsersByLogin(logins: $logins) { id login additionalCustomerIds } }"
    page = """query($after: String) { found: customerUsers(first: 3, after: $after) {
      nodes { login } pageInfo { endCursor } } }"""
    logins = [*people("postgresql"), *people("mariadb")]
    seen: list[Any] = []
    cursor = ""
    for order in (("postgresql", "mariadb"), ("mariadb", "postgresql")):
        stage.order = order
        async with stage.gateway(timeout=PATIENT) as gateway:
            seen.append((await gateway.ask(ids, READER, logins=logins))["found"])
            for one in seen[0]:
                query = "query($id: ID!) { node(id: $id) { ... on CustomerUser { login } } }"
                assert (await gateway.ask(query, READER, id=one["id"]))["node"] == {"login": one["login"]}
            if not cursor:
                cursor = (await gateway.ask(page, READER))["found"]["pageInfo"]["endCursor"]
                following = (await gateway.ask(page, READER, after=cursor))["found"]["nodes"]
                continue
            answer = await gateway.answer(page, READER, after=cursor)
            if "errors" in answer:
                assert codes(answer) == {("CURSOR_INVALID", None)}
            else:
                assert answer["data"]["found"]["nodes"] == following
    assert seen[0] == seen[1]
