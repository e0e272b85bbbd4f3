"""A TCP proxy in front of a real server that refuses, hangs, resets, crawls, loses bytes or flaps when told to."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

CHUNK = 65_536


class Fault(enum.Enum):
    """What is wrong with the network, or with the server behind it."""

    NONE = "none"
    REFUSE = "refuse"
    """Nobody listens; connections that stood are gone."""
    HANG_AT_CONNECT = "hang at connect"
    """Connections are taken and nothing is ever said on them, neither in a handshake."""
    HANG_AT_FIRST_BYTE = "hang at first byte"
    """What is asked arrives; no answer comes."""
    HANG_MIDWAY = "hang midway"
    """Some bytes of an answer come, then none."""
    RESET = "reset"
    """A connection is reset when an answer should come."""
    RESET_MIDWAY = "reset midway"
    """The same after some bytes of it."""
    SLOW = "slow"
    """Answers come late, and by and by."""
    DROP_BYTES = "drop bytes"
    """A byte is missing in each piece of an answer."""
    FLAP = "flap"
    """There and away in turn."""


HANGS = (Fault.HANG_AT_CONNECT, Fault.HANG_AT_FIRST_BYTE, Fault.HANG_MIDWAY)
BREAKS = (Fault.REFUSE, Fault.RESET, Fault.RESET_MIDWAY)


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad it is, beside its kind."""

    some: int = 12
    """Bytes of an answer that come before one that ends midway stops."""
    latency: float = 0.02
    bandwidth: float = 1_000_000.0
    """Bytes in a second."""
    flap: float = 0.1
    """Seconds between two changes."""


class Proxy:
    """Stands at a port of its own; `set` changes what is wrong, for connections that stand too."""

    def __init__(self, port: int, host: str = "127.0.0.1", weather: Weather | None = None) -> None:
        self.host = host
        self.fault = Fault.NONE
        self.connections = 0
        """How many were taken so far."""
        self.questions = 0
        """How many pieces went to the server so far."""
        self._behind = port
        self._weather = weather or Weather()
        self._changed = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._place = (
            socket.socket()
        )  # keeps the port while nobody listens there, from servers of other tests too
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._place.bind((host, 0))
        self.port = int(self._place.getsockname()[1])
        self._pairs: set[_Pair] = set()
        self._flapping: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """How many connections stand."""
        return len(self._pairs)

    async def start(self) -> None:
        """Listen, at the same port again after a stop."""
        if self._listener is None:
            self._listener = await asyncio.start_server(
                self._serve, self.host, self.port, reuse_address=False, reuse_port=True, limit=CHUNK
            )

    async def set(self, fault: Fault) -> None:
        """Let this be wrong from now on."""
        if self._flapping is not None:
            self._flapping.cancel()
            self._flapping = None
        await self._become(fault)
        if fault is Fault.FLAP:
            self._flapping = asyncio.create_task(self._flap())

    def cut(self) -> None:
        """Reset every connection that stands; nothing is wrong with new ones."""
        for pair in tuple(self._pairs):
            pair.reset()

    async def close(self) -> None:
        """Stop, and leave no connection behind."""
        await self.set(Fault.NONE)
        await self._stop()
        self._place.close()
        while self._pairs:
            await asyncio.sleep(0.001)

    async def _become(self, fault: Fault) -> None:
        self.fault = fault
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if fault is Fault.REFUSE:
            await self._stop()
        else:
            await self.start()

    async def _flap(self) -> None:
        while True:
            for fault in (Fault.REFUSE, Fault.NONE):
                await self._become(fault)
                await asyncio.sleep(self._weather.flap)

    async def _stop(self) -> None:
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.close()
            self.cut()
            await listener.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        pair = _Pair(self, reader, writer)
        self._pairs.add(pair)
        try:
            await pair.run(self._behind)
        finally:
            self._pairs.discard(pair)


class _Pair:
    """One connection of a client, and ours to the server behind."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._reader, self._writer = reader, writer
        self._answered = 0
        self._behind: asyncio.StreamWriter | None = None

    async def run(self, port: int) -> None:
        try:
            while self._proxy.fault is Fault.HANG_AT_CONNECT:
                await self._proxy._changed.wait()
            answers, self._behind = await asyncio.open_connection(self._proxy.host, port, limit=CHUNK)
            pumps = (asyncio.create_task(self._ask()), asyncio.create_task(self._answer(answers)))
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            self.reset()
        finally:
            for writer in (self._writer, self._behind):
                if writer is not None:
                    writer.close()
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()

    def reset(self) -> None:
        """Let the client see a reset, and the server an end."""
        sock = self._writer.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for writer in (self._writer, self._behind):
            if writer is not None:
                writer.transport.abort()

    async def _ask(self) -> None:
        assert self._behind is not None
        while data := await self._reader.read(CHUNK):
            while self._proxy.fault is Fault.HANG_AT_CONNECT:
                await self._proxy._changed.wait()
            self._proxy.questions += 1
            self._answered = 0
            self._behind.write(data)
            await self._behind.drain()

    async def _answer(self, answers: asyncio.StreamReader) -> None:
        while data := await answers.read(CHUNK):
            data = await self._suffer(data)
            self._answered += len(data)
            self._writer.write(data)
            await self._writer.drain()

    async def _suffer(self, data: bytes) -> bytes:
        """What is left of a piece of an answer, once it may go on."""
        proxy, weather = self._proxy, self._proxy._weather
        while True:
            fault, changed = proxy.fault, proxy._changed
            rest = max(weather.some - self._answered, 0)
            if fault in (Fault.HANG_MIDWAY, Fault.RESET_MIDWAY) and rest > 0:
                self._writer.write(data[:rest])
                self._answered += rest
                data = data[rest:]
            if fault in HANGS:
                await changed.wait()
                continue
            if fault in (Fault.RESET, Fault.RESET_MIDWAY):
                await self._writer.drain()
                self.reset()
                raise ConnectionResetError
            if fault is Fault.SLOW:
                await asyncio.sleep(weather.latency + len(data) / weather.bandwidth)
            return data[:-1] if fault is Fault.DROP_BYTES else data


@asynccontextmanager
async def proxied(port: int, weather: Weather | None = None) -> AsyncIterator[Proxy]:
    """A proxy before a port of this machine, as long as the block lasts."""
    proxy = Proxy(port, weather=weather)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
