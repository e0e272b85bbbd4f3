"""Every registry reads groups, services, preferences and dynamic fields in the same way."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from backends.filters import Operator
from backends.records import Grant
from backends.registries import DEFAULT_LOGIN, UserGrants
from backends.registry import DynamicSearch
from backends.search import AllOf, Word
from tests.contract.registries.places import (
    OTHER,
    SAME,
    InTables,
    Place,
    Rows,
)


async def test_groups_are_listed_by_name_and_read_with_their_validity(place: Place) -> None:
    stores = await place.filled(Rows(groups=[(7, "Übersee", 2), (8, "Zoo", 3), (9, "apes", 1)]))
    groups = await stores.groups.groups()
    assert [one.name for one in groups] == ["Zoo", "admin", "apes", "stats", "users", "Übersee"]
    assert [one.validity.value for one in groups] == [3, 1, 1, 1, 1, 2]


async def test_only_rows_with_value_one_count_and_duplicates_are_harmless(place: Place) -> None:
    stores = await place.filled(
        Rows(
            user_grants=[("ada", 1, "ro", 1), ("ada", 1, "ro", 1), ("ada", 2, "rw", 0), ("bob", 2, "rw", 0)],
            customer_grants=[("C", 1, SAME, "rw", 1), ("C", 1, SAME, "rw", 1), ("C", 1, OTHER, "rw", 0)],
        )
    )
    on_ada, on_c = Grant(1, "ro", "ada"), Grant(1, "rw", customer_id="C", context=SAME)
    assert await stores.groups.user_grants(["ada", "bob"]) == [on_ada]
    assert await stores.groups.customer_grants(["C"]) == [on_c]
    assert await stores.groups.grants_in([2, 1, 1]) == [on_ada, on_c]
    assert await stores.groups.logins_in(2, None, 9) == []
    assert await stores.groups.count_logins([1, 2]) == {1: 1}
    assert await stores.groups.count_customers([1, 2]) == {1: 1}


BITS = {"ro": 1, "note": 2, "rw": 4}


async def test_grants_come_with_the_groups_that_they_name(place: Place) -> None:
    stores = await place.filled(
        Rows(
            groups=[(7, "Übersee", 2), (8, "Zoo", 1), (9, "apes", 1)],
            user_grants=[
                ("ada", 7, "ro", 1),
                ("ada", 7, "rw", 1),
                ("ada", 7, "rw", 1),
                ("ada", 8, "rw", 0),
                ("ada", 9, "none of ours", 1),
                ("ada", 9, "x\n9:ro", 1),
                ("ada", 9, "a:ro", 1),
                ("Ada", 8, "note", 1),
                ("bob", 9, "ro", 1),
            ],
            customer_grants=[
                ("C", 7, SAME, "note", 1),
                ("C", 8, OTHER, "rw", 1),
                ("C", 9, SAME, "rw", 0),
                ("c", 9, SAME, "rw", 1),
                ("ada", 8, SAME, "ro", 1),
            ],
        )
    )
    held = await stores.groups.held_by(["ada", "nobody"], BITS)
    assert held.on_logins == {"ada": {7: 5}} and held.on_customers == {}
    named = {one.id: (one.name, one.validity.value) for one in held.groups}
    assert named[7] == ("Übersee", 2) and not named.keys() - {7, 9}
    held = await stores.groups.in_force(["ada", "Ada"], ["C", "D"], SAME, ["stats", "zoo"], BITS)
    assert held.on_logins == {"ada": {7: 5}, "Ada": {8: 2}}
    assert held.on_customers == {"C": {7: 2}}
    assert (
        {"Übersee", "Zoo", "stats"}
        <= {one.name for one in held.groups}
        <= {
            "Übersee",
            "Zoo",
            "stats",
            "apes",
        }
    )
    held = await stores.groups.in_force([], ["C"], OTHER, [], BITS)
    assert (held.on_logins, held.on_customers) == ({}, {"C": {8: 4}})
    assert [one.name for one in held.groups] == ["Zoo"]
    held = await stores.groups.in_force([], [], SAME, ["users"], BITS)
    assert [one.name for one in held.groups] == ["users"]


async def test_assigned_services_come_by_name_with_their_validity(place: Place) -> None:
    stores = await place.filled(
        Rows(
            services=[(1, "Web", 1), (2, "Äther", 2), (3, "IT::Mail", 3), (4, "IT", 1)],
            assigned=[
                ("ada", 1),
                ("ada", 2),
                ("ada", 3),
                ("Ada", 4),
                (DEFAULT_LOGIN, 1),
                ("bob", 4),
                ("bob", 3),
            ],
        )
    )
    found = await stores.services.assigned_services(["ada", DEFAULT_LOGIN, "bob", "nobody"])
    assert {login: [one.name for one in some] for login, some in found.items()} == {
        "ada": ["IT::Mail", "Web", "Äther"],
        DEFAULT_LOGIN: ["Web"],
        "bob": ["IT", "IT::Mail"],
    }
    assert [one.validity.value for one in found["ada"]] == [3, 1, 2]


async def test_holders_of_a_group_run_by_code_point_and_page_by_page(place: Place) -> None:
    logins = ["b", "B", "a", "ä", "Z", "ab", "💩", "ﬀ"]
    pairs = [(customer, context) for customer in ["c", "C", "ç"] for context in (SAME, OTHER)]
    stores = await place.filled(
        Rows(
            user_grants=[(login, 1, key, 1) for login in logins for key in ("ro", "note")],
            customer_grants=[(*pair[:1], 1, pair[1], key, 1) for pair in pairs for key in ("ro", "rw")],
        )
    )
    found: list[str] = []
    while page := await stores.groups.logins_in(1, found[-1] if found else None, 3):
        found += page
    assert found == sorted(logins)
    held: list[tuple[str, str]] = []
    while some := await stores.groups.customers_in(1, held[-1] if held else None, 4):
        held += some
    assert held == sorted(pairs)
    assert await stores.groups.count_logins([1]) == {1: 8}
    assert await stores.groups.count_customers([1]) == {1: 6}


async def test_the_reserved_login_is_never_listed_nor_counted(place: Place) -> None:
    stores = await place.filled(
        Rows(services=[(1, "IT", 1)], assigned=[(DEFAULT_LOGIN, 1), ("ada", 1), ("<default>", 1)])
    )
    assert await stores.services.logins_of(1, None, 9) == ["<default>", "ada"]
    assert await stores.services.logins_of(1, "<default>", 9) == ["ada"]
    assert await stores.services.count_logins([1]) == {1: 2}
    await stores.services.set_services(DEFAULT_LOGIN, [])
    assert await stores.services.assigned([DEFAULT_LOGIN, "<default>"]) == {"<default>": (1,)}


async def test_dynamic_fields_are_read_and_searched(place: Place) -> None:
    stores = await place.filled(
        Rows(
            fields=[
                ("Hobby", "Text", 1),
                ("Since", "Date", 1),
                ("Vip", "Checkbox", 1),
                ("Old", "Text", 2),
            ],
            values=[
                ("ada", "Hobby", "Likes trains"),
                ("ada", "Hobby", "Ümlaut%"),
                ("ada", "Since", "2026-05-06 00:00:00"),
                ("bob", "Vip", "1"),
                ("bob", "Old", "x"),
                ("kim", "Hobby", "trains"),
            ],
        )
    )
    assert await stores.registry.dynamic_values("CustomerUser", ["ada", "bob", "eve"]) == {
        "ada": {"Hobby": ("Likes trains", "Ümlaut%"), "Since": ("2026-05-06 00:00:00",)},
        "bob": {"Vip": ("1",)},
    }
    asked = [
        (DynamicSearch("Hobby", values=("*train*",)), ["ada", "kim"]),
        (DynamicSearch("Hobby", values=("trains",), operator=Operator.EQUALS), ["kim"]),
        (DynamicSearch("Hobby", values=("ümlaut%",)), ["ada"]),
        (DynamicSearch("Hobby", values=("%",)), []),
        (DynamicSearch("Hobby", values=("M", "zzz"), operator=Operator.GREATER_THAN), ["ada", "kim"]),
        (DynamicSearch("Hobby", search=Word(("likes", ""))), ["ada"]),
        (DynamicSearch("Hobby", search=AllOf((Word(("likes",)), Word(("umlaut",))))), []),
        (DynamicSearch("Hobby", search=Word(("trains",), negated=True)), ["ada"]),
        (DynamicSearch("Hobby", operator=Operator.EMPTY), ["ada", "kim"]),
        (DynamicSearch("Since", values=("2026-05-05",), operator=Operator.GREATER_THAN), ["ada"]),
        (DynamicSearch("Since", values=("2026-05-06",)), ["ada"]),
        (DynamicSearch("Vip", values=("1",)), ["bob"]),
        (DynamicSearch("Vip", values=("0",), operator=Operator.GREATER_THAN), ["bob"]),
        (DynamicSearch("Old", values=("x",)), []),
        (DynamicSearch("Hobby"), []),
    ]
    for search, expected in asked:
        assert await stores.registry.dynamic_matches("CustomerUser", search) == expected, search
    assert await stores.registry.dynamic_matches("CustomerCompany", asked[0][0]) == []


async def test_many_logins_are_one_question(place: Place) -> None:
    logins = [f"user {number:04}" for number in range(1500)]
    stores = await place.filled(Rows(services=[(1, "IT", 1)]))
    await stores.services.change_members(1, logins, [])
    await stores.relations.change_members("C", logins, ["nobody"])
    await stores.groups.set_user_grants([UserGrants(login, 1, ("ro", "note")) for login in logins])
    assert len(await stores.services.assigned(logins)) == 1500
    assert (await stores.registry.logins_of(["C"]))["C"] == tuple(logins)
    assert len(await stores.groups.user_grants(logins)) == 3000
    assert (await stores.groups.held_by(logins, BITS)).on_logins == {login: {1: 3} for login in logins}
    await stores.services.change_members(1, [], logins[1:])
    await stores.groups.set_user_grants([UserGrants(login, 1, ()) for login in logins[1:]])
    assert await stores.services.assigned(logins) == {logins[0]: (1,)}
    assert await stores.groups.count_logins([1]) == {1: 1}


async def test_nothing_asked_is_nothing_answered(place: Place) -> None:
    stores = await place.filled(Rows())
    assert not await stores.groups.user_grants([])
    assert not await stores.groups.customer_grants([])
    assert not await stores.groups.grants_in([])
    assert not any(await stores.groups.held_by([], BITS))
    assert not any(await stores.groups.in_force([], [], SAME, [], BITS))
    assert not await stores.services.assigned_services([])
    assert not await stores.groups.count_customers([])
    assert not await stores.services.assigned([])
    assert not await stores.services.count_logins([])
    assert not await stores.preferences.preferences_of([])
    await stores.groups.set_user_grants([])
    await stores.services.change_members(1, [], [])
    await stores.relations.change_members("C", [], [])
    await stores.preferences.set_preferences("ada", {})


async def test_each_read_is_one_statement(tables: InTables, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = await tables.filled(Rows(services=[(1, "IT", 1)]))
    asked: list[str] = []
    fetch = type(tables.database).fetch

    async def counted(self: object, sql: str, args: object = ()) -> object:
        asked.append(sql)
        return await fetch(self, sql, args)  # type: ignore[arg-type]

    monkeypatch.setattr(type(tables.database), "fetch", counted)
    logins = ["ada", "bob"]
    reads: list[Awaitable[object]] = [
        stores.groups.groups(),
        stores.groups.user_grants(logins),
        stores.groups.customer_grants(logins),
        stores.groups.held_by(logins, BITS),
        stores.groups.in_force(logins, ["C"], SAME, ["users"], BITS),
        stores.groups.grants_in([1, 2]),
        stores.groups.logins_in(1, "a", 9),
        stores.groups.customers_in(1, ("a", SAME), 9),
        stores.groups.count_logins([1, 2]),
        stores.groups.count_customers([1, 2]),
        stores.services.services(),
        stores.services.assigned(logins),
        stores.services.assigned_services(logins),
        stores.services.logins_of(1, "a", 9),
        stores.services.count_logins([1, 2]),
        stores.preferences.preferences_of(logins),
    ]
    for read in reads:
        before = len(asked)
        await read
        assert len(asked) == before + 1
