"""The runner itself: a recording that says something else is noticed, and no rule explains it away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.otobo.asking import Replay
from tests.otobo.judging import Tally, judge
from tests.otobo.methods import METHODS, NOT_APPLICABLE, PENDING
from tests.otobo.oracle import Oracle
from tests.otobo.recording import GOLDEN, Call, Case, Scenario
from tests.otobo.worlds import Servers, World, serving

ALTERED = "altered"


def altered(call: Call) -> Call | None:
    """The call with one wrong thing in its result; None where nothing was found."""
    result: Any = call.result
    if call.check == "keys":
        return replace(call, result={**result, "keys": [*result["keys"][1:], ALTERED]})
    if call.check == "subset":
        return replace(call, result={**result, "of_keys": result["of_keys"][:1], "count_max": 10**6})
    if isinstance(result, Mapping) and call.method in ("CustomerSearch", "CustomerCompanyList"):
        return replace(call, result={**result, ALTERED: ALTERED})
    if call.method == "CustomerUserDataGet" and result:
        return replace(call, result={**result, "UserLastname": ALTERED})
    if isinstance(result, list) and result and isinstance(result[0], str) and "Limit" not in call.args:
        return replace(call, result=[*result[:-1], ALTERED])
    return None


@pytest.mark.parametrize("name", ["S1", "S2", "S3"])
async def test_a_recording_that_says_something_else_is_noticed(
    name: str, recorded_servers: Servers, worlds: Any
) -> None:
    scenario = Scenario(name, GOLDEN)
    world = worlds.setdefault(scenario.folder / scenario.name, World(scenario, recorded_servers))
    oracle, tally = Oracle(world, world.settings("")), Tally()
    changed = [
        Case(case.id, "", case.methods, call)
        for case in scenario.cases
        if not case.variant and case.call and case.call.method in METHODS and (call := altered(case.call))
    ]
    async with serving(world.config("")) as gateway:
        for case in changed:
            await judge(case, Replay(gateway, oracle.settings), oracle, tally)
    assert len(changed) > 40
    assert tally.counts["equal"] == 0
    assert tally.counts["deviating"] <= len(changed) / 40  # a wrong login among relations may be a ghost's


def test_every_recorded_method_has_one_place() -> None:
    assert not METHODS.keys() & PENDING.keys()
    assert not (METHODS.keys() | PENDING.keys()) & NOT_APPLICABLE
    recorded = {
        method
        for path in GOLDEN.glob("S*.json")
        for case in Scenario(path.stem, GOLDEN).cases
        for method in case.methods
    }
    assert recorded <= METHODS.keys() | PENDING.keys() | NOT_APPLICABLE
