"""What idle subscribers cost: `python -m bench.listeners [NUMBER]` opens so many WebSockets and prints the memory."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.api.listening import EDITOR, LISTEN, listened_desk, move
from tests.faults.test_stopping import Replica

NUMBER = 1000


def resident(process: int) -> float:
    """Megabytes that a process has in memory."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


async def subscribed(address: str) -> ClientConnection:
    """A connection with one subscription."""
    url = address.replace("http", "ws") + "/graphql"
    socket = await connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None)
    payload = {"authorization": f"Bearer {EDITOR}"}
    for message in (
        {"type": "connection_init", "payload": payload},
        {"type": "subscribe", "id": "1", "payload": {"query": LISTEN}},
        {"type": "ping"},
    ):
        await socket.send(json.dumps(message))
    while json.loads(await socket.recv())["type"] != "pong":
        pass
    return socket


async def main(number: int) -> None:
    """Measure, and hear one change with all of them."""
    with tempfile.TemporaryDirectory() as folder:
        listened_desk(Path(folder))
        gateway = Replica(Path(folder) / "kundengraph.toml")
        await gateway.start()
        assert gateway.process is not None
        try:
            async with httpx.AsyncClient(base_url=gateway.address) as client:
                await client.post("/graphql", json={"query": "{ __typename }"})
            sockets = [await subscribed(gateway.address)]
            before = resident(gateway.process.pid)
            while len(sockets) < number:
                sockets.append(await subscribed(gateway.address))
            after = resident(gateway.process.pid)
            began = time.perf_counter()
            await move(gateway.address, "London")
            await asyncio.gather(*(socket.recv() for socket in sockets))
            seconds = time.perf_counter() - began
            await asyncio.gather(*(socket.close() for socket in sockets))
        finally:
            gateway.process.kill()
            await gateway.process.wait()
    print(
        f"{number} subscribers: {after - before:.1f} MB more than one; a change reached all in {seconds:.2f} s"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER))
