"""Permissions through GraphQL, over real stores: explained, inverted, paged, and by a fixed number of statements."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.relations_desk import AUDIT, GONE, OTHER, SAME, THEN, Desk, counted, desk_of, emptied

EFFECTIVE = """
  group { name } permissions
  grants { origin permissions context customer { customerId } }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
async def shared(postgresql: PostgreSQL, slapd: Slapd, folder: Path) -> AsyncIterator[Desk]:
    async with desk_of(postgresql, slapd, folder, name="granted") as desk:
        yield desk


@pytest.fixture
async def desk(shared: Desk) -> Desk:
    await emptied(shared)
    return shared


async def some_grants(desk: Desk) -> None:
    """Grants of every kind, rows that do not count, and rows of nobody."""
    await desk.put(
        "group_customer_user",
        ("ada", 11, "ro", 1),
        ("ada", 11, "ro", 1),
        ("ada", 12, "rw", 0),
        ("ada", 13, "rw", 1),
        ("ada", 11, "note", 1),
        ("grace", 11, "move_into", 1),
        ("ghost", 11, "rw", 1),
        ("noted", 11, "note", 1),
    )
    await desk.put(
        "group_customer",
        ("ACME", 11, SAME, "rw", 1),
        ("ACME", 12, OTHER, "ro", 1),
        ("SUED", 12, SAME, "ro", 1),
        ("OLD", 12, SAME, "rw", 1),
        ("NORD", 12, OTHER, "move_into", 1),
        ("GONE", 12, SAME, "ro", 1),
        ("SUED", 12, "Elsewhere", "ro", 1),
        ("SUED", 12, OTHER, "note", 1),
    )
    await desk.put("customer_user_customer", ("grace", "NORD"), ("ada", "NORD"))


