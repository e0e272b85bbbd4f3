"""Totals, counts by value and duplicate logins are those of the list, and cost no rows (A5, R4, R19)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.model import SourceStatus
from resolvers import counts, customer_users, duplicates
from resolvers.asked import UserFilter
from resolvers.lists import totals
from tests.laws.oracle import Oracle
from tests.laws.worlds import (
    Asked,
    World,
    cases,
    context_of,
    directory_of,
    filters,
    lawful,
    patient,
    worlds,
)

pytestmark = patient


@lawful(0.5)
@given(cases)
async def test_the_total_is_the_length_of_the_list(case: tuple[World, Asked]) -> None:
    world, asked = case
    oracle = Oracle(world)
    context = context_of(directory_of(world))
    (total,) = await totals(context, [await customer_users.page(context, asked.page(1))])
    cut = [place for place in range(len(world)) if oracle.is_cut(place, asked)]
    assert total.exact is not bool(cut)
    assert [report.status is SourceStatus.TRUNCATED for report in total.reports] == [
        place in cut for place in range(len(world))
    ]
    if total.exact:
        assert total.number == len(oracle.listed(asked))
    else:
        assert total.number <= len(oracle.listed(asked, capped=False))


@lawful(0.4)
@given(
    worlds.flatmap(lambda world: st.tuples(st.just(world), filters(world))),
    st.sampled_from(("customerId", "city", "room", "floor", "login")),
    st.integers(0, 5),
)
async def test_counts_by_value_are_those_of_the_list(
    case: tuple[World, UserFilter], by: str, first: int
) -> None:
    world, asked = case
    if by == "room" and not any(place.has_room for place in world):
        by = "city"
    wanted = Oracle(world).counts(by, Asked(filter=asked))
    found = await counts.counts_by(context_of(directory_of(world)), by, filter=asked, first=first)
    assert found.exact
    assert [(node.value, node.count) for node in found.nodes] == sorted(
        wanted.items(), key=lambda pair: (-pair[1], (pair[0] or "").lower(), pair[0] or "")
    )[:first]


@lawful(0.4)
@given(worlds, st.integers(1, 3))
async def test_duplicate_logins_are_those_that_the_order_hides(world: World, first: int) -> None:
    context = context_of(directory_of(world))
    wanted = Oracle(world).duplicates()
    found: list[tuple[str, list[str]]] = []
    after = None
    while True:
        page = await duplicates.page(context, first, after)
        found += [(edge.login, [source.key for source in edge.sources]) for edge in page.edges]
        assert page.total_count == len(wanted)
        assert len(page.edges) <= first
        after = page.end_cursor
        if not page.has_next_page:
            break
    assert found == wanted


@lawful(0.2)
@given(worlds, st.integers(1, 4))
async def test_keys_read_in_small_pieces_hide_the_same(world: World, chunk: int) -> None:
    whole, pieces = directory_of(world), directory_of(world, chunk=chunk)
    assert await pieces.duplicates.survey() == await whole.duplicates.survey()
