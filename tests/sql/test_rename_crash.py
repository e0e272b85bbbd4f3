"""A process that is killed between any two statements of a rename leaves nothing that repeating does not finish (R17)."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from multiprocessing.context import ForkServerContext

import pytest

from tests.sql.renames import Clock, Place, place_at
from tests.sql.renames import places as places
from tests.sql.test_carrying import RENAMES, repeat, without_marks


@pytest.fixture(scope="module")
def children() -> ForkServerContext:
    """Processes that have imported everything before they begin."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@pytest.fixture
async def place(places: tuple[str, str], spread: bool) -> AsyncIterator[Place]:
    """Registry and source in one database, or in two."""
    place = place_at(places[0], places[1] if spread else places[0])
    await place.reset()
    yield place
    await place.close()


def rename_until(what: str, registry_url: str, source_url: str, at: int) -> None:
    """Rename in a process of its own, which dies before statement `at` with no chance to tidy up."""

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def work() -> None:
        place = place_at(registry_url, source_url)
        await RENAMES[what](place.watched(Clock(at, die)))
        await place.close()

    asyncio.run(work())


@pytest.mark.parametrize("spread", [False, True], ids=["one", "two"])
@pytest.mark.parametrize("what", RENAMES)
async def test_r17_a_killed_rename_is_finished_by_repeating_it(
    place: Place, places: tuple[str, str], spread: bool, what: str, children: ForkServerContext
) -> None:
    rename, urls = RENAMES[what], (places[0], places[1] if spread else places[0])
    before, clock = await place.tables(), Clock()
    await rename(place.watched(clock))
    after = await place.tables()
    for at in range(len(clock.passed)):
        await place.reset()
        child = children.Process(target=rename_until, args=(what, *urls, at))
        child.start()
        await asyncio.to_thread(child.join, 30)
        assert child.exitcode == -signal.SIGKILL
        child.close()
        if not spread and not clock.passed[at].startswith("COMMIT"):
            assert await place.tables() == before, clock.passed[at]
        await repeat(place, rename)
        assert without_marks(await place.tables()) == after, clock.passed[at]
