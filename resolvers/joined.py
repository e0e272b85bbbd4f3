"""Look-ups that several fields of one request need, joined to one question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Joined(Generic[K, V]):
    """Gathers what fields ask for side by side, asks for each key once, and keeps the answer for the request."""

    def __init__(
        self, ask: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], behind: Joined[Any, Any] | None = None
    ) -> None:
        """What runs in `behind` may bring more keys, so its answers are awaited before asking."""
        self._ask = ask
        self._behind = behind
        self._tasks: dict[K, asyncio.Task[Mapping[K, V]]] = {}
        self._gathered: list[K] = []
        self._next: asyncio.Task[Mapping[K, V]] | None = None

    async def of(self, keys: Iterable[K]) -> Mapping[K, V]:
        """What is known of `keys`, and perhaps of others; keys that the answer leaves out are left out."""
        wanted = dict.fromkeys(keys)
        if fresh := [key for key in wanted if key not in self._tasks]:
            self._next = self._next or asyncio.create_task(self._go())
            self._tasks.update(dict.fromkeys(fresh, self._next))
            self._gathered += fresh
        tasks = {self._tasks[key] for key in wanted}
        if len(tasks) == 1:
            return await tasks.pop()
        answers: dict[K, V] = {}
        for task in dict.fromkeys(self._tasks[key] for key in wanted):
            answers |= await task
        return {key: answers[key] for key in wanted if key in answers}

    async def _go(self) -> Mapping[K, V]:
        await asyncio.sleep(0)
        if self._behind is not None:
            await self._behind._settled()
        keys, self._gathered, self._next = self._gathered, [], None
        return await self._ask(keys)

    async def _settled(self) -> None:
        while running := [task for task in dict.fromkeys(self._tasks.values()) if not task.done()]:
            await asyncio.wait(running)
        await asyncio.sleep(0)
