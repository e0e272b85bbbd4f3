"""Setting groups, customers, services and preferences through GraphQL, over real stores: all or nothing, twice as once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.relations_desk import GONE, NO_COMPANIES, OTHER, SAME, TABLES, Desk, desk_of, emptied

RO, MOVE, RW = "RO", "MOVE_INTO", "RW"
LONG_LOGIN = "l" * 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
async def shared(postgresql: PostgreSQL, slapd: Slapd, folder: Path) -> AsyncIterator[Desk]:
    async with desk_of(postgresql, slapd, folder, name="mutations") as desk:
        yield desk


@pytest.fixture
async def desk(shared: Desk) -> Desk:
    await emptied(shared)
    return shared


@pytest.fixture
async def torn(desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path) -> AsyncIterator[Desk]:
    """The same desk with one more source, which does not answer."""
    async with desk_of(postgresql, slapd, folder, name="mutations", sources=GONE) as torn:
        yield torn


GOOD: list[tuple[str, str, dict[str, Any], Any]] = [
    (
        "setCustomerUserCustomers",
        "customerUser { additionalCustomerIds customerIds }",
        {"login": "ada", "customerIds": ["SUED", "NORD"]},
        {
            "customerUser": {
                "additionalCustomerIds": ["NORD", "SUED"],
                "customerIds": ["ACME", "NORD", "SUED"],
            }
        },
    ),
    (
        "updateCustomerMembers",
        "customer { customerUsers(membership: [ADDITIONAL]) { nodes { login } } }",
        {"customerId": "NORD", "add": ["ada", "eve", "grace"], "remove": ["Ben"]},
        {"customer": {"customerUsers": {"nodes": [{"login": "ada"}, {"login": "eve"}, {"login": "grace"}]}}},
    ),
    (
        "setCustomerUserGroups",
        "customerUser { groups { group { name } permissions } }",
        {
            "login": "grace",
            "grants": [
                {"group": "support", "permissions": [RO, MOVE]},
                {"group": "old", "permissions": [MOVE, RW]},
            ],
        },
        {
            "customerUser": {
                "groups": [
                    {"group": {"name": "old"}, "permissions": [RW]},
                    {"group": {"name": "support"}, "permissions": [RO, MOVE]},
                ]
            }
        },
    ),
    (
        "setGroupCustomerUsers",
        "group { customerUsers { totalCount edges { login permissions } } }",
        {
            "group": "support",
            "grants": [
                {"login": "eve", "permissions": [RO]},
                {"login": "ada", "permissions": [RW]},
                {"login": "Ben", "permissions": []},
            ],
        },
        {
            "group": {
                "customerUsers": {
                    "totalCount": 2,
                    "edges": [
                        {"login": "ada", "permissions": [RW]},
                        {"login": "eve", "permissions": [RO]},
                    ],
                }
            }
        },
    ),
    (
        "setCustomerGroups",
        "customer { groups { group { name } context permissions } }",
        {
            "customerId": "ACME",
            "grants": [
                {"group": "support", "permissions": [RO]},
                {"group": "support", "permissions": [RW, RO], "context": "OTHER_CUSTOMERS"},
            ],
        },
        {
            "customer": {
                "groups": [
                    {"group": {"name": "support"}, "context": "SAME_CUSTOMER", "permissions": [RO]},
                    {"group": {"name": "support"}, "context": "OTHER_CUSTOMERS", "permissions": [RW]},
                ]
            }
        },
    ),
    (
        "setGroupCustomers",
        "group { customers { totalCount edges { customerId context permissions node { name } } } }",
        {
            "group": "sales",
            "grants": [
                {"customerId": "OLD", "permissions": [RO]},
                {"customerId": "NORD", "permissions": [MOVE], "context": "OTHER_CUSTOMERS"},
            ],
        },
        {
            "group": {
                "customers": {
                    "totalCount": 2,
                    "edges": [
                        {
                            "customerId": "NORD",
                            "context": "OTHER_CUSTOMERS",
                            "permissions": [MOVE],
                            "node": {"name": "NORD Inc."},
                        },
                        {
                            "customerId": "OLD",
                            "context": "SAME_CUSTOMER",
                            "permissions": [RO],
                            "node": {"name": "OLD Inc."},
                        },
                    ],
                }
            }
        },
    ),
    (
        "setCustomerUserServices",
        "customerUser { assignedServices { name } services { name } }",
        {"login": "juergen", "services": ["Mail", "Fax"]},
        {
            "customerUser": {
                "assignedServices": [{"name": "Fax"}, {"name": "Mail"}],
                "services": [{"name": "Mail"}],
            }
        },
    ),
    (
        "updateServiceCustomerUsers",
        "service { customerUsers { totalCount edges { login } } }",
        {"service": "Web", "add": ["grace", "ada"], "remove": ["eve"]},
        {"service": {"customerUsers": {"totalCount": 2, "edges": [{"login": "ada"}, {"login": "grace"}]}}},
    ),
    (
        "setDefaultServices",
        "services { name isDefault }",
        {"services": ["Web::Shop", "Mail"]},
        {"services": [{"name": "Mail", "isDefault": True}, {"name": "Web::Shop", "isDefault": True}]},
    ),
    (
        "updateGroup",
        "group { name comment validity }",
        {"name": "sales", "newName": "sales team", "comment": None, "validity": "INVALID"},
        {"group": {"name": "sales team", "comment": None, "validity": "INVALID"}},
    ),
    (
        "updateService",
        "service { name comment parent { name } }",
        {"name": "Mail", "newName": "Web::Mail", "comment": "since today"},
        {"service": {"name": "Web::Mail", "comment": "since today", "parent": {"name": "Web"}}},
    ),
    (
        "setCustomerUserPreferences",
        "customerUser { preferences { key value } }",
        {
            "login": "grace",
            "preferences": [
                {"key": "UserLanguage", "value": "de"},
                {"key": "UserSkin", "value": "dark"},
                {"key": "UserTimeZone", "value": None},
            ],
        },
        {
            "customerUser": {
                "preferences": [
                    {"key": "UserLanguage", "value": "de"},
                    {"key": "UserSkin", "value": "dark"},
                ]
            }
        },
    ),
]


class TestTheNewState:
    @pytest.mark.parametrize(
        ("mutation", "selection", "given", "expected"), GOOD, ids=[one[0] for one in GOOD]
    )
    async def test_is_answered_and_stored(
        self, desk: Desk, mutation: str, selection: str, given: dict[str, Any], expected: Any
    ) -> None:
        before = await desk.tables()
        assert await desk.write(mutation, selection, **given) == {**expected, "userErrors": []}
        assert await desk.tables() != before

    @pytest.mark.parametrize(
        ("mutation", "selection", "given", "expected"), GOOD, ids=[one[0] for one in GOOD]
    )
    async def test_a13_is_the_same_after_the_same_again(
        self, desk: Desk, mutation: str, selection: str, given: dict[str, Any], expected: Any
    ) -> None:
        await desk.write(mutation, selection, **given)
        before = await desk.tables()
        if "newName" in given:
            given = {**given, "name": given["newName"]}
        assert await desk.write(mutation, selection, **given) == {**expected, "userErrors": []}
        assert await desk.tables() == before

    async def test_of_something_made_can_be_asked_at_once(self, desk: Desk) -> None:
        made = await desk.write("createGroup", "group { name validity comment }", name=" first line ")
        assert made["group"] == {"name": "first line", "validity": "VALID", "comment": None}
        made = await desk.write(
            "createService", "service { name parent { name } }", name="Web:: \tPortal\n", validity="INVALID"
        )
        assert made["service"] == {"name": "Web::Portal", "parent": {"name": "Web"}}

    async def test_is_seen_by_a_later_mutation_of_the_same_document(self, desk: Desk) -> None:
        found = await desk.data(
            """mutation {
              one: setCustomerUserCustomers(input: {login: "ada", customerIds: ["NORD"]})
                { customerUser { customerIds additionalCustomerIds customers { customerId } } }
              two: setCustomerUserCustomers(input: {login: "ada", customerIds: ["SUED"]})
                { customerUser { customerIds additionalCustomerIds customers { customerId } } }
            }"""
        )
        assert [found[name]["customerUser"]["customerIds"] for name in ("one", "two")] == [
            ["ACME", "NORD"],
            ["ACME", "SUED"],
        ]
        assert found["two"]["customerUser"]["additionalCustomerIds"] == ["SUED"]
        assert found["two"]["customerUser"]["customers"] == [{"customerId": "ACME"}, {"customerId": "SUED"}]

    async def test_a_login_is_written_as_its_owner_spells_it(self, desk: Desk) -> None:
        await desk.write("setCustomerUserGroups", "__typename", login="BEN", grants=[grant("support", RO)])
        await desk.write("updateCustomerMembers", "__typename", customerId="acme", add=["GRACE"])
        rows = await desk.tables()
        assert [row[0] for row in rows["group_customer_user"]] == ["Ben"]
        assert [row[:2] for row in rows["customer_user_customer"]] == [("grace", "ACME")]


def grant(group: str, *keys: str) -> dict[str, Any]:
    return {"group": group, "permissions": list(keys)}


class TestReplacing:
    """A13: what is named is replaced, and only that."""

    async def test_leaves_other_groups_and_other_people_alone(self, desk: Desk) -> None:
        await desk.put(
            "group_customer_user", ("ada", 11, "ro", 1), ("ada", 12, "ro", 1), ("eve", 11, "ro", 1)
        )
        await desk.write("setCustomerUserGroups", "__typename", login="ada", grants=[grant("support", RW)])
        rows = [row[:4] for row in (await desk.tables())["group_customer_user"]]
        assert rows == [("ada", 11, "rw", 1), ("ada", 12, "ro", 1), ("eve", 11, "ro", 1)]

    async def test_takes_away_keys_that_were_not_named_also_those_that_are_not_configured(
        self, desk: Desk
    ) -> None:
        await desk.put(
            "group_customer_user", ("ada", 11, "ro", 1), ("ada", 11, "rw", 1), ("ada", 11, "note", 1)
        )
        await desk.write("setCustomerUserGroups", "__typename", login="ada", grants=[grant("support", MOVE)])
        rows = [row[:4] for row in (await desk.tables())["group_customer_user"]]
        assert rows == [("ada", 11, "move_into", 1)]

    async def test_leaves_the_other_context_alone(self, desk: Desk) -> None:
        await desk.put("group_customer", ("ACME", 11, SAME, "ro", 1), ("ACME", 11, OTHER, "ro", 1))
        await desk.write("setCustomerGroups", "__typename", customerId="ACME", grants=[grant("support")])
        assert [row[:4] for row in (await desk.tables())["group_customer"]] == [("ACME", 11, OTHER, "ro")]

    async def test_rows_that_stay_keep_their_times(self, desk: Desk) -> None:
        await desk.put("customer_user_customer", ("ada", "NORD"))
        before = (await desk.tables())["customer_user_customer"]
        await desk.write("setCustomerUserCustomers", "__typename", login="ada", customerIds=["NORD", "SUED"])
        assert before[0] in (await desk.tables())["customer_user_customer"]

    async def test_preferences_that_are_not_named_stay_and_null_removes_one(self, desk: Desk) -> None:
        await desk.put("customer_preferences", ("ada", "UserSkin", "dark"), ("ada", "UserLanguage", "de"))
        await desk.write(
            "setCustomerUserPreferences",
            "__typename",
            login="ada",
            preferences=[{"key": "UserSkin", "value": None}, {"key": "Empty", "value": ""}],  # PREF-2
        )
        assert (await desk.tables())["customer_preferences"] == [
            ("ada", "Empty", ""),
            ("ada", "UserLanguage", "de"),
        ]


class TestLeftovers:
    """Rows of a login or customer that nobody has any more can be taken away, but not added to."""

    async def test_a_relation_of_nobody_is_taken_away(self, desk: Desk) -> None:
        await desk.put("customer_user_customer", ("ghost", "NORD"), ("ghost", "SUED"))
        assert await desk.findings("updateCustomerMembers", customerId="NORD", add=["ghost"]) == [
            ("add.0", "NOT_FOUND")
        ]
        assert await desk.findings("updateCustomerMembers", customerId="NORD", remove=["ghost"]) == []
        assert [row[:2] for row in (await desk.tables())["customer_user_customer"]] == [("ghost", "SUED")]

    async def test_a_service_of_nobody_is_taken_away(self, desk: Desk) -> None:
        await desk.put("service_customer_user", ("ghost", 21), ("ghost", 23))
        assert await desk.findings("updateServiceCustomerUsers", service="Web", remove=["ghost"]) == []
        assert await desk.findings("updateServiceCustomerUsers", service="Web", remove=["ghost"]) == [
            ("remove.0", "NOT_FOUND")
        ]
        assert [row[:2] for row in (await desk.tables())["service_customer_user"]] == [("ghost", 23)]

    async def test_grants_of_nobody_are_taken_away(self, desk: Desk) -> None:
        await desk.put("group_customer_user", ("ghost", 11, "rw", 1))
        await desk.put("group_customer", ("GONE", 11, SAME, "rw", 1))
        ghost, gone = {"login": "ghost", "permissions": []}, {"customerId": "GONE", "permissions": []}
        more = [{"login": "ghost", "permissions": [RO]}]
        assert await desk.findings("setGroupCustomerUsers", group="support", grants=more) == [
            ("grants.0.login", "NOT_FOUND")
        ]
        assert await desk.findings("setGroupCustomerUsers", group="support", grants=[ghost]) == []
        assert await desk.findings("setGroupCustomers", group="support", grants=[gone]) == []
        rows = await desk.tables()
        assert (rows["group_customer_user"], rows["group_customer"]) == ([], [])

    async def test_the_reserved_login_is_nobody(self, desk: Desk) -> None:
        await desk.put("service_customer_user", ("<DEFAULT>", 21))
        for given in ({"add": ["<DEFAULT>"]}, {"remove": ["<DEFAULT>"]}):
            (path,) = given
            assert await desk.findings("updateServiceCustomerUsers", service="Web", **given) == [
                (f"{path}.0", "NOT_FOUND")
            ]
        assert await desk.findings("setCustomerUserServices", login="<DEFAULT>", services=[]) == [
            ("login", "NOT_FOUND")
        ]


def on(login: str, *keys: str) -> dict[str, Any]:
    return {"login": login, "permissions": list(keys)}


def of(customer_id: str, *keys: str, **more: str) -> dict[str, Any]:
    return {"customerId": customer_id, "permissions": list(keys), **more}


BAD: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    (
        "setCustomerUserCustomers",
        {"login": "nobody", "customerIds": ["ACME", "nowhere", "acme", "", "ACME"]},
        [
            ("customerIds.1", "NOT_FOUND"),
            ("customerIds.2", "INVALID"),
            ("customerIds.3", "NOT_FOUND"),
            ("customerIds.4", "INVALID"),
            ("login", "NOT_FOUND"),
        ],
    ),
    ("setCustomerUserCustomers", {"login": LONG_LOGIN, "customerIds": ["ACME"]}, [("login", "INVALID")]),
    (
        "updateCustomerMembers",
        {"customerId": "nowhere", "add": ["nobody", "ada", "Ada"], "remove": ["BEN", "ada", "nobody"]},
        [
            ("add.0", "NOT_FOUND"),
            ("add.2", "INVALID"),
            ("customerId", "NOT_FOUND"),
            ("remove.1", "INVALID"),
            ("remove.2", "INVALID"),
            ("remove.2", "NOT_FOUND"),
        ],
    ),
    ("updateCustomerMembers", {"customerId": "ACME", "add": [LONG_LOGIN]}, [("add.0", "INVALID")]),
    (
        "setCustomerUserGroups",
        {
            "login": "no\0body",
            "grants": [grant("support", RO), grant("nowhere", RO), grant("support", RW), grant("SUPPORT")],
        },
        [
            ("grants.1.group", "NOT_FOUND"),
            ("grants.2.group", "INVALID"),
            ("grants.3.group", "NOT_FOUND"),
            ("login", "NOT_FOUND"),
        ],
    ),
    (
        "setCustomerUserGroups",
        {"login": LONG_LOGIN, "grants": [grant("support", RO)]},
        [("login", "INVALID")],
    ),
    (
        "setGroupCustomerUsers",
        {"group": "nowhere", "grants": [on("nobody", RO), on("ada", RO), on("ADA"), on(LONG_LOGIN, RO)]},
        [
            ("grants.0.login", "NOT_FOUND"),
            ("grants.2.login", "INVALID"),
            ("grants.3.login", "INVALID"),
            ("group", "NOT_FOUND"),
        ],
    ),
    (
        "setCustomerGroups",
        {
            "customerId": "nowhere",
            "grants": [
                {**grant("support", RO), "context": "SAME_CUSTOMER"},
                {**grant("support", RO), "context": "OTHER_CUSTOMERS"},
                {**grant("support", RW), "context": "OTHER_CUSTOMERS"},
                grant("nowhere", RO),
            ],
        },
        [
            ("customerId", "NOT_FOUND"),
            ("grants.2.group", "INVALID"),
            ("grants.3.group", "NOT_FOUND"),
        ],
    ),
    (
        "setGroupCustomers",
        {"group": "nowhere", "grants": [of("nowhere", RO), of("ACME", RO), of("acme", RW)]},
        [
            ("grants.0.customerId", "NOT_FOUND"),
            ("grants.2.customerId", "INVALID"),
            ("group", "NOT_FOUND"),
        ],
    ),
    (
        "setCustomerUserServices",
        {"login": "nobody", "services": ["Web", "nowhere", "Web"]},
        [("login", "NOT_FOUND"), ("services.1", "NOT_FOUND"), ("services.2", "INVALID")],
    ),
    (
        "updateServiceCustomerUsers",
        {"service": "nowhere", "add": ["nobody", "ada"], "remove": ["ADA"]},
        [("add.0", "NOT_FOUND"), ("remove.0", "INVALID"), ("service", "NOT_FOUND")],
    ),
    (
        "setDefaultServices",
        {"services": ["nowhere", "Mail", "Mail"]},
        [("services.0", "NOT_FOUND"), ("services.2", "INVALID")],
    ),
    ("createGroup", {"name": " ", "comment": "x" * 251}, [("comment", "INVALID"), ("name", "REQUIRED")]),
    ("createGroup", {"name": "x" * 192}, [("name", "INVALID")]),
    ("createGroup", {"name": "a\0b"}, [("name", "INVALID")]),
    ("createGroup", {"name": "support"}, [("name", "TAKEN")]),
    (
        "updateGroup",
        {"name": "nowhere", "newName": "", "comment": "x" * 251, "validity": None},
        [("comment", "INVALID"), ("name", "NOT_FOUND"), ("newName", "REQUIRED"), ("validity", "REQUIRED")],
    ),
    ("updateGroup", {"name": "sales", "newName": "support"}, [("newName", "TAKEN")]),
    ("updateGroup", {"name": "sales", "newName": None}, [("newName", "REQUIRED")]),
    ("createService", {"name": "Web"}, [("name", "TAKEN")]),
    ("createService", {"name": "nowhere::below"}, [("name", "NOT_FOUND")]),
    ("createService", {"name": "Web::"}, [("name", "INVALID")]),
    ("createService", {"name": "Web:::Shop"}, [("name", "INVALID")]),
    ("createService", {"name": "\n\t "}, [("name", "REQUIRED")]),
    ("createService", {"name": "x" * 192, "comment": "\0"}, [("comment", "INVALID"), ("name", "INVALID")]),
    (
        "updateService",
        {"name": "nowhere", "newName": "above::here", "comment": "x" * 251, "validity": None},
        [("comment", "INVALID"), ("name", "NOT_FOUND"), ("newName", "NOT_FOUND"), ("validity", "REQUIRED")],
    ),
    ("updateService", {"name": "Web", "newName": "Web::Web"}, [("newName", "INVALID")]),
    ("updateService", {"name": "Web", "newName": "Mail"}, [("newName", "TAKEN")]),
    ("updateService", {"name": "Web", "newName": "W" * 190}, [("newName", "INVALID")]),
    (
        "setCustomerUserPreferences",
        {
            "login": "nobody",
            "preferences": [
                {"key": "UserSkin", "value": "x" * 251},
                {"key": "UserSkin", "value": "dark"},
                {"key": " ", "value": "x"},
                {"key": "K" * 151, "value": "\0"},
            ],
        },
        [
            ("login", "NOT_FOUND"),
            ("preferences.0.value", "INVALID"),
            ("preferences.1.key", "INVALID"),
            ("preferences.2.key", "REQUIRED"),
            ("preferences.3.key", "INVALID"),
            ("preferences.3.value", "INVALID"),
        ],
    ),
]


PROTECTED = """
    UserID UserLogin UserPassword UserFirstname UserLastname UserFullname UserStreet UserCity UserZip UserCountry
    UserComment UserCustomerID UserTitle UserEmail ChangeTime ChangeBy CreateTime CreateBy UserPhone UserMobile UserFax
    UserMailString ValidID

    UserCustomerIDs CustomerCompanyName CustomerCompanyAnything CustomerID UserAuthBackend UserLoginFailed UserToken
    UserLastPw UserLastPw7 UserGoogleAuthenticatorSecretKey MyOtpSecret usertoken Source Config CompanyConfig
