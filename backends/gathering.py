"""Several questions at once, of which the first that fails is told: first as they stand, not as they end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, overload

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


@overload
async def gathered(first: Awaitable[A], second: Awaitable[B], /) -> tuple[A, B]: ...


@overload
async def gathered(first: Awaitable[A], second: Awaitable[B], third: Awaitable[C], /) -> tuple[A, B, C]: ...


@overload
async def gathered(*asked: Awaitable[A]) -> tuple[A, ...]: ...


async def gathered(*asked: Awaitable[Any]) -> tuple[Any, ...]:
    """The answers in order, once nothing runs any more; where several questions fail, which ended first is chance."""
    if len(asked) == 1:
        return (await asked[0],)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return tuple(answers)
