"""Sources that fail and come back between pages: nothing twice, and every gap has a name (R1, R4, R5, R14)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.model import CustomerUser, SourceStatus
from backends.protocol import Backend, Count, Page
from resolvers import counts, customer_users, duplicates
from resolvers.lists import totals
from tests.laws.oracle import Oracle
from tests.laws.worlds import Asked, World, cases, context_of, directory_of, lawful, patient, shown, worlds

pytestmark = patient

SILENCES = (SourceStatus.TIMEOUT, SourceStatus.UNAVAILABLE, SourceStatus.CIRCUIT_OPEN)


class Moody:
    """A backend that answers, or not: all calls, only those for pages, or only look-ups."""

    def __init__(self, backend: Backend[CustomerUser], key: str) -> None:
        self.kind = backend.kind
        self.mapping: Any = backend.mapping  # type: ignore[attr-defined]
        self.backend = backend
        self.key = key
        self.pages_fail: SourceStatus | None = None
        self.look_ups_fail: SourceStatus | None = None

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, CustomerUser]:
        self._answer(self.look_ups_fail)
        return await self.backend.get_many(keys)

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        self._answer(self.look_ups_fail)
        return await self.backend.have(keys)

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[CustomerUser]]:
        self._answer(self.pages_fail)
        return await self.backend.pages(questions)

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        self._answer(self.pages_fail)
        return await self.backend.counts(filters)

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        self._answer(self.pages_fail)
        return await self.backend.tally(field, filter)

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        self._answer(self.pages_fail)
        return await self.backend.keys(filter, after, limit)

    async def twins(self) -> Sequence[str]:
        return await self.backend.twins()

    async def ping(self) -> None:
        self._answer(self.pages_fail)

    async def inspect(self) -> Any:
        return await self.backend.inspect()

    async def close(self) -> None:
        await self.backend.close()

    def _answer(self, failure: SourceStatus | None) -> None:
        if failure is not None:
            raise SourceUnavailable(self.key, failure)


MOODS = st.tuples(st.sampled_from((None, None, *SILENCES)), st.sampled_from((None, None, *SILENCES)))
"""How pages, and how look-ups fail, if they do."""


class Stage:
    """A world whose sources can be made to fail."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.moody = {place.key: Moody(place.in_memory(), place.key) for place in world}
        self.context = context_of(directory_of(world, lambda place: self.moody[place.key]))

    def set(self, moods: Sequence[tuple[SourceStatus | None, SourceStatus | None]]) -> None:
        """Let each source answer or fail from now on."""
        for moody, mood in zip(self.moody.values(), moods, strict=False):
            moody.pages_fail, moody.look_ups_fail = mood

    def oracle(self, asked: Asked) -> Oracle:
        """One that sees what can be seen: whoever has let a page time out is not asked for look-ups as well."""
        everybody = Oracle(self.world)
        mute, blind = set(), set()
        for place, moody in enumerate(self.moody.values()):
            if moody.pages_fail and not everybody.is_skipped(place, asked):
                mute.add(moody.key)
            timed_out = moody.key in mute and moody.pages_fail is SourceStatus.TIMEOUT
            if moody.look_ups_fail or timed_out:
                blind.add(moody.key)
        return Oracle(self.world, mute, blind)


CALM = ((None, None),) * 4


@lawful(0.6)
@given(cases, st.integers(1, 4), st.lists(st.lists(MOODS, min_size=4, max_size=4), max_size=4))
async def test_r4_pages_of_failing_sources_repeat_nothing_and_name_every_gap(
    case: tuple[World, Asked],
    first: int,
    weather: list[list[tuple[SourceStatus | None, SourceStatus | None]]],
) -> None:
    world, asked = case
    stage, ranks, healthy = Stage(world), Oracle(world).ranks(asked), Oracle(world).listed(asked)
    places = {place.key: number for number, place in enumerate(world)}
    seen: list[tuple[list[tuple[str, str]], set[str]]] = []
    after, reached = None, -1
    for moods in itertools.chain(weather, itertools.repeat(CALM, 100)):
        stage.set(moods)
        page = await customer_users.page(stage.context, asked.page(first, after))
        rows = shown(page)
        silent = {report.source_key for report in page.reports if report.status in SILENCES}
        visible = [row for row in stage.oracle(asked).listed(asked) if ranks[row] > reached]
        assert rows == visible[:first]
        assert page.has_next_page is (len(visible) > first)
        assert silent <= {key for key, one in stage.moody.items() if one.pages_fail or one.look_ups_fail}
        whole = [row for row in healthy if ranks[row] > reached]
        if not silent:
            assert rows == whole[:first], "what is missing without a report is a lie"
        seen.append((rows, silent))
        if not page.has_next_page and moods is CALM:
            break
        after, reached = (page.end_cursor, ranks[rows[-1]]) if rows else (after, reached)
    assert not page.has_next_page, "the list comes to an end"
    everything = [row for rows, _ in seen for row in rows]
    assert len(set(everything)) == len(everything), "no record comes twice from its source"
    for number, (rows, silent) in enumerate(seen):
        for login, key in rows:
            for later, fell_silent in seen[number + 1 :]:
                for again in [other for same, other in later if same == login]:
                    if places[again] < places[key]:
                        assert again in silent, "its owner was reported silent when it came first"
                    else:
                        assert key in fell_silent, "its owner is reported silent now"


@lawful(0.3)
@given(cases, st.lists(MOODS, min_size=4, max_size=4))
async def test_r4_numbers_with_a_silent_source_say_so_and_are_right_again_when_it_is_back(
    case: tuple[World, Asked], moods: list[tuple[SourceStatus | None, SourceStatus | None]]
) -> None:
    world, asked = case
    stage = Stage(world)
    connection = await customer_users.page(stage.context, asked.page(1))
    stage.set([(pages_fail, pages_fail) for pages_fail, _ in moods])
    down = {key for key, one in stage.moody.items() if one.pages_fail}
    partial = Oracle(world, down, down)
    (total,) = await totals(stage.context, [connection])
    silent = {report.source_key for report in total.reports if report.status in SILENCES}
    assert silent <= down
    cut = any(
        partial.is_cut(place, asked) and place_of.key not in down for place, place_of in enumerate(world)
    )
    assert total.exact is not (bool(silent) or cut)
    if not asked.search:
        assert total.number == len(partial.listed(asked))
    if total.exact:
        assert total.number == len(Oracle(world).listed(asked))
    stage.set(CALM)
    (total,) = await totals(stage.context, [connection])
    assert not any(report.status in SILENCES for report in total.reports)
    if total.exact:
        assert total.number == len(Oracle(world).listed(asked))


@lawful(0.2)
@given(worlds, st.lists(MOODS, min_size=4, max_size=4))
async def test_duplicates_and_counts_leave_out_who_is_silent_and_name_them(
    world: World, moods: list[tuple[SourceStatus | None, SourceStatus | None]]
) -> None:
    stage = Stage(world)
    stage.set(moods)
    down = {key for key, one in stage.moody.items() if one.pages_fail}
    page = await duplicates.page(stage.context)
    found = await counts.counts_by(stage.context, "city")
    asked = down if len(world) > 1 else set()  # a single source has no duplicates, asked or not
    assert {report.source_key for report in page.reports if report.status in SILENCES} == asked
    assert {report.source_key for report in found.reports if report.status in SILENCES} == down
    assert found.exact is not bool(down)
    assert (page.total_count is None) is bool(asked)
    present = tuple(place for place in world if place.key not in down)
    assert [edge.login for edge in page.edges] == [login for login, _ in Oracle(present).duplicates()]
