"""What is set replaces what it names and only that; repeating it changes nothing (A13)."""

from __future__ import annotations

import pytest

from backends.records import Grant
from backends.registries import DEFAULT_LOGIN, CustomerGrants, UserGrants
from tests.contract.registries.places import (
    LONG_AGO,
    OTHER,
    SAME,
    WRITTEN,
    InTables,
    Place,
    Rows,
)


async def test_grants_are_replaced_as_a_set_and_others_are_left_alone(place: Place) -> None:
    stores = await place.filled(
        Rows(
            user_grants=[
                ("ada", 1, "ro", 1),
                ("ada", 1, "note", 1),
                ("ada", 1, "rw", 0),
                ("ada", 2, "ro", 1),
                ("bob", 1, "ro", 1),
            ],
            customer_grants=[("C", 1, SAME, "ro", 1), ("C", 1, OTHER, "ro", 1), ("D", 1, SAME, "ro", 1)],
        )
    )
    for _ in range(2):
        await stores.groups.set_user_grants([UserGrants("ada", 1, ("rw",)), UserGrants("eve", 3, ("ro",))])
        await stores.groups.set_customer_grants(
            [CustomerGrants("C", 1, SAME, ("rw", "note")), CustomerGrants("D", 1, SAME, ())]
        )
        assert await stores.groups.user_grants(["ada", "bob", "eve"]) == [
            Grant(1, "ro", "bob"),
            Grant(1, "rw", "ada"),
            Grant(2, "ro", "ada"),
            Grant(3, "ro", "eve"),
        ]
        assert await stores.groups.customer_grants(["C", "D"]) == [
            Grant(1, "note", customer_id="C", context=SAME),
            Grant(1, "ro", customer_id="C", context=OTHER),
            Grant(1, "rw", customer_id="C", context=SAME),
        ]


async def test_services_are_assigned_by_login_and_by_service(place: Place) -> None:
    stores = await place.filled(
        Rows(
            services=[(1, "IT", 1), (2, "HR", 2), (3, "Law", 1)],
            assigned=[(DEFAULT_LOGIN, 1), ("ada", 1), ("ada", 1), ("ada", 2), ("gone", 1)],
        )
    )
    assert await stores.services.assigned([DEFAULT_LOGIN, "ada", "bob"]) == {
        DEFAULT_LOGIN: (1,),
        "ada": (1, 2),
    }
    for _ in range(2):
        await stores.services.set_services("ada", [2, 3])
        await stores.services.change_members(1, ["eve", "bob"], ["gone", "nobody"])
        assert await stores.services.assigned(["ada", "bob", "eve", "gone"]) == {
            "ada": (2, 3),
            "bob": (1,),
            "eve": (1,),
        }
    await stores.services.set_services("ada", [])
    assert await stores.services.assigned(["ada"]) == {}


async def test_relations_are_written_from_both_sides(place: Place) -> None:
    stores = await place.filled(Rows(relations=[("ada", "C"), ("ada", "C"), ("ada", "D"), ("bob", "C")]))
    for _ in range(2):
        await stores.relations.set_customers("ada", ["D", "E"])
        await stores.relations.change_members("C", ["eve", "ada"], ["bob", "ada"])
        assert await stores.registry.customers_of(["ada", "bob", "eve"]) == {
            "ada": ("C", "D", "E"),
            "eve": ("C",),
        }
    await stores.relations.set_customers("ada", [])
    assert await stores.registry.related_logins() == ["eve"]


async def test_preferences_are_set_and_removed_key_by_key(place: Place) -> None:
    stores = await place.filled(
        Rows(preferences=[("ada", "Lang", "de"), ("ada", "Skin", "dark"), ("ada", "Empty", None)])
    )
    for _ in range(2):
        await stores.preferences.set_preferences("ada", {"Lang": "en", "Skin": None, "Zone": ""})
        await stores.preferences.set_preferences("bob", {"Lang": None})
        assert await stores.preferences.preferences_of(["ada", "bob", "eve"]) == {
            "ada": {"Lang": "en", "Empty": None, "Zone": ""}
        }


