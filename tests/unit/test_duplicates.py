"""What the order hides: surveyed once for everybody, kept for a while, and never trusted past an outage."""

from __future__ import annotations

import asyncio

from backends.duplicates import Duplicate, Duplicates
from backends.filters import EVERYTHING
from backends.model import CustomerUser, SourceStatus
from resolvers import duplicates
from tests.builders import a_row
from tests.laws.worlds import context_of
from tests.unit.counted import Counted, directory_of, users_in
from tests.unit.scripted import Clock

ADA, BOB, EVE = a_row("ada"), a_row("bob"), a_row("eve")


async def test_the_first_source_owns_and_the_others_are_named_in_order() -> None:
    survey = await directory_of(users_in([ADA, BOB], [EVE, a_row("ADA")], [EVE, ADA])).duplicates.survey()
    assert survey.duplicates == (
        Duplicate("ada", "ada", ("s0", "s1", "s2")),
        Duplicate("eve", "eve", ("s1", "s2")),
    )
    assert survey.hidden == {"s0": (), "s1": ("ADA",), "s2": ("ada", "eve")}


async def test_two_spellings_in_one_source_are_no_duplicate() -> None:
    survey = await directory_of(users_in([ADA, a_row("Ada")], [BOB])).duplicates.survey()
    assert survey.duplicates == ()
    assert survey.hidden == {"s0": ("ada",), "s1": ()}


async def test_many_who_ask_at_once_read_the_keys_once() -> None:
    """R11."""
    stores = users_in([ADA, BOB, EVE], [ADA])
    directory = directory_of(stores)
    await asyncio.gather(*(directory.counts([EVERYTHING]) for _ in range(20)))
    assert [store.asked.count("keys") for store in stores] == [1, 1]


async def test_twins_are_looked_for_once_by_many_lists() -> None:
    stores = users_in([ADA])
    duplicates_ = directory_of(stores).duplicates
    (source,) = directory_of(stores).sources
    await asyncio.gather(*(duplicates_.twins(source) for _ in range(20)))
    assert stores[0].asked == ["twins"]


async def test_a_survey_is_kept_for_its_lifetime_and_until_something_is_written() -> None:
    stores, clock = users_in([ADA], [ADA]), Clock()
    known = _known(stores, clock)
    for _ in range(2):
        await known.survey()
    assert stores[0].asked == ["keys"]
    clock.pass_by(61)
    await known.survey()
    known.forget()
    await known.survey()
    assert stores[0].asked == ["keys"] * 3


async def test_a_source_that_comes_back_is_read_at_once() -> None:
    """R14: and while it is away, those who are there are not read again and again."""
    stores = users_in([ADA], [ADA])
    known = _known(stores, Clock())
    stores[0].silent = SourceStatus.CIRCUIT_OPEN
    for _ in range(3):
        survey = await known.survey()
        assert survey.silent.keys() == {"s0"}
        assert survey.duplicates == ()
    assert stores[1].asked == ["keys"]
    stores[0].silent = None
    assert (await known.survey()).hidden == {"s0": (), "s1": ("ada",)}


async def test_a_source_that_falls_silent_midway_hides_what_it_said() -> None:
    stores = users_in([ADA, BOB, EVE], [ADA, BOB, EVE])
    known = Duplicates(directory_of(stores).sources, chunk=1)
    reading = asyncio.create_task(known.survey())
    while len(stores[0].asked) < 2:
        await asyncio.sleep(0)
    stores[0].silent = SourceStatus.UNAVAILABLE
    survey = await reading
    assert survey.silent.keys() == {"s0"}
    assert set(survey.hidden["s1"]) <= {"ada", "bob", "eve"}


async def test_too_much_that_is_hidden_makes_the_first_sources_number_a_lower_bound() -> None:
    stores = users_in(
        [a_row(f"u{number}") for number in range(9)], [a_row(f"u{number}") for number in range(20)]
    )
    sources = directory_of(stores).sources
    directory = directory_of(stores, duplicates=Duplicates(sources, chunk=3, max_hidden=2))
    (total,) = await directory.counts([EVERYTHING])
    assert (total.number, total.exact) == (9, False)
    page = await duplicates.page(context_of(directory))
    assert page.total_count is None
    assert {report.status for report in page.reports} == {SourceStatus.TRUNCATED}


async def test_old_twins_do_while_the_source_is_silent() -> None:
    stores, clock = users_in([ADA, a_row("ADA")]), Clock()
    known = _known(stores, clock)
    (source,) = directory_of(stores).sources
    assert await known.twins(source) == ("ada",)
    clock.pass_by(61)
    stores[0].silent = SourceStatus.TIMEOUT
    assert await known.twins(source) == ("ada",)


def _known(stores: list[Counted[CustomerUser]], clock: Clock) -> Duplicates[CustomerUser]:
    sources = directory_of(stores).sources
    return Duplicates(sources, clock=clock)
