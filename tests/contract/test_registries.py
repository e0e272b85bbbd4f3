"""Every registry holds groups, services, relations and preferences in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from backends.model import Validity
from backends.records import Grant
from backends.registries import DEFAULT_LOGIN, CustomerGrants, Naming, Taken, Unstorable, UserGrants
from tests.contract.registries import (
    LONG_AGO,
    PLACES,
    TABLES,
    WRITTEN,
    InMemory,
    InTables,
    Place,
    Rows,
    Stores,
    open_tables,
)

SAME, OTHER = "Ticket::CustomerID::Same", "Ticket::CustomerID::Other"
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
ROUNDS = 30


@pytest.fixture(scope="module", params=PLACES)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Every kind of registry in turn."""
    opened = (
        InMemory() if request.param == "memory" else await open_tables(request.param, request, "registries")
    )
    yield opened
    await opened.close()


@pytest.fixture(scope="module", params=TABLES)
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[InTables]:
    """Every kind of database in turn."""
    opened = await open_tables(request.param, request, "registry_tables")
    yield opened
    await opened.close()


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


async def test_the_reserved_login_is_never_listed_nor_counted(place: Place) -> None:
    stores = await place.filled(
        Rows(services=[(1, "IT", 1)], assigned=[(DEFAULT_LOGIN, 1), ("ada", 1), ("<default>", 1)])
    )
    assert await stores.services.logins_of(1, None, 9) == ["<default>", "ada"]
    assert await stores.services.logins_of(1, "<default>", 9) == ["ada"]
    assert await stores.services.count_logins([1]) == {1: 2}
    await stores.services.set_services(DEFAULT_LOGIN, [])
    assert await stores.services.assigned([DEFAULT_LOGIN, "<default>"]) == {"<default>": (1,)}


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


async def test_groups_are_created_and_changed_and_no_two_have_one_name(place: Place) -> None:
    stores = await place.filled(Rows())
    made = await stores.groups.create_group(Naming("night shift", "late", Validity.INVALID_TEMPORARILY))
    assert made in await stores.groups.groups()
    assert (made.name, made.comment, made.validity) == ("night shift", "late", Validity.INVALID_TEMPORARILY)
    changed = await stores.groups.update_group(made.id, Naming(comment="", validity=Validity.VALID))
    assert (changed.id, changed.name, changed.comment, changed.is_valid) == (
        made.id,
        "night shift",
        None,
        True,
    )
    with pytest.raises(Taken):
        await stores.groups.create_group(Naming("night shift"))
    with pytest.raises(Taken):
        await stores.groups.update_group(made.id, Naming("users", "lost"))
    assert changed in await stores.groups.groups()
    with pytest.raises(KeyError):
        await stores.groups.update_group(4711, Naming("x"))


async def test_a_renamed_service_takes_with_it_what_is_below_and_nothing_that_looks_so(place: Place) -> None:
    names = ["I_T%", "I_T%::Mail", "I_T%::Mail::In", "I_T%2", "I_T%2::Mail", "IXT%::Mail", "i_t%x::Mail"]
    stores = await place.filled(Rows(services=[(place_, name, 1) for place_, name in enumerate(names, 1)]))
    changed = await stores.services.update_service(1, Naming("Tech::I_T", "moved", Validity.INVALID))
    assert (changed.id, changed.name, changed.comment) == (1, "Tech::I_T", "moved")
    assert {one.id: one.name for one in await stores.services.services()} == dict(
        enumerate(["Tech::I_T", "Tech::I_T::Mail", "Tech::I_T::Mail::In", *names[3:]], 1)
    )
    assert changed in await stores.services.services()


@pytest.mark.parametrize(("old", "new"), [("A::A", "A"), ("A", "A::A")])
async def test_a_tree_moves_into_its_own_names(place: Place, old: str, new: str) -> None:
    below = ["", "::A", "::A::A", "::A::A::A"]
    stores = await place.filled(Rows(services=[(n, old + end, 1) for n, end in enumerate(below, 1)]))
    await stores.services.update_service(1, Naming(new))
    assert {one.id: one.name for one in await stores.services.services()} == {
        n: new + end for n, end in enumerate(below, 1)
    }


