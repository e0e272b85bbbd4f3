"""Changes of single rows that are ready at the same moment: one statement writes them all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from backends.deadline import timeless
from backends.flight import fail
from backends.party import Pace
from backends.sql.database import Row

C = TypeVar("C")

LARGEST = 50
"""Rows that one statement changes at most."""

Write = Callable[[Sequence[C]], Awaitable[Sequence[Row | None]]]
"""Writes changes of one shape; for each the row as it is then, or None where it was not written."""


@dataclass(slots=True, eq=False)
class _Batch(Generic[C]):
    changes: dict[asyncio.Future[Row | None], C] = field(default_factory=dict)
    """What is written, by who waits for it."""
    task: asyncio.Task[None] = field(init=False)
    has_begun: bool = False
    left: int = 0
    """How many have left since it began."""


class Batches(Generic[C]):
    """Gathers the changes of one table, those of one shape together.

    A statement begins when the loop has seen to everybody who is ready, at a pace that lets many come together under
    load. What it raises, all are told. Who leaves is let go when the change counts or never will.
    """

    def __init__(self, write: Write[C], places: asyncio.Semaphore) -> None:
        """`places` limits the statements that are under way at a time."""
        self._write = write
        self._places = places
        self._gathering: dict[Any, _Batch[C]] = {}
        self._pace = Pace()

    async def written(self, change: C, shape: object) -> Row | None:
        """The row as it is then; None where it was not written."""
        batch = self._gathering.get(shape)
        if batch is None or len(batch.changes) >= LARGEST:
            batch = self._gathering[shape] = _Batch()
            batch.task = asyncio.create_task(self._run(shape, batch), context=timeless())
        answer: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        batch.changes[answer] = change
        try:
            return await answer
        except asyncio.CancelledError:
            await self._leave(shape, batch, answer)
            raise

    async def _run(self, shape: object, batch: _Batch[C]) -> None:
        try:
            await self._pace.begin()
            async with self._places:
                self._begin(shape, batch)
                answers = list(batch.changes)
                try:
                    rows = await self._write(list(batch.changes.values()))
                except Exception as error:
                    for answer in answers:
                        fail(answer, error)
                else:
                    for answer, row in zip(answers, rows, strict=True):
                        if not answer.done():
                            answer.set_result(row)
        finally:
            self._pace.end()

    def _begin(self, shape: object, batch: _Batch[C]) -> None:
        """From now on nobody comes to it any more."""
        batch.has_begun = True
        if self._gathering.get(shape) is batch:
            del self._gathering[shape]

    async def _leave(self, shape: object, batch: _Batch[C], answer: asyncio.Future[Row | None]) -> None:
        if not batch.has_begun:
            del batch.changes[answer]
            if not batch.changes:
                self._begin(shape, batch)
                batch.task.cancel()
            return
        batch.left += 1
        if batch.left == len(batch.changes):
            batch.task.cancel()
        await asyncio.wait([batch.task])
