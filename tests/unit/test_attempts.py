"""Attempts are counted within bounds, for a while."""

from __future__ import annotations

from backends.attempts import MemoryCounter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_attempts_are_forgotten_after_their_time_which_begins_with_the_first() -> None:
    clock = Clock()
    counter = MemoryCounter(window=900, clock=clock)
    assert await counter.begin(["a"]) == [(1, 900)]
    clock.now = 899
    assert await counter.begin(["a", "b"]) == [(2, 1), (1, 900)]
    clock.now = 900
    assert await counter.begin(["a", "b"]) == [(1, 900), (2, 899)]


async def test_what_is_taken_back_does_not_count() -> None:
    counter = MemoryCounter(clock=Clock())
    for _ in range(3):
        await counter.begin(["a", "b"])
    await counter.take_back({"a": True, "b": False, "c": False})
    assert [number for number, _ in await counter.begin(["a", "b", "c"])] == [1, 3, 1]


async def test_no_flood_of_names_fills_the_memory() -> None:
    counter = MemoryCounter(most=100, clock=Clock())
    await counter.begin([str(number) for number in range(1000)])
    assert len(counter) == 100
