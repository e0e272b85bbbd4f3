"""Services through GraphQL, over real stores: in effect, assigned, by default, as a tree, and who has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.relations_desk import GONE, Desk, counted, desk_of, emptied

WEB, SHOP, MAIL, FAX = 21, 22, 23, 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
async def shared(postgresql: PostgreSQL, slapd: Slapd, folder: Path) -> AsyncIterator[Desk]:
    async with desk_of(postgresql, slapd, folder, name="services") as desk:
        yield desk


@pytest.fixture
async def desk(shared: Desk) -> Desk:
    await emptied(shared)
    return shared


async def services_of(desk: Desk, login: str) -> tuple[list[str], list[str]]:
    """Names of the services in effect, and of those assigned."""
    query = """query ($login: String!) {
        customerUser(login: $login) { services { name } assignedServices { name } } }"""
    user = (await desk.data(query, login=login))["customerUser"]
    return [one["name"] for one in user["services"]], [one["name"] for one in user["assignedServices"]]


class TestInEffect:
    async def test_svc_4_without_own_services_the_defaults_stand_in(self, desk: Desk) -> None:
        await desk.put("service_customer_user", ("<DEFAULT>", MAIL), ("<DEFAULT>", FAX), ("<DEFAULT>", WEB))
        for login in ("ada", "eve", "grace"):
            assert await services_of(desk, login) == (["Mail", "Web"], [])

    async def test_svc_4_own_services_replace_the_defaults(self, desk: Desk) -> None:
        await desk.put(
            "service_customer_user", ("<DEFAULT>", MAIL), ("ada", SHOP), ("ada", SHOP), ("ada", FAX)
        )
        assert await services_of(desk, "ADA") == (["Web::Shop"], ["Fax", "Web::Shop"])

    async def test_svc_6_only_invalid_services_are_services_all_the_same(self, desk: Desk) -> None:
        await desk.put("service_customer_user", ("<DEFAULT>", MAIL), ("ada", FAX))
        assert await services_of(desk, "ada") == ([], ["Fax"])

    async def test_svc_7_the_rows_of_another_spelling_are_somebody_elses(self, desk: Desk) -> None:
        await desk.put("service_customer_user", ("ADA", MAIL))
        assert await services_of(desk, "ADA") == ([], [])

    async def test_as_a_union_the_defaults_are_added(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        await desk.put(
            "service_customer_user", ("<DEFAULT>", MAIL), ("<DEFAULT>", FAX), ("ada", SHOP), ("ada", MAIL)
        )
        async with desk_of(
            postgresql, slapd, folder, name="services", services='defaults = "union"'
        ) as union:
            assert await services_of(union, "ada") == (["Mail", "Web::Shop"], ["Mail", "Web::Shop"])
            assert await services_of(union, "grace") == (["Mail"], [])

    async def test_the_default_services_are_those_that_are_valid(self, desk: Desk) -> None:
        await desk.put("service_customer_user", ("<DEFAULT>", WEB), ("<DEFAULT>", FAX), ("<default>", MAIL))
        found = await desk.data(
            "{ defaultServices { name } services(validity: [VALID, INVALID]) { name isDefault } }"
        )
        assert found["defaultServices"] == [{"name": "Web"}]
        assert [one["name"] for one in found["services"] if one["isDefault"]] == ["Fax", "Web"]


class TestTree:
    async def test_svc_11_parents_are_those_whose_name_it_is(self, desk: Desk) -> None:
        await desk.put("service", (31, "Nobody::Here", None, 1), (32, "web::Mail", None, 1))
        found = await desk.data("{ services { name parent { name parent { name } } } }")
        assert {one["name"]: one["parent"] and one["parent"]["name"] for one in found["services"]} == {
            "Mail": None,
            "Nobody::Here": None,
            "Web": None,
            "Web::Shop": "Web",
            "web::Mail": None,
        }

    async def test_svc_12_what_hangs_below_an_invalid_service_is_not_listed(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        await desk.put(
            "service",
            (31, "Fax::Old", None, 1),
            (32, "Fax::Old::Older", None, 1),
            (33, "Faxes", None, 1),
            (34, "Mail::Out", None, 3),
        )

        async def listed(which: Desk, validity: str = "") -> list[str]:
            return [
                one["name"] for one in (await which.data(f"{{ services{validity} {{ name }} }}"))["services"]
            ]

        assert await listed(desk) == ["Faxes", "Mail", "Web", "Web::Shop"]
        assert await listed(desk, "(validity: [INVALID, INVALID_TEMPORARILY])") == ["Fax", "Mail::Out"]
        async with desk_of(
            postgresql, slapd, folder, name="services", services="keep_children = true"
        ) as kept:
            assert await listed(kept) == ["Fax::Old", "Fax::Old::Older", "Faxes", "Mail", "Web", "Web::Shop"]

    async def test_a_service_is_found_by_its_exact_name_and_by_its_id(self, desk: Desk) -> None:
        query = '{ a: service(name: "Web::Shop") { id name } b: service(name: "web::shop") { id } }'
        found = await desk.data(query)
        assert found["b"] is None
        node = await desk.data(
            "query ($id: ID!) { node(id: $id) { ... on Service { name } } }", id=found["a"]["id"]
        )
        assert node == {"node": {"name": "Web::Shop"}}


class TestWhoHasIt:
    LOGINS = ("Ben", "ada", "eve", "ghost", "grace")

    async def some(self, desk: Desk) -> None:
        rows = [(login, WEB) for login in (*self.LOGINS, "ada", "<DEFAULT>")]
        await desk.put("service_customer_user", *rows, ("juergen", MAIL))

    @pytest.mark.parametrize("first", [1, 2, 5, 1000])
    async def test_svc_3_pages_are_the_list_and_the_reserved_login_is_in_none(
        self, desk: Desk, first: int
    ) -> None:
        await self.some(desk)
        after, found = None, []
        while True:
            query = """query ($first: Int, $after: String) { service(name: "Web") {
                customerUsers(first: $first, after: $after) { totalCount edges { cursor login node { login } }
                    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
            page: dict[str, Any] = (await desk.data(query, first=first, after=after))["service"][
                "customerUsers"
            ]
            assert page["totalCount"] == len(self.LOGINS)
            cursors, info = [edge["cursor"] for edge in page["edges"]], page["pageInfo"]
            assert (info["startCursor"], info["endCursor"]) == (cursors[0], cursors[-1])
            assert info["hasPreviousPage"] == (after is not None)
            found += page["edges"]
            after = info["endCursor"]
            if not info["hasNextPage"]:
                break
        assert [edge["login"] for edge in found] == sorted(self.LOGINS)
        assert [edge["login"] for edge in found if edge["node"] is None] == ["ghost"]

    async def test_a6_a_service_of_nobody_has_no_cursors(self, desk: Desk) -> None:
        query = """{ service(name: "Mail") { customerUsers { totalCount edges { cursor }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
        assert (await desk.data(query))["service"]["customerUsers"] == {
            "totalCount": 0,
            "edges": [],
            "pageInfo": {
                "hasNextPage": False,
                "hasPreviousPage": False,
                "startCursor": None,
                "endCursor": None,
            },
        }

    async def test_a3_and_a4_size_and_cursor_are_checked(self, desk: Desk) -> None:
        await self.some(desk)

        async def answer(more: str, name: str = "Web") -> dict[str, Any]:
            return await desk.ask(
                f'{{ service(name: "{name}") {{ customerUsers({more}) {{ edges {{ cursor }} }} }} }}'
            )

        for wrong, code in (
            ("first: 1001", "BAD_USER_INPUT"),
            ("first: -1", "BAD_USER_INPUT"),
            ('after: "x"', "CURSOR_INVALID"),
        ):
            assert [one["extensions"]["code"] for one in (await answer(wrong))["errors"]] == [code]
        cursor = (await answer("first: 1"))["data"]["service"]["customerUsers"]["edges"][0]["cursor"]
        foreign = await answer(f'after: "{cursor}"', "Mail")
        assert [one["extensions"]["code"] for one in foreign["errors"]] == ["CURSOR_INVALID"]

    async def test_a11_who_may_be_in_a_silent_source_is_an_error_at_the_edge(
        self, desk: Desk, postgresql: PostgreSQL, slapd: Slapd, folder: Path
    ) -> None:
        await self.some(desk)
        query = '{ service(name: "Web") { customerUsers { edges { login node { login } } } } }'
        async with desk_of(postgresql, slapd, folder, name="services", sources=GONE) as torn:
            answer = await torn.ask(query)
        edges = answer["data"]["service"]["customerUsers"]["edges"]
        assert [edge["login"] for edge in edges if edge["node"] is None] == ["ghost"]
        assert [(one["path"], one["extensions"]["code"]) for one in answer["errors"]] == [
            (["service", "customerUsers", "edges", 3, "node"], "SOURCE_UNAVAILABLE")
        ]

    async def test_a5_a_total_costs_nothing_unless_it_is_selected(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await self.some(desk)
        counted(monkeypatch, desk)
        query = '{{ service(name: "Web") {{ customerUsers(first: 2) {{ {0} edges {{ login }} }} }} }}'
        numbers = [len(await desk.statements(query.format(more))) for more in ("", "totalCount")]
        assert numbers == [2, 3]
