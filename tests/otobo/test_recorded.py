"""Everything that was recorded of OTOBO holds here too, or differs by a rule that says so."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.config import ConfigError
from tests.otobo.asking import Replay
from tests.otobo.judging import Tally, judge, set_aside
from tests.otobo.oracle import Oracle
from tests.otobo.recording import Scenario
from tests.otobo.stepping import Steps
from tests.otobo.worlds import World, serving


@asynccontextmanager
async def replaying(world: World, variant: str) -> AsyncIterator[Replay | None]:
    """The gateway of a variant; None where its configuration cannot be used."""
    try:
        config = world.config(variant)
    except ConfigError:
        yield None
        return
    async with serving(config) as gateway:
        yield Replay(gateway, world.settings(variant), world.names, run=world.run)


async def test_recorded_cases_are_reproduced_or_deviate_by_rule(
    scenario: Scenario,
    variant: str,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    tally = Tally()
    cases = [case for case in scenario.cases if case.variant == variant and not set_aside(case, tally)]
    reads, steps = [case for case in cases if case.call], [case for case in cases if case.steps]
    if reads:
        world: World = request.getfixturevalue("world")
        oracle = Oracle(world, world.settings(variant))
        async with replaying(world, variant) as replay:
            for case in reads:
                await judge(case, replay, oracle, tally)
    for case in steps:
        started = Steps(case, request.getfixturevalue("fresh_world"))
        async with replaying(started.world, variant) as replay:
            await started.run(replay)
        started.count(tally)
    numbers = {"counts": tally.counts, "rules": tally.rules, "waiting": tally.waiting}
    record_property("recorded", {"scenario": scenario.name, **numbers})
    assert not tally.differences, "\n".join(["", *tally.differences])
