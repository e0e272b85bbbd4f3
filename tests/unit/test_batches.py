"""Who is written together, and who is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from backends.sql.batches import LARGEST, Batches


class Writes:
    """Writes names, when it may; knows what it was given at a time."""

    def __init__(self, places: int = 1) -> None:
        self.gate = asyncio.Event()
        self.written: list[Sequence[str]] = []
        self.batches = Batches(self._write, asyncio.Semaphore(places))

    def begin(self, *names: str, shape: str = "") -> list[asyncio.Task[Sequence[str] | None]]:
        """Changes of one moment."""
        return [asyncio.ensure_future(self.batches.written(name, shape)) for name in names]

    async def _write(self, names: Sequence[str]) -> Sequence[Sequence[str] | None]:
        self.written.append(names)
        await self.gate.wait()
        if "bad" in names:
            raise ValueError
        return [None if name == "gone" else (name,) for name in names]


async def settled() -> None:
    """Everybody has done what can be done now."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_changes_of_one_moment_and_shape_are_written_together_and_each_hears_of_its_own() -> None:
    writes = Writes(places=4)
    tasks = [*writes.begin("a", "gone", "b"), *writes.begin("c", shape="another")]
    writes.gate.set()
    assert await asyncio.gather(*tasks) == [("a",), None, ("b",), ("c",)]
    assert writes.written == [["a", "gone", "b"], ["c"]]


async def test_who_comes_while_all_places_are_taken_is_written_with_all_who_come_then() -> None:
    writes = Writes()
    tasks = writes.begin("a")
    await settled()
    for name in "bcd":
        tasks += writes.begin(name)
        await settled()
    assert writes.written == [["a"]]
    writes.gate.set()
    await asyncio.gather(*tasks)
    assert writes.written == [["a"], ["b", "c", "d"]]


async def test_no_more_are_written_together_than_a_statement_may_hold() -> None:
    writes = Writes(places=4)
    names = [str(number) for number in range(LARGEST + 1)]
    tasks = writes.begin(*names)
    writes.gate.set()
    assert await asyncio.gather(*tasks) == [(name,) for name in names]
    assert list(map(len, writes.written)) == [LARGEST, 1]


async def test_all_hear_of_what_went_wrong_and_those_after_them_do_not() -> None:
    writes = Writes()
    writes.gate.set()
    answers = await asyncio.gather(*writes.begin("a", "bad"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, ValueError]
    assert await asyncio.gather(*writes.begin("c")) == [("c",)]


async def test_who_leaves_before_it_begins_is_not_written() -> None:
    writes = Writes()
    first, leaving, staying = *writes.begin("a"), *await _after(writes, "b", "c")
    leaving.cancel()
    await settled()
    assert leaving.done()
    writes.gate.set()
    assert list(await asyncio.gather(first, staying)) == [("a",), ("c",)]
    assert writes.written == [["a"], ["c"]]


async def test_where_all_leave_before_it_begins_nothing_is_written_and_the_next_are() -> None:
    writes = Writes()
    (first,), leaving = writes.begin("a"), await _after(writes, "b", "c")
    for task in leaving:
        task.cancel()
    await settled()
    (last,) = writes.begin("d")
    await settled()
    writes.gate.set()
    assert list(await asyncio.gather(first, last)) == [("a",), ("d",)]
    assert writes.written == [["a"], ["d"]]


async def test_who_leaves_while_it_is_written_stays_until_that_is_done() -> None:
    writes = Writes()
    leaving, staying = writes.begin("a", "b")
    await settled()
    leaving.cancel()
    await settled()
    assert not leaving.done()
    writes.gate.set()
    assert await staying == ("b",)
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_when_the_last_one_has_left_it_is_given_up() -> None:
    writes = Writes()
    tasks = writes.begin("a", "b")
    await settled()
    for task in tasks:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 2
    writes.gate.set()
    assert await asyncio.gather(*writes.begin("c")) == [("c",)]


async def _after(writes: Writes, *names: str) -> list[asyncio.Task[Sequence[str] | None]]:
    """Changes that wait for those before them."""
    await settled()
    tasks = writes.begin(*names)
    await settled()
    return tasks
