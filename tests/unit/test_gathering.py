"""Of several questions that fail, the first in order is told, whichever ends first."""

from __future__ import annotations

import asyncio

import pytest

from backends.gathering import gathered


async def after(turns: int, error: Exception | None = None) -> int:
    """Ends after so many turns of the loop."""
    for _ in range(turns):
        await asyncio.sleep(0)
    if error is not None:
        raise error
    return turns


async def test_answers_come_in_the_order_of_their_questions() -> None:
    assert await gathered(after(3), after(1), after(2)) == (3, 1, 2)


@pytest.mark.parametrize("turns", [(1, 2), (2, 1), (1, 1)])
async def test_the_first_that_fails_is_told_whichever_ends_first(turns: tuple[int, int]) -> None:
    first, second = KeyError("first"), ValueError("second")
    with pytest.raises(KeyError, match="first"):
        await gathered(after(0), after(turns[0], first), after(turns[1], second))