class TestEffectivePermissions:
    async def test_every_entry_explains_itself(self, desk: Desk) -> None:
        await some_grants(desk)
        found = await desk.data(
            f'{{ customerUser(login: "ADA") {{ effectivePermissions {{ {EFFECTIVE} }} }} }}'
        )
        every = ["RO", "MOVE_INTO", "RW"]
        support, users = found["customerUser"]["effectivePermissions"]
        assert (support["group"]["name"], support["permissions"]) == ("support", every)
        assert support["grants"] == [
            {"origin": "DIRECT", "permissions": ["RO"], "context": None, "customer": None},
            a_grant("CUSTOMER", every, "ACME"),
        ]
        assert (users["group"]["name"], users["permissions"]) == ("users", every)
        assert users["grants"] == [
            {"origin": "ALWAYS", "permissions": every, "context": None, "customer": None},
            a_grant("ALWAYS", every, "ACME"),
            a_grant("ALWAYS", every, "NORD"),
        ]

    async def test_the_other_context_is_asked_for_by_name(self, desk: Desk) -> None:
        await some_grants(desk)
        query = f"""{{ customerUser(login: "ada") {{
            effectivePermissions(context: OTHER_CUSTOMERS) {{ {EFFECTIVE} }} }} }}"""
        (sales,) = (await desk.data(query))["customerUser"]["effectivePermissions"]
        assert (sales["group"]["name"], sales["permissions"]) == ("sales", ["RO", "MOVE_INTO"])
        assert sales["grants"] == [
            a_grant("CUSTOMER", ["RO"], "ACME", "OTHER_CUSTOMERS"),
            a_grant("CUSTOMER", ["MOVE_INTO"], "NORD", "OTHER_CUSTOMERS"),
        ]

    async def test_users_of_a_directory_and_of_a_read_only_source_hold_what_is_stored(
        self, desk: Desk
    ) -> None:
        await some_grants(desk)
        query = """{ customerUsersByLogin(logins: ["grace", "eve"]) {
            source { key } groups { group { name } permissions }
            effectivePermissions { group { name } permissions } } }"""
        grace, eve = (await desk.data(query))["customerUsersByLogin"]
        assert (grace["source"]["key"], eve["source"]["key"]) == ("directory", "archive")
        assert grace["groups"] == [{"group": {"name": "support"}, "permissions": ["MOVE_INTO"]}]
        assert [one["group"]["name"] for one in grace["effectivePermissions"]] == ["support", "users"]
        assert eve["groups"] == []
        assert [one["group"]["name"] for one in eve["effectivePermissions"]] == ["support", "users"]

    async def test_an_invalid_user_holds_the_same_as_a_valid_one(self, desk: Desk) -> None:
        await some_grants(desk)
        query = '{ customerUser(login: "invalid") { effectivePermissions { group { name } } } }'
        found = (await desk.data(query))["customerUser"]["effectivePermissions"]
        assert [one["group"]["name"] for one in found] == ["support", "users"]

    async def test_permission_by_permission(self, desk: Desk) -> None:
        await some_grants(desk)
        query = """{ customerUsersByLogin(logins: ["grace", "ada"]) {
            move: hasPermission(group: "support", permission: MOVE_INTO)
            ro: hasPermission(group: "support", permission: RO, context: null)
            other: hasPermission(group: "sales", permission: MOVE_INTO, context: OTHER_CUSTOMERS)
            same: hasPermission(group: "sales", permission: MOVE_INTO, context: SAME_CUSTOMER)
            nowhere: hasPermission(group: "nowhere", permission: RO) old: hasPermission(group: "old", permission: RO)
        } }"""
        grace, ada = (await desk.data(query))["customerUsersByLogin"]
        assert grace == {
            "move": True,
            "ro": False,
            "other": True,
            "same": False,
            "nowhere": False,
            "old": False,
        }
        assert ada == {"move": True, "ro": True, "other": True, "same": False, "nowhere": False, "old": False}

    async def test_stored_grants_are_shown_with_invalid_groups_and_without_foreign_keys(
        self, desk: Desk
    ) -> None:
        await some_grants(desk)
        query = '{ customerUser(login: "ada") { groups { group { name validity } permissions } } }'
        assert (await desk.data(query))["customerUser"]["groups"] == [
            {"group": {"name": "old", "validity": "INVALID"}, "permissions": ["RW"]},
            {"group": {"name": "support", "validity": "VALID"}, "permissions": ["RO"]},
        ]

    async def test_a_customer_shows_what_it_gives(self, desk: Desk) -> None:
        await some_grants(desk)
        query = f"""{{ customer(customerId: "ACME") {{
            groups {{ group {{ name }} context permissions }}
            same: effectivePermissions {{ {EFFECTIVE} }}
            other: effectivePermissions(context: OTHER_CUSTOMERS) {{ group {{ name }} permissions }} }} }}"""
        acme = (await desk.data(query))["customer"]
        assert acme["groups"] == [
            {"group": {"name": "sales"}, "context": "OTHER_CUSTOMERS", "permissions": ["RO"]},
            {"group": {"name": "support"}, "context": "SAME_CUSTOMER", "permissions": ["RW"]},
        ]
        assert [one["group"]["name"] for one in acme["same"]] == ["support", "users"]
        assert acme["same"][0]["grants"] == [a_grant("CUSTOMER", ["RO", "MOVE_INTO", "RW"], "ACME")]
        assert acme["other"] == [{"group": {"name": "sales"}, "permissions": ["RO"]}]

    async def test_perm_20_the_customers_within_reach(self, desk: Desk) -> None:
        await some_grants(desk)
        query = """{ customerUsersByLogin(logins: ["ada", "grace"]) {
            accessibleCustomers { customer { customerId } direct indirect } } }"""
        ada, grace = (await desk.data(query))["customerUsersByLogin"]
        assert ada["accessibleCustomers"] == [
            {"customer": {"customerId": "ACME"}, "direct": True, "indirect": False},
            {"customer": {"customerId": "NORD"}, "direct": True, "indirect": False},
            {"customer": {"customerId": "SUED"}, "direct": False, "indirect": True},
        ]
        assert grace["accessibleCustomers"] == [
            {"customer": {"customerId": "NORD"}, "direct": True, "indirect": False}
        ]

    async def test_group_support_that_is_off_is_visible_as_such(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        query = f"""{{ customerUser(login: "grace") {{ effectivePermissions {{ {EFFECTIVE} }} }}
            group(name: "sales") {{ effectiveCustomerUsers(permission: RW) {{ totalCount }} }}
            customerUsers(filter: {{validity: [VALID, INVALID]}}) {{ totalCount }} }}"""
        async with desk_of(postgresql, slapd, folder, name="granted", enabled=False) as free:
            found = await free.data(query)
        held = found["customerUser"]["effectivePermissions"]
        assert [one["group"]["name"] for one in held] == ["admin", "sales", "stats", "support", "users"]
        assert {one["origin"] for entry in held for one in entry["grants"]} == {"UNRESTRICTED"}
        total = found["group"]["effectiveCustomerUsers"]["totalCount"]
        assert total == found["customerUsers"]["totalCount"] == 8


def a_grant(origin: str, keys: list[str], customer_id: str, context: str = "SAME_CUSTOMER") -> dict[str, Any]:
    customer = {"customerId": customer_id}
    return {"origin": origin, "permissions": keys, "context": context, "customer": customer}


PAGED = [
    ("customerUsers", "login permissions", ["ada", "ghost", "grace"]),
    ("customers", "customerId context permissions", ["ACME"]),
    ("effectiveCustomerUsers(permission: RO)", "login permissions", ["ada", "eve", "invalid", "l" * 120]),
]


class TestConnectionsOfAGroup:
    @pytest.mark.parametrize(("field", "selection", "expected"), PAGED, ids=[one[0] for one in PAGED])
    @pytest.mark.parametrize("first", [1, 2, 1000])
    async def test_a6_pages_are_the_list_and_their_cursors_those_of_the_edges(
        self, desk: Desk, field: str, selection: str, expected: list[str], first: int
    ) -> None:
        await some_grants(desk)
        name, _, arguments = field.rstrip(")").partition("(")
        after, found = None, []
        while True:
            query = f"""query ($after: String, $first: Int) {{ group(name: "support") {{
                {name}({arguments} first: $first, after: $after) {{
                    totalCount edges {{ cursor {selection} }}
                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"""
            page = (await desk.data(query, after=after, first=first))["group"][name]
            assert page["totalCount"] == len(expected)
            assert len(page["edges"]) <= first
            cursors = [edge["cursor"] for edge in page["edges"]]
            info = page["pageInfo"]
            assert (info["startCursor"], info["endCursor"]) == (cursors[0], cursors[-1])
            assert info["hasPreviousPage"] == (after is not None)
            found += page["edges"]
            after = info["endCursor"]
            if not info["hasNextPage"]:
                break
        assert [edge.get("login") or edge.get("customerId") for edge in found] == expected
        assert all(edge["permissions"] for edge in found)

    @pytest.mark.parametrize(
        "field", ["customerUsers", "customers", "effectiveCustomerUsers(permission: RW)"]
    )
    async def test_a6_an_empty_page_has_no_cursors(self, desk: Desk, field: str) -> None:
        name = field.partition("(")[0]
        query = f"""{{ group(name: "old") {{ {field} {{ totalCount edges {{ cursor }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"""
        assert (await desk.data(query))["group"][name] == {
            "totalCount": 0,
            "edges": [],
            "pageInfo": {
                "hasNextPage": False,
                "hasPreviousPage": False,
                "startCursor": None,
                "endCursor": None,
            },
        }

    @pytest.mark.parametrize("field", [one[0] for one in PAGED])
    async def test_a3_and_a4_size_and_cursor_are_checked(self, desk: Desk, field: str) -> None:
        await some_grants(desk)
        name, _, arguments = field.rstrip(")").partition("(")

        async def answer(more: str, group: str = "support") -> dict[str, Any]:
            query = f'{{ group(name: "{group}") {{ {name}({arguments} {more}) {{ edges {{ cursor }} }} }} }}'
            return await desk.ask(query)

        for wrong, code in (
            ("first: 1001", "BAD_USER_INPUT"),
            ("first: -1", "BAD_USER_INPUT"),
            ('after: "x"', "CURSOR_INVALID"),
        ):
            assert [one["extensions"]["code"] for one in (await answer(wrong))["errors"]] == [code]
        cursor = (await answer("first: 1"))["data"]["group"][name]["edges"][0]["cursor"]
        foreign = await answer(f'after: "{cursor}"', "sales")
        assert [one["extensions"]["code"] for one in foreign["errors"]] == ["CURSOR_INVALID"]
        assert (await answer("first: 0"))["data"]["group"][name] == {"edges": []}

    async def test_who_is_nobody_any_more_has_an_edge_without_a_node(self, desk: Desk) -> None:
        await some_grants(desk)
        query = """{ group(name: "support") { customerUsers { edges { login node { login } } } }
            sales: group(name: "sales") { customers { totalCount edges { customerId context node { customerId } } } } }"""
        found = await desk.data(query)
        assert found["group"]["customerUsers"]["edges"] == [
            {"login": "ada", "node": {"login": "ada"}},
            {"login": "ghost", "node": None},
            {"login": "grace", "node": {"login": "grace"}},
        ]
        edges = found["sales"]["customers"]["edges"]
        assert found["sales"]["customers"]["totalCount"] == len(edges) == 5
        assert [(one["customerId"], one["context"], bool(one["node"])) for one in edges] == [
            ("ACME", "OTHER_CUSTOMERS", True),
            ("GONE", "SAME_CUSTOMER", False),
            ("NORD", "OTHER_CUSTOMERS", True),
            ("OLD", "SAME_CUSTOMER", True),
            ("SUED", "SAME_CUSTOMER", True),
        ]

    async def test_perm_18_whoever_has_a_customer_or_a_grant_holds_an_always_group_of_customers(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        await desk.put("group_customer_user", ("juergen", 11, "ro", 1))
        await desk.put("customer_user_customer", ("grace", "NORD"))
        always = 'always = []\ncustomer_always = ["support"]'
        query = """{ group(name: "support") {
            ro: effectiveCustomerUsers(permission: RO) { totalCount edges { login permissions } }
            rw: effectiveCustomerUsers(permission: RW) { totalCount edges { login } } } }"""
        async with desk_of(postgresql, slapd, folder, name="granted", groups=always) as other:
            group = (await other.data(query))["group"]
        holders = {edge["login"]: edge["permissions"] for edge in group["ro"]["edges"]}
        assert [*holders] == ["ada", "Ben", "eve", "grace", "invalid", "juergen", "l" * 120]
        assert holders["juergen"] == ["RO"]
        assert [edge["login"] for edge in group["rw"]["edges"]] == [
            one for one in holders if one != "juergen"
        ]
        assert (group["ro"]["totalCount"], group["rw"]["totalCount"]) == (7, 6)


class TestSilence:
    """R5 and A11: what is not known is an error at its path, never an empty list."""

    async def test_r5_without_the_registry_every_relation_is_an_error(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        relations = [
            "groups { permissions }",
            "effectivePermissions { permissions }",
            'hasPermission(group: "users", permission: RO)',
            "accessibleCustomers { direct }",
            "services { name }",
            "assignedServices { name }",
            "preferences { key }",
            "additionalCustomerIds",
            "customerIds",
        ]
        roots = [
            "groups { name }",
            'group(name: "users") { name }',
            "services { name }",
            'service(name: "Web") { name }',
            "defaultServices { name }",
        ]
        names = [one.partition(" ")[0].partition("(")[0] for one in (*relations, *roots)]
        query = f'{{ customerUser(login: "eve") {{ login {" ".join(relations)} }} {" ".join(roots)} }}'
        async with desk_of(
            postgresql, slapd, folder, name="granted", registry="nowhere", with_desk=False
        ) as headless:
            answer = await headless.ask(query)
        user = answer["data"].pop("customerUser")
        assert user.pop("login") == "eve"
        assert set(user.values()) | set(answer["data"].values()) == {None}
        assert sorted(one["path"][-1] for one in answer["errors"]) == sorted(names)
        assert {one["extensions"]["code"] for one in answer["errors"]} == {"SOURCE_UNAVAILABLE"}

    async def test_a11_who_may_be_in_a_silent_source_is_an_error_at_the_edge(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        await some_grants(desk)
        query = """{ group(name: "support") { customerUsers { totalCount edges { login node { login } } }
            effectiveCustomerUsers(permission: RO) { totalCount } } }"""
        async with desk_of(postgresql, slapd, folder, name="granted", sources=GONE) as torn:
            answer = await torn.ask(query)
        group = answer["data"]["group"]
        assert [edge["node"] for edge in group["customerUsers"]["edges"]] == [
            {"login": "ada"},
            None,
            {"login": "grace"},
        ]
        assert group["effectiveCustomerUsers"] is None
        assert {tuple(one["path"]): one["extensions"]["code"] for one in answer["errors"]} == {
            ("group", "customerUsers", "edges", 1, "node"): "SOURCE_UNAVAILABLE",
            ("group", "effectiveCustomerUsers"): "SOURCE_UNAVAILABLE",
        }


class TestStatements:
    """A21 and journey B: as many statements for one as for fifty."""

    async def many(self, desk: Desk) -> None:
        audit = (THEN, 1, THEN, 1)
        for number in range(50):
            await desk.database.execute(
                "INSERT INTO customer_user (login, customer_id, valid_id, email, first_name, last_name,"
                f" {', '.join(AUDIT)}) VALUES ($1, $2, 1, $1, $1, 'Many', $3, $4, $5, $6)",
                [f"many{number:02}", "ACME" if number % 2 else "NORD", *audit],
            )
        await desk.put("groups_table", *((50 + number, f"g{number}", None, 1) for number in range(20)))
        await desk.put(
            "group_customer_user",
            *((f"many{one:02}", 50 + number, "ro", 1) for one in range(50) for number in range(one % 20 + 1)),
        )
        await desk.put("group_customer", *(("ACME", 50 + number, SAME, "rw", 1) for number in range(20)))
        await desk.put("group_customer", *(("NORD", 50 + number, OTHER, "ro", 1) for number in range(20)))
        await desk.put("customer_user_customer", *((f"many{one:02}", "SUED") for one in range(50)))
        await desk.put("service_customer_user", *((f"many{one:02}", 21) for one in range(50)))

    @pytest.mark.parametrize(
        ("selection", "most"),
        [
            ("effectivePermissions { group { name } permissions grants { origin } }", 2),
            (
                'a: hasPermission(group: "g1", permission: RO) b: hasPermission(group: "g2", permission: RW)',
                2,
            ),
            ("groups { group { name } permissions }", 1),
            ("accessibleCustomers { customer { customerId } direct }", 4),
            ("services { name } assignedServices { name }", 2),
            ("preferences { key }", 1),
        ],
    )
    async def test_for_fifty_users_with_twenty_groups_they_are_those_for_one(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, selection: str, most: int
    ) -> None:
        await self.many(desk)
        counted(monkeypatch, desk)
        query = f"""query ($first: Int) {{
            customerUsers(first: $first, filter: {{login: "many"}}) {{ nodes {{ {selection} }} }} }}"""
        numbers = [len(await desk.statements(query, first=first)) for first in (1, 10, 50)]
        assert numbers == [most] * 3

    @pytest.mark.parametrize(
        ("selection", "most"),
        [
            ("customerUsers(first: 3) { edges { login permissions } }", 2),
            ("customerUsers(first: 3) { totalCount edges { login } }", 3),
            ("customers(first: 3) { totalCount edges { customerId } }", 3),
            ("effectiveCustomerUsers(permission: RO, first: 3) { edges { login permissions } }", 8),
        ],
    )
    async def test_a21_lists_of_all_groups_are_read_at_once(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, selection: str, most: int
    ) -> None:
        await self.many(desk)
        counted(monkeypatch, desk)
        found = await desk.statements(f"{{ groups {{ {selection} }} }}")
        assert len(found) <= most, found

    @pytest.mark.parametrize("field", ["customerUsers", "customers"])
    async def test_a5_a_total_costs_nothing_unless_it_is_selected(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, field: str
    ) -> None:
        await self.many(desk)
        counted(monkeypatch, desk)
        key = "login" if field == "customerUsers" else "customerId"
        query = '{{ group(name: "g1") {{ {0}(first: 5) {{ {2} edges {{ {1} }} }} }} }}'
        without = await desk.statements(query.format(field, key, ""))
        counting = await desk.statements(query.format(field, key, "totalCount"))
        assert (len(without), len(counting)) == (3, 4)
        assert not any("count(" in sql.lower() for sql in without)

    async def test_a_page_of_one_group_reads_no_more_rows_than_it_shows(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await self.many(desk)
        counted(monkeypatch, desk)
        found = await desk.statements('{ group(name: "g0") { customerUsers(first: 5) { edges { login } } } }')
        assert any("LIMIT" in sql for sql in found)
