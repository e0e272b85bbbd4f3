"""Clients that hang up: what they asked for is given up, down to the statement in the store (R10)."""

from __future__ import annotations

import asyncio

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
