"""Numbers without records: counts, tallies and keys."""

from __future__ import annotations

import pytest

from backends.filters import EVERYTHING, FieldCondition, Filter, Operator
from backends.model import CustomerUser, Validity
from backends.protocol import Count
from backends.search import parse_list_search
from tests.builders import COMPANIES
from tests.contract.stores import TABLES, Store, Tables, World, page_of

FILTERS = [
    EVERYTHING,
    Filter(),
    Filter(validity=frozenset({Validity.INVALID})),
    Filter(search=parse_list_search("a+!zz")),
    Filter(customer_ids=("ACME",), validity=None),
    Filter(fields=(FieldCondition("floor", ("2",), Operator.GREATER_THAN),)),
    Filter(keys=()),
    Filter(login="\0"),
]

TALLIED = [
    "city",
    "customerId",
    "lastName",
    "room",
    "floor",
    "country",
    "title",
    "listedCustomerIds",
    "comment",
]


async def test_a_count_is_the_length_of_the_list(world: World[CustomerUser]) -> None:
    counts = [(await world.backend.counts([each]))[0] for each in FILTERS]
    assert counts == list(await world.reference.counts(FILTERS))
    assert counts == [Count(len((await page_of(world, filter=each)).rows)) for each in FILTERS]


async def test_several_counts_are_one_question(world: World[CustomerUser]) -> None:
    """One for each filter, in the order asked, those asked twice included."""
    for anchors in (["ACME", "nord", "nobody", "ACME", "\0", "%"], [f"C{number}" for number in range(60)]):
        filters = [Filter(customer_ids=(anchor,), validity=None) for anchor in anchors]
        assert list(await world.backend.counts(filters)) == list(await world.reference.counts(filters))


async def test_a_count_that_a_limit_cut_is_not_exact(store: Store) -> None:
    """R19: AT_LEAST."""
    world = await store.people(list_limit=5)
    cut, exact, unlimited = [
        (await world.backend.counts([wanted]))[0]
        for wanted in (
            Filter(search=parse_list_search("a"), validity=None),
            Filter(search=parse_list_search("zo"), validity=None),
            EVERYTHING,
        )
    ]
    assert cut == Count(5, exact=False)
    assert exact == Count(3)
    assert unlimited == Count(len(world.keys))


@pytest.mark.parametrize("field", TALLIED)
async def test_a_tally_counts_values_as_stored_and_the_empty_ones_as_none(
    world: World[CustomerUser], field: str
) -> None:
    for wanted in (
        EVERYTHING,
        Filter(),
        Filter(search=parse_list_search("!zz"), validity=None),
        Filter(keys=()),
    ):
        if world.mapping.field(field) is None:
            continue  # a directory has no country
        tally = dict(await world.backend.tally(field, wanted))
        assert tally == dict(await world.reference.tally(field, wanted))
        assert sum(tally.values()) == (await world.backend.counts([wanted]))[0].number


async def test_keys_run_in_order_and_go_on_after_a_pair(world: World[CustomerUser]) -> None:
    everybody = list(await world.backend.keys(EVERYTHING, None, 1000))
    assert everybody == list(await world.reference.keys(EVERYTHING, None, 1000))
    for size in (1, 4, 7):
        found: list[tuple[str, str]] = []
        while chunk := await world.backend.keys(EVERYTHING, found[-1] if found else None, size):
            assert len(chunk) <= size
            found += chunk
        assert found == everybody
    assert list(await world.backend.keys(EVERYTHING, ("m", "n"), 1000)) == [
        pair for pair in everybody if pair > ("m", "n")
    ]
    assert list(await world.backend.keys(Filter(), ("\U0010ffff", ""), 10)) == []


async def test_twins_are_all_spellings_but_the_first(world: World[CustomerUser]) -> None:
    """DB-8."""
    assert sorted(await world.backend.twins()) == ["Franz", "franz", "müller"]


@pytest.mark.parametrize("store", TABLES, indirect=True)
async def test_customers_are_counted_too(store: Store) -> None:
    assert isinstance(store, Tables)
    world = await store.companies(COMPANIES)
    counts = await world.backend.counts([EVERYTHING])
    assert counts == [Count(6)]
    valid = await world.backend.tally("city", Filter())
    assert valid == {"Zürich": 1, "zug": 1, None: 2}


async def test_inspection_knows_how_many_there_are_and_finds_nothing_missing(
    world: World[CustomerUser],
) -> None:
    """Section 17: what `check` prints."""
    inspection = await world.backend.inspect()
    assert inspection.rows in (len(world.keys), None)
    assert list(inspection.findings) == []
    await world.backend.ping()
