"""One order in every store, whatever its collation: that of folded code points (design, section 7)."""

from __future__ import annotations

import pytest

from backends.filters import EVERYTHING, Question
from backends.model import CustomerUser
from backends.order import Order, Position
from tests.builders import PEOPLE, TURKISH
from tests.contract.stores import Store, World, page_of

FIELDS = [
    "login",
    "title",
    "firstName",
    "lastName",
    "email",
    "customerId",
    "phone",
    "fax",
    "mobile",
    "street",
    "zip",
    "city",
    "country",
    "comment",
    "validity",
    "createdAt",
    "changedAt",
    "listedCustomerIds",
    "room",
    "floor",
    "unknown",
]

SEVERAL = [
    (),
    ("city", "lastName"),
    ("-city", "lastName"),
    ("city", "-lastName"),
    ("-city", "-lastName"),
    ("lastName", "firstName", "-login"),
    ("-validity", "customerId", "-floor", "login"),
    ("room", "-room", "floor"),
    ("changedAt", "-createdAt"),
    ("login", "city"),
]


@pytest.mark.parametrize("field", FIELDS)
async def test_a7_every_field_orders_as_memory_does(world: World[CustomerUser], field: str) -> None:
    """DET-12, A7: umlauts and case by code point, empty and missing the same, numbers as numbers."""
    assert await order_of(world, field) == await right_order(world, field)


@pytest.mark.parametrize("field", FIELDS)
async def test_descending_is_the_exact_reverse(world: World[CustomerUser], field: str) -> None:
    """A7, R20."""
    assert await order_of(world, f"-{field}") == (await order_of(world, field))[::-1]


@pytest.mark.parametrize("fields", SEVERAL)
async def test_several_terms_each_have_their_direction(
    world: World[CustomerUser], fields: tuple[str, ...]
) -> None:
    """DET-13 [DNC]: all terms count, and the login decides at last."""
    assert await order_of(world, *fields) == await right_order(world, *fields)


async def test_a_row_and_its_place_belong_together(world: World[CustomerUser]) -> None:
    page = await page_of(world, "lastName")
    assert [row.record.login for row in page.rows] == [row.position.key for row in page.rows]
    assert {row.position.source_key for row in page.rows} == {world.mapping.source_key}
    assert len(page.rows) == len(world.keys)


async def test_empty_and_missing_stand_together_before_all_others(world: World[CustomerUser]) -> None:
    """DET-12, LDAP-18."""
    cities = {row.record.login: row.record.city for row in (await page_of(world, "city")).rows}
    have_one = [bool(city) for city in cities.values()]
    assert have_one == sorted(have_one)
    nowhere = [login for login, city in cities.items() if not city]
    places = [row.position for row in (await page_of(world)).rows if row.position.key in nowhere]
    assert nowhere == [place.key for place in places]


async def test_numbers_run_from_the_smallest_to_the_largest(world: World[CustomerUser]) -> None:
    floors = [row.record.custom["floor"] for row in (await page_of(world, "floor")).rows]
    known = [floor for floor in floors if isinstance(floor, int)]
    assert known == sorted(known)
    assert known[0] == -5
    assert known[-1] == 2147483647
    assert floors[: -len(known)] == [None] * (len(floors) - len(known))


async def test_only_rare_letters_may_stand_elsewhere_and_never_without_an_order(store: Store) -> None:
    """Design, section 7: a store may fold İ and ı in its own way, and its rows stand by its own keys."""
    world = await store.people(TURKISH)
    for field in ("login", "firstName", "city"):
        ascending = await order_of(world, field)
        order = world.order(field)
        assert [place.parts for place in ascending] == sorted(place.parts for place in ascending)
        assert (await order_of(world, f"-{field}"))[::-1] == ascending
        assert sorted(place.key for place in ascending) == sorted(world.keys)
        assert all(len(place.values) == len(order.terms) for place in ascending)


def test_the_world_has_ties_that_only_logins_break() -> None:
    for column in ("city", "last_name", "floor", "change_time", "create_time"):
        values = [row[column] for row in PEOPLE]
        assert len(set(values)) < len(values)


async def order_of(world: World[CustomerUser], *fields: str) -> list[Position]:
    """The places of everybody, in the order of the store."""
    return [row.position for row in (await page_of(world, *fields)).rows]


async def right_order(world: World[CustomerUser], *fields: str) -> list[Position]:
    """The places of everybody, in the order of memory."""
    order: Order = world.order(*fields)
    (page,) = await world.reference.pages([Question(EVERYTHING, order, 1000)])
    return [row.position for row in page.rows]
