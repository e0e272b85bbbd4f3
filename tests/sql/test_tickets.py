"""Tickets: set as OTOBO sets them, with one entry in the history, and with fields that follow the customer user."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from backends.sql.tickets import SqlTickets
from backends.tickets import TicketStore
from backends.writers import Missing, NoTickets, Unstorable
from tests.sql.renames import AUDIT, NOW_TEXT, STAMP, THEN, Clock, Interrupted, Place, place_at
from tests.sql.renames import places as places

FIELDS = (
    (201, "First", "Text", "Ticket", 1),
    (202, "Since", "DateTime", "Ticket", 1),
    (203, "Vip", "Checkbox", "Ticket", 1),
    (204, "Several", "Multiselect", "Ticket", 1),
    (205, "Old", "Text", "Ticket", 2),
    (206, "OfUser", "Text", "CustomerUser", 1),
)


@pytest.fixture
async def place(places: tuple[str, str]) -> AsyncIterator[Place]:
    """A registry with tickets and fields of theirs."""
    place = place_at(places[0], places[0])
    await place.reset()
    for number, name, kind, object_type, valid in FIELDS:
        await place.registry.execute(
            "INSERT INTO dynamic_field (id, name, label, field_order, field_type, object_type, valid_id, create_time,"
            f" create_by, change_time, change_by) VALUES ({number}, '{name}', '', 1, '{kind}', '{object_type}',"
            f" {valid}, {AUDIT})"
        )
    yield place
    await place.close()


@pytest.fixture
def tickets(place: Place) -> TicketStore:
    """The tickets of the registry."""
    return SqlTickets(place.registry, STAMP)


async def values(place: Place, ticket: int = 3) -> list[tuple[Any, ...]]:
    """Dynamic field values of a ticket as stored, without their own ids."""
    rows = await place.registry.fetch(
        "SELECT field_id, value_text, value_date, value_int, index_value, index_set FROM dynamic_field_value"
        f" WHERE object_id = {ticket} ORDER BY field_id, index_value"
    )
    return [tuple(value if value is None else str(value) for value in row) for row in rows]


async def test_a_ticket_says_whose_it_is(tickets: TicketStore) -> None:
    assert await tickets.ticket(1) == ("CO-1", "amy")
    assert await tickets.ticket(5) == (None, None)
    for number in (0, -1, 999, 2**63, 2**80):
        assert await tickets.ticket(number) is None


async def test_both_parts_are_set_with_one_entry_in_the_history(tickets: TicketStore, place: Place) -> None:
    before = await place.tables()
    assert await tickets.set_customer(2, "ben", "CO-2", {}) == []
    tables = await place.tables()
    assert {table for table in tables if tables[table] != before[table]} == {"ticket", "ticket_history"}
    was, now = (next(row for row in found["ticket"] if row["id"] == "2") for found in (before, tables))
    assert now == {**was, "customer_id": "CO-2", "customer_user_id": "ben", "change_time": NOW_TEXT}
    assert was["create_time"] == THEN
    assert list(tables["ticket_history"]) == [
        {
            "name": "%%CustomerID=CO-2;CustomerUser=ben;",
            "history_type_id": "21",
            "ticket_id": "2",
            "article_id": None,
            "type_id": "2",
            "queue_id": "1",
            "owner_id": "1",
            "priority_id": "3",
            "state_id": "4",
            "create_time": NOW_TEXT,
            "create_by": "1",
            "change_time": NOW_TEXT,
            "change_by": "1",
        }
    ]


@pytest.mark.parametrize(
    ("login", "customer", "result", "name"),
    [
        ("ben", None, ("CO-1", "ben"), "%%CustomerUser=ben;"),
        (None, "CO-2", ("CO-2", "amy"), "%%CustomerID=CO-2;"),
        ("amy", "CO-1", ("CO-1", "amy"), "%%CustomerID=CO-1;CustomerUser=amy;"),
        ("ben", "", (None, "ben"), "%%CustomerUser=ben;"),
        (
            "l" * 191,
            "c" * 150,
            ("c" * 150, "l" * 191),
            f"%%CustomerID={'c' * 150};CustomerUser={'l' * 191};"[:200],
        ),
    ],
)
async def test_what_is_left_out_stays(
    tickets: TicketStore,
    place: Place,
    login: str | None,
    customer: str | None,
    result: tuple[str, str],
    name: str,
) -> None:
    await tickets.set_customer(1, login, customer, {})
    assert await tickets.ticket(1) == result
    assert [row["name"] for row in (await place.tables())["ticket_history"]] == [name]


async def test_fields_are_stored_by_their_kind_and_emptied_by_nothing(
    tickets: TicketStore, place: Place
) -> None:
    given: Mapping[str, str | tuple[str, ...] | None] = {
        "First": "Bela",
        "Since": "2026-01-02 03:04:05",
        "Vip": "1",
        "Several": ("b", "a"),
    }
    assert await tickets.set_customer(3, "ben", "CO-1", given) == []
    assert await values(place) == [
        ("201", "Bela", None, None, None, None),
        ("202", None, "2026-01-02 03:04:05", None, None, None),
        ("203", None, None, "1", None, None),
        ("204", "b", None, None, "0", None),
        ("204", "a", None, None, "1", None),
    ]
    await tickets.set_customer(3, "ben", "CO-1", {"First": "", "Since": None, "Several": ()})
    assert await values(place) == [("203", None, None, "1", None, None)]


async def test_values_that_stay_the_same_keep_their_rows(tickets: TicketStore, place: Place) -> None:
    given: Mapping[str, str | tuple[str, ...] | None] = {
        "First": "Bela",
        "Since": "2026-01-02",
        "Vip": "0",
        "Several": ("b", "a"),
    }
    await tickets.set_customer(3, "ben", "CO-1", given)
    ids = [row[0] for row in await place.registry.fetch("SELECT id FROM dynamic_field_value ORDER BY id")]
    await tickets.set_customer(3, "ben", "CO-1", given)
    assert [
        row[0] for row in await place.registry.fetch("SELECT id FROM dynamic_field_value ORDER BY id")
    ] == ids


async def test_values_set_by_hand_are_overwritten(tickets: TicketStore, place: Place) -> None:
    await place.registry.execute(
        "INSERT INTO dynamic_field_value (field_id, object_id, value_text) VALUES (201, 3, 'by hand'),"
        " (201, 4, 'other ticket'), (205, 3, 'invalid')"
    )
    await tickets.set_customer(3, None, None, {"First": "Bela"})
    assert [row[:2] for row in await values(place)] == [("201", "Bela"), ("205", "invalid")]
    assert [row[:2] for row in await values(place, 4)] == [("201", "other ticket")]


async def test_fields_that_cannot_be_filled_are_named_and_the_rest_goes_on(
    tickets: TicketStore, place: Place
) -> None:
    given: Mapping[str, str | tuple[str, ...] | None] = {
        "Nothing": "x",
        "Old": "x",
        "OfUser": "x",
        "first": "x",
        "Since": "yesterday",
        "Vip": "yes",
        "Several": ("ok", "x" * 3801),
        "a\0": "x",
        "First": "Bela",
    }
    assert list(await tickets.set_customer(3, "ben", None, given)) == [
        name for name in given if name != "First"
    ]
    assert await values(place) == [("201", "Bela", None, None, None, None)]


async def test_fields_that_tickets_do_not_have_are_told(tickets: TicketStore) -> None:
    names = ["Nothing", "First", "Old", "OfUser", "first", "a\0", ""]
    assert list(await tickets.unknown_fields(names)) == [name for name in names if name != "First"]


async def test_what_cannot_be_stored_is_refused(tickets: TicketStore, place: Place) -> None:
    before = await place.tables()
    with pytest.raises(Missing):
        await tickets.set_customer(999, "ben", "CO-1", {"First": "x"})
    for login, customer, field in (
        ("x" * 192, None, "login"),
        ("a\0", None, "login"),
        (None, "x" * 151, "customerId"),
        (None, "\ud800", "customerId"),
    ):
        with pytest.raises(Unstorable) as caught:
            await tickets.set_customer(1, login, customer, {})
        assert caught.value.field == field
    assert await place.tables() == before


async def test_a_registry_without_tickets_says_so_until_they_come(tickets: TicketStore, place: Place) -> None:
    await place.registry.execute("ALTER TABLE ticket RENAME TO hidden_ticket")
    try:
        with pytest.raises(NoTickets):
            await tickets.ticket(1)
        with pytest.raises(NoTickets):
            await tickets.set_customer(1, "ben", None, {})
    finally:
        await place.registry.execute("ALTER TABLE hidden_ticket RENAME TO ticket")
    assert await tickets.ticket(1) == ("CO-1", "amy")


async def test_r17_setting_a_ticket_s_customer_is_all_or_nothing(place: Place) -> None:
    def stop() -> None:
        raise Interrupted

    async def write(clock: Clock) -> None:
        tickets = SqlTickets(place.watched(clock).registry, STAMP)
        await tickets.set_customer(3, "amy", "CO-2", {"First": "Bela", "Several": ("a", "b")})

    before, clock = await place.tables(), Clock()
    for at in range(100):
        clock = Clock(at, stop)
        try:
            await write(clock)
        except Interrupted:
            assert await place.tables() == before
        else:
            break
    assert 8 < len(clock.passed) < 20
    assert await place.tables() != before
