"""Sources that fail in every way a network or a server can: identities hold, gaps have names, time is bounded."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

import pytest

from backends.sql.driver import PooledDriver
from tests.api.callers import READER, Gateway
from tests.faults.proxy import HANGS, Fault
from tests.faults.stage import EACH, PROXIED, SILENCES, SOURCES, TIMEOUT, Stage, people

CASES = int(os.environ.get("KUNDENGRAPH_CASES", "500"))
SPELLINGS = ("everywhere", "Everywhere", "EVERYWHERE", "everyWhere")
TROUBLES = tuple(fault for fault in Fault if fault is not Fault.NONE)
FINAL = tuple(fault for fault in TROUBLES if fault not in (Fault.SLOW, Fault.FLAP))
"""Those that leave nothing of a source."""
LISTED = (Fault.HANG_MIDWAY, Fault.REFUSE, Fault.RESET_MIDWAY, Fault.DROP_BYTES, Fault.SLOW, Fault.FLAP)
PATIENT = 4 * TIMEOUT
"""Seconds in which a source that is well answers on a busy machine too."""
ONE = "query($login: String!) { found: customerUser(login: $login) { login firstName source { key } } }"
LIST = """query($policy: SourceErrorPolicy!) { found: customerUsers(first: 100, onSourceError: $policy) {
  totalCount totalCountPrecision nodes { login source { key } } sources { source { key } status servedFrom }
} }"""


def beside(key: str) -> str:
    """A source that is well when `key` is not."""
    return "sqlite" if key != "sqlite" else "postgresql"


def troubles_of(key: str) -> tuple[Fault, ...]:
    """What can go wrong with a source; a file can only be locked."""
    return (Fault.HANG_AT_FIRST_BYTE,) if key == "sqlite" else TROUBLES


def codes(answer: Mapping[str, Any]) -> set[tuple[str, str | None]]:
    """Code and source of every error."""
    extensions = [one["extensions"] for one in answer.get("errors", ())]
    return {(one["code"], one.get("source")) for one in extensions}


async def look_up(gateway: Gateway, key: str) -> None:
    """Ask for whom several sources have, in several spellings at once; the later source never answers for it."""
    answers = await asyncio.gather(*(gateway.answer(ONE, READER, login=login) for login in SPELLINGS))
    for answer in answers:
        found = answer["data"]["found"]
        if found is None:
            assert codes(answer) == {("SOURCE_UNAVAILABLE", key)}
        else:
            assert found == {"login": "everywhere", "firstName": key, "source": {"key": key}}


@pytest.mark.parametrize("key", SOURCES)
async def test_r1_whatever_happens_to_a_source_nobody_is_taken_for_somebody_else(
    stage: Stage, key: str
) -> None:
    stage.order = (key, beside(key))
    troubles = troubles_of(key)
    rounds = max(CASES // (len(SPELLINGS) * len(SOURCES) * len(TROUBLES)), 1)
    async with stage.gateway(timeout=TIMEOUT / 2, breaker="{ failures = 3, seconds = 0.02 }") as gateway:
        for _ in range(rounds):
            for fault in troubles:
                await look_up(gateway, key)
                async with stage.failing(key, fault):
                    await look_up(gateway, key)
                    await look_up(gateway, key)


async def test_r1_and_r2_whoever_was_read_before_is_still_answered_rightly(stage: Stage) -> None:
    stage.order = ("postgresql", "mariadb", "ldaps")
    logins = [*people("mariadb"), *people("ldaps")]
    async with stage.gateway(cache_ttl=60, timeout=PATIENT) as gateway:
        for login in (*logins, *people("postgresql")):
            await gateway.ask(ONE, READER, login=login)
        async with stage.failing("postgresql", Fault.RESET):
            for login in logins:
                found = (await gateway.ask(ONE, READER, login=login))["found"]
                assert found["source"] == {"key": login.rpartition("-")[0]}
            unknown = await gateway.answer(ONE, READER, login="mariadb-new")
            assert codes(unknown) == {("SOURCE_UNAVAILABLE", "postgresql")}


async def test_r3_with_everything_down_it_starts_and_each_joins_when_it_comes(stage: Stage) -> None:
    for proxy in stage.proxies.values():
        await proxy.set(Fault.REFUSE)
    async with stage.gateway(timeout=PATIENT) as gateway:
        assert (await gateway.client.get("/livez")).text == "ok\n"
        states = (await gateway.client.get("/readyz")).json()["sources"]
        assert states == {key: "OK" if key == "sqlite" else "UNAVAILABLE" for key in SOURCES}
        for key in ("registry", *PROXIED):
            await stage.proxies[key].set(Fault.NONE)
            if key in SOURCES:
                await joined(gateway, key)
        answer = await gateway.answer(LIST, READER, policy="FAIL")
        assert answer["data"]["found"]["totalCount"] == EACH * len(SOURCES) + 1
        groups = await gateway.ask("{ groups { name } }", READER)
        assert groups["groups"]


async def joined(gateway: Gateway, key: str) -> None:
    """Return when a source answers; fail when that takes ten seconds."""
    query = 'query($key: String!) { found: customerUser(login: "everywhere", source: $key) { firstName } }'
    async with asyncio.timeout(10):
        while (answer := await gateway.answer(query, READER, key=key))["data"]["found"] is None:
            assert codes(answer) == {("SOURCE_UNAVAILABLE", key)}
            await asyncio.sleep(0.01)
    assert answer["data"]["found"] == {"firstName": key}


@pytest.mark.parametrize("key", SOURCES)
async def test_r4_a_list_without_a_source_says_so_and_has_the_people_of_all_others(
    stage: Stage, key: str
) -> None:
    whole = {(login, one) for one in SOURCES for login in people(one)} | {("everywhere", SOURCES[0])}
    async with stage.gateway(breaker="{ failures = 1, seconds = 0.02 }", timeout=PATIENT) as gateway:
        for fault in LISTED if key != "sqlite" else troubles_of(key):
            async with stage.failing(key, fault):
                answer = await gateway.answer(LIST, READER, policy="PARTIAL")
                total = await gateway.answer(LIST, READER, policy="FAIL")
            assert "errors" not in answer
            found = answer["data"]["found"]
            rows = {(one["login"], one["source"]["key"]) for one in found["nodes"]}
            status = {one["source"]["key"]: one["status"] for one in found["sources"]}
            served = {one["source"]["key"]: one["servedFrom"] for one in found["sources"]}
            assert {one for one in SOURCES if status[one] != "OK"} <= {key}
            if status[key] == "OK":
                assert (rows, found["totalCountPrecision"]) == (whole, "EXACT")
                continue
            assert fault is not Fault.SLOW
            assert (status[key] in SILENCES, served[key]) == (True, "NONE")
            assert {row for row in whole if row[1] != key} - {("everywhere", SOURCES[0])} <= rows
            assert found["totalCountPrecision"] == "AT_LEAST" or fault is Fault.FLAP
            if fault in FINAL:
                assert key not in {owner for _, owner in rows}
                assert codes(total) == {("SOURCE_UNAVAILABLE", key)}
            await joined(gateway, key)


RELATIONS = (
    "groups { permissions }", "effectivePermissions { permissions }", 'hasPermission(group: "users", permission: RO)',
    "accessibleCustomers { direct }", "services { name }", "assignedServices { name }", "preferences { key }",
    "additionalCustomerIds", "customerIds", "customers { name }",
)  # fmt: skip
ROOTS = (
    "groups { name }", 'group(name: "users") { name }', "services { name }", 'service(name: "x") { name }',
    "defaultServices { name }",
)  # fmt: skip


@pytest.mark.parametrize("fault", [one for one in FINAL if one is not Fault.HANG_MIDWAY])
async def test_r5_without_the_registry_nothing_is_empty_and_nothing_silently_null(
    stage: Stage, fault: Fault
) -> None:
    stage.order = ("mariadb",)
    queries = [f'{{ customerUser(login: "mariadb-0") {{ {one} }} }}' for one in RELATIONS]
    queries += [f"{{ {one} }}" for one in ROOTS]
    async with stage.gateway() as gateway:
        await joined(gateway, "mariadb")
        async with stage.failing("registry", fault):
            answers = await asyncio.gather(*(gateway.answer(query, READER) for query in queries))
        for query, answer in zip(queries, answers, strict=True):
            assert codes(answer) in (
                {("SOURCE_UNAVAILABLE", "registry")},
                {("SOURCE_TIMEOUT", "registry")},
            ), query
            assert "[]" not in str(answer["data"]), query
        again = await gateway.ask(queries[0], READER)
        assert again["customerUser"]["groups"]


@pytest.mark.parametrize("fault", HANGS)
async def test_r6_a_source_that_hangs_costs_its_timeout_and_no_more(stage: Stage, fault: Fault) -> None:
    async with stage.gateway(timeout=TIMEOUT / 2) as gateway:
        for key in SOURCES:
            await joined(gateway, key)
        for key in PROXIED:
            await stage.proxies[key].set(fault)
            stage.proxies[key].cut()
        answer = await gateway.ask(LIST, READER, policy="PARTIAL")
    found = answer["found"]
    assert {one["source"]["key"]: one["status"] for one in found["sources"]} == {
        key: "OK" if key == "sqlite" else "TIMEOUT" for key in SOURCES
    }
    assert {one["login"] for one in found["nodes"]} == {*people("sqlite"), "everywhere"}


@pytest.mark.parametrize("key", PROXIED)
async def test_r7_an_ill_source_is_left_alone_and_one_call_finds_out_that_it_is_well(
    stage: Stage, key: str
) -> None:
    stage.order = (key,)
    proxy = stage.proxies[key]
    async with stage.gateway(breaker="{ failures = 3, seconds = 1.5 }", timeout=TIMEOUT / 2) as gateway:
        async with stage.failing(key, Fault.HANG_AT_CONNECT):
            statuses = [await status(gateway) for _ in range(6)]
            assert statuses == [*["TIMEOUT"] * 3, *["CIRCUIT_OPEN"] * 3]
        seen = proxy.connections
        answers = await asyncio.gather(*(status(gateway, number) for number in range(20)))
        assert set(answers) == {"CIRCUIT_OPEN"}
        assert proxy.connections == seen
        await joined(gateway, key)


async def status(gateway: Gateway, number: int = 0) -> str | None:
    """What is wrong with the only source; None when nothing is. Requests of one number alone are equal."""
    answer = await gateway.answer(ONE, READER, login="everywhere", number=number)
    return answer["errors"][0]["extensions"]["status"] if "errors" in answer else None


@pytest.mark.parametrize("key", PROXIED)
async def test_r9_a_read_is_tried_once_more_on_a_fresh_connection_and_never_again(
    stage: Stage, key: str
) -> None:
    stage.order = (key,)
    proxy = stage.proxies[key]
    each = 2 if key == "mariadb" else 1  # what ran on a lost connection is killed through another one
    async with stage.gateway(timeout=10, request_timeout=30) as gateway:
        assert await status(gateway) is None
        before = proxy.connections
        proxy.cut()
        assert await status(gateway) is None
        assert proxy.connections == before + each
        async with stage.failing(key, Fault.RESET):
            before = proxy.connections
            assert await status(gateway) == "UNAVAILABLE"
            assert proxy.connections <= before + 2 * each
            before = proxy.connections
            assert await status(gateway) == "UNAVAILABLE"
            assert proxy.connections <= before + each, "a source that is down is asked once"


@pytest.mark.parametrize("equal", [True, False])
async def test_r11_five_hundred_equal_look_ups_are_one_call(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, equal: bool
) -> None:
    """Whether they are equal requests, or different ones that look up the same login."""
    numbers = [0 if equal else number for number in range(500)]
    stage.order = ("postgresql",)
    asked: list[str] = []
    fetch = PooledDriver.fetch

    async def counting(self: PooledDriver[Any], sql: str, args: Any = ()) -> Any:
        asked.append(sql)
        return await fetch(self, sql, args)

    monkeypatch.setattr(PooledDriver, "fetch", counting)
    async with stage.gateway(timeout=5.0) as gateway:
        async with stage.failing("postgresql", Fault.SLOW):
            found = await asyncio.gather(*(status(gateway, number) for number in numbers))
        assert (set(found), len(asked)) == ({None}, 1)
        asked.clear()
        async with stage.failing("postgresql", Fault.HANG_AT_FIRST_BYTE):
            calls = [asyncio.create_task(status(gateway, number)) for number in numbers]
            while not asked:
                await asyncio.sleep(0.001)
            calls[0].cancel()  # the one whose call it is
            await stage.proxies["postgresql"].set(Fault.RESET)
            found = await asyncio.gather(*calls[1:])
        assert set(found) == {"UNAVAILABLE"}
        assert len(asked) <= 2, "the call, and its one repetition"


async def test_r14_a_failure_is_not_kept(stage: Stage) -> None:
    async with stage.gateway(cache_ttl=60, timeout=PATIENT) as gateway:
        for key in PROXIED:
            stage.order = (key,)
            async with stage.failing(key, Fault.REFUSE):
                for login in people(key):
                    await gateway.answer(ONE, READER, login=login)
        for key in SOURCES:
            for login in people(key):
                found = (await gateway.ask(ONE, READER, login=login))["found"]
                assert found == {"login": login, "firstName": key, "source": {"key": key}}


async def test_r18_being_alive_touches_no_source_and_being_ready_names_each(stage: Stage) -> None:
    async with stage.gateway(timeout=PATIENT) as gateway:
        for _ in range(10):
            assert (await gateway.client.get("/livez")).status_code == 200
        assert {proxy.connections for proxy in stage.proxies.values()} == {0}
        for key, said in (("mariadb", "UNAVAILABLE"), ("sqlite", "TIMEOUT"), ("ldaps", "UNAVAILABLE")):
            async with stage.failing(key, Fault.RESET):
                answer = await gateway.client.get("/readyz")
            assert answer.status_code == 200
            assert answer.json()["sources"] == {one: said if one == key else "OK" for one in SOURCES}
