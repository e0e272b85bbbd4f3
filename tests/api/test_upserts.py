"""Customer users made or changed by login: one or many, all or some, and once for each key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.redis import Redis
from gateway.demo.servers.slapd import Slapd
from tests.api.callers import ADMIN, READER, Gateway, found
from tests.api.offices import GONE, Offices, opened


@pytest.fixture(scope="module")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("upserts", tmp_path_factory.mktemp("upserts"), postgresql, slapd) as offices:
        yield offices


@pytest.fixture(scope="module")
async def desk(offices: Offices) -> AsyncIterator[Gateway]:
    async with offices.gateway() as desk:
        await desk.made("uma", room="A 1")
        yield desk


def a_row(login: str, **given: Any) -> dict[str, Any]:
    usual = {"firstName": "F", "lastName": "L", "email": f"{login}@desk.test", "customerId": "ACME"}
    return {"login": login, **usual, **given}


def results(payload: dict[str, Any]) -> list[str | None]:
    return [row["result"] for row in payload["rows"]]


def errors(payload: dict[str, Any]) -> list[list[tuple[str, str]]]:
    return [found(row) for row in payload["rows"]]


async def test_a_new_login_is_made_a_known_one_patched_and_nothing_written_where_nothing_changes(
    desk: Gateway, offices: Offices
) -> None:
    made = await desk.upsert(**a_row("eve", room="A 1"))
    assert (made["result"], made["customerUser"]["source"]["key"], found(made)) == ("CREATED", "desk", [])
    await offices.run("UPDATE customer_user SET change_time = '2020-01-01' WHERE login = 'eve'")
    before = await offices.people()
    same = await desk.upsert(**a_row("eve", room="A 1"))
    assert (same["result"], same["customerUser"]["room"]) == ("NOOP", "A 1")
    assert await offices.people() == before
    changed = await desk.upsert("EVE", city="Ulm")
    assert changed["result"] == "UPDATED"
    user = changed["customerUser"]
    assert (user["login"], user["city"], user["room"], user["firstName"]) == ("eve", "Ulm", "A 1", "F")
    assert await desk.user("eve") == user


async def test_no_password_is_set(desk: Gateway, offices: Offices) -> None:
    await desk.upsert(**a_row("quiet"))
    assert await offices.rows("SELECT pw FROM customer_user WHERE login = 'quiet'") == [(None,)]


async def test_a_new_one_needs_what_the_mapping_requires_and_a_known_one_does_not(
    desk: Gateway, offices: Offices
) -> None:
    before = await offices.people()
    assert found(await desk.upsert("half")) == [
        ("customerId", "REQUIRED"),
        ("email", "REQUIRED"),
        ("firstName", "REQUIRED"),
        ("lastName", "REQUIRED"),
    ]
    assert found(await desk.upsert("uma", firstName="")) == [("firstName", "REQUIRED")]
    assert found(await desk.upsert("0", city="X")) == [("login", "INVALID")]
    assert found(await desk.upsert("oldie", city="X")) == [("login", "READ_ONLY")]
    assert found(await desk.upsert("uma", source="branch")) == [("source", "CONFLICT")]
    assert found(await desk.upsert("uma", source="nowhere")) == [("source", "NOT_FOUND")]
    assert found(await desk.upsert("uma", badge="7")) == [("badge", "READ_ONLY")]
    assert await offices.people() == before


async def test_a12_a_version_is_that_of_the_record_as_it_is(desk: Gateway) -> None:
    version = (await desk.upsert("uma"))["customerUser"]["version"]
    assert (await desk.upsert("uma", ifVersion=version, city="Bonn"))["result"] == "UPDATED"
    assert found(await desk.upsert("uma", ifVersion=version, city="Köln")) == [("ifVersion", "CONFLICT")]
    assert found(await desk.upsert(**a_row("nobody", ifVersion=version))) == [("ifVersion", "CONFLICT")]


async def test_a23_what_is_left_of_somebody_is_not_inherited(desk: Gateway, offices: Offices) -> None:
    await offices.run(
        "INSERT INTO customer_preferences (user_id, preferences_key, preferences_value)"
        " VALUES ('spook', 'UserLanguage', 'de')"
    )
    assert found(await desk.upsert(as_=ADMIN, **a_row("spook"))) == [("login", "CONFLICT")]


async def test_readers_may_not_upsert(desk: Gateway) -> None:
    query = 'mutation { upsertCustomerUser(input: {login: "uma"}) { result } }'
    assert (await desk.answer(query, READER))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_silent_source_may_have_the_login(offices: Offices) -> None:
    async with offices.gateway(more=GONE) as desk:
        before = await offices.people()
        assert found(await desk.upsert(**a_row("unknown"))) == [("login", "SOURCE_UNAVAILABLE")]
        assert await offices.people() == before


async def test_whoever_loses_the_race_for_a_new_login_patches_it(desk: Gateway) -> None:
    rows = [a_row("racer", email="racer@desk.test", city=f"C{number}") for number in range(4)]
    payloads = await asyncio.gather(*(desk.upsert(**row) for row in rows))
    assert [found(one) for one in payloads] == [[]] * 4
    assert sorted(one["result"] for one in payloads) == ["CREATED", "UPDATED", "UPDATED", "UPDATED"]


async def test_bad_rows_are_left_out_and_say_why_at_their_place(desk: Gateway) -> None:
    rows = [
        a_row("many1"),
        a_row("many2", email="no address", customerId="NOBODY"),
        {"login": "uma", "city": "Mainz"},
        {"login": "uma2"},
        a_row("many3", source="branch"),
        {"login": "uma", "city": "Mainz", "idempotencyKey": "k"},
    ]
    payload = await desk.upsert_all(rows)
    assert results(payload) == ["CREATED", None, None, None, "CREATED", None]
    assert (payload["written"], payload["userErrors"]) == (2, [])
    assert errors(payload) == [
        [],
        [("rows.1.customerId", "NOT_FOUND"), ("rows.1.email", "INVALID")],
        [("rows.2.login", "INVALID")],
        [(f"rows.3.{name}", "REQUIRED") for name in ("customerId", "email", "firstName", "lastName")],
        [],
        [("rows.5.idempotencyKey", "INVALID"), ("rows.5.login", "INVALID")],
    ]
    again = await desk.upsert_all([rows[0], {"login": "MANY3", "city": "Kiel"}])
    assert (results(again), again["written"]) == (["NOOP", "UPDATED"], 1)


async def test_one_bad_row_and_nothing_is_written_in_any_database(desk: Gateway, offices: Offices) -> None:
    before = await offices.people()
    rows = [a_row("all1"), a_row("all2", source="branch"), a_row("all3", email="no address")]
    payload = await desk.upsert_all(rows, errorPolicy="REJECT_ALL")
    assert (results(payload), payload["written"]) == ([None] * 3, 0)
    assert found(payload) == [("rows.2.email", "INVALID")]
    assert errors(payload) == [[], [], [("rows.2.email", "INVALID")]]
    assert await offices.people() == before


async def test_good_rows_are_written_together_over_several_databases(desk: Gateway) -> None:
    rows = [a_row("all2", source="branch"), a_row("all1"), {"login": "uma", "customerId": "NORD"}]
    payload = await desk.upsert_all(rows, errorPolicy="REJECT_ALL")
    assert (results(payload), payload["written"], found(payload)) == (
        ["CREATED", "CREATED", "UPDATED"],
        3,
        [],
    )
    assert [row["customerUser"]["login"] for row in payload["rows"]] == ["all2", "all1", "uma"]
    assert results(await desk.upsert_all(rows, errorPolicy="REJECT_ALL")) == ["NOOP"] * 3


async def test_what_the_store_itself_refuses_undoes_the_rows_before(desk: Gateway, offices: Offices) -> None:
    before = await offices.people()
    rows = [a_row("fits"), a_row("broad", source="branch"), a_row("wide", room="x" * 201), a_row("zz")]
    payload = await desk.upsert_all(rows, errorPolicy="REJECT_ALL")
    assert found(payload) == [("rows.2.room", "INVALID")]
    assert await offices.people() == before
    assert await desk.user("fits") is None


async def test_rows_of_one_call_do_not_share_an_address(desk: Gateway, offices: Offices) -> None:
    before = await offices.people()
    twins = [a_row("twin1", email="twin@desk.test"), a_row("twin2", email="Twin@desk.test")]
    payload = await desk.upsert_all(twins, errorPolicy="REJECT_ALL")
    assert found(payload) == [("rows.0.email", "TAKEN"), ("rows.1.email", "TAKEN")]
    assert await offices.people() == before
    assert results(await desk.upsert_all(twins)) == ["CREATED", None]


async def test_calls_that_write_the_same_rows_together_wait_for_each_other(offices: Offices) -> None:
    rows = [a_row(f"crowd{number}") for number in range(6)]
    async with offices.gateway() as one, offices.gateway() as two:
        calls = [
            desk.upsert_all([row | {"city": f"C{n}"} for row in order], errorPolicy="REJECT_ALL")
            for n, (desk, order) in enumerate([(one, rows), (two, rows[::-1])])
        ]
        payloads = await asyncio.gather(*calls)
    assert [found(one) for one in payloads] == [[], []]
    assert sorted(results(one)[0] or "" for one in payloads) == ["CREATED", "UPDATED"]


async def test_at_most_a_hundred_rows(desk: Gateway) -> None:
    query = "mutation($input: UpsertCustomerUsersInput!) { upsertCustomerUsers(input: $input) { written } }"
    answer = await desk.answer(query, input={"rows": [{"login": f"l{n}"} for n in range(101)]})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    hundred = await desk.upsert_all([{"login": f"l{n}", "city": "X"} for n in range(100)])
    assert (hundred["written"], len(hundred["rows"])) == (0, 100)
    assert (await desk.upsert_all([], errorPolicy="REJECT_ALL"))["rows"] == []


@pytest.fixture(params=["memory", "redis"])
async def replicas(
    offices: Offices, redis: Redis, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """Two gateways that share a Redis, or one twice that keeps answers in memory."""
    if request.param == "memory":
        async with offices.gateway() as one:
            yield one, one
        return
    head = f'[cache]\nbackend = "redis"\nurl = "{redis.url}"\n'
    async with offices.gateway(head=head) as one, offices.gateway(head=head) as two:
        yield one, two


async def test_who_repeats_a_call_with_its_key_gets_the_first_answer(
    replicas: tuple[Gateway, Gateway], offices: Offices, request: pytest.FixtureRequest
) -> None:
    (one, two), login = replicas, f"key-{request.node.callspec.id}"
    first = await one.upsert(**a_row(login, idempotencyKey="k1"))
    assert first["result"] == "CREATED"
    await two.upsert(login, city="Ulm")
    before = await offices.people()
    assert await two.upsert(**a_row(login, idempotencyKey="k1")) == first
    assert found(await two.upsert(**a_row(login, city="X", idempotencyKey="k1"))) == [
        ("idempotencyKey", "CONFLICT")
    ]
    assert await offices.people() == before
    own = await two.upsert(as_=ADMIN, login=login, city="Kiel", idempotencyKey="k1")
    assert own["result"] == "UPDATED", "a key belongs to its credential"
    assert found(await one.upsert(login, idempotencyKey="")) == [("idempotencyKey", "INVALID")]


async def test_equal_calls_with_one_key_run_once(
    replicas: tuple[Gateway, Gateway], desk: Gateway, request: pytest.FixtureRequest
) -> None:
    login = f"once-{request.node.callspec.id}"
    rows = [a_row(login), {"login": "uma", "email": "no address"}]
    for policy, expected in (("REJECT_ROWS", "CREATED"), ("REJECT_ALL", None)):
        calls = (
            desk.upsert_all(rows, errorPolicy=policy, idempotencyKey=f"{login} {policy}")
            for desk in replicas * 4
        )
        payloads = await asyncio.gather(*calls)
        assert all(one == payloads[0] for one in payloads)
        assert results(payloads[0]) == [expected, None]


async def test_an_answer_that_a_silent_source_spoiled_is_not_kept(offices: Offices, redis: Redis) -> None:
    head = f'[cache]\nbackend = "redis"\nurl = "{redis.url}"\n'
    row = a_row("later", idempotencyKey="later")
    async with offices.gateway(head=head, more=GONE) as desk:
        assert found(await desk.upsert(**row)) == [("login", "SOURCE_UNAVAILABLE")]
    async with offices.gateway(head=head) as desk:
        assert (await desk.upsert(**row))["result"] == "CREATED"


async def test_without_its_redis_no_call_runs_that_shall_run_once(desk: Gateway, offices: Offices) -> None:
    head = '[cache]\nbackend = "redis"\nurl = "redis://127.0.0.1:1/0"\n'
    async with offices.gateway(head=head) as lonely:
        before = await offices.people()
        payload = await lonely.upsert("uma", city="Nowhere", idempotencyKey="k")
        assert found(payload) == [("idempotencyKey", "SOURCE_UNAVAILABLE")]
        assert await offices.people() == before
        assert (await lonely.upsert("uma", city="Here"))["result"] == "UPDATED"
