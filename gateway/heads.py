"""HTTP whose heads have an end, and leave with what follows: uvicorn keeps every header that comes, however many there
are, and sends the head of an answer by itself.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.stalls import Impatient

LARGEST = 64 * 1024
"""Bytes of request line and headers, or of whatever else is no body, that somebody may send in one go."""
REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 27\r\nconnection: close\r\n\r\n"
    b"The headers are too large.\n"
)


class BoundedHeads(Impatient, HttpToolsProtocol):
    """Ends a connection that sends more than LARGEST bytes without getting to a body, or to the end of a request."""

    _open = 0

    def data_received(self, data: bytes) -> None:
        self._open += len(data)
        super().data_received(data)
        if self._open > LARGEST and not self.transport.is_closing():
            self.transport.write(REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._open = 0
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # it is, where the connection becomes a WebSocket
            self.cycle.transport = Joining(self.transport, self.loop)  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        self._open = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._open = 0
        super().on_message_complete()


class Joining:
    """Where one answer is written: its head waits for the body that follows at once, so that both are sent together."""

    __slots__ = ("_began", "_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None
        self._began = False

    def write(self, data: bytes) -> None:
        """Send it; what comes first waits until the loop has seen to whoever is ready now."""
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.writelines((head, data))
        elif self._began:
            self._transport.write(data)
        else:
            self._began, self._head = True, data
            self._loop.call_soon(self._send_head)

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection once everything is sent."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)
