"""Renames through the API: everything that hangs on a name follows, whatever database it is in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import gateway.stack
from backends.caches import SharedCache, redis_cache
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.redis import Redis
from gateway.demo.servers.slapd import Slapd
from resolvers.writing import customer_users
from tests.api.callers import ADMIN, Gateway, found
from tests.api.offices import GONE, Offices, a_company, a_ticket, opened
from tests.sql.renames import AUDIT, THEN

LOGIN_TABLES = {
    "customer_preferences": "user_id",
    "group_customer_user": "user_id",
    "customer_user_customer": "user_id",
    "service_customer_user": "customer_user_login",
    "search_profile": "replace(login, 'CustomerTicketSearch::', '')",
    "dynamic_field_obj_id_name": "object_name",
    "ticket": "customer_user_id",
}
"""Where logins stand in OTOBO's tables."""

ID_TABLES = {
    "customer_company": "customer_id",
    "customer_user": "customer_id",
    "group_customer": "customer_id",
    "customer_user_customer": "customer_id",
    "dynamic_field_obj_id_name": "object_name",
    "ticket": "customer_id",
}
"""Where customer IDs stand."""


def belongings(login: str, number: int) -> list[str]:
    """Statements that give a login one of everything, and two tickets, one of another customer."""
    return [
        f"INSERT INTO customer_preferences VALUES ('{login}', 'UserLanguage', 'de')",
        f"INSERT INTO group_customer_user VALUES ('{login}', 10, 'rw', 1, {AUDIT})",
        f"INSERT INTO customer_user_customer VALUES ('{login}', 'NORD', {AUDIT})",
        f"INSERT INTO service_customer_user VALUES ('{login}', 20, '{THEN}', 1)",
        f"INSERT INTO service_customer_user VALUES ('{login}', 21, '{THEN}', 1)",
        f"INSERT INTO search_profile VALUES ('CustomerTicketSearch::{login}', 'mine', 'SCALAR', 'Title', 'x')",
        "INSERT INTO dynamic_field_obj_id_name (object_id, object_name, object_type)"
        f" VALUES ({number}, '{login}', 'CustomerUser')",
        f"INSERT INTO dynamic_field_value (field_id, object_id, value_text) VALUES (101, {number}, 'red')",
        a_ticket(number, "ACME", login),
        a_ticket(number + 1, "NORD", login),
    ]


WORLD = (
    "INSERT INTO groups_table (id, name, valid_id, create_time, create_by, change_time, change_by)"
    f" VALUES (10, 'g10', 1, {AUDIT})",
    "INSERT INTO service (id, name, valid_id, create_time, create_by, change_time, change_by)"
    f" VALUES (20, 's20', 1, {AUDIT}), (21, 's21', 2, {AUDIT})",
    "INSERT INTO dynamic_field (id, name, label, field_order, field_type, object_type, valid_id, create_time,"
    f" create_by, change_time, change_by) VALUES (101, 'Shade', '', 1, 'Text', 'CustomerUser', 1, {AUDIT})",
)


async def counts(offices: Offices, tables: dict[str, str], name: str) -> dict[str, int]:
    """In how many rows of each table the name stands."""
    found = {}
    for table, column in tables.items():
        [(number,)] = await offices.rows(f"SELECT count(*) FROM {table} WHERE {column} = $1", name)
        found[table] = number
    return found


@pytest.fixture(scope="module")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("renaming", tmp_path_factory.mktemp("renaming"), postgresql, slapd) as offices:
        await offices.run(*WORLD)
        yield offices


@pytest.fixture(scope="module")
async def desk(offices: Offices) -> AsyncIterator[Gateway]:
    async with offices.gateway() as desk:
        yield desk


