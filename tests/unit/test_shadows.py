"""Keys that no earlier source has: remembered together as long as each source by itself remembers them, and no longer."""

from __future__ import annotations

from collections.abc import Sequence

from backends.cached import Cached
from backends.caches import memory_cache
from backends.model import CustomerUser
from backends.shadows import Asked, Shadows
from backends.source import Source
from tests.builders import a_mapping
from tests.unit.scripted import Clock, Scripted
from tests.unit.test_cached import NEGATIVE, cached


class World:
    """Two sources with a memory before a third one, which has ada."""

    def __init__(self) -> None:
        self.clock = Clock()
        memory = memory_cache(1000, self.clock)
        self.backends: list[Cached[CustomerUser]] = [
            cached(Scripted(logins), memory, self.clock, namespace=f"1:{place}:abc")
            for place, logins in enumerate((["bob"], ["eve"], ["ada"]))
        ]
        self.shadows = Shadows(
            [
                Source(f"s{place}", "", place, one, a_mapping(f"s{place}"))
                for place, one in enumerate(self.backends)
            ]
        )

    def free(self, place: int, keys: Sequence[str]) -> set[str]:
        """Which of the keys are certain to be in no source before the place."""
        return set(keys) - self.shadows.doubtful(Asked({place: set(keys)})).get(place, set())

    async def asked(self, *keys: str) -> None:
        """Both earlier sources are asked, and what they do not have is remembered."""
        known = [await one.know(keys) for one in self.backends[:2]]
        self.shadows.keep(2, set(keys).difference(*(one.records for one in known)))


async def test_what_both_lack_is_free_and_counts_as_remembered_by_both() -> None:
    world = World()
    assert world.free(2, ["ada"]) == set()
    await world.asked("ada", "bob", "eve")
    assert world.free(2, ["ada", "bob", "eve", "zoe"]) == {"ada"}
    assert world.free(1, ["ada"]) == set()
    assert [one.uses.hits for one in world.backends] == [1, 1, 0]


async def test_a_write_to_either_ends_it() -> None:
    """R13."""
    for place in range(2):
        world = World()
        await world.asked("ada")
        await world.backends[place].forget(["ada"])
        assert world.free(2, ["ada"]) == set()
        world.shadows.keep(2, {"ada"})
        assert world.free(2, ["ada"]) == set()


async def test_it_ends_when_the_first_absence_does() -> None:
    world = World()
    await world.asked("ada")
    world.clock.pass_by(NEGATIVE * 1.1)
    assert world.free(2, ["ada"]) == set()


async def test_what_only_one_of_them_remembers_is_not_free() -> None:
    world = World()
    await world.backends[0].know(["ada"])
    world.shadows.keep(2, {"ada"})
    assert world.free(2, ["ada"]) == set()


async def test_what_was_certain_together_is_doubted_as_soon_as_one_of_it_is() -> None:
    """R13."""
    world = World()
    await world.asked("ada", "amy")
    together = Asked({2: {"ada", "amy"}})
    for _ in range(2):
        assert world.shadows.doubtful(together) == {}
    await world.backends[0].forget(["ada"])
    assert world.shadows.doubtful(together) == together.keys
    await world.asked("ada", "amy")
    assert world.shadows.doubtful(together) == {}
    world.clock.pass_by(NEGATIVE * 1.1)
    assert world.shadows.doubtful(together) == together.keys
