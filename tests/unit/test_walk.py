"""Who owns a login: the order of the sources decides, not their speed, and silence is neither yes nor no."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence

import pytest

from backends.errors import SourceUnavailable
from backends.model import CustomerUser
from backends.protocol import Known
from backends.walk import Decision, decide, walk
from tests.unit.scripted import Scripted, a_user, fails, hangs, is_wrong, settled, waits_for

SILENCE = SourceUnavailable("one")
HAS: Known[CustomerUser] = Known({"ada": a_user("ada", "has")}, frozenset())
LACKS: Known[CustomerUser] = Known({}, frozenset({"ada"}))
SILENT: Known[CustomerUser] = Known({}, frozenset(), SILENCE)
REMEMBERS: Known[CustomerUser] = Known({}, frozenset({"ada"}), SILENCE)
"""Silent, but known to lack the login a moment ago."""
ASKED = None
"""Not answered yet."""

Ask = Callable[[Sequence[str]], Awaitable[Known[CustomerUser]]]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((HAS,), "found"),
        ((LACKS,), "absent"),
        ((SILENT,), "unknown"),
        ((ASKED,), "open"),
        ((HAS, LACKS), "found"),
        ((HAS, SILENT), "found"),
        ((HAS, ASKED), "found"),
        ((LACKS, HAS), "found"),
        ((LACKS, LACKS), "absent"),
        ((LACKS, SILENT), "unknown"),
        ((LACKS, ASKED), "open"),
        ((SILENT, HAS), "found beside a gap"),
        ((SILENT, LACKS), "unknown"),
        ((SILENT, SILENT), "unknown"),
        ((SILENT, ASKED), "open"),
        ((ASKED, HAS), "open"),
        ((ASKED, LACKS), "open"),
        ((ASKED, SILENT), "open"),
        ((REMEMBERS, HAS), "found"),
        ((REMEMBERS, LACKS), "absent"),
        ((LACKS, SILENT, HAS), "found beside a gap"),
        ((LACKS, ASKED, HAS), "open"),
    ],
)
def test_every_set_of_answers_means_one_thing(
    answers: Sequence[Known[CustomerUser] | None], outcome: str
) -> None:
    assert _word(decide(answers, ["ada"])) == outcome


@pytest.mark.parametrize("answers", list(itertools.product([HAS, LACKS, SILENT, REMEMBERS, ASKED], repeat=3)))
def test_who_stops_at_a_gap_never_takes_what_lies_behind_it(
    answers: Sequence[Known[CustomerUser] | None],
) -> None:
    """R1: with FAIL the first silent source settles the matter."""
    decision = decide(answers, ["ada"], stop_at_gap=True)
    if "ada" in decision.gaps:
        assert not decision.found
        assert not decision.open
    else:
        assert _word(decision) == _word(decide(answers, ["ada"]))


def test_each_login_is_decided_for_itself() -> None:
    decision = decide(
        [Known({"ada": a_user("ada")}, frozenset({"bob"}), SILENCE), LACKS], ["ada", "bob", "eve"]
    )
    assert decision.found.keys() == {"ada"}
    assert decision.gaps == {"eve": (SILENCE,)}


async def test_a_later_source_is_asked_only_for_what_is_missing() -> None:
    one, two = Scripted(["ada"]), Scripted(["ada", "bob"])
    decision = await walk([_ask(one), _ask(two)], ["bob", "ada", "eve"], head_start=60)
    assert decision.found.keys() == {"ada", "bob"}
    assert one.asked == [("ada", "bob", "eve")]
    assert two.asked == [("bob", "eve")]


async def test_nobody_is_asked_once_everything_is_settled() -> None:
    one, two = Scripted(["ada"]), Scripted(["ada"])
    await walk([_ask(one), _ask(two)], ["ada"], head_start=60)
    await walk([_ask(one), _ask(two)], [], head_start=60)
    assert len(one.asked) == 1
    assert not two.asked


async def test_the_order_decides_and_not_the_speed() -> None:
    answer = asyncio.Event()
    slow, fast = Scripted(["ada"], [waits_for(answer)]), Scripted(["ada"])
    looking = asyncio.create_task(walk([_ask(slow, "slow"), _ask(fast, "fast")], ["ada"], head_start=0))
    while not fast.asked:
        await asyncio.sleep(0)
    await settled()
    assert not looking.done(), "a later answer is held"
    answer.set()
    assert (await looking).found["ada"].source_key == "slow"


async def test_a_quiet_source_gets_a_head_start_and_no_more() -> None:
    answer = asyncio.Event()
    slow, fast = Scripted([], [waits_for(answer)]), Scripted(["ada"])
    patient = asyncio.create_task(walk([_ask(slow), _ask(fast)], ["ada"], head_start=3600))
    await settled()
    assert slow.asked
    assert not fast.asked
    answer.set()
    assert (await patient).found.keys() == {"ada"}


async def test_a_source_behind_two_is_not_asked_for_what_the_second_has_already_found() -> None:
    answer = asyncio.Event()
    slow, second, third = Scripted([], [waits_for(answer)]), Scripted(["ada"]), Scripted(["eve"])
    looking = asyncio.create_task(walk([_ask(slow), _ask(second), _ask(third)], ["ada", "eve"], head_start=0))
    while not third.asked:
        await asyncio.sleep(0)
    answer.set()
    assert (await looking).found.keys() == {"ada", "eve"}
    assert third.asked == [("eve",)]


async def test_what_still_runs_when_everything_is_settled_is_cancelled() -> None:
    answer = asyncio.Event()
    first, second = Scripted(["ada"], [waits_for(answer)]), Scripted([], [hangs])
    looking = asyncio.create_task(walk([_ask(first), _ask(second)], ["ada"], head_start=0))
    while not second.asked:
        await asyncio.sleep(0)
    answer.set()
    await looking
    assert second.cancelled == 1
    assert second.running == 0


async def test_a_caller_who_leaves_takes_all_questions_along() -> None:
    one, two = Scripted([], [hangs]), Scripted([], [hangs])
    looking = asyncio.create_task(walk([_ask(one), _ask(two)], ["ada"], head_start=0))
    while not two.asked:
        await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert one.cancelled == two.cancelled == 1


async def test_behind_a_gap_nobody_is_asked_where_the_answer_would_not_count() -> None:
    one, two = Scripted(["ada"], [fails]), Scripted(["ada"])
    decision = await walk([_ask(one), _ask(two)], ["ada"], stop_at_gap=True, head_start=60)
    assert decision.gaps.keys() == {"ada"}
    assert not two.asked


async def test_a_bug_is_not_taken_for_silence() -> None:
    one, two = Scripted(["ada"], [is_wrong]), Scripted(["ada"])
    with pytest.raises(ExceptionGroup) as bug:
        await walk([_ask(one), _ask(two)], ["ada"])
    assert bug.group_contains(ZeroDivisionError)


def _ask(store: Scripted, name: str = "one") -> Ask:
    async def ask(keys: Sequence[str]) -> Known[CustomerUser]:
        try:
            found = await store.get_many(keys)
        except SourceUnavailable as silent:
            return Known({}, frozenset(), silent)
        return Known({key: a_user(key, name) for key in found}, frozenset(keys) - found.keys())

    return ask


def _word(decision: Decision[CustomerUser]) -> str:
    if decision.open:
        return "open"
    if decision.gaps:
        return "found beside a gap" if decision.found else "unknown"
    return "found" if decision.found else "absent"