async def test_a_rename_that_cannot_be_leaves_all_names(place: Place) -> None:
    rows = Rows(services=[(1, "IT", 1), (2, "IT::Mail", 1), (3, "HR::Mail", 1), (4, "Law", 1)])
    stores = await place.filled(rows)
    before = await stores.services.services()
    for name in ("HR", "Law"):
        with pytest.raises(Taken):
            await stores.services.update_service(1, Naming(name, "changed"))
    with pytest.raises(Unstorable, match="name"):
        await stores.services.update_service(1, Naming("x" * 187))
    with pytest.raises(Taken):
        await stores.services.create_service(Naming("IT::Mail"))
    with pytest.raises(KeyError):
        await stores.services.update_service(5, Naming("x"))
    assert await stores.services.services() == before


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


async def test_many_logins_are_one_question(place: Place) -> None:
    logins = [f"user {number:04}" for number in range(1500)]
    stores = await place.filled(Rows(services=[(1, "IT", 1)]))
    await stores.services.change_members(1, logins, [])
    await stores.relations.change_members("C", logins, ["nobody"])
    await stores.groups.set_user_grants([UserGrants(login, 1, ("ro", "note")) for login in logins])
    assert len(await stores.services.assigned(logins)) == 1500
    assert (await stores.registry.logins_of(["C"]))["C"] == tuple(logins)
    assert len(await stores.groups.user_grants(logins)) == 3000
    await stores.services.change_members(1, [], logins[1:])
    await stores.groups.set_user_grants([UserGrants(login, 1, ()) for login in logins[1:]])
    assert await stores.services.assigned(logins) == {logins[0]: (1,)}
    assert await stores.groups.count_logins([1]) == {1: 1}


async def test_nothing_asked_is_nothing_answered(place: Place) -> None:
    stores = await place.filled(Rows())
    assert not await stores.groups.user_grants([])
    assert not await stores.groups.customer_grants([])
    assert not await stores.groups.grants_in([])
    assert not await stores.groups.count_customers([])
    assert not await stores.services.assigned([])
    assert not await stores.services.count_logins([])
    assert not await stores.preferences.preferences_of([])
    await stores.groups.set_user_grants([])
    await stores.services.change_members(1, [], [])
    await stores.relations.change_members("C", [], [])
    await stores.preferences.set_preferences("ada", {})


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


async def test_a_change_to_what_already_is_writes_nothing(tables: InTables) -> None:
    stores = await tables.filled(Rows(services=[(1, "IT", 1), (2, "IT::Mail", 1), (3, "HR", 1)]))
    await stores.services.update_service(1, Naming("IT", "", Validity.VALID))
    assert {row[1] for row in await tables.rows("id, change_time", "service")} == {LONG_AGO}
    await stores.services.update_service(1, Naming("it"))
    assert await tables.rows("id, name, change_time, create_time", "service") == [
        (1, "it", WRITTEN, LONG_AGO),
        (2, "it::Mail", WRITTEN, LONG_AGO),
        (3, "HR", LONG_AGO, LONG_AGO),
    ]


async def test_of_several_rows_of_a_preference_the_last_counts_until_it_is_set(tables: InTables) -> None:
    stores = await tables.filled(Rows(preferences=[("ada", "k", "1"), ("ada", "k", "3"), ("ada", "k", "2")]))
    assert await stores.preferences.preferences_of(["ada"]) == {"ada": {"k": "2"}}
    await stores.preferences.set_preferences("ada", {"k": "2"})
    assert await tables.rows("user_id, preferences_value", "customer_preferences") == [("ada", "2")]


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
        stores.groups.grants_in([1, 2]),
        stores.groups.logins_in(1, "a", 9),
        stores.groups.customers_in(1, ("a", SAME), 9),
        stores.groups.count_logins([1, 2]),
        stores.groups.count_customers([1, 2]),
        stores.services.services(),
        stores.services.assigned(logins),
        stores.services.logins_of(1, "a", 9),
        stores.services.count_logins([1, 2]),
        stores.preferences.preferences_of(logins),
    ]
    for read in reads:
        before = len(asked)
        await read
        assert len(asked) == before + 1


Write = Callable[[Stores, int], Awaitable[None]]
"""A write by one of two writers, 0 and 1."""


