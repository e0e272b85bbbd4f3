"""The application asked without a network: what it takes is its own and its stores'."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as a client sees it."""

    status: int
    body: bytes

    @property
    def found(self) -> Any:
        """The object under `data.found`; None where there is none, or an error beside it."""
        said = orjson.loads(self.body)
        return None if "errors" in said else said["data"]["found"]

    @property
    def codes(self) -> set[str]:
        """The codes of all errors."""
        return {error["extensions"]["code"] for error in orjson.loads(self.body).get("errors", ())}


async def send(app: ASGIApp, body: bytes, key: str, *, length: bool = True, chunk: int = 65_536) -> Answer:
    """One POST by the holder of an API key; without `length` nothing says how much is to come."""
    parts = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    waiting = iter(enumerate(parts, 1))
    status, written = 0, bytearray()

    async def receive() -> Message:
        place, part = next(waiting, (0, b""))
        if not place:
            await asyncio.Event().wait()  # the client stays until it is answered
        return {"type": "http.request", "body": part, "more_body": place < len(parts)}

    async def sent(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            written.extend(message.get("body", b""))

    headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {key}".encode())]
    headers += [(b"accept", b"application/graphql-response+json"), (b"host", b"desk")]
    if length:
        headers.append((b"content-length", str(len(body)).encode()))
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "headers": headers, "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("desk", 80),
        "root_path": "",
    }  # fmt: skip
    await app(scope, receive, sent)
    return Answer(status, bytes(written))


async def ask(app: ASGIApp, key: str, query: str, **variables: Any) -> Answer:
    """One operation, whose field is called `found`."""
    return await send(app, orjson.dumps({"query": query, "variables": variables}), key)


@contextmanager
def quiet() -> Iterator[None]:
    """Write the lines of the log to nowhere."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
