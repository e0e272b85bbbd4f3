"""Requests as a server hands them to an application, byte by byte as one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any


class Sent:
    """A request of the server's own words, and what was answered."""

    def __init__(self, *pieces: bytes, path: str = "/graphql", headers: Mapping[str, str]) -> None:
        usual = {"content-type": "application/json", "x-request-id": "the-same-id", "host": "desk.example"}
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), text.encode()) for name, text in (usual | dict(headers)).items()],
        }
        self.answer: list[Any] = []
        self.left = asyncio.Event()
        self.is_heard = False
        """Whether somebody was told that the client has left."""
        self._pieces = list(pieces)

    async def receive(self) -> Any:
        if self._pieces:
            body = self._pieces.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self._pieces)}
        await self.left.wait()
        self.is_heard = True
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.answer.append(message)

    async def to(self, app: Any) -> Any:
        """Status, headers in an order of ours, and the body."""
        await app(self.scope, self.receive, self.send)
        if not self.answer:
            return None
        start, *bodies = self.answer
        headers = sorted((name.lower(), value) for name, value in start["headers"])
        return start["status"], headers, b"".join(one["body"] for one in bodies)