async def _set_user_grants(stores: Stores, who: int) -> None:
    keys = (("rw",), ("note", "ro"))[who]
    ids = [1, 2, 3][:: 1 - 2 * who]
    await stores.groups.set_user_grants([UserGrants("ada", id_, keys) for id_ in ids])


async def _set_customer_grants(stores: Stores, who: int) -> None:
    keys = (("rw",), ("note", "ro"))[who]
    ids = [1, 2, 3][:: 1 - 2 * who]
    await stores.groups.set_customer_grants([CustomerGrants("C", id_, SAME, keys) for id_ in ids])


async def _set_services(stores: Stores, who: int) -> None:
    await stores.services.set_services("ada", [[1, 2], [3, 4]][who])


async def _change_assigned(stores: Stores, who: int) -> None:
    sides = (["ada", "bob"], ["eve", "kim"])
    await stores.services.change_members(1, sides[who], sides[1 - who])


async def _rename(stores: Stores, who: int) -> None:
    await stores.services.update_service(1, Naming(["IT", "EDV"][who]))


async def _set_customers(stores: Stores, who: int) -> None:
    await stores.relations.set_customers("ada", [["C", "D"], ["E", "F"]][who])


async def _change_related(stores: Stores, who: int) -> None:
    sides = (["ada", "bob"], ["eve", "kim"])
    await stores.relations.change_members("C", sides[who], sides[1 - who])


async def _set_preferences(stores: Stores, who: int) -> None:
    await stores.preferences.set_preferences("ada", dict.fromkeys(["a", "b"][:: 1 - 2 * who], str(who)))


WRITES: tuple[Write, ...] = (
    _set_user_grants,
    _set_customer_grants,
    _set_services,
    _change_assigned,
    _rename,
    _set_customers,
    _change_related,
    _set_preferences,
)


STATE = {
    "group_customer_user": "user_id, group_id, permission_key, permission_value",
    "group_customer": "customer_id, group_id, permission_context, permission_key, permission_value",
    "service": "id, name",
    "service_customer_user": "customer_user_login, service_id",
    "customer_user_customer": "user_id, customer_id",
    "customer_preferences": "user_id, preferences_key, preferences_value",
}


async def _state(tables: InTables) -> list[object]:
    """Every row that a writer could have left behind, duplicates included."""
    return [await tables.rows(columns, table) for table, columns in STATE.items()]


@pytest.mark.parametrize("write", WRITES)
async def test_two_writers_at_once_end_in_the_state_of_one(tables: InTables, write: Write) -> None:
    rows = Rows(services=[(1, "IT", 1), (2, "IT::Mail", 1), (3, "HR", 1), (4, "Law", 1)])
    stores = await tables.filled(rows)
    other = tables.opened()
    outcomes = []
    for who in (0, 1):
        await write(stores, who)
        outcomes.append(await _state(tables))
    assert outcomes[0] != outcomes[1]
    for _ in range(ROUNDS):
        await asyncio.gather(write(stores, 0), write(other, 1), write(other, 0), write(stores, 1))
        assert await _state(tables) in outcomes


async def test_writers_of_different_things_do_not_stop_each_other(tables: InTables) -> None:
    stores = await tables.filled(Rows(services=[(1, "IT", 1), (2, "HR", 1), (3, "Law", 1)]))
    pools = [stores, tables.opened(), tables.opened()]
    logins = ["ada", "bob", "eve", "kim"]
    for round_ in range(ROUNDS):
        keys = [("rw",), ("ro", "note"), ()][round_ % 3]
        members = [logins, []][:: 1 - 2 * (round_ % 2)]
        await asyncio.gather(
            *(
                pool.groups.set_user_grants([UserGrants(login, place_, keys) for login in logins])
                for place_, pool in enumerate(pools, 1)
            ),
            *(pool.services.change_members(n, *members) for n, pool in enumerate(pools, 1)),
            *(pool.relations.change_members(f"C{n}", *members) for n, pool in enumerate(pools)),
        )
        assert await stores.groups.count_logins([1, 2, 3]) == ({1: 4, 2: 4, 3: 4} if keys else {})
        assert set((await stores.services.count_logins([1, 2, 3])).values()) == ({4} if members[0] else set())


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
