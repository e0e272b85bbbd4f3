"""Renames carry everything along, once, wholly, and again after whatever cut them off (CU-34, COMP-19, R17)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import pytest

from backends.errors import SourceUnavailable
from backends.sql.carrying import USER_MARK
from backends.sql.database import Session
from backends.writers import Missing, Unfinished, Unstorable
from tests.sql.renames import NOW_TEXT, THEN, Clock, Interrupted, Place, Tables, place_at, tickets
from tests.sql.renames import places as places

RENAMES: dict[str, Callable[[Place], Coroutine[Any, Any, None]]] = {
    "user": Place.rename_user,
    "customer": Place.rename_customer,
}
ALL = pytest.mark.parametrize("spread", [False, True], ids=["one", "two"])


@pytest.fixture
async def place(places: tuple[str, str], spread: bool) -> AsyncIterator[Place]:
    """Registry and source in one database, or in two."""
    registry, source = places
    place = place_at(registry, source if spread else registry)
    await place.reset()
    yield place
    await place.close()


def column(tables: Tables, table: str, name: str) -> list[Any]:
    """All values of one column."""
    return sorted((row[name] for row in tables[table]), key=str)


def owned(tables: Tables, table: str, name: str, *columns: str, owner: str) -> list[tuple[Any, ...]]:
    """What one owner has in a table."""
    return [tuple(row[one] for one in columns) for row in tables[table] if row[name] == owner]


@ALL
async def test_a_new_login_takes_everything_along(place: Place) -> None:
    await place.rename_user()
    tables = await place.tables()
    assert owned(tables, "customer_user", "login", "customer_id", "change_time", owner="Änne") == [
        ("CO-2", NOW_TEXT)
    ]
    assert owned(
        tables, "customer_preferences", "user_id", "preferences_key", "preferences_value", owner="Änne"
    ) == [("UserLanguage", "de"), ("UserSkin", None)]
    assert owned(tables, "group_customer_user", "user_id", "group_id", "permission_key", owner="Änne") == [
        ("10", "ro"),
        ("11", "ro"),
        ("11", "rw"),
    ]
    assert owned(
        tables, "customer_user_customer", "user_id", "customer_id", "create_time", "change_time", owner="Änne"
    ) == [("CO-2", THEN, NOW_TEXT)]
    assert owned(tables, "service_customer_user", "customer_user_login", "service_id", owner="Änne") == [
        ("20",),
        ("22",),
    ]
    assert column(tables, "search_profile", "login") == [
        "CustomerTicketSearch::Änne",
        "CustomerTicketSearch::Änne",
        "TicketSearch::amy",
    ]
    assert sorted((row["object_name"], row["object_id"]) for row in tables["dynamic_field_obj_id_name"]) == [
        ("CO-1", "1002"),
        ("amy", "1003"),
        ("Änne", "1001"),
    ]


@ALL
async def test_all_tickets_of_a_login_follow_and_those_of_its_customer_change_that_too(place: Place) -> None:
    await place.rename_user()
    tables = await place.tables()
    assert [(row["id"], row["customer_id"], row["customer_user_id"]) for row in tables["ticket"]] == [
        ("1", "CO-2", "Änne"),
        ("2", "CO-9", "Änne"),
        ("3", "CO-1", "ben"),
        ("4", "CO-2", "Änne"),
        ("5", None, None),
        ("6", None, "Änne"),
        ("7", "co-1", "Amy"),
    ]
    history = sorted(tables["ticket_history"], key=lambda row: int(row["ticket_id"]))
    assert [(row["ticket_id"], row["name"]) for row in history] == [
        ("1", "%%CustomerID=CO-2;CustomerUser=Änne;"),
        ("2", "%%CustomerUser=Änne;"),
        ("4", "%%CustomerID=CO-2;CustomerUser=Änne;"),
        ("6", "%%CustomerUser=Änne;"),
    ]
    assert history[1] == {
        "name": "%%CustomerUser=Änne;",
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


@ALL
async def test_a_new_customer_alone_moves_the_tickets_of_both_and_nothing_else(place: Place) -> None:
    before = await place.tables()
    carry = place.carrier().renaming_user("amy", "amy", "CO-1", "CO-2")
    await place.users().update("amy", {"customerId": "CO-2"}, carry=carry)
    tables = await place.tables()
    changed = {table for table in tables if tables[table] != before[table]}
    assert changed == {"customer_user", "ticket", "ticket_history"}
    assert [row["customer_id"] for row in tables["ticket"]] == [
        "CO-2", "CO-9", "CO-1", "CO-2", None, None, "co-1",
    ]  # fmt: skip


@ALL
async def test_without_an_old_customer_all_tickets_of_the_login_get_the_new_one(place: Place) -> None:
    carrier = place.carrier()
    for _ in range(2):
        async with place.registry.transaction() as session:
            await carrier.user(session, "amy", "amy", None, "CO-2")
    tables = await place.tables()
    assert [row["customer_id"] for row in tables["ticket"]] == [
        "CO-2", "CO-2", "CO-1", "CO-2", None, "CO-2", "co-1",
    ]  # fmt: skip
    assert len(tables["ticket_history"]) == 4


@ALL
async def test_a_new_customer_id_takes_everything_along(place: Place) -> None:
    await place.rename_customer()
    tables = await place.tables()
    assert column(tables, "customer_company", "customer_id") == ["CO-2", "NEW-1"]
    assert [(row["login"], row["customer_id"], row["customer_ids"]) for row in _by_login(tables)] == [
        ("amy", "NEW-1", "CO-9;NEW-1"),
        ("ben", "NEW-1", None),
        ("fay", "NEW-1", "X, NEW-1 ,Y"),
        ("gus", "CO-12", "CO-12|CO-10"),
    ]
    assert column(tables, "group_customer", "customer_id") == ["CO-2", "NEW-1", "NEW-1"]
    assert sorted((row["user_id"], row["customer_id"]) for row in tables["customer_user_customer"]) == [
        ("amy", "CO-2"),
        ("ben", "NEW-1"),
        ("zoe", "NEW-1"),
    ]
    assert ("NEW-1", "1002") in [
        (row["object_name"], row["object_id"]) for row in tables["dynamic_field_obj_id_name"]
    ]
    assert [(row["customer_id"], row["customer_user_id"]) for row in tables["ticket"]] == [
        ("NEW-1", "amy"),
        ("CO-9", "amy"),
        ("NEW-1", "ben"),
        ("NEW-1", "amy"),
        (None, None),
        (None, "amy"),
        ("co-1", "Amy"),
    ]
    assert column(tables, "ticket_history", "name") == ["%%CustomerID=NEW-1;"] * 3


@ALL
async def test_a_change_of_letter_case_alone_is_a_rename(place: Place) -> None:
    carry = place.carrier().renaming_user("amy", "AMY", "CO-1", "CO-1")
    user = await place.users().update("amy", {"login": "AMY"}, carry=carry)
    assert user.login == "AMY"
    tables = await place.tables()
    assert len(owned(tables, "customer_preferences", "user_id", "preferences_key", owner="AMY")) == 2
    assert ("AMY", "1001") in [
        (row["object_name"], row["object_id"]) for row in tables["dynamic_field_obj_id_name"]
    ]
    assert await place.carrier().leftovers(place.registry, "AMY", heir="AMY") == []


@ALL
async def test_carrying_twice_is_carrying_once(place: Place) -> None:
    carrier = place.carrier()

    async def both() -> None:
        async with place.registry.transaction() as session:
            await carrier.user(session, "amy", "eve", "CO-1", "CO-2")
            await carrier.customer(session, "CO-2", "CO-3")

    await both()
    once = await place.tables()
    await both()
    assert await place.tables() == once


@ALL
async def test_what_the_new_name_has_already_is_replaced_or_kept_but_never_doubled(place: Place) -> None:
    await _leave_behind(place, "eve")
    async with place.registry.transaction() as session:
        await place.carrier().user(session, "amy", "eve", "CO-1", "CO-1")
    tables = await place.tables()
    assert owned(
        tables, "customer_preferences", "user_id", "preferences_key", "preferences_value", owner="eve"
    ) == [("Only", "eve"), ("UserLanguage", "de"), ("UserSkin", None)]
    assert len(owned(tables, "group_customer_user", "user_id", "group_id", owner="eve")) == 3
    assert len(owned(tables, "customer_user_customer", "user_id", "customer_id", owner="eve")) == 1
    assert len(owned(tables, "service_customer_user", "customer_user_login", "service_id", owner="eve")) == 2
    assert (
        len(owned(tables, "search_profile", "login", "profile_key", owner="CustomerTicketSearch::eve")) == 2
    )
    values = sorted(
        (row["field_id"], row["object_id"], row["value_text"]) for row in tables["dynamic_field_value"]
    )
    assert values == [
        ("101", "1001", "red"),
        ("102", "1001", "n"),
        ("103", "1002", "steel"),
        ("104", "1001", "of the ticket 1001"),
        ("104", "1009", "of the ticket 1009"),
    ]
    assert "1009" not in column(tables, "dynamic_field_obj_id_name", "object_id")


@ALL
async def test_a23_leftovers_are_named_by_table_and_one_s_own_are_none(place: Place) -> None:
    carrier = place.carrier()
    assert await carrier.leftovers(place.registry, "eve") == []
    assert await carrier.leftovers(place.registry, "\0") == []
    assert await carrier.leftovers(place.registry, "amy", heir="amy") == []
    await _leave_behind(place, "eve")
    assert await carrier.leftovers(place.registry, "eve") == [
        "customer_preferences",
        "customer_user_customer",
        "dynamic_field_value",
        "group_customer_user",
        "search_profile",
        "service_customer_user",
    ]
    async with place.registry.transaction() as session:
        assert await carrier.customer_leftovers(session, "CO-1") == [
            "customer_user_customer",
            "dynamic_field_value",
            "group_customer",
        ]
        assert await carrier.customer_leftovers(session, "CO-9") == []


@ALL
async def test_a_name_that_no_table_of_relations_could_hold_is_refused(place: Place) -> None:
    before = await place.tables()
    for login in ("x" * 101, "a\0b", ""):
        with pytest.raises(Unstorable) as caught:
            await place.users().update(
                "amy", {"city": "X"}, carry=place.carrier().renaming_user("amy", login, None, None)
            )
        assert caught.value.field == "login"
    for customer in ("A;B", "x" * 151, "\0", ""):
        carry = place.carrier().renaming_customer("CO-1", customer, place.members())
        with pytest.raises(Unstorable) as caught:
            await place.customers().update("CO-1", {"city": "X"}, carry=carry)
        assert caught.value.field == "customerId"
    assert await place.tables() == before


@ALL
async def test_a_registry_without_tickets_is_renamed_without_them(place: Place) -> None:
    tables = ("ticket_history", "ticket", "search_profile")
    for table in tables:
        await place.registry.execute(f"ALTER TABLE {table} RENAME TO hidden_{table}")
    try:
        await place.rename_user()
        rows = await place.registry.fetch("SELECT user_id FROM customer_preferences ORDER BY user_id")
        assert sorted(str(row[0]) for row in rows) == ["ben", "Änne", "Änne"]
    finally:
        for table in tables:
            await place.registry.execute(f"ALTER TABLE hidden_{table} RENAME TO {table}")


@ALL
async def test_hundreds_of_tickets_are_all_carried(place: Place) -> None:
    more = [(number, 1, "'CO-1'", "'ben'", number % 2) for number in range(100, 1300)]
    await place.registry.execute(tickets(*more))
    await place.rename_customer()
    rows = await place.registry.fetch("SELECT count(*) FROM ticket WHERE customer_id = 'NEW-1'")
    assert rows[0][0] == 1203
    assert (await place.registry.fetch("SELECT count(*) FROM ticket_history"))[0][0] == 1203


@ALL
@pytest.mark.parametrize("what", RENAMES)
async def test_r17_a_rename_that_is_cut_off_anywhere_changed_nothing_or_is_finished_by_repeating(
    place: Place, what: str, spread: bool
) -> None:
    rename = RENAMES[what]
    before = await place.tables()
    clock = Clock()
    await rename(place.watched(clock))
    after = await place.tables()
    assert after != before
    halves = 0
    for at in range(len(clock.passed)):
        await place.reset()
        with pytest.raises(Interrupted):
            await rename(place.watched(Clock(at, _stop)))
        found = await place.tables()
        halves += found not in (before, after)
        if not spread and not clock.passed[at].startswith("COMMIT"):
            assert found == before, clock.passed[at]
        await repeat(place, rename)
        assert without_marks(await place.tables()) == after, clock.passed[at]
    assert halves == 0 if not spread else halves > 0


def _stop() -> None:
    raise Interrupted


async def repeat(place: Place, rename: Callable[[Place], Coroutine[Any, Any, None]]) -> None:
    """Do it again; when there is no record of the old name, it had been done."""
    try:
        await rename(place)
    except Missing:
        return


def without_marks(tables: Tables) -> Tables:
    """The tables without the mark that only a crash after the last commit leaves."""
    rows = [row for row in tables["customer_preferences"] if "Kundengraph" not in row["preferences_key"]]
    return {**tables, "customer_preferences": rows}


@pytest.mark.parametrize("spread", [True])
async def test_a23_half_a_rename_is_not_taken_for_leftovers_by_its_repetition(place: Place) -> None:
    clock = Clock()
    await place.watched(clock).rename_user()
    last = clock.passed.index("COMMIT people")
    await place.reset()
    with pytest.raises(Interrupted):
        await place.watched(Clock(last, _stop)).rename_user()
    carrier = place.carrier()
    assert "group_customer_user" in await carrier.leftovers(place.registry, "Änne")
    assert "group_customer_user" in await carrier.leftovers(place.registry, "Änne", heir="ben")
    assert await carrier.leftovers(place.registry, "Änne", heir="amy") == []
    await place.rename_user()
    rows = await place.registry.fetch(
        f"SELECT 1 FROM customer_preferences WHERE preferences_key = '{USER_MARK}'"
    )
    assert list(rows) == []


@pytest.mark.parametrize("spread", [True])
async def test_a_source_that_fails_last_is_reported_as_unfinished(place: Place) -> None:
    def fail() -> None:
        raise SourceUnavailable("people")

    clock = Clock()
    await place.watched(clock).rename_user()
    await place.reset()
    last = clock.passed.index("COMMIT people")
    with pytest.raises(Unfinished):
        await place.watched(Clock(last, fail)).rename_user()
    await place.reset()
    with pytest.raises(SourceUnavailable) as caught:
        await place.watched(Clock(last - 1, fail)).rename_user()
    assert not isinstance(caught.value, Unfinished)


async def _leave_behind(place: Place, login: str) -> None:
    """What a former owner of the login had."""
    audit = f"'{THEN}', 1, '{THEN}', 1"
    await _run(
        place.registry,
        [
            "INSERT INTO customer_preferences (user_id, preferences_key, preferences_value)"
            f" VALUES ('{login}', 'UserLanguage', 'fr'), ('{login}', 'Only', '{login}')",
            f"INSERT INTO group_customer_user VALUES ('{login}', 10, 'ro', 1, {audit})",
            f"INSERT INTO customer_user_customer VALUES ('{login}', 'CO-2', {audit})",
            f"INSERT INTO service_customer_user VALUES ('{login}', 20, '{THEN}', 1)",
            f"INSERT INTO search_profile VALUES ('CustomerTicketSearch::{login}', 'mine', 'SCALAR', 'Body', 'z')",
            f"INSERT INTO dynamic_field_obj_id_name VALUES (1009, '{login}', 'CustomerUser')",
            "INSERT INTO dynamic_field_value (field_id, object_id, value_text) VALUES (101, 1009, 'blue'),"
            " (104, 1009, 'of the ticket 1009')",
        ],
    )


async def _run(session: Session, statements: Sequence[str]) -> None:
    for statement in statements:
        await session.execute(statement)


def _by_login(tables: Tables) -> list[Any]:
    return sorted(tables["customer_user"], key=lambda row: str(row["login"]))
