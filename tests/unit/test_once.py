"""Answers of calls that run once, in the memory of one process: how long, how many, and what is not kept."""

from __future__ import annotations

import asyncio

import pytest

from backends.once import Answer, MemoryOnce, OtherInput
from tests.unit.scripted import Clock


class Calls:
    """A call that counts how often it runs."""

    def __init__(self, text: str = "done", *, final: bool = True) -> None:
        self.number = 0
        self.answer = Answer(text, final)

    async def __call__(self) -> Answer:
        self.number += 1
        await asyncio.sleep(0)
        return self.answer


async def test_an_answer_is_kept_for_its_time() -> None:
    clock, call = Clock(), Calls()
    once = MemoryOnce(seconds=60, clock=clock)
    assert [await once.answer("a", "x", call) for _ in range(3)] == ["done"] * 3
    assert call.number == 1
    with pytest.raises(OtherInput):
        await once.answer("a", "y", call)
    clock.now += 60
    await once.answer("a", "y", call)
    assert call.number == 2


async def test_the_oldest_answers_go_when_there_are_too_many_characters() -> None:
    once, calls = MemoryOnce(most=10), {name: Calls("1234") for name in "abc"}
    for name, call in calls.items():
        await once.answer(name, "x", call)
    for name in "cba":
        await once.answer(name, "x", calls[name])
    assert {name: call.number for name, call in calls.items()} == {"a": 2, "b": 1, "c": 1}


async def test_a_call_that_fails_or_is_not_final_leaves_its_turn_to_the_next() -> None:
    once, spoiled = MemoryOnce(), Calls(final=False)

    async def failing() -> Answer:
        await asyncio.sleep(0)
        raise ValueError

    first, second = await asyncio.gather(
        once.answer("a", "x", failing), once.answer("a", "x", spoiled), return_exceptions=True
    )
    assert isinstance(first, ValueError)
    assert second == "done"
    await once.answer("a", "x", spoiled)
    assert spoiled.number == 2
