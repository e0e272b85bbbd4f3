"""Tickets' customer users through the API, and the dynamic fields that come along."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.callers import Gateway, found
from tests.api.offices import GONE, GONE_CUSTOMERS, Offices, a_ticket, fill_file, opened
from tests.sql.renames import AUDIT, THEN

FIELDS = (
    "INSERT INTO dynamic_field (id, name, label, field_order, field_type, object_type, valid_id, create_time,"
    " create_by, change_time, change_by) VALUES"
    f" (201, 'First', '', 1, 'Text', 'Ticket', 1, {AUDIT}), (202, 'Company', '', 1, 'Text', 'Ticket', 1, {AUDIT}),"
    f" (203, 'Room', '', 1, 'Text', 'Ticket', 1, {AUDIT}), (204, 'Other', '', 1, 'Text', 'Ticket', 1, {AUDIT})"
)
TOM = {"First": "Tom", "Company": "ACME Inc.", "Room": "A 1"}


@pytest.fixture(scope="module")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("ticketing", tmp_path_factory.mktemp("ticketing"), postgresql, slapd) as offices:
        await offices.run(FIELDS)
        yield offices


@pytest.fixture(scope="module")
async def desk(offices: Offices) -> AsyncIterator[Gateway]:
    async with offices.gateway() as desk:
        await desk.made("tom", firstName="Tom", room="A 1")
        await desk.made("una", firstName="Una", customerId="NORD")
        await desk.made("solo", source="branch", customerId="", firstName="Solo")
        yield desk


@pytest.fixture
async def ticket(offices: Offices) -> int:
    """A ticket of somebody else, whose dynamic fields hold something."""
    [(number,)] = await offices.rows("SELECT COALESCE(max(id), 0) + 1 FROM ticket")
    await offices.run(
        a_ticket(number, "OLD", "someone"),
        "INSERT INTO dynamic_field_value (field_id, object_id, value_text) VALUES"
        f" (201, {number}, 'kept'), (202, {number}, 'kept'), (204, {number}, 'kept')",
    )
    return int(number)


async def set_user(desk: Gateway, ticket: int | str, **given: Any) -> dict[str, Any]:
    """The payload of setTicketCustomerUser."""
    selection = "dynamicFields { name value }"
    return await desk.change("setTicketCustomerUser", selection, ticketId=str(ticket), **given)


async def state(offices: Offices, ticket: int) -> tuple[Any, ...]:
    """Customer, login and dynamic fields of a ticket, and the names of its history."""
    [row] = await offices.rows("SELECT customer_id, customer_user_id FROM ticket WHERE id = $1", ticket)
    values = await offices.rows(
        "SELECT f.name, v.value_text FROM dynamic_field_value v JOIN dynamic_field f ON f.id = v.field_id"
        " WHERE v.object_id = $1",
        ticket,
    )
    history = await offices.rows("SELECT name FROM ticket_history WHERE ticket_id = $1 ORDER BY id", ticket)
    return (*row, {str(name): value for name, value in values}, [name for (name,) in history])


async def test_a_ticket_gets_its_customer_user_customer_and_fields(
    desk: Gateway, offices: Offices, ticket: int
) -> None:
    payload = await set_user(desk, ticket, login="TOM")
    assert payload["userErrors"] == []
    shown = {one["name"]: one["value"] for one in payload["dynamicFields"]}
    assert shown == TOM
    assert await state(offices, ticket) == (
        "ACME",
        "tom",
        {**TOM, "Other": "kept"},
        ["%%CustomerID=ACME;CustomerUser=tom;"],
    )
    [entry] = await offices.rows(
        "SELECT t.name, h.create_by, h.queue_id, h.owner_id, h.create_time > $2::text::timestamp"
        " FROM ticket_history h JOIN ticket_history_type t ON t.id = h.history_type_id WHERE h.ticket_id = $1",
        ticket,
        THEN,
    )
    assert entry == ("CustomerUpdate", 7, 1, 1, True)
    [audit] = await offices.rows(
        "SELECT change_by, abs(extract(epoch FROM (now() AT TIME ZONE 'Europe/Berlin') - change_time)) < 60"
        " FROM ticket WHERE id = $1",
        ticket,
    )
    assert audit == (7, True)


async def test_what_is_shown_of_a_customer_user_is_what_its_tickets_get(desk: Gateway) -> None:
    query = '{ customerUser(login: "tom") { ticketDynamicFields { name value } } }'
    data = await desk.ask(query)
    shown = {one["name"]: one["value"] for one in data["customerUser"]["ticketDynamicFields"]}
    assert shown == TOM


@pytest.mark.parametrize(
    ("given", "customer_id", "login", "fields", "history"),
    [
        ({"login": "tom", "customerId": "NORD"}, "NORD", "tom", TOM, "%%CustomerID=NORD;CustomerUser=tom;"),
        ({"login": "una"}, "NORD", "una", {"First": "Una", "Company": "NORD Inc."}, None),
        ({"login": "ada"}, "", "ada", {"First": "Ada"}, None),
        ({"login": "solo"}, "", "solo", {"First": "Solo"}, None),
        ({"login": "nobody"}, "OLD", "nobody", {}, "%%CustomerUser=nobody;"),
        ({"login": ""}, "OLD", "", {}, "%%"),
        ({"login": None}, "OLD", "", {}, "%%"),
        ({"customerId": None}, "", "someone", {}, "%%"),
        ({"customerId": "NORD"}, "NORD", "someone", {}, "%%CustomerID=NORD;"),
    ],
    ids=str,
)
async def test_fields_become_those_of_the_customer_user_that_the_ticket_has_then(
    desk: Gateway,
    offices: Offices,
    ticket: int,
    given: dict[str, str | None],
    customer_id: str,
    login: str,
    fields: dict[str, str],
    history: str | None,
) -> None:
    assert found(await set_user(desk, ticket, **given)) == []
    *names, values, entries = await state(offices, ticket)
    assert [name or "" for name in names] == [customer_id, login]
    assert values == {**fields, "Other": "kept"}
    assert len(entries) == 1
    assert history in (None, entries[0])


@pytest.mark.parametrize("number", ["9999", "0", "-1", "x", "1.5", "9" * 30, ""])
async def test_a_ticket_that_does_not_exist_is_not_found(desk: Gateway, number: str) -> None:
    assert found(await set_user(desk, number, login="tom")) == [("ticketId", "NOT_FOUND")]


@pytest.mark.parametrize(
    "missing",
    ["name = 'Gone'", "valid_id = 2", "object_type = 'CustomerUser'"],
    ids=["none", "invalid", "other"],
)
async def test_a_field_that_tickets_do_not_have_is_not_found_and_nothing_is_written(
    desk: Gateway, offices: Offices, ticket: int, missing: str
) -> None:
    before = await state(offices, ticket)
    await offices.run(f"UPDATE dynamic_field SET {missing} WHERE id = 203")
    payload = await set_user(desk, ticket, login="tom")
    await offices.run(
        "UPDATE dynamic_field SET name = 'Room', valid_id = 1, object_type = 'Ticket' WHERE id = 203"
    )
    [error] = payload["userErrors"]
    assert (error["field"], error["code"]) == (None, "NOT_FOUND")
    assert "Room" in error["message"]
    assert payload["dynamicFields"] == []
    assert await state(offices, ticket) == before


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ({}, ("login", "REQUIRED")),
        ({"login": "x" * 192}, ("login", "INVALID")),
        ({"customerId": "x" * 151}, ("customerId", "INVALID")),
        ({"login": "nul\0"}, ("login", "INVALID")),
    ],
    ids=["nothing", "login", "customerId", "nul"],
)
async def test_a9_each_mistake_has_its_path_and_nothing_is_written(
    desk: Gateway, offices: Offices, ticket: int, given: dict[str, str], finding: tuple[str, str]
) -> None:
    before = await state(offices, ticket)
    assert found(await set_user(desk, ticket, **given)) == [finding]
    assert await state(offices, ticket) == before


@pytest.mark.parametrize("given", [{"login": "nobody"}, {"customerId": "NORD"}], ids=str)
async def test_r15_a_login_that_may_be_in_a_silent_source_empties_no_field(
    offices: Offices, desk: Gateway, ticket: int, given: dict[str, str]
) -> None:
    before = await state(offices, ticket)
    async with offices.gateway(more=GONE) as other:
        assert found(await set_user(other, ticket, **given)) == [("login", "SOURCE_UNAVAILABLE")]
    assert await state(offices, ticket) == before


async def test_r15_a_customer_that_may_be_in_a_silent_source_empties_no_field(
    offices: Offices, desk: Gateway, ticket: int
) -> None:
    await offices.run("UPDATE customer_user SET customer_id = 'FAR' WHERE login = 'una'")
    before = await state(offices, ticket)
    async with offices.gateway(customers=GONE_CUSTOMERS) as other:
        assert found(await set_user(other, ticket, login="una")) == [("login", "SOURCE_UNAVAILABLE")]
    assert await state(offices, ticket) == before
    await offices.run("UPDATE customer_user SET customer_id = 'NORD' WHERE login = 'una'")


LATE = """
[[sources]]
key = "late"
url = "sqlite:///late.sqlite"
timeout = 0.3
"""
LATE_CUSTOMERS = """
[[customers]]
key = "late_companies"
url = "sqlite:///late.sqlite"
timeout = 0.3
"""


@contextmanager
def silenced(path: Path) -> Iterator[None]:
    """A file that answers nobody, as long as the block lasts."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("part", ["more", "customers"])
