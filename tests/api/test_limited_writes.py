"""Writes of callers who see some rows, some fields, or only themselves: in scope before and after, or not at all (A24)."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from resolvers.policies import CustomerPolicy
from tests.api.limits_desk import Desk, a_customer, a_viewer, opened

EDITOR = a_viewer("editor", customer_ids=("ACME",))
ADMIN = a_viewer("admin", customer_ids=("ACME",))
ALL = a_viewer("admin")
NEW = {"login": "new", "firstName": "N", "lastName": "W", "email": "new@acme.example", "customerId": "ACME"}
PHONE = CustomerPolicy(may_edit=frozenset({"phone", "password", "validity"}))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as found:
        yield found


REFUSED: list[tuple[str, Mapping[str, Any], list[tuple[str, str]]]] = [
    ("createCustomerUser", NEW | {"customerId": "NORD"}, [("customerId", "FORBIDDEN")]),
    ("createCustomerUser", NEW | {"customerId": "NOWHERE"}, [("customerId", "FORBIDDEN")]),
    ("createCustomerUser", NEW | {"login": "ned"}, [("login", "TAKEN")]),
    (
        "createCustomerUser",
        NEW | {"adoptRelations": True, "login": "ghost"},
        [("adoptRelations", "FORBIDDEN")],
    ),
    ("updateCustomerUser", {"login": "ned", "phone": "2"}, [("login", "NOT_FOUND")]),
    ("updateCustomerUser", {"login": "ada", "customerId": "NORD"}, [("customerId", "FORBIDDEN")]),
    ("updateCustomerUser", {"login": "max", "customerId": "ACME"}, [("customerId", "FORBIDDEN")]),
    ("updateCustomerUser", {"login": "ada", "newLogin": "ned"}, [("newLogin", "TAKEN")]),
    ("setCustomerUserPassword", {"login": "ned", "password": "secret"}, [("login", "NOT_FOUND")]),
    (
        "setCustomerUserPreferences",
        {"login": "ned", "preferences": [{"key": "UserLanguage", "value": "de"}]},
        [("login", "NOT_FOUND")],
    ),
    ("createCustomer", {"customerId": "OTHER", "name": "O"}, [("customerId", "FORBIDDEN")]),
    ("updateCustomer", {"customerId": "NORD", "name": "O"}, [("customerId", "NOT_FOUND")]),
    ("updateCustomer", {"customerId": "ACME", "newCustomerId": "OTHER"}, [("newCustomerId", "FORBIDDEN")]),
    ("setCustomerUserCustomers", {"login": "ada", "customerIds": ["NORD"]}, [("customerIds.0", "NOT_FOUND")]),
    ("setCustomerUserCustomers", {"login": "max", "customerIds": []}, [("customerIds", "FORBIDDEN")]),
    ("updateCustomerMembers", {"customerId": "NORD", "add": ["ada"]}, [("customerId", "NOT_FOUND")]),
    ("updateCustomerMembers", {"customerId": "ACME", "add": ["ned"]}, [("add.0", "NOT_FOUND")]),
    ("updateCustomerMembers", {"customerId": "ACME", "remove": ["max"]}, [("remove.0", "FORBIDDEN")]),
    ("setCustomerUserGroups", {"login": "ned", "grants": []}, [("login", "NOT_FOUND")]),
    (
        "setGroupCustomerUsers",
        {"group": "users", "grants": [{"login": one, "permissions": []} for one in ("ned", "ghost")]},
        [("grants.0.login", "NOT_FOUND"), ("grants.1.login", "NOT_FOUND")],
    ),
    ("setCustomerGroups", {"customerId": "NORD", "grants": []}, [("customerId", "NOT_FOUND")]),
    (
        "setGroupCustomers",
        {"group": "users", "grants": [{"customerId": "NORD", "permissions": []}]},
        [("grants.0.customerId", "NOT_FOUND")],
    ),
    ("setCustomerUserServices", {"login": "ned", "services": []}, [("login", "NOT_FOUND")]),
    ("setTicketCustomerUser", {"ticketId": "2", "login": "ada"}, [("ticketId", "NOT_FOUND")]),
    ("setTicketCustomerUser", {"ticketId": "1", "login": "ned"}, [("login", "NOT_FOUND")]),
    ("setTicketCustomerUser", {"ticketId": "1", "login": "nobody"}, [("login", "NOT_FOUND")]),
    ("setTicketCustomerUser", {"ticketId": "1", "login": "max"}, [("customerId", "FORBIDDEN")]),
    ("setTicketCustomerUser", {"ticketId": "1", "customerId": "NORD"}, [("customerId", "FORBIDDEN")]),
    ("setTicketCustomerUser", {"ticketId": "1", "customerId": ""}, [("customerId", "FORBIDDEN")]),
    ("setTicketCustomerUser", {"ticketId": "3", "customerId": "ACME"}, [("login", "NOT_FOUND")]),
]


@pytest.mark.parametrize(
    ("mutation", "given", "wanted"), REFUSED, ids=[f"{one[0]}-{place}" for place, one in enumerate(REFUSED)]
)
async def test_a24_what_is_out_of_scope_before_or_after_is_refused_and_nothing_written(
    desk: Desk, mutation: str, given: Mapping[str, Any], wanted: list[tuple[str, str]]
) -> None:
    before = desk.everything()
    found, payload = await desk.change(ADMIN, mutation, given)
    assert found == wanted
    assert desk.everything() == before
    assert not [
        error for error in payload["userErrors"] if "NORD" in error["message"] and "NORD" not in str(given)
    ]


async def test_a24_what_lies_outside_reads_as_what_is_not_there(desk: Desk) -> None:
    """Message, path and code are the same for somebody else's login and for nobody's, but for the login itself."""
    for mutation, more in (
        ("updateCustomerUser", {"phone": "1"}),
        ("setCustomerUserPassword", {"password": "x"}),
    ):
        theirs = await desk.change(EDITOR, mutation, {"login": "ned", **more})
        nobodys = await desk.change(EDITOR, mutation, {"login": "nix", **more})
        assert str(theirs).replace("ned", "nix") == str(nobodys)
    theirs = await desk.change(EDITOR, "setTicketCustomerUser", {"ticketId": "2", "login": "ada"})
    nobodys = await desk.change(EDITOR, "setTicketCustomerUser", {"ticketId": "9", "login": "ada"})
    assert str(theirs).replace("ticket 2", "ticket 9") == str(nobodys)


async def test_a24_the_customer_user_that_a_ticket_has_is_not_told_to_who_may_not_see_it(desk: Desk) -> None:
    found, payload = await desk.change(
        EDITOR, "setTicketCustomerUser", {"ticketId": "3", "customerId": "ACME"}
    )
    assert found == [("login", "NOT_FOUND")]
    assert "ned" not in str(payload)


async def test_a24_an_answer_from_before_does_not_show_who_has_left_the_rows_since(desk: Desk) -> None:
    given = {"login": "ada", "phone": "7", "idempotencyKey": "k"}
    shown = "customerUser { login groups { group { name } } }"
    first = await desk.change(EDITOR, "upsertCustomerUser", given, selection=shown)
    assert first[1]["customerUser"]["login"] == "ada"
    assert await desk.change(EDITOR, "upsertCustomerUser", given, selection=shown) == first
    assert (await desk.change(ALL, "updateCustomerUser", {"login": "ada", "customerId": "NORD"}))[0] == []
    _, again = await desk.change(EDITOR, "upsertCustomerUser", given, selection=shown)
    assert again["customerUser"] is None


async def test_s13_an_address_that_is_hidden_is_not_told_where_it_is_refused(desk: Desk) -> None:
    viewer = a_viewer("editor", hidden_fields=frozenset({"email"}))
    with closing(sqlite3.connect(desk.file)) as connection, connection:
        connection.execute(
            "UPDATE customer_user SET email = 'wrong address', valid_id = 2 WHERE login = 'ada'"
        )
    found, payload = await desk.change(viewer, "updateCustomerUser", {"login": "ada", "validity": "VALID"})
    assert found == [("validity", "INVALID")]
    assert "wrong address" not in str(payload)


async def test_a24_what_lies_in_scope_is_written(desk: Desk) -> None:
    assert (await desk.change(EDITOR, "createCustomerUser", NEW))[0] == []
    assert (await desk.change(EDITOR, "updateCustomerUser", {"login": "ada", "newLogin": "ada2"}))[0] == []
    assert (await desk.change(EDITOR, "updateCustomerUser", {"login": "max", "phone": "9"}))[0] == []
    assert (await desk.change(EDITOR, "updateCustomer", {"customerId": "ACME", "city": "Bern"}))[0] == []
    ticket = {"ticketId": "1", "login": "max", "customerId": "ACME"}
    assert (await desk.change(EDITOR, "setTicketCustomerUser", ticket))[0] == []
    assert desk.rows("SELECT customer_id, customer_user_id FROM ticket WHERE id = 1") == [("ACME", "max")]
    assert (await desk.change(ADMIN, "updateCustomerMembers", {"customerId": "ACME", "add": ["grace"]}))[
        0
    ] == []
    assert (await desk.change(ADMIN, "updateCustomerMembers", {"customerId": "ACME", "remove": ["grace"]}))[
        0
    ] == []


async def test_a24_customers_out_of_sight_stay_when_those_in_sight_are_replaced(desk: Desk) -> None:
    found, payload = await desk.change(
        ADMIN,
        "setCustomerUserCustomers",
        {"login": "max", "customerIds": ["ACME"]},
        selection="customerUser { customerId customerIds additionalCustomerIds }",
    )
    assert found == []
    assert payload["customerUser"] == {
        "customerId": None,
        "customerIds": ["ACME"],
        "additionalCustomerIds": ["ACME"],
    }
    related = desk.rows("SELECT customer_id FROM customer_user_customer WHERE user_id = 'max' ORDER BY 1")
    assert related == [("ACME",), ("ZERO",)]


@pytest.mark.parametrize(
    ("mutation", "given"),
    [
        ("createGroup", '{name: "G"}'),
        ("updateGroup", '{name: "users", comment: "x"}'),
        ("createService", '{name: "S"}'),
        ("updateService", '{name: "S"}'),
        ("setDefaultServices", "{services: []}"),
    ],
)
async def test_a24_what_all_customers_share_is_not_changed_by_who_sees_some(
    desk: Desk, mutation: str, given: str
) -> None:
    query = f"mutation {{ {mutation}(input: {given}) {{ userErrors {{ code }} }} }}"
    data, errors = await desk.answer(ADMIN, query)
    assert (data, [code for _, code in errors]) == (None, ["FORBIDDEN"])
    assert (await desk.answer(ALL, query))[1] == []


async def test_s13_a_hidden_field_is_neither_written_nor_shown_by_a_write(desk: Desk) -> None:
    viewer = a_viewer("editor", hidden_fields=frozenset({"phone", "city"}))
    before = desk.everything()
    found, _ = await desk.change(viewer, "updateCustomerUser", {"login": "ada", "phone": "2"})
    assert found == [("phone", "FORBIDDEN")]
    found, _ = await desk.change(viewer, "updateCustomer", {"customerId": "ACME", "city": "Bern"})
    assert found == [("city", "FORBIDDEN")]
    assert desk.everything() == before
    query = 'mutation { updateCustomerUser(input: {login: "ada", fax: "3"}) { customerUser { fax phone } } }'
    data, errors = await desk.answer(viewer, query)
    assert data["updateCustomerUser"]["customerUser"] == {"fax": "3", "phone": None}
    assert errors == [(["updateCustomerUser", "customerUser", "phone"], "FORBIDDEN")]


async def test_s13_a_customer_changes_its_own_record_only_where_configured(desk: Desk) -> None:
    ada = a_customer("ada")

    async def change(
        login: str, policy: CustomerPolicy | None = PHONE, **given: Any
    ) -> list[tuple[str, str]]:
        return (await desk.change(ada, "updateCustomerUser", {"login": login, **given}, policy))[0]

    before = desk.everything()
    assert await change("ada", None, phone="2") == [("phone", "FORBIDDEN")]
    assert await change("ada", fax="2", newLogin="eve") == [("fax", "FORBIDDEN"), ("newLogin", "FORBIDDEN")]
    assert await change("ada", validity="INVALID") == [("validity", "FORBIDDEN")]
    assert await change("ada", customerId="NORD") == [("customerId", "FORBIDDEN")]
    assert await change("ned", phone="2") == [("login", "NOT_FOUND")]
    assert await change("grace", phone="2") == [("login", "NOT_FOUND")]
    colleagues = CustomerPolicy(sees_colleagues=True, may_edit=PHONE.may_edit)
    assert await change("grace", colleagues, phone="2") == [("login", "FORBIDDEN")]
    assert desk.everything() == before
    assert await change("ada", phone="2") == []
    assert desk.rows("SELECT login FROM customer_user WHERE phone = '2'") == [("ada",)]


async def test_s13_a_customer_changes_its_password_with_the_current_one(desk: Desk) -> None:
    ada = a_customer("ada")

    async def change(policy: CustomerPolicy | None = PHONE, **given: Any) -> list[tuple[str, str]]:
        return (await desk.change(ada, "setCustomerUserPassword", {"login": "ada", **given}, policy))[0]

    assert (await desk.change(ALL, "setCustomerUserPassword", {"login": "ada", "password": "old"}))[0] == []
    before = desk.everything()
    assert await change(None, password="new", currentPassword="old") == [("password", "FORBIDDEN")]
    assert await change(password="new") == [("currentPassword", "REQUIRED")]
    assert await change(password="new", currentPassword="guess") == [("currentPassword", "INVALID")]
    assert desk.everything() == before
    assert await change(password="new", currentPassword="old") == []
    assert await change(password="newer", currentPassword="old") == [("currentPassword", "INVALID")]


async def test_s13_a_customer_sees_itself_its_customers_and_where_configured_its_colleagues(
    desk: Desk,
) -> None:
    query = (
        "{ viewer { customerUser { login } } customerUsers { nodes { login } totalCount }"
        " customers { nodes { customerId } totalCount }"
        ' ned: customerUser(login: "ned") { login } nord: customer(customerId: "NORD") { name } }'
    )
    for colleagues, logins in ((False, ["ada"]), (True, ["ada", "grace", "max"])):
        policy = CustomerPolicy(sees_colleagues=colleagues)
        data, errors = await desk.answer(a_customer("ada"), query, policy)
        assert errors == []
        assert data == {
            "viewer": {"customerUser": {"login": "ada"}},
            "customerUsers": {"nodes": [{"login": one} for one in logins], "totalCount": len(logins)},
            "customers": {"nodes": [{"customerId": "ACME"}], "totalCount": 1},
            "ned": None,
            "nord": None,
        }


async def test_s13_whoever_is_nobody_any_more_sees_nobody(desk: Desk) -> None:
    query = "{ viewer { customerUser { login } } customerUsers { totalCount } customers { totalCount } }"
    data, errors = await desk.answer(a_customer("left"), query, CustomerPolicy(sees_colleagues=True))
    assert errors == []
    assert data == {
        "viewer": {"customerUser": None},
        "customerUsers": {"totalCount": 0},
        "customers": {"totalCount": 0},
    }
