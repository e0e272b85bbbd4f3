"""HTTP whose heads have an end: uvicorn's parser keeps every header that comes, however many there are."""

from __future__ import annotations

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
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._open = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._open = 0
        super().on_message_complete()
