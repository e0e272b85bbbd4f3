"""Whatever a text holds, it is data, compared by code point, stored whole or refused (OVR-5, DB-6)."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from backends.records import Grant
from backends.registries import CustomerGrants, Naming, Unstorable, UserGrants
from tests.contract.registries.places import (
    SAME,
    Place,
    Rows,
    Stores,
)

HOSTILE = (
    "'; DROP TABLE service; --",
    "%",
    "_",
    "?",
    "$1",
    "%s",
    "\\",
    '"',
    "a\nb",
    "ẞ💩",
    " x ",
    "{}",
    "x" * 90,
)
IMPOSSIBLE = ("nul\0", "half \ud800", "\udfff")


async def test_comparisons_are_exact(place: Place) -> None:
    logins = ["Franz", "franz", "für", "fur", "x", "x "]
    stores = await place.filled(
        Rows(
            user_grants=[(login, 1, "ro", 1) for login in logins],
            services=[(1, "IT", 1)],
            assigned=[(login, 1) for login in logins],
            relations=[(login, "C") for login in logins],
            preferences=[(login, "k", login) for login in logins],
        )
    )
    for login in logins:
        assert await stores.groups.user_grants([login]) == [Grant(1, "ro", login)]
        assert await stores.services.assigned([login]) == {login: (1,)}
        assert await stores.preferences.preferences_of([login]) == {login: {"k": login}}
    assert await stores.groups.count_logins([1]) == {1: 6}
    assert await stores.services.count_logins([1]) == {1: 6}
    await stores.groups.set_user_grants([UserGrants("franz", 1, ()), UserGrants("fur", 1, ("rw",))])
    await stores.services.set_services("franz", [])
    await stores.services.change_members(1, [], ["fur", "x"])
    await stores.relations.set_customers("franz", [])
    await stores.relations.change_members("C", [], ["fur", "x"])
    await stores.preferences.set_preferences("franz", {"k": None})
    await stores.preferences.set_preferences("fur", {"K": "new"})
    held = await stores.groups.grants_in([1])
    assert [(one.key, one.login) for one in held] == [
        *(("ro", login) for login in ["Franz", "für", "x", "x "]),
        ("rw", "fur"),
    ]
    assert await stores.services.logins_of(1, None, 9) == ["Franz", "für", "x "]
    assert await stores.registry.logins_of(["C"]) == {"C": ("Franz", "für", "x ")}
    assert await stores.preferences.preferences_of(logins) == {
        "Franz": {"k": "Franz"},
        "für": {"k": "für"},
        "fur": {"k": "fur", "K": "new"},
        "x": {"k": "x"},
        "x ": {"k": "x "},
    }


async def test_hostile_texts_are_data(place: Place) -> None:
    stores = await place.filled(Rows(services=[(1, "IT", 1)]))
    for text in HOSTILE:
        await stores.groups.set_user_grants([UserGrants(text, 1, (text[:20],))])
        await stores.groups.set_customer_grants([CustomerGrants(text, 1, text, (text[:20],))])
        await stores.services.change_members(1, [text], [])
        await stores.relations.set_customers(text, [text])
        await stores.preferences.set_preferences(text, {text: text})
    for text in HOSTILE:
        assert await stores.groups.user_grants([text]) == [Grant(1, text[:20], text)]
        assert await stores.groups.customer_grants([text]) == [
            Grant(1, text[:20], customer_id=text, context=text)
        ]
        assert await stores.services.assigned([text]) == {text: (1,)}
        assert await stores.registry.customers_of([text]) == {text: (text,)}
        assert await stores.preferences.preferences_of([text]) == {text: {text: text}}
        assert (await stores.groups.create_group(Naming(text, text))).name == text
    assert await stores.groups.logins_in(1, None, 99) == sorted(HOSTILE)


async def test_what_no_row_can_hold_is_never_found_and_refused_when_written(place: Place) -> None:
    stores = await place.filled(Rows(services=[(1, "IT", 1)]))
    for text in IMPOSSIBLE:
        assert await stores.groups.user_grants([text]) == []
        assert await stores.groups.customer_grants([text]) == []
        assert await stores.services.assigned([text]) == {}
        assert await stores.preferences.preferences_of([text]) == {}
        assert await stores.groups.logins_in(1, text, 9) == []
        assert await stores.groups.customers_in(1, (text, text), 9) == []
        assert await stores.services.logins_of(1, text, 9) == []
        await stores.services.change_members(1, [], [text])
        await stores.relations.change_members(text, [], [text])
        await stores.preferences.set_preferences(text, {text: None})
        await stores.groups.set_user_grants([UserGrants(text, 1, ())])
    for text in (*IMPOSSIBLE, "", "x" * 192):
        for write in _writes_of(stores, text):
            with pytest.raises(Unstorable):
                await write


async def test_each_text_has_the_length_of_its_column(place: Place) -> None:
    stores = await place.filled(Rows(services=[(1, "IT", 1)]))
    await stores.groups.set_user_grants([UserGrants("ü" * 100, 1, ("k" * 20,))])
    await stores.groups.set_customer_grants([CustomerGrants("ü" * 150, 1, "c" * 100, ("ro",))])
    await stores.services.set_services("ü" * 191, [1])
    await stores.relations.set_customers("ü" * 100, ["ü" * 150])
    await stores.preferences.set_preferences("ü" * 191, {"k" * 150: "💩" * 250})
    too_long = [
        ("login", stores.groups.set_user_grants([UserGrants("x" * 101, 1, ("ro",))])),
        ("key", stores.groups.set_user_grants([UserGrants("x", 1, ("k" * 21,))])),
        ("customer_id", stores.groups.set_customer_grants([CustomerGrants("x" * 151, 1, SAME, ("ro",))])),
        ("context", stores.groups.set_customer_grants([CustomerGrants("x", 1, "c" * 101, ("ro",))])),
        ("login", stores.services.set_services("x" * 192, [1])),
        ("login", stores.relations.set_customers("x" * 101, ["C"])),
        ("customer_id", stores.relations.change_members("x" * 151, ["ada"], [])),
        ("key", stores.preferences.set_preferences("ada", {"k" * 151: ""})),
        ("value", stores.preferences.set_preferences("ada", {"k": "v" * 251})),
    ]
    for field, write in too_long:
        with pytest.raises(Unstorable) as caught:
            await write
        assert caught.value.field == field


def _writes_of(stores: Stores, text: str) -> list[Awaitable[object]]:
    return [
        stores.groups.set_user_grants([UserGrants(text, 1, ("ro",))]),
        stores.groups.set_user_grants([UserGrants("ada", 1, (text,))]),
        stores.groups.set_customer_grants([CustomerGrants(text, 1, SAME, ("ro",))]),
        stores.groups.set_customer_grants([CustomerGrants("C", 1, text, ("ro",))]),
        stores.groups.create_group(Naming(text)),
        stores.groups.update_group(1, Naming(text)),
        stores.services.set_services(text, [1]),
        stores.services.change_members(1, ["ada", text], []),
        stores.services.create_service(Naming(text)),
        stores.services.update_service(1, Naming(text)),
        stores.relations.set_customers(text, ["C"]),
        stores.relations.set_customers("ada", ["C", text]),
        stores.relations.change_members("C", [text], []),
        stores.preferences.set_preferences(text, {"k": "v"}),
        stores.preferences.set_preferences("ada", {text: "v"}),
    ]
