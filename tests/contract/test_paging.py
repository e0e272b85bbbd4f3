"""Pages of any size put together are the list: no gaps, no repeats (R20)."""

from __future__ import annotations

import dataclasses

import pytest

from backends.filters import EVERYTHING, Filter, Members, Question
from backends.model import CustomerUser, Validity
from backends.order import Position
from backends.protocol import Page
from backends.search import parse_list_search
from tests.builders import TURKISH
from tests.contract.stores import Store, World, page_of

ORDERS = [
    (),
    ("-login",),
    ("city",),
    ("-lastName", "city"),
    ("floor",),
    ("-changedAt",),
    ("validity", "-login"),
]
FILTERS = {
    "everybody": EVERYTHING,
    "valid": Filter(),
    "found": Filter(search=parse_list_search("a"), validity=None),
    "not": Filter(
        search=parse_list_search("!zz+!Ada"), validity=frozenset({Validity.VALID, Validity.INVALID})
    ),
}


@pytest.mark.parametrize("fields", ORDERS)
@pytest.mark.parametrize("what", FILTERS)
async def test_pages_concatenate_to_the_list(
    world: World[CustomerUser], what: str, fields: tuple[str, ...]
) -> None:
    """R20."""
    wanted = FILTERS[what]
    everybody = (await page_of(world, *fields, filter=wanted)).rows
    assert len(everybody) > 7
    for size in range(1, 8) if what == "everybody" else (1, 4):
        assert await all_pages(world, *fields, filter=wanted, size=size) == [
            row.position for row in everybody
        ]


async def test_letters_that_fold_differently_fall_through_no_crack(store: Store) -> None:
    """Design, section 7: a row stands in the cursor by the key that its own store reports."""
    world = await store.people(TURKISH)
    for fields in ((), ("firstName",), ("-lastName", "city")):
        logins = [position.key for position in await all_pages(world, *fields, filter=EVERYTHING, size=1)]
        assert sorted(logins) == sorted(world.keys)


@pytest.mark.parametrize("fields", ORDERS)
async def test_a_page_goes_on_after_a_row_of_another_source(
    world: World[CustomerUser], fields: tuple[str, ...]
) -> None:
    """Design, section 7: rows with equal parts stand by the place of their source, reversed with the order."""
    everybody = [row.position for row in (await page_of(world, *fields)).rows]
    descends = world.order(*fields).descending_ties
    for place, position in enumerate(everybody):
        elsewhere = dataclasses.replace(position, source_key="elsewhere")
        for after_place in (-1, 0, 1):
            page = await page_of(world, *fields, after=elsewhere, after_place=after_place, limit=2)
            itself = after_place > 0 if descends else after_place < 0
            start = place if itself else place + 1
            assert [row.position for row in page.rows] == everybody[start : start + 2]


async def test_a_position_need_not_be_anybodys(world: World[CustomerUser]) -> None:
    everybody = [row.position for row in (await page_of(world, "city")).rows]
    gap = Position(("m",), "", "", "elsewhere")
    page = await page_of(world, "city", after=gap)
    assert [row.position for row in page.rows] == [place for place in everybody if place.values[0] >= "m"]
    beyond = Position(("\U0010ffff",), "\U0010ffff", "", "elsewhere")
    assert list((await page_of(world, "city", after=beyond)).rows) == []
    assert list((await page_of(world, "-city", after=beyond, limit=1)).rows) != []


@pytest.mark.parametrize("text", ["\0", "\ud800", "'", "%", "\\", "x" * 10_000])
async def test_a_position_is_data(world: World[CustomerUser], text: str) -> None:
    """S1, S2."""
    everybody = [row.position for row in (await page_of(world, "city")).rows]
    page = await page_of(world, "city", after=Position((text,), text, text, "elsewhere"))
    expected = [place for place in everybody if place.parts > (text, text, text)]
    assert [row.position for row in page.rows] == expected


async def test_a_page_says_whether_more_follow(world: World[CustomerUser]) -> None:
    number = len(world.keys)
    for limit, more in ((1, True), (number - 1, True), (number, False), (number + 1, False)):
        page = await page_of(world, "city", limit=limit)
        assert (len(page.rows), page.more) == (min(limit, number), more)
        assert not page.truncated
    last = (await page_of(world, "city")).rows[-1].position
    end = await page_of(world, "city", after=last)
    assert (list(end.rows), end.more) == ([], False)


async def test_nobody_is_an_empty_page(world: World[CustomerUser]) -> None:
    for nobody in (
        Filter(keys=()),
        Filter(customer_ids=()),
        Filter(validity=frozenset()),
        Filter(login="zzz"),
    ):
        page = await page_of(world, "city", filter=nobody)
        assert (list(page.rows), page.more, page.truncated) == ([], False, False)


async def test_a_batch_has_one_page_for_each_anchor(world: World[CustomerUser]) -> None:
    """Members of fifty customers are one question; each customer gets its own page, in the order asked."""
    anchors = ["ACME", "nord", "nobody", "HUBER", "SUED", "ACME", "ЕЛЛ", "%", "\0", "O'CO", ""]
    for fields in ((), ("-lastName",), ("city", "-login")):
        questions = [
            Question(Filter(members=Members(anchor, ("zora", "ada"))), world.order(*fields), 3)
            for anchor in anchors
        ]
        pages = await world.backend.pages(questions)
        wanted = await world.reference.pages(questions)
        assert [spelled(page) for page in pages] == [spelled(page) for page in wanted]


async def test_a_batch_by_customer_goes_on_after_one_position(world: World[CustomerUser]) -> None:
    anchors = ["ACME", "nord", "HUBER", "EMOJI"]
    order = world.order("lastName")
    after = (await page_of(world, "lastName")).rows[20].position
    questions = [Question(Filter(customer_ids=(anchor,)), order, 2, after) for anchor in anchors]
    pages = await world.backend.pages(questions)
    wanted = await world.reference.pages(questions)
    assert [spelled(page) for page in pages] == [spelled(page) for page in wanted]


def spelled(page: Page[CustomerUser]) -> tuple[list[Position], bool, bool]:
    """What of a page is the same in every store."""
    return [row.position for row in page.rows], page.more, page.truncated


async def all_pages(world: World[CustomerUser], *fields: str, filter: Filter, size: int) -> list[Position]:
    """Everybody, one page after the other."""
    found: list[Position] = []
    after: Position | None = None
    while True:
        page = await page_of(world, *fields, filter=filter, limit=size, after=after)
        assert len(page.rows) <= size
        found += [row.position for row in page.rows]
        if not page.more:
            return found
        assert len(page.rows) == size
        after = found[-1]