@pytest.mark.parametrize(("source", "number"), [("desk", 100), ("branch", 110)])
async def test_a_new_login_takes_everything_along(
    desk: Gateway, offices: Offices, source: str, number: int
) -> None:
    old, new = f"from-{source}", f"to-{source}"
    await desk.made(old, source=source)
    await offices.run(*belongings(old, number))
    before = await counts(offices, LOGIN_TABLES, old)
    payload = await desk.update(old, newLogin=new, phone="1")
    assert payload["userErrors"] == []
    assert (payload["customerUser"]["login"], payload["customerUser"]["phone"]) == (new, "1")
    assert payload["customerUser"]["source"]["key"] == source
    assert await counts(offices, LOGIN_TABLES, new) == before
    assert set((await counts(offices, LOGIN_TABLES, old)).values()) == {0}
    history = await offices.rows(
        "SELECT ticket_id, name, create_by FROM ticket_history WHERE ticket_id BETWEEN $1 AND $2 ORDER BY 1",
        number,
        number + 1,
    )
    assert history == [
        (number, f"%%CustomerID=ACME;CustomerUser={new};", 7),
        (number + 1, f"%%CustomerUser={new};", 7),
    ]
    assert await desk.user(old) is None


@pytest.mark.parametrize(("source", "number"), [("desk", 120), ("branch", 130)])
async def test_a_change_of_letter_case_alone_is_a_rename_too(
    desk: Gateway, offices: Offices, source: str, number: int
) -> None:
    old, new = f"case-{source}", f"Case-{source}"
    await desk.made(old, source=source)
    await offices.run(*belongings(old, number))
    assert found(await desk.update(old.upper(), newLogin=new)) == []
    assert set((await counts(offices, LOGIN_TABLES, old)).values()) == {0}
    assert min((await counts(offices, LOGIN_TABLES, new)).values()) == 1


async def test_a_new_primary_customer_takes_the_tickets_under_the_old_one_along(
    desk: Gateway, offices: Offices
) -> None:
    await desk.made("switcher")
    await offices.run(a_ticket(140, "ACME", "switcher"), a_ticket(141, "NORD", "switcher"))
    assert found(await desk.update("switcher", customerId="OLDCO")) == []
    rows = await offices.rows("SELECT customer_id FROM ticket WHERE id IN (140, 141) ORDER BY id")
    assert rows == [("OLDCO",), ("NORD",)]


