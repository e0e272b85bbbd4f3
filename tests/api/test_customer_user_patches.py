"""Patches of customer users: absent stays, null and "" empty; versions, and writers who meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.callers import Gateway, found
from tests.api.offices import Offices, opened

TEXTS = ("title", "phone", "fax", "mobile", "street", "zip", "city", "country", "comment", "room", "colour")
REQUIRED = ("firstName", "lastName", "email", "customerId", "validity")
GOOD: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.sampled_from(["x", "Köln", "0", " ", "O'Neil; --"]) for name in TEXTS},
    "firstName": st.sampled_from(["Ada", "Zoë"]),
    "lastName": st.sampled_from(["Lovelace", "0"]),
    "email": st.sampled_from(["a@patch.test", "b'c@patch.test"]),
    "customerId": st.sampled_from(["ACME", "NORD", "OLDCO"]),
    "validity": st.sampled_from(["VALID", "INVALID", "INVALID_TEMPORARILY"]),
    "colour": st.sampled_from(["red", "blue"]),
    "floor": st.sampled_from([1, -5, 2**31 - 1]),
}
NOTHING = st.sampled_from([None, ""])


def patches() -> st.SearchStrategy[dict[str, Any]]:
    """Any fields, each with a value or with nothing."""
    fields = {name: st.one_of(good, NOTHING) for name, good in GOOD.items()}
    fields["floor"] = st.one_of(GOOD["floor"], st.none())
    fields["validity"] = st.one_of(GOOD["validity"], st.none())
    return st.fixed_dictionaries({}, optional=fields)


@pytest.fixture(scope="module")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("patching", tmp_path_factory.mktemp("patching"), postgresql, slapd) as offices:
        yield offices


@pytest.fixture(scope="module")
async def desk(offices: Offices) -> AsyncIterator[Gateway]:
    async with offices.gateway() as desk:
        await desk.made("patched")
        await desk.made("branched", source="branch")
        yield desk


async def must(desk: Gateway, login: str) -> dict[str, Any]:
    """A customer user who is there."""
    user = await desk.user(login)
    assert user is not None
    return user


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(patch=patches())
async def test_a8_what_is_left_out_stays_and_null_and_the_empty_text_empty(
    desk: Gateway, patch: dict[str, Any]
) -> None:
    before = await must(desk, "patched")
    payload = await desk.update("patched", **patch)
    missing = [(name, "REQUIRED") for name in REQUIRED if name in patch and not patch[name]]
    assert found(payload) == sorted(missing)
    after = await must(desk, "patched")
    wanted = before if missing else before | {name: value or None for name, value in patch.items()}
    wanted["floor"] = wanted["floor"] or 0  # MAP-7
    names = GOOD.keys()
    assert {name: after[name] or None for name in names} == {name: wanted[name] or None for name in names}
    assert (after["version"] == before["version"]) == all(after[name] == before[name] for name in names)
    if not missing:
        assert payload["customerUser"] == after


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"newLogin": None}, ("newLogin", "REQUIRED")),
        ({"newLogin": ""}, ("newLogin", "REQUIRED")),
        ({"newLogin": "0"}, ("newLogin", "INVALID")),
        ({"newLogin": "FIRST0"}, ("newLogin", "TAKEN")),
        ({"newLogin": "Ada"}, ("newLogin", "TAKEN")),
        ({"badge": "7"}, ("badge", "READ_ONLY")),
        ({"badge": None}, ("badge", "READ_ONLY")),
        ({"colour": "green"}, ("colour", "INVALID")),
        ({"city": "x\0"}, ("city", "INVALID")),
        ({"room": "x" * 201}, ("room", "INVALID")),
        ({"email": "nonsense"}, ("email", "INVALID")),
        ({"ifVersion": "another"}, ("ifVersion", "CONFLICT")),
        ({"ifVersion": "", "city": "Ulm"}, ("ifVersion", "CONFLICT")),
        ({"customerId": "ADA"}, ("customerId", "NOT_FOUND")),
        ({"validity": None}, ("validity", "REQUIRED")),
    ],
    ids=str,
)
async def test_a9_each_mistake_has_its_path_and_nothing_is_written(
    desk: Gateway, offices: Offices, changes: dict[str, Any], finding: tuple[str, str]
) -> None:
    if await desk.user("first0") is None:
        await desk.made("first0")
    await desk.update("patched", validity="VALID")
    before = await offices.people()
    payload = await desk.update("patched", **{"title": "changed", **changes})
    assert found(payload) == [finding]
    assert payload["customerUser"] is None
    assert await offices.people() == before


async def test_a_field_that_only_another_source_has_is_refused_with_its_name(desk: Gateway) -> None:
    assert found(await desk.update("branched", room="A 1")) == [("room", "INVALID")]
    assert found(await desk.update("branched", room=None, floor=None, city="Kiel")) == []
    assert (await must(desk, "branched"))["city"] == "Kiel"


async def test_what_was_empty_before_may_stay_so(desk: Gateway, offices: Offices) -> None:
    await desk.made("halfway")
    await offices.run("UPDATE customer_user SET first_name = '', email = '' WHERE login = 'halfway'")
    assert found(await desk.update("halfway", city="Ulm")) == []
    assert found(await desk.update("halfway", city="Ulm", firstName="")) == [("firstName", "REQUIRED")]


async def test_an_update_that_changes_nothing_writes_nothing(desk: Gateway, offices: Offices) -> None:
    before = await desk.made("idle", city="Ulm")
    await offices.run("UPDATE customer_user SET change_time = '2020-01-01 00:00:00' WHERE login = 'idle'")
    rows = await offices.people()
    payload = await desk.update("idle", city="Ulm", phone="", newLogin="idle", customerId="ACME")
    assert payload["userErrors"] == []
    assert await offices.people() == rows
    assert payload["customerUser"]["version"] != before["version"]  # somebody else wrote in between


async def test_a12_the_version_changes_with_what_is_stored_and_with_nothing_else(
    desk: Gateway, offices: Offices
) -> None:
    version = (await desk.made("steady"))["version"]
    await desk.change("setCustomerUserPassword", "generatedPassword", login="steady", password="x y")
    await desk.change(
        "setCustomerUserPreferences",
        "customerUser { login }",
        login="steady",
        preferences=[{"key": "UserLanguage", "value": "de"}],
    )
    async with offices.gateway() as other:
        assert (await must(other, "steady"))["version"] == version
        payload = await other.update("steady", ifVersion=version, city="Bonn")
        assert payload["userErrors"] == []
        newer = payload["customerUser"]["version"]
        assert newer != version
    assert found(await desk.update("steady", ifVersion=version, city="Köln")) == [("ifVersion", "CONFLICT")]
    await offices.run("UPDATE customer_user SET city = 'Trier' WHERE login = 'steady'")
    assert found(await desk.update("steady", ifVersion=newer, city="Köln")) == [("ifVersion", "CONFLICT")]


@pytest.mark.parametrize("login", ["raced", "raced2"])
async def test_of_writers_with_the_same_version_exactly_one_wins(
    desk: Gateway, offices: Offices, login: str
) -> None:
    made = await desk.made(login, source="desk" if login == "raced" else "branch")
    async with offices.gateway() as other:
        payloads = await asyncio.gather(
            *(
                gateway.update(login, ifVersion=made["version"], city=f"{place}")
                for place, gateway in enumerate([desk, other, desk, other])
            )
        )
        [winner] = [one for one in payloads if not one["userErrors"]]
        losers = [found(one) for one in payloads if one["userErrors"]]
        assert losers == [[("ifVersion", "CONFLICT")]] * 3
        rows = await offices.rows("SELECT city FROM customer_user WHERE login = $1", login)
        rows += offices.branch("SELECT city FROM customer_user WHERE login = ?", login)
        assert rows == [(winner["customerUser"]["city"],)]


async def test_of_two_who_make_the_same_login_at_once_one_does(desk: Gateway, offices: Offices) -> None:
    async with offices.gateway() as other:
        payloads = await asyncio.gather(
            *(
                gateway.create(login, email=f"{place}@twin.test")
                for place, (gateway, login) in enumerate(
                    [(desk, "twin"), (other, "TWIN"), (desk, "Twin"), (other, "twin")]
                )
            )
        )
    assert sorted(found(one) for one in payloads) == [[], *[[("login", "TAKEN")]] * 3]
    assert len(await offices.rows("SELECT login FROM customer_user WHERE lower(login) = 'twin'")) == 1


async def test_of_four_with_the_same_address_at_once_one_is_made(desk: Gateway, offices: Offices) -> None:
    async with offices.gateway() as other:
        payloads = await asyncio.gather(
            *(
                gateway.create(f"address{place}", email="once@race.test")
                for place, gateway in enumerate([desk, other, desk, other])
            )
        )
    assert sorted(found(one) for one in payloads) == [[], *[[("email", "TAKEN")]] * 3]
    assert len(await offices.rows("SELECT login FROM customer_user WHERE email = 'once@race.test'")) == 1


async def test_of_two_who_make_a_login_in_two_sources_at_once_one_does(
    desk: Gateway, offices: Offices
) -> None:
    async with offices.gateway() as other:
        payloads = await asyncio.gather(
            *(
                gateway.create("everywhere", source=source, email=f"{place}@everywhere.test")
                for place, (gateway, source) in enumerate(
                    [(desk, "desk"), (other, "branch"), (desk, "branch"), (other, "desk")]
                )
            )
        )
    assert sorted(found(one) for one in payloads) == [[], *[[("login", "TAKEN")]] * 3]
    made = await offices.rows("SELECT login FROM customer_user WHERE login = 'everywhere'")
    made += offices.branch("SELECT login FROM customer_user WHERE login = 'everywhere'")
    assert len(made) == 1


async def test_of_two_who_rename_at_once_one_does(desk: Gateway, offices: Offices) -> None:
    await desk.made("mover")
    async with offices.gateway() as other:
        payloads = await asyncio.gather(
            desk.update("mover", newLogin="mover-a"), other.update("mover", newLogin="mover-b")
        )
    outcomes = sorted(found(one) for one in payloads)
    assert outcomes in ([[], [("login", "NOT_FOUND")]], [[], [("login", "CONFLICT")]])
    assert len(await offices.rows("SELECT login FROM customer_user WHERE login LIKE 'mover-%'")) == 1


async def test_patches_of_other_fields_do_not_undo_each_other(desk: Gateway, offices: Offices) -> None:
    await desk.made("shared")
    async with offices.gateway() as other:
        await asyncio.gather(
            desk.update("shared", city="Ulm"),
            other.update("shared", phone="1"),
            offices.run("UPDATE customer_user SET fax = '2' WHERE login = 'shared'"),
            desk.update("shared", zip="3"),
        )
    user = await must(desk, "shared")
    assert (user["city"], user["phone"], user["fax"], user["zip"]) == ("Ulm", "1", "2", "3")


async def test_after_a_write_the_cache_shows_the_new_state_at_once(desk: Gateway) -> None:
    assert await desk.user("fresh") is None
    await desk.made("fresh")
    assert (await must(desk, "FRESH"))["city"] in (None, "")
    await desk.update("fresh", city="Ulm", newLogin="fresher")
    assert await desk.user("fresh") is None
    assert (await must(desk, "fresher"))["city"] == "Ulm"


async def test_changes_that_wait_for_one_row_hold_up_no_change_of_another(
    desk: Gateway, offices: Offices
) -> None:
    await desk.made("held")
    await desk.made("unheld")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%customer_user%'"
    async with offices.otobo.transaction() as session:
        await session.fetch("SELECT login FROM customer_user WHERE login = 'held' FOR UPDATE")
        held = [asyncio.ensure_future(desk.update("held", city=f"{place}")) for place in range(8)]
        while await offices.rows(waiting) == [(0,)]:
            await asyncio.sleep(0.01)
        assert found(await desk.update("unheld", city="Ulm")) == []
        assert await offices.rows(waiting) == [(1,)]
        assert not any(one.done() for one in held)
    assert [found(one) for one in await asyncio.gather(*held)] == [[]] * 8
