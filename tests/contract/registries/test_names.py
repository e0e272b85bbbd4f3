"""Groups and services have names that nothing else has, and a service takes those below it with it (SVC-13)."""

from __future__ import annotations

import pytest

from backends.model import Validity
from backends.registries import Naming, Taken, Unstorable
from tests.contract.registries.places import (
    LONG_AGO,
    WRITTEN,
    InTables,
    Place,
    Rows,
)


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
