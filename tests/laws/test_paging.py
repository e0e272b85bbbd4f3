"""The pages put together are the list, without repeats and gaps (R20, A3 to A7)."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model import CustomerUser, SourceStatus
from backends.order import OrderTerm
from backends.protocol import Backend
from resolvers import customer_users
from tests.contract.stores import open_store
from tests.laws.oracle import Oracle
from tests.laws.worlds import (
    Asked,
    Place,
    World,
    cases,
    context_of,
    directory_of,
    lawful,
    pages,
    patient,
    questions,
    shown,
    some_people,
)

pytestmark = patient

KINDS = ("postgresql", "mariadb", "sqlite", "directory")
SETS = [some_people(seed) for seed in (1, 2)]


@lawful(0.9)
@given(cases, st.sampled_from((1, 2, 2, 3, 4, 7)))
async def test_r20_pages_put_together_are_the_list(case: tuple[World, Asked], first: int) -> None:
    world, asked = case
    await pages_are_the_list(world, asked, first, {})


@lawful(0.2)
@given(cases)
async def test_r20_descending_is_the_exact_reverse_of_ascending(case: tuple[World, Asked]) -> None:
    world = tuple(replace(place, list_limit=1000) for place in case[0])
    there = replace(case[1], order=case[1].order or (OrderTerm("login"),))
    back = replace(there, order=tuple(replace(one, descending=not one.descending) for one in there.order))
    context = context_of(directory_of(world))
    one = shown(await customer_users.page(context, there.page(1000)))
    other = shown(await customer_users.page(context, back.page(1000)))
    assert one == other[::-1]


@lawful(0.1)
@given(cases)
async def test_a_page_of_no_rows_says_whether_there_are_any(case: tuple[World, Asked]) -> None:
    world, asked = case
    page = await customer_users.page(context_of(directory_of(world)), asked.page(0))
    assert page.has_next_page is bool(Oracle(world).listed(asked))
    assert not page.nodes
    assert page.start_cursor is page.end_cursor is None


async def pages_are_the_list(
    world: World, asked: Asked, first: int, opened: Mapping[str, Backend[CustomerUser]]
) -> None:
    """Turn all pages of `first` rows, over memory or over stores that are open, and compare with the oracle."""
    oracle = Oracle(world)
    wanted = oracle.listed(asked)
    directory = directory_of(world, lambda place: opened.get(place.key) or place.in_memory())
    found = []
    async for page in pages(context_of(directory), asked, first):
        found += shown(page)
        assert len(page.nodes) == min(first, len(wanted) - len(found) + len(page.nodes)), "a page is full"
        assert page.has_next_page is (len(found) < len(wanted))
        assert page.has_previous_page is (len(found) > len(page.nodes))
        assert [edge.node for edge in page.edges] == page.nodes
        assert len({edge.cursor for edge in page.edges}) == len(page.nodes)
        for place, report in enumerate(page.reports):
            assert report.source_key == world[place].key
            assert (report.status is SourceStatus.SKIPPED) is oracle.is_skipped(place, asked)
            assert (report.status is SourceStatus.TRUNCATED) is oracle.is_cut(place, asked)
            assert (report.message is None) is (report.status is SourceStatus.OK)
    assert found == wanted


@dataclass(frozen=True)
class Shelf:
    """Sources of all kinds, by key."""

    places: Mapping[str, Place]
    backends: Mapping[str, Backend[CustomerUser]]


@pytest.fixture(scope="module")
async def shelf(request: pytest.FixtureRequest) -> AsyncIterator[Shelf]:
    """Two sets of people in each kind of store, each read by two sets of rules."""
    stores = {kind: open_store(kind, request, "paging") for kind in KINDS}
    places: dict[str, Place] = {}
    backends: dict[str, Backend[CustomerUser]] = {}
    for (kind, store), (number, rows), strict in itertools.product(
        stores.items(), enumerate(SETS), (False, True)
    ):
        place = Place(f"{kind}_{number}_{strict}", store.kept(rows), is_directory=kind == "directory")
        if strict:
            case = not place.is_directory
            place = replace(place, case_sensitive=case, list_limit=2, columns=("city", "login"), prefix="")
        rules = {name: rule for name, rule in place.rules.items() if name != "fields"}
        places[place.key] = place
        backends[place.key] = (await store.people(rows, source_key=place.key, **rules)).backend
    yield Shelf(places, backends)
    for store in stores.values():
        await store.close()


KEYS = [f"{kind}_{number}_{strict}" for kind in KINDS for number in (0, 1) for strict in (False, True)]


@lawful(0.1)
@given(st.data(), st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True), st.integers(1, 5))
async def test_r20_pages_of_real_stores_are_the_list_too(
    shelf: Shelf, data: st.DataObject, keys: list[str], first: int
) -> None:
    world = tuple(shelf.places[key] for key in keys)
    await pages_are_the_list(world, data.draw(questions(world)), first, shelf.backends)
