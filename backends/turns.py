"""Time limits and places as asyncio has them, without the coroutines that each call of a store would pay for."""

from __future__ import annotations

import asyncio
from types import TracebackType


class TimeLimit:
    """`asyncio.timeout` for a block of the task under way: raises TimeoutError at its end where the time was over."""

    __slots__ = ("_before", "_seconds", "_task", "_timer", "expired")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.expired = False
        """Whether the time is over."""

    def __enter__(self) -> TimeLimit:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a time limit is for a task")
        self._task, self._before = task, task.cancelling()
        self._timer = loop.call_later(self._seconds, self._ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._timer.cancel()
        is_ours = self.expired and self._task.uncancel() <= self._before
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _ring(self) -> None:
        self.expired = True
        self._task.cancel()


class Places(asyncio.Semaphore):
    """Places for so many at a time."""

    def taken(self) -> bool:
        """Take one if it is free and nobody waits; otherwise wait for it by `acquire`."""
        if self._value <= 0 or self._waiters:
            return False
        self._value -= 1
        return True

    def release(self) -> None:
        if self._waiters:
            super().release()
        else:
            self._value += 1
