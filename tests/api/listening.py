"""A small desk that is listened to over WebSockets and server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.config import Config, loads
from tests.api.serving import digest, help_desk

EDITOR, LIMITED, VEILED = "key-of-an-editor", "key-for-one-customer", "key-that-sees-no-city"
TOML = """
[registry]
url = "sqlite:///desk.sqlite"
timeout = 20
[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
[[auth.tokens]]
name = "editor"
sha256 = "{editor}"
roles = ["admin"]
[[auth.tokens]]
name = "limited"
sha256 = "{limited}"
roles = ["reader"]
customer_ids = ["NORD"]
[[auth.tokens]]
name = "veiled"
sha256 = "{veiled}"
roles = ["reader"]
hidden_fields = ["city"]
{more}
[[customers]]
key = "companies"
timeout = 20
[[sources]]
key = "desk"
timeout = 20
"""
LISTEN = "subscription { customerUserChanged { kind login changedFields customerUser { login city } } }"


def listened_desk(folder: Path, more: str = "") -> Config:
    """ada and grace of ACME, and who may listen."""
    help_desk(folder)
    text = TOML.format(editor=digest(EDITOR), limited=digest(LIMITED), veiled=digest(VEILED), more=more)
    (folder / "kundengraph.toml").write_text(text)
    return loads(text, folder / "kundengraph.toml", {})


async def ask(address: str, query: str) -> Any:
    """The data of an answer to the editor."""
    headers = {"authorization": f"Bearer {EDITOR}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
        answer = (await client.post("/graphql", json={"query": query})).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def move(address: str, city: str, login: str = "ada") -> None:
    """A change of one customer user."""
    given = f'login: "{login}", city: "{city}"'
    data = await ask(
        address, f"mutation {{ updateCustomerUser(input: {{{given}}}) {{ userErrors {{ code }} }} }}"
    )
    assert data["updateCustomerUser"]["userErrors"] == []


@dataclass
class Line:
    """One WebSocket."""

    socket: ClientConnection

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(60):
            text = await self.socket.recv()
        assert isinstance(text, str)
        found: dict[str, Any] = json.loads(text)
        return found

    async def listen(self, query: str = LISTEN, name: str = "1") -> None:
        """Subscribe, and return when the subscription has surely begun."""
        await self.send(type="subscribe", id=name, payload={"query": query})
        await self.send(type="ping")
        while (await self.hear())["type"] != "pong":
            pass

    async def event(self) -> dict[str, Any]:
        """What the next event tells."""
        message = await self.hear()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        found: dict[str, Any] = message["payload"]["data"]["customerUserChanged"]
        return found


@asynccontextmanager
async def line(address: str, key: str | None = EDITOR, **settings: Any) -> AsyncIterator[Line]:
    """An open connection, whose key is in the message that opens it."""
    url = address.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], **settings) as socket:
        found = Line(socket)
        if key is not None:
            await found.send(type="connection_init", payload={"authorization": f"Bearer {key}"})
            assert (await found.hear())["type"] == "connection_ack"
        yield found
