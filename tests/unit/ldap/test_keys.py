"""Lists of keys: our order, bounded, read once, fresh enough."""

from __future__ import annotations

import asyncio
import random
import tracemalloc

import pytest

from backends.conditions import ALWAYS, In
from backends.ldap.keys import MAX_LISTS, Collector, KeyList, KeyLists, Place, Wanted, in_order
from backends.order import Order, OrderTerm, Position, fold, sort_key

BY_NAME = Order.of([OrderTerm("lastName")], "login")
DOWN = Order.of([OrderTerm("lastName", descending=True)], "login")
MIXED = Order.of([OrderTerm("lastName", descending=True), OrderTerm("city")], "login")


def places(number: int, terms: int = 1, seed: int = 1) -> list[Place]:
    chance = random.Random(seed)  # noqa: S311
    names = [f"{chance.choice('AbCÄßz')}{chance.randrange(40)}" for _ in range(number * terms)]
    keys = [f"{chance.choice(['User', 'user'])}{index}" for index in range(number)]
    return [
        (*(fold(name) for name in names[index * terms : (index + 1) * terms]), fold(key), key)
        for index, key in enumerate(keys)
    ]


async def collected(all_places: list[Place], directions: tuple[bool, ...], limit: int = 200_000) -> KeyList:
    collector = Collector(directions, limit)
    for start in range(0, len(all_places), 7):
        if not collector.add(all_places[start : start + 7]):
            break
    return await collector.finish(cut=False)


@pytest.mark.parametrize("order", [BY_NAME, DOWN, MIXED, Order((), descending_ties=True)], ids=str)
async def test_places_are_sorted_as_every_other_store_sorts(order: Order) -> None:
    given = places(300, len(order.terms))
    listed = await collected(given, order.directions)
    expected = sorted(
        given, key=lambda place: sort_key(order, Position(place[:-2], place[-2], place[-1], ""), 0)
    )
    assert listed.places == expected


@pytest.mark.parametrize("order", [BY_NAME, DOWN, MIXED], ids=str)
@pytest.mark.parametrize("apart", [-1, 0, 1])
async def test_a_page_starts_right_after_its_position_in_any_source(order: Order, apart: int) -> None:
    listed = await collected(places(200, len(order.terms)), order.directions)
    positions = [Position(place[:-2], place[-2], place[-1], "") for place in listed.places]
    anchors = [
        *positions[::10],
        *(Position(one.values, one.folded, one.key + "!", "") for one in positions[::10]),
    ]
    for anchor in anchors:
        after = sort_key(order, anchor, apart)
        expected = sum(sort_key(order, position, 0) <= after for position in positions)
        assert listed.start(anchor.parts, apart) == expected


async def test_each_key_stands_once_with_the_first_entry() -> None:
    listed = await collected([("b", "x", "x"), ("a", "x", "x"), ("c", "x", "X")], (False, False, False))
    assert listed.places == [("b", "x", "x"), ("c", "x", "X")]


async def test_a_full_list_says_so_and_a_list_that_just_fits_does_not() -> None:
    cut = await collected(places(50), BY_NAME.directions, limit=49)
    assert cut.truncated and len(cut.places) == 49
    whole = await collected(places(50), BY_NAME.directions, limit=50)
    assert not whole.truncated and len(whole.places) == 50
    assert (await Collector(BY_NAME.directions, 1).finish(cut=True)).truncated


async def test_a_cap_keeps_the_first_places() -> None:
    listed = await collected(places(50), BY_NAME.directions)
    assert listed.capped(50) is listed
    capped = listed.capped(20)
    assert capped.places == listed.places[:20] and capped.truncated


def test_sorting_by_mixed_directions_takes_several_passes() -> None:
    given: list[Place] = [("a", "1", "k"), ("b", "1", "k"), ("a", "2", "k")]
    in_order(given, (True, False, False))
    assert given == [("b", "1", "k"), ("a", "1", "k"), ("a", "2", "k")]


async def test_fifty_thousand_keys_fit_in_twenty_megabytes() -> None:
    tracemalloc.start()
    try:
        collector = Collector((False, False, False, False), 200_000)
        for start in range(0, 50_000, 500):
            collector.add(
                [
                    (
                        f"surname {index % 9_000}",
                        f"town {index % 300}",
                        f"user{index:06d}",
                        f"User{index:06d}",
                    )
                    for index in range(start, start + 500)
                ]
            )
        listed = await collector.finish(cut=False)
        del collector
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(listed.places) == 50_000
    assert kept < 20e6
    assert peak < 30e6