"""
"""First those of PREF-3, then those of PREF-6 and CU-6, and the configured second factor."""


class TestFindings:
    @pytest.mark.parametrize(
        ("mutation", "given", "expected"), BAD, ids=[f"{one[0]}-{n}" for n, one in enumerate(BAD)]
    )
    async def test_a9_all_are_named_at_once_and_nothing_is_written(
        self, desk: Desk, mutation: str, given: dict[str, Any], expected: list[tuple[str, str]]
    ) -> None:
        before = await desk.tables()
        assert await desk.findings(mutation, **given) == expected
        assert await desk.tables() == before

    @pytest.mark.parametrize("key", PROTECTED.split())
    async def test_pref_3_and_6_what_the_system_believes_cannot_be_set(self, desk: Desk, key: str) -> None:
        for value in ("x", None):
            given = [{"key": key, "value": value}]
            assert await desk.findings("setCustomerUserPreferences", login="ada", preferences=given) == [
                ("preferences.0.key", "INVALID")
            ]
        assert (await desk.tables())["customer_preferences"] == []

    async def test_a_key_that_is_not_configured_does_not_pass_the_schema(self, desk: Desk) -> None:
        query = """mutation { setCustomerUserGroups(input: {login: "ada",
            grants: [{group: "support", permissions: [OWNER]}]}) { userErrors { code } } }"""
        answer = await desk.ask(query)
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert "OWNER" in answer["errors"][0]["message"]

    async def test_a_context_that_is_not_configured_is_invalid_at_its_path(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        async with desk_of(postgresql, slapd, folder, name="mutations", other="") as simple:
            grants = [of("ACME", RO), of("NORD", RO, context="OTHER_CUSTOMERS")]
            assert await simple.findings("setGroupCustomers", group="support", grants=grants) == [
                ("grants.1.context", "INVALID")
            ]
            given = [{**grant("support", RO), "context": "OTHER_CUSTOMERS"}]
            assert await simple.findings("setCustomerGroups", customerId="ACME", grants=given) == [
                ("grants.0.context", "INVALID")
            ]
        assert (await desk.tables())["group_customer"] == []

    async def test_a_reader_may_not_and_an_editor_may_set_preferences_alone(self, desk: Desk) -> None:
        groups = (
            'mutation { setCustomerUserGroups(input: {login: "ada", grants: []}) { userErrors { code } } }'
        )
        skin = """mutation { setCustomerUserPreferences(input: {login: "ada",
            preferences: [{key: "UserSkin", value: "dark"}]}) { userErrors { code } } }"""
        allowed = {
            (query, role): "errors" not in await desk.ask(query, roles=(role,))
            for query in (groups, skin)
            for role in ("reader", "editor", "admin")
        }
        assert [role for (query, role), may in allowed.items() if may and query == groups] == ["admin"]
        assert [role for (query, role), may in allowed.items() if may and query == skin] == [
            "editor",
            "admin",
        ]


UNKNOWN: list[tuple[str, dict[str, Any], str]] = [
    ("setCustomerUserCustomers", {"login": "who", "customerIds": ["ACME"]}, "login"),
    ("updateCustomerMembers", {"customerId": "ACME", "add": ["ada", "who"]}, "add.1"),
    ("updateCustomerMembers", {"customerId": "ACME", "remove": ["who"]}, "remove.0"),
    ("setCustomerUserGroups", {"login": "who", "grants": [grant("support", RO)]}, "login"),
    (
        "setGroupCustomerUsers",
        {"group": "support", "grants": [on("ada", RO), on("who", RO)]},
        "grants.1.login",
    ),
    ("setCustomerUserServices", {"login": "who", "services": ["Web"]}, "login"),
    ("updateServiceCustomerUsers", {"service": "Web", "add": ["ada", "who"]}, "add.1"),
    (
        "setCustomerUserPreferences",
        {"login": "who", "preferences": [{"key": "UserSkin", "value": "dark"}]},
        "login",
    ),
]


class TestSilence:
    """R15: a source that does not answer is no proof that somebody does not exist."""

    @pytest.mark.parametrize(
        ("mutation", "given", "path"), UNKNOWN, ids=[f"{one[0]}-{one[2]}" for one in UNKNOWN]
    )
    async def test_who_may_be_in_a_silent_source_is_unknown(
        self, torn: Desk, mutation: str, given: dict[str, Any], path: str
    ) -> None:
        before = await torn.tables()
        assert await torn.findings(mutation, **given) == [(path, "SOURCE_UNAVAILABLE")]
        assert await torn.tables() == before

    async def test_who_was_found_before_the_silent_source_can_be_written(self, torn: Desk) -> None:
        assert await torn.findings("setCustomerUserCustomers", login="eve", customerIds=["NORD"]) == []

    async def test_the_message_names_the_source_and_the_login(self, torn: Desk) -> None:
        payload = await torn.write("setCustomerUserCustomers", "__typename", login="who", customerIds=[])
        assert payload["userErrors"][0]["message"] == "gone does not answer, so nobody knows who has who."

    @pytest.mark.parametrize(
        ("mutation", "given", "path"),
        [
            ("setCustomerUserCustomers", {"login": "ada", "customerIds": ["ACME"]}, "customerIds.0"),
            ("updateCustomerMembers", {"customerId": "ACME", "add": ["ada"]}, "customerId"),
            ("setCustomerGroups", {"customerId": "ACME", "grants": []}, "customerId"),
            ("setGroupCustomers", {"group": "support", "grants": [of("ACME", RO)]}, "grants.0.customerId"),
        ],
    )
    async def test_so_is_a_customer(
        self,
        desk: Desk,
        postgresql: PostgreSQL,
        slapd: Slapd,
        folder: Path,
        mutation: str,
        given: dict[str, Any],
        path: str,
    ) -> None:
        before = await desk.tables()
        async with desk_of(postgresql, slapd, folder, name="mutations", customers=NO_COMPANIES) as without:
            assert await without.findings(mutation, **given) == [(path, "SOURCE_UNAVAILABLE")]
        assert await desk.tables() == before

    async def test_a_registry_that_does_not_answer_is_an_error_and_no_finding(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        async with desk_of(postgresql, slapd, folder, name="mutations", registry="nowhere") as headless:
            answer = await headless.ask(
                'mutation { createGroup(input: {name: "new"}) { group { name } userErrors { code } } }'
            )
        assert answer["data"] == {"createGroup": None}
        assert answer["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"
        assert answer["errors"][0]["path"] == ["createGroup"]


async def test_r17_of_many_writers_at_once_one_has_the_last_word(desk: Desk) -> None:
    """Whoever comes last: the state is that of one of them, and its payload said so."""
    states = [[grant("support", RO), grant("sales", MOVE)], [grant("support", MOVE), grant("sales", RW)]]
    relations = [["NORD"], ["SUED", "OLD"]]
    writing = []
    for number in range(24):
        login = ("ada", "ADA")[number % 3 == 0]
        one = desk.write("setCustomerUserGroups", "__typename", login=login, grants=states[number % 2])
        other = desk.write(
            "setCustomerUserCustomers", "__typename", login=login, customerIds=relations[number % 2]
        )
        writing += [one, other]
    assert {len(one["userErrors"]) for one in await asyncio.gather(*writing)} == {0}
    rows = await desk.tables()
    assert [row[:3] for row in rows["group_customer_user"]] in (
        [("ada", 11, "ro"), ("ada", 12, "move_into")],
        [("ada", 11, "move_into"), ("ada", 12, "rw")],
    )
    assert sorted(row[1] for row in rows["customer_user_customer"]) in (["NORD"], ["OLD", "SUED"])


async def test_svc_13_a_new_name_renames_everything_below_and_nothing_else(desk: Desk) -> None:
    await desk.put(
        "service", (31, "Web::Shop::Cart", None, 2), (32, "Webshop", None, 1), (33, "web::shop", None, 1)
    )
    found = await desk.write("updateService", "service { name validity }", name="Web", newName="Internet")
    assert found["service"] == {"name": "Internet", "validity": "VALID"}
    names = {row[0]: row[1] for row in (await desk.tables())["service"]}
    assert names == {
        21: "Internet",
        22: "Internet::Shop",
        31: "Internet::Shop::Cart",
        32: "Webshop",
        33: "web::shop",
        23: "Mail",
        24: "Fax",
    }


async def test_svc_13_a_descendant_that_would_meet_another_name_refuses_all(desk: Desk) -> None:
    await desk.put("service", (31, "Net::Shop", None, 1))
    before = await desk.tables()
    assert await desk.findings("updateService", name="Web", newName="Net") == [("newName", "TAKEN")]
    assert await desk.tables() == before


async def test_every_table_of_relations_is_compared(desk: Desk) -> None:
    assert set(await desk.tables()) == set(TABLES)
