"""Connections whose reader takes nothing: uvicorn would keep them, and all that waits to be sent, for good."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class Impatient:
    """A protocol that ends a connection when its full buffer has not become smaller for `patience` seconds."""

    patience = 10.0
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _waiting: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        self._look_again()

    def resume_writing(self) -> None:
        self._stop_looking()
        super().resume_writing()  # type: ignore[misc]

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_looking()
        super().connection_lost(exc)  # type: ignore[misc]

    def _look_again(self) -> None:
        waits = self.transport.get_write_buffer_size()
        self._waiting = self.loop.call_later(self.patience, self._look, waits)

    def _look(self, waited: int) -> None:
        if self.transport.get_write_buffer_size() < waited:
            self._look_again()
        else:
            self.transport.abort()

    def _stop_looking(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class ImpatientSockets(Impatient, WebSocketsSansIOProtocol):
    """WebSockets; one that answers no ping is not waited for until it takes what is still to be sent."""

    def keepalive_timeout(self) -> None:
        waits = self.transport.get_write_buffer_size()
        super().keepalive_timeout()
        if waits:
            self.transport.abort()
