"""Two writers of one thing end in the state of one of them, whatever the database (R17)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from backends.registries import CustomerGrants, Naming, UserGrants
from tests.contract.registries.places import (
    SAME,
    InTables,
    Rows,
    Stores,
)

ROUNDS = 30


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


@pytest.mark.parametrize("write", WRITES)
async def test_two_writers_at_once_end_in_the_state_of_one(tables: InTables, write: Write) -> None:
    rows = Rows(services=[(1, "IT", 1), (2, "IT::Mail", 1), (3, "HR", 1), (4, "Law", 1)])
    stores = await tables.filled(rows)
    other = tables.opened()
    outcomes = []
    for who in (0, 1):
        await write(stores, who)
        outcomes.append(await tables.state())
    assert outcomes[0] != outcomes[1]
    for _ in range(ROUNDS):
        await asyncio.gather(write(stores, 0), write(other, 1), write(other, 0), write(stores, 1))
        assert await tables.state() in outcomes


async def test_writers_of_different_things_do_not_stop_each_other(tables: InTables) -> None:
    stores = await tables.filled(Rows(services=[(1, "IT", 1), (2, "HR", 1), (3, "Law", 1)]))
    pools = [stores, tables.opened(), tables.opened()]
    logins = ["ada", "bob", "eve", "kim"]
    for round_ in range(ROUNDS):
        keys = [("rw",), ("ro", "note"), ()][round_ % 3]
        add, remove = [logins, []][:: 1 - 2 * (round_ % 2)]
        await asyncio.gather(
            *(
                pool.groups.set_user_grants([UserGrants(login, place_, keys) for login in logins])
                for place_, pool in enumerate(pools, 1)
            ),
            *(pool.services.change_members(n, add, remove) for n, pool in enumerate(pools, 1)),
            *(pool.relations.change_members(f"C{n}", add, remove) for n, pool in enumerate(pools)),
        )
        assert await stores.groups.count_logins([1, 2, 3]) == ({1: 4, 2: 4, 3: 4} if keys else {})
        assert set((await stores.services.count_logins([1, 2, 3])).values()) == ({4} if add else set())
