"""Clients that hang up: what they asked for is given up, down to the statement in the store (R10)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE = 0.05
"""Seconds before somebody listens whether the client is still there: most requests are answered by then."""


class HangUps:
    """Cancels a request whose client has left, once its body has come."""

    def __init__(self, app: ASGIApp, patience: float = PATIENCE) -> None:
        self._app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(receive)
        timer = asyncio.get_running_loop().call_later(self._patience, call.listen)
        try:
            await self._app(scope, call.receive, send)
        except ClientDisconnect:
            pass  # before its body had come
        except asyncio.CancelledError:
            if not call.has_ended:
                raise
        finally:
            timer.cancel()
            call.stop()


class InTime:
    """One request whose body has come: it is given up where its client leaves, or its time is over."""

    __slots__ = ("followers", "has_left", "is_late", "loop", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.task: asyncio.Task[Any] | None = None
        """What is given up."""
        self.followers: Sequence[Any] = ()
        """Others who wait for the same; for them it goes on though its client has left."""
        self.has_left = self.is_late = False

    def begin(self, task: asyncio.Task[Any] | None) -> None:
        """This task is what is given up."""
        self.task = task

    def leave(self) -> None:
        """Its client is gone."""
        if not self.is_late:
            self.has_left = True
            self.look_again()

    def look_again(self) -> None:
        """One of the others has left."""
        if self.has_left and not self.followers:
            self._give_up()

    def be_late(self) -> None:
        """Its time is over."""
        if not self.has_left or self.followers:
            self.is_late = True
            self._give_up()

    def was_given_up(self) -> bool:
        """Whether the cancellation that was met is for one of these reasons alone; it counts as met."""
        return (self.is_late or self.has_left) and self.task is not None and not self.task.uncancel()

    def _give_up(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Listening(InTime):
    """One that has to be listened to for its client: not before it has taken a while, as most do not."""

    __slots__ = ("_listener", "_receive", "_timer")

    def __init__(self, receive: Receive, patience: float = PATIENCE) -> None:
        super().__init__(asyncio.get_running_loop())
        self.begin(asyncio.current_task())
        self._receive = receive
        self._listener: asyncio.Task[None] | None = None
        self._timer = self.loop.call_later(patience, self._begin)

    def stop(self) -> None:
        """Listen no more."""
        self._timer.cancel()
        if self._listener is not None:
            self._listener.cancel()

    def _begin(self) -> None:
        self._listener = self.loop.create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.leave()


class Ends:
    """When requests are late that all have the same time: one timer of the loop for all of them."""

    def __init__(self) -> None:
        self._waiting: dict[InTime, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, call: InTime, seconds: float) -> None:
        """Its time begins now; as long as that of all the others."""
        self._waiting[call] = end = call.loop.time() + seconds
        if self._timer is None:
            self._timer = call.loop.call_at(end, self._ring, call.loop)

    def end(self, call: InTime) -> None:
        """It has ended, in time or not."""
        self._waiting.pop(call, None)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for call, end in list(self._waiting.items()):
            if end > now:
                self._timer = loop.call_at(end, self._ring, loop)
                break
            del self._waiting[call]
            call.be_late()


class _Call:
    """One request, and somebody who listens when it takes long."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = asyncio.current_task()
        self._body_is_here = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self.has_ended = False

    async def receive(self) -> Message:
        """As the application asks for it; a second listener beside ours hears the same."""
        message = await self._receive()
        if not message.get("more_body", False):
            self._body_is_here.set()
        return message

    def listen(self) -> None:
        """Begin to listen."""
        self._listener = asyncio.get_running_loop().create_task(self._listen())

    def stop(self) -> None:
        """Listen no more."""
        if self._listener is not None:
            self._listener.cancel()

    async def _listen(self) -> None:
        await self._body_is_here.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_ended = True
        if self._task is not None:
            self._task.cancel()
