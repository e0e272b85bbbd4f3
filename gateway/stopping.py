"""Stopping without a failed request: load balancers turn away first, then what is under way is finished."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STOPS = "The gateway stops."


class Stopping:
    """Knows when the end has begun; the server hears of it some seconds later."""

    def __init__(self, drain: float, *begun: Callable[[], None]) -> None:
        """`begun` are called when the end begins, for those who would not notice by themselves."""
        self.has_begun = False
        self._drain = drain
        self._begun = begun

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Let SIGTERM begin the end; a second one ends at once. Only where a server listens to SIGTERM already."""
        server = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(server):
            yield
            return
        loop = asyncio.get_running_loop()

        def begin(number: int, frame: FrameType | None) -> None:
            if self.has_begun:
                server(number, frame)
                return
            self.has_begun = True
            for one in self._begun:
                loop.call_soon_threadsafe(one)
            loop.call_soon_threadsafe(loop.call_later, self._drain, server, number, frame)

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, server)


class Farewell:
    """Ends connections with the answer they get now, so that nobody asks again on one that is about to close."""

    def __init__(self, app: ASGIApp, has_begun: Callable[[], bool]) -> None:
        self._app = app
        self._has_begun = has_begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and self._has_begun():
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, send_and_close if scope["type"] == "http" else send)
