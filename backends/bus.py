"""Word of what was changed through this API, from those who write to those who keep or show something."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from backends.changes import Change
from backends.recorder import Event, count


class Dropped(Exception):
    """The subscriber may have missed a change, so what it holds or shows is no longer to be trusted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Subscription:
    """Changes in the order of their writes, to be iterated by one reader; ends with Dropped."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._changes: deque[Change] = deque()
        self._news = asyncio.Event()
        self._reason: str | None = None

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Change:
        while self._reason is None and not self._changes:
            self._news.clear()
            await self._news.wait()
        if self._reason is not None:
            raise Dropped(self._reason)
        return self._changes.popleft()

    def put(self, change: Change) -> None:
        """Hand over a change; a reader who lets too many wait is dropped, since the writer never waits."""
        if len(self._changes) >= self._size:
            self.drop(f"More than {self._size} changes were waiting to be read.")
        elif self._reason is None:
            self._changes.append(change)
            self._news.set()

    def drop(self, reason: str) -> None:
        """Tell the reader that changes are lost, in place of those that still wait."""
        self._reason = self._reason or reason
        self._changes.clear()
        self._news.set()


class Outward(Protocol):
    """Tells other processes; returns when that is done or known to be impossible."""

    async def __call__(self, change: Change, *, certain: bool) -> None: ...


class Bus:
    """Hands every change to all who subscribe within this process, and outward where there are others."""

    def __init__(self) -> None:
        self.heeded: Callable[[Change], Awaitable[None]] | None = None
        self.outward: Outward | None = None
        self.turn = 0
        """How many writes were heeded: what was read in one turn is not told in the next."""
        self._subscriptions: set[Subscription] = set()
        self._ended: str | None = None

    @property
    def listeners(self) -> int:
        """How many subscribe now."""
        return len(self._subscriptions)

    async def publish(self, change: Change, *, certain: bool = True) -> None:
        """Tell everybody; of a write that may not have counted, only those who had better ask again."""
        await self.heed(change)  # whoever hears of it reads what is there now
        if certain:
            self.hand_out(change)
        if self.outward is not None:
            await self.outward(change, certain=certain)

    async def heed(self, change: Change) -> None:
        """Let nothing that was read before the change answer any more."""
        if self.heeded is not None:
            await self.heeded(change)
        self.turn += 1

    def hand_out(self, change: Change) -> None:
        """Tell everybody in this process."""
        for subscription in self._subscriptions:
            subscription.put(change)

    @contextmanager
    def subscribe(self, size: int = 1000) -> Iterator[Subscription]:
        """Hear of every change from now on, until the block ends; at most `size` may wait."""
        subscription = Subscription(size)
        if self._ended is not None:
            subscription.drop(self._ended)
        self._subscriptions.add(subscription)
        count(Event.SUBSCRIPTIONS_OPEN)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            count(Event.SUBSCRIPTIONS_OPEN, -1)

    def drop_all(self, reason: str) -> None:
        """Changes may have been lost: tell everybody."""
        for subscription in self._subscriptions:
            subscription.drop(reason)

    def end(self, reason: str) -> None:
        """The program ends: tell everybody, and whoever subscribes from now on."""
        self._ended = reason
        self.drop_all(reason)