async def test_what_is_not_there_is_a_key_error_and_nothing_is_written(place: Place) -> None:
    stores = await place.filled(Rows(services=[(1, "IT", 1)]))
    for id_ in (4711, 0, -1, 2**31, 2**70):
        with pytest.raises(KeyError):
            await stores.groups.set_user_grants(
                [UserGrants("ada", 1, ("ro",)), UserGrants("ada", id_, ("ro",))]
            )
        with pytest.raises(KeyError):
            await stores.services.set_services("ada", [1, id_])
        with pytest.raises(KeyError):
            await stores.services.change_members(id_, ["ada"], [])
        assert await stores.groups.grants_in([1, id_]) == []
        assert await stores.groups.logins_in(id_, None, 9) == []
        assert await stores.groups.customers_in(id_, None, 9) == []
        assert await stores.services.logins_of(id_, None, 9) == []
        assert await stores.services.count_logins([1, id_]) == {}


async def test_rows_that_stay_keep_their_times_and_new_ones_have_the_second_in_berlin(
    tables: InTables,
) -> None:
    stores = await tables.filled(
        Rows(
            user_grants=[("ada", 1, "ro", 1), ("ada", 1, "note", 1)],
            customer_grants=[("C", 1, SAME, "ro", 1)],
            services=[(1, "IT", 1), (2, "HR", 1)],
            assigned=[("ada", 1), ("bob", 1)],
            relations=[("ada", "C")],
        )
    )
    await stores.groups.set_user_grants([UserGrants("ada", 1, ("ro", "create"))])
    await stores.groups.set_customer_grants([CustomerGrants("C", 1, SAME, ("note", "ro"))])
    await stores.services.set_services("ada", [1, 2])
    await stores.relations.change_members("C", ["ada", "bob"], [])
    audit = "create_time, create_by, change_time, change_by"
    old, new = (LONG_AGO, 1, LONG_AGO, 1), (WRITTEN, 1, WRITTEN, 1)
    assert await tables.rows(f"permission_key, {audit}", "group_customer_user") == [
        ("create", *new),
        ("ro", *old),
    ]
    assert await tables.rows(f"permission_key, {audit}", "group_customer") == [("note", *new), ("ro", *old)]
    assert await tables.rows("customer_user_login, service_id, create_time", "service_customer_user") == [
        ("ada", 1, LONG_AGO),
        ("ada", 2, WRITTEN),
        ("bob", 1, LONG_AGO),
    ]
    assert await tables.rows(f"user_id, {audit}", "customer_user_customer") == [("ada", *old), ("bob", *new)]


async def test_duplicates_and_rows_of_value_zero_go_with_the_keys_concerned(tables: InTables) -> None:
    stores = await tables.filled(
        Rows(
            user_grants=[
                ("ada", 1, "ro", 1),
                ("ada", 1, "ro", 1),
                ("ada", 1, "ro", 0),
                ("ada", 1, "note", 0),
                ("ada", 1, "rw", 1),
                ("ada", 1, "rw", 1),
                ("bob", 1, "ro", 0),
            ]
        )
    )
    await stores.groups.set_user_grants([UserGrants("ada", 1, ("note", "ro"))])
    listed = "user_id, permission_key, permission_value, create_time"
    assert await tables.rows(listed, "group_customer_user") == [
        ("ada", "note", 1, WRITTEN),
        ("ada", "ro", 1, LONG_AGO),
        ("bob", "ro", 0, LONG_AGO),
    ]


async def test_of_several_rows_of_a_preference_the_last_counts_until_it_is_set(tables: InTables) -> None:
    stores = await tables.filled(Rows(preferences=[("ada", "k", "1"), ("ada", "k", "3"), ("ada", "k", "2")]))
    assert await stores.preferences.preferences_of(["ada"]) == {"ada": {"k": "2"}}
    await stores.preferences.set_preferences("ada", {"k": "2"})
    assert await tables.rows("user_id, preferences_value", "customer_preferences") == [("ada", "2")]