async def test_r15_what_is_remembered_to_be_absent_empties_no_field_during_an_outage(
    offices: Offices, desk: Gateway, ticket: int, part: str
) -> None:
    fill_file(offices.folder / "late.sqlite", [], [])
    login = "remembered" if part == "more" else "far"
    if part == "customers":
        await desk.made("far")
        await offices.run("UPDATE customer_user SET customer_id = 'FAR' WHERE login = 'far'")
    before = await state(offices, ticket)
    query = f'{{ customerUser(login: "{login}") {{ customer {{ name }} }} }}'
    async with offices.gateway(**{part: LATE if part == "more" else LATE_CUSTOMERS}) as other:
        known = (await other.ask(query))["customerUser"]
        assert known in (None, {"customer": None})
        with silenced(offices.folder / "late.sqlite"):
            assert (await other.ask(query))["customerUser"] == known  # the absence is remembered
            payload = await set_user(other, ticket, login=login)
        assert found(payload) == [("login", "SOURCE_UNAVAILABLE")]
    (offices.folder / "late.sqlite").unlink()
    assert await state(offices, ticket) == before


async def test_a_registry_without_tickets_has_none(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bare")
    async with opened("bare", folder, postgresql, slapd) as bare, bare.gateway() as desk:
        await bare.run("DROP TABLE ticket CASCADE")
        payload = await set_user(desk, 1, login="tom")
        assert found(payload) == [("ticketId", "NOT_FOUND")]
        assert "no tickets" in payload["userErrors"][0]["message"]
        await desk.made("mover")
        assert found(await desk.update("mover", newLogin="moved", customerId="NORD")) == []