async def test_tickets_follow_from_the_customer_that_is_stored_when_the_change_is_written(
    desk: Gateway, offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.made("hurried")
    await offices.run(a_ticket(142, "ACME", "hurried"), a_ticket(143, "NORD", "hurried"))

    async def meanwhile(*arguments: Any) -> None:
        await offices.run("UPDATE customer_user SET customer_id = 'NORD' WHERE login = 'hurried'")

    monkeypatch.setattr(customer_users, "address_checked", meanwhile)
    assert found(await desk.update("hurried", customerId="OLDCO")) == []
    rows = await offices.rows("SELECT customer_id FROM ticket WHERE id IN (142, 143) ORDER BY id")
    assert rows == [("ACME",), ("OLDCO",)]


@pytest.mark.parametrize(
    "left",
    [
        f"INSERT INTO group_customer_user VALUES ('{{}}', 10, 'ro', 1, {AUDIT})",
        f"INSERT INTO customer_user_customer VALUES ('{{}}', 'NORD', {AUDIT})",
        f"INSERT INTO service_customer_user VALUES ('{{}}', 20, '{THEN}', 1)",
        "INSERT INTO customer_preferences VALUES ('{}', 'UserSkin', 'x')",
        "INSERT INTO search_profile VALUES ('CustomerTicketSearch::{}', 'p', 'SCALAR', 'k', 'v')",
    ],
    ids=lambda text: text.split()[2],
)
async def test_a23_what_is_left_under_a_login_is_not_inherited_unless_an_admin_says_so(
    desk: Gateway, offices: Offices, left: str
) -> None:
    name = left.split()[2].replace("_", "")
    await desk.made(f"heir-{name}")
    await offices.run(left.format(f"late-{name}"))
    people = await offices.people()
    refused = await desk.update(f"heir-{name}", newLogin=f"late-{name}")
    assert found(refused) == [("newLogin", "CONFLICT")]
    assert left.split()[2] in refused["userErrors"][0]["message"]
    forbidden = await desk.update(f"heir-{name}", newLogin=f"late-{name}", adoptRelations=True)
    assert found(forbidden) == [("adoptRelations", "FORBIDDEN")]
    assert await offices.people() == people
    adopted = await desk.update(f"heir-{name}", ADMIN, newLogin=f"late-{name}", adoptRelations=True)
    assert found(adopted) == []


async def test_a_rename_that_was_cut_off_between_two_databases_is_finished_by_repeating_it(
    desk: Gateway, offices: Offices
) -> None:
    await desk.made("cut", source="branch")
    await offices.run(*belongings("cut", 150))
    before = await counts(offices, LOGIN_TABLES, "cut")
    offices.branch(  # SQLite says no when the last commit comes, as a disk that is full would
        "CREATE TABLE late (login TEXT REFERENCES customer_user (login) DEFERRABLE INITIALLY DEFERRED)"
    )
    offices.branch("CREATE TRIGGER no AFTER UPDATE ON customer_user BEGIN INSERT INTO late VALUES ('?'); END")
    answer = await desk.answer(
        'mutation { updateCustomerUser(input: {login: "cut", newLogin: "whole"}) { userErrors { code } } }'
    )
    assert answer["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    assert "repeat" in answer["errors"][0]["message"]
    assert await counts(offices, LOGIN_TABLES, "whole") == before | {
        "customer_preferences": 2
    }  # the registry had its commit
    assert await desk.user("cut") is not None
    offices.branch("DROP TRIGGER no")
    assert found(await desk.update("cut", newLogin="whole")) == []
    assert await counts(offices, LOGIN_TABLES, "whole") == before
    assert set((await counts(offices, LOGIN_TABLES, "cut")).values()) == {0}
    assert await desk.user("cut") is None


async def test_a_new_customer_id_takes_everything_along_in_every_writable_source(
    desk: Gateway, offices: Offices
) -> None:
    await offices.run(
        a_company("WEST"),
        f"INSERT INTO group_customer VALUES ('WEST', 10, 'rw', 1, 'Same', {AUDIT})",
        "INSERT INTO dynamic_field_obj_id_name (object_id, object_name, object_type)"
        " VALUES (160, 'WEST', 'CustomerCompany')",
    )
    await desk.made("west1", customerId="WEST")
    await desk.made("west2", source="branch", customerId="west")
    await desk.made("west3")
    await offices.run(
        "UPDATE customer_user SET customer_ids = 'NORD;WEST' WHERE login = 'west3'",
        f"INSERT INTO customer_user_customer VALUES ('ada', 'WEST', {AUDIT})",
        a_ticket(160, "WEST", "ada"),
    )
    before = await counts(offices, ID_TABLES, "WEST")
    for login in ("west1", "west2", "west3"):
        assert await desk.user(login) is not None
    payload = await desk.update_customer("west", newCustomerId="EAST", city="Dresden")
    assert payload["userErrors"] == []
    assert (payload["customer"]["customerId"], payload["customer"]["city"]) == ("EAST", "Dresden")
    assert payload["unchangedLogins"] == []
    assert await counts(offices, ID_TABLES, "EAST") == before
    assert set((await counts(offices, ID_TABLES, "WEST")).values()) == {0}
    users = [await desk.user(login) for login in ("west1", "west2")]
    assert [user and user["customerId"] for user in users] == ["EAST", "EAST"]
    assert await offices.rows("SELECT customer_ids FROM customer_user WHERE login = 'west3'") == [
        ("NORD;EAST",)
    ]


async def test_whoever_cannot_follow_a_new_customer_id_is_named(desk: Gateway, offices: Offices) -> None:
    payload = await desk.update_customer("ACME", newCustomerId="ACME-2")
    assert (payload["userErrors"], payload["unchangedLogins"]) == ([], ["oldie"])
    assert (await desk.update_customer("ACME-2", newCustomerId="ACME"))["userErrors"] == []


async def test_whoever_stands_in_a_source_whose_customer_ids_are_read_only_is_named_too(
    offices: Offices,
) -> None:
    fixed = (
        '[[sources]]\nkey = "fixed"\nurl = "sqlite:///foreign.sqlite"\nforeign = true\n'
        '[[sources.fields]]\nvariable = "UserCustomerID"\ncolumn = "customer_id"\nread_only = true\n'
    )
    async with offices.gateway(more=fixed) as desk:
        await desk.create_customer("FIXED")
        await desk.made("fixed", source="fixed", customerId="FIXED", password=None)
        payload = await desk.update_customer("FIXED", newCustomerId="LOOSE")
        assert (payload["userErrors"], payload["unchangedLogins"]) == ([], ["fixed"])
        user = await desk.user("fixed")
        assert (user or {})["customerId"] == "FIXED"


async def test_a_silent_source_stops_the_rename_of_a_customer(offices: Offices) -> None:
    async with offices.gateway(more=GONE) as desk:
        before = await counts(offices, ID_TABLES, "NORD")
        payload = await desk.update_customer("NORD", newCustomerId="SUED")
        assert found(payload) == [("newCustomerId", "SOURCE_UNAVAILABLE")]
        assert found(await desk.update_customer("NORD", city="Kiel")) == []
        assert await counts(offices, ID_TABLES, "NORD") == before


async def test_a_new_customer_id_is_free_in_all_sources_and_nothing_is_left_under_it(
    desk: Gateway, offices: Offices
) -> None:
    assert found(await desk.update_customer("NORD", newCustomerId="oldco")) == [("newCustomerId", "TAKEN")]
    assert found(await desk.update_customer("NORD", newCustomerId="acme")) == [("newCustomerId", "TAKEN")]
    await offices.run(f"INSERT INTO group_customer VALUES ('LATE', 10, 'ro', 1, 'Same', {AUDIT})")
    assert found(await desk.update_customer("NORD", newCustomerId="LATE")) == [("newCustomerId", "CONFLICT")]
    adopted = await desk.update_customer("NORD", ADMIN, newCustomerId="LATE", adoptRelations=True)
    assert found(adopted) == []
    assert found(await desk.update_customer("LATE", newCustomerId="NORD")) == []
    assert found(await desk.update_customer("NORD", newCustomerId="Nord")) == []


@pytest.fixture
async def caches(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[SharedCache]]:
    """Shared caches that gateways open, closed in the end."""
    opened_: list[SharedCache] = []

    def open_one(url: str) -> SharedCache:
        opened_.append(redis_cache(url))
        return opened_[-1]

    monkeypatch.setattr(gateway.stack, "redis_cache", open_one)
    yield opened_
    for cache in opened_:
        await cache.close()


async def test_after_a_rename_no_gateway_with_a_shared_cache_shows_the_old_customer_id(
    desk: Gateway, offices: Offices, redis: Redis, caches: list[SharedCache]
) -> None:
    await offices.run(a_company("SHARED"))
    await desk.made("sharer", customerId="SHARED")
    head = f'[cache]\nbackend = "redis"\nurl = "{redis.url}"'
    async with offices.gateway(head=head) as one, offices.gateway(head=head) as other:
        before = await other.user("sharer")
        assert (before or {})["customerId"] == "SHARED"
        assert found(await one.update_customer("SHARED", newCustomerId="SHARED-2")) == []
        after = await other.user("sharer")
        assert (after or {})["customerId"] == "SHARED-2"
    assert len(caches) == 2
