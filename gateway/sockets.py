"""Subscriptions over WebSockets (graphql-transport-ws): one context for each operation, and nothing but subscriptions."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import orjson
from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import Operation

from gateway.documents import by_id
from gateway.observed import ObservedSocket
from gateway.stopping import STOPS
from resolvers.context import RequestContext
from schema.build import KundengraphSchema

GOING_AWAY = 1001
"""Code of connections that end with the gateway (RFC 6455)."""
SUBSCRIPTIONS = 20
"""Operations of one connection at a time."""
BEGINNING = 10.0
"""Seconds within which a connection says who it is."""


class TextSocket(ASGIWebSocketAdapter):
    """Sends text, as clients want it."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        while True:
            message = await self.ws.receive()
            if message["type"] != "websocket.receive":
                return
            if message.get("text") is None:
                raise NonTextMessageReceived
            try:
                found = orjson.loads(message["text"])
            except orjson.JSONDecodeError as error:
                raise NonJsonMessageReceived from error
            yield found

    async def send_json(self, message: Mapping[str, object]) -> None:
        try:
            await self.ws.send_text(orjson.dumps(message, default=str).decode())
        except (WebSocketDisconnect, RuntimeError) as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # it is closed
            await super().close(code, reason)


class Socket(ObservedSocket):
    """One connection; who it is stands in its headers, or in the payload that opens it, as browsers can send it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._extensions: dict[str, dict[str, Any] | None] = {}

    async def handle(self) -> None:
        with self.view.sockets.one(self):  # type: ignore[attr-defined]
            await super().handle()

    async def leave(self) -> None:
        """Close as one who goes away, after the last word of every operation."""
        tasks = [operation.task for operation in self.operations.values() if operation.task]
        if tasks:
            await asyncio.wait(tasks)
        await self.websocket.close(GOING_AWAY, STOPS)

    async def handle_task_exception(self, error: Exception) -> None:
        if not isinstance(error, WebSocketDisconnected):  # who has left is no news
            await super().handle_task_exception(error)

    async def handle_message(self, message: Any) -> None:
        if not _is_well_formed(message):
            await self.handle_invalid_message("The message is not one of graphql-transport-ws.")
            return
        await super().handle_message(message)

    async def handle_connection_init(self, message: Any) -> None:
        payload = message.get("payload")
        if payload is None:
            message = {"type": "connection_init"}
        elif isinstance(payload, dict) and not self.connection_init_received:
            given = next((value for name, value in payload.items() if name.lower() == "authorization"), None)
            if isinstance(given, str):
                self.context = await self.view.context_for(given, self.context)  # type: ignore[attr-defined]
        await super().handle_connection_init(message)

    async def handle_subscribe(self, message: Any) -> None:
        request = by_id(message["payload"])
        self._extensions[message["id"]] = request.get("extensions")
        payload: Any = {"query": None, **request}
        await super().handle_subscribe({"type": "subscribe", "id": message["id"], "payload": payload})

    async def run_operation(self, operation: Operation[RequestContext, None]) -> None:
        own = copy.copy(self)
        own.context = await self.view.context_again(self.context)  # type: ignore[attr-defined]
        own.schema = Subscribing(self.schema, self._extensions.pop(operation.id, None))  # type: ignore[assignment, arg-type]
        await ObservedSocket.run_operation(own, operation)


class Sockets:
    """The connections that are open."""

    def __init__(self) -> None:
        self._open: set[Socket] = set()
        self._leaving: list[asyncio.Task[None]] = []
        self._has_ended = False

    @contextmanager
    def one(self, socket: Socket) -> Iterator[None]:
        """Count it among them until the block ends."""
        self._open.add(socket)
        if self._has_ended:
            self._take_leave(socket)
        try:
            yield
        finally:
            self._open.discard(socket)

    def end(self) -> None:
        """Close all of them, and those that come from now on."""
        self._has_ended = True
        for socket in self._open:
            self._take_leave(socket)

    def _take_leave(self, socket: Socket) -> None:
        self._leaving.append(asyncio.get_running_loop().create_task(socket.leave()))


class Subscribing:
    """A schema that runs subscriptions alone."""

    def __init__(self, schema: KundengraphSchema, extensions: dict[str, Any] | None) -> None:
        self._schema = schema
        self._extensions = extensions

    async def stream(self, query: str | None, **settings: Any) -> Any:
        """The events of a subscription, or why there are none."""
        return await self._schema.subscribe(query, operation_extensions=self._extensions, **settings)


def _is_well_formed(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] not in ("subscribe", "complete"):
        return True
    if not isinstance(message.get("id"), str) or not message["id"]:
        return False
    payload = message.get("payload")
    if message["type"] == "complete":
        return True
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str | None)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
        and isinstance(payload.get("extensions"), dict | None)
    )