class Source:
    """Reads lists at a time that a test sets, and counts how often."""

    def __init__(self, ttl: float = 10.0, max_keys: int = 200_000, length: int = 3) -> None:
        self.now = 0.0
        self.reads = 0
        self.length = length
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.lists = KeyLists(self.read, ttl, max_keys, lambda: self.now)

    async def read(self, wanted: Wanted) -> KeyList:
        self.reads += 1
        if self.gate:
            await self.gate.wait()
        if self.failure:
            raise self.failure
        return KeyList([(str(self.reads), str(number)) for number in range(self.length)], wanted.directions)


def wanted(name: str = "x") -> Wanted:
    return Wanted.by(In("uid", (name,), folded=True), Order(()))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_list_is_kept_while_it_is_fresh() -> None:
    source = Source()
    first = await source.lists.get(wanted())
    source.now = 9.9
    assert await source.lists.get(wanted()) is first
    assert source.reads == 1


async def test_an_old_list_serves_while_a_new_one_is_read() -> None:
    source = Source()
    first = await source.lists.get(wanted())
    source.now = 15.0
    assert await source.lists.get(wanted()) is first
    await settle()
    assert source.reads == 2
    assert await source.lists.get(wanted()) is not first


async def test_a_list_that_is_too_old_is_not_shown() -> None:
    source = Source()
    first = await source.lists.get(wanted())
    source.now = 20.0
    assert await source.lists.get(wanted()) is not first


async def test_a_failure_in_the_background_is_silent_until_the_list_is_too_old() -> None:
    source = Source()
    first = await source.lists.get(wanted())
    source.now, source.failure = 15.0, OSError()
    assert await source.lists.get(wanted()) is first
    await settle()
    source.now = 20.0
    with pytest.raises(OSError):
        await source.lists.get(wanted())


async def test_without_a_time_to_live_nothing_is_kept() -> None:
    source = Source(ttl=0)
    await source.lists.get(wanted())
    await source.lists.get(wanted())
    assert source.reads == 2


async def test_many_who_ask_at_once_cause_one_reading() -> None:
    source = Source(ttl=0)
    source.gate = asyncio.Event()
    asking = [asyncio.create_task(source.lists.get(wanted())) for _ in range(20)]
    await settle()
    source.gate.set()
    assert len({id(keys) for keys in await asyncio.gather(*asking)}) == 1
    assert source.reads == 1


async def test_whoever_gives_up_does_not_end_the_reading() -> None:
    source = Source()
    source.gate = asyncio.Event()
    asking = asyncio.create_task(source.lists.get(wanted()))
    await settle()
    asking.cancel()
    await settle()
    source.gate.set()
    await source.lists.get(wanted())
    assert source.reads == 1


async def test_closing_ends_the_reading() -> None:
    source = Source()
    source.gate = asyncio.Event()
    asking = asyncio.create_task(source.lists.get(wanted()))
    await settle()
    await source.lists.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_the_lists_are_bounded_and_the_latest_stay() -> None:
    source = Source()
    for number in range(MAX_LISTS + 1):
        await source.lists.get(wanted(str(number)))
    await source.lists.get(wanted(str(MAX_LISTS)))
    assert source.reads == MAX_LISTS + 1
    await source.lists.get(wanted("0"))
    assert source.reads == MAX_LISTS + 2


async def test_the_keys_of_all_lists_are_bounded() -> None:
    source = Source(max_keys=5, length=3)
    for name in "abc":
        await source.lists.get(wanted(name))
    await source.lists.get(wanted("b"))
    assert source.reads == 3
    await source.lists.get(wanted("a"))
    assert source.reads == 4


def test_lists_differ_by_condition_order_and_folding() -> None:
    some = {
        Wanted.by(ALWAYS, BY_NAME),
        Wanted.by(ALWAYS, DOWN),
        Wanted(ALWAYS, ("lastName",), (False,) * 3, folded=False),
    }
    assert len(some) == 3
    assert Wanted.by(ALWAYS, BY_NAME) in some
