"""Connections whose reader takes nothing are given up; those whose reader takes little are not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.stalls import Impatient
from tests.api.serving import served
from tests.unit.scripted import settled

PIECE = b"x" * 65536


class Ends:
    """An endpoint that writes for ever, as fast as it may, and whether its connection has ended."""

    def __init__(self) -> None:
        self.app = Starlette(routes=[Route("/", self._stream), WebSocketRoute("/", self._socket)])
        self.have_come = False

    async def _stream(self, request: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield PIECE
                    await asyncio.sleep(0)
            finally:
                self.have_come = True

        return StreamingResponse(pieces())

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                await socket.send_bytes(PIECE)
        self.have_come = True


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def port(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(Impatient, "patience", 0.2)
    with served(ends.app) as address:
        yield int(address.rpartition(":")[2])


async def dropped(port: int, ends: Ends, *lines: str) -> None:
    """Ask, read nothing, and return when the other side has given up."""
    request = "".join(f"{line}\r\n" for line in ("GET / HTTP/1.1", "host: x", *lines))
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as one:
        one.sendall(f"{request}\r\n".encode())
        async with asyncio.timeout(60):
            while not ends.have_come:
                await asyncio.sleep(0.02)


async def test_a_stream_that_nobody_reads_is_dropped(ends: Ends, port: int) -> None:
    await dropped(port, ends)


async def test_a_web_socket_that_nobody_reads_is_dropped(ends: Ends, port: int) -> None:
    key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
    await dropped(port, ends, "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", key)


class Flow:
    """A transport whose reader takes something at a time, and how often that was looked at."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes
        self.is_aborted = False

    def get_write_buffer_size(self) -> int:
        return self._sizes.pop(0)

    def abort(self) -> None:
        self.is_aborted = True


class Protocol:
    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class Watched(Impatient, Protocol):
    patience = 0

    def __init__(self, flow: Any) -> None:
        self.transport = flow
        self.loop = asyncio.get_running_loop()
        self.pause_writing()


async def test_who_takes_little_is_waited_for_as_long_as_it_is_something() -> None:
    flow = Flow([9, 8, 8, 5, 5, 5])
    Watched(flow)
    await settled()
    assert flow.is_aborted
    assert flow._sizes == []


async def test_who_has_taken_enough_is_not_looked_at_any_more() -> None:
    flow = Flow([9, 8, 8, 8])
    watched = Watched(flow)
    watched.resume_writing()
    await settled()
    assert not flow.is_aborted
