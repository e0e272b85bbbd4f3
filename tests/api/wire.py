"""Requests byte by byte over a connection of one's own."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import orjson

Answer = tuple[int, Mapping[str, str], bytes]


def request(body: Any, headers: Mapping[str, str]) -> bytes:
    """A whole request, with an id that is always the same."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    usual = {"host": "desk.example", "content-type": "application/json", "x-request-id": "the-same-id"}
    lines = {**usual, "content-length": str(len(content)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + content


class Wire:
    """A connection to a server of this machine."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self.address = address
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self._came = b""

    def send(self, *pieces: bytes) -> None:
        """Send the pieces, each by itself."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.socket.sendall(piece)

    def answer(self) -> Answer:
        """Status, headers and body of the next answer."""
        while b"\r\n\r\n" not in self._came:
            self._read()
        head, _, self._came = self._came.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert len(headers) == len(lines), "a header stands twice"
        length = int(headers["content-length"])
        while len(self._came) < length:
            self._read()
        body, self._came = self._came[:length], self._came[length:]
        return int(first.split(" ")[1]), headers, body

    def is_over(self) -> bool:
        """Wait for the end of the connection; whether nothing came before."""
        return self._came == b"" and self.socket.recv(1) == b""

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def _read(self) -> None:
        came = self.socket.recv(65536)
        if not came:
            raise ConnectionError("the server has closed the connection")
        self._came += came
