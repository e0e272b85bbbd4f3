"""Around every request: its id in and out, its record, and one line of the log when it has ended."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)

from backends.recorder import CURRENT, Ended, Record, Tracer
from gateway.middleware import HEADERS
from gateway.telemetry import log_request
from resolvers.context import RequestContext
from resolvers.viewer import Viewer

REQUEST_ID = b"x-request-id"
TRACEPARENT = b"traceparent"
WELL_FORMED = re.compile(rb"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")
TRACE = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
METHODS = frozenset({"GET", "POST", "OPTIONS", "HEAD", "PUT", "PATCH", "DELETE"})
DRAWN = 64
"""Ids for which randomness is drawn at once."""
ENDED_BY_CALLER = 499
"""Status of a request whose caller left before there was an answer; nobody is sent it."""

OF_BUGS = [
    (name.encode(), value.encode())
    for name, value in {
        **HEADERS,
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
    }.items()
]
"""Headers of the answer that tells of a bug."""

Directly = Callable[[Scope, Receive, Send], Awaitable[Receive | None]]
"""Answers a request, or gives back what is to be read of it anew."""

log = structlog.get_logger("kundengraph")


class Observed:
    """The outermost layer: what it does not see did not happen, and no exception leaves it."""

    def __init__(
        self,
        app: ASGIApp,
        graphql: str,
        ended: Ended | None = None,
        tracer: Tracer | None = None,
        directly: Directly | None = None,
    ) -> None:
        """`graphql` is the endpoint's path; `ended` hears of every request and operation, with its seconds.

        `directly` answers most requests past the layers between, and gives back the others.
        """
        self._app = app if directly is None else _either(directly, app)
        self._tracer = tracer
        self._pages = {
            graphql: "graphql",
            "/livez": "livez",
            "/readyz": "readyz",
            "/metrics": "metrics",
        }
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = given_id(scope["headers"]) or new_id()
        record = Record(request_id, self._method(scope), self._page(scope["path"]), ended=self._ended)
        header = (REQUEST_ID, request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            elif message["type"] == "websocket.accept":
                record.status = 101
                message["headers"] = [*message.get("headers", ()), header]
            elif message["type"] == "websocket.close" and record.status is None:
                record.status = 403
            await send(message)

        record.tracer = self._tracer if record.path == "graphql" else None
        token = CURRENT.set(record)
        try:
            if record.tracer is None or scope["type"] == "websocket":
                await self._app(scope, receive, send_with_id)
            else:
                with record.tracer.operation(record, scope["headers"]):
                    await self._app(scope, receive, send_with_id)
        except Exception as error:
            await _fail(record, error, scope, send_with_id)
        finally:
            CURRENT.reset(token)
            close(record, started)

    def _method(self, scope: Scope) -> str:
        if scope["type"] == "websocket":
            return "WEBSOCKET"
        method: str = scope["method"]
        return method if method in METHODS else "OTHER"

    def _page(self, path: str) -> str:
        page = self._pages.get(path)
        if page is None:
            page = "explorer" if path.startswith("/graphiql") else "other"
        return page


class ObservedSocket(BaseGraphQLTransportWSHandler[RequestContext, None]):
    """A WebSocket whose operations have lines of their own, under the id of the connection."""

    async def run_operation(self, operation: Operation[RequestContext, None]) -> None:
        connection = CURRENT.get()
        if connection is None:
            await super().run_operation(operation)
            return
        started = time.perf_counter()
        record = connection.part()
        CURRENT.set(record)  # the task is the operation's own
        try:
            with nullcontext() if record.tracer is None else record.tracer.operation(record, ()):
                await super().run_operation(operation)
        finally:
            seconds = time.perf_counter() - started
            if record.ended is not None:
                record.ended(record, seconds)
            log_request(record, seconds, "operation")


def _either(directly: Directly, app: ASGIApp) -> ASGIApp:
    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        rest = await directly(scope, receive, send)
        if rest is not None:
            await app(scope, rest, send)

    return either


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The caller's id where it is well-formed, or the id of the caller's trace."""
    trace: str | None = None
    for name, value in headers:
        if name == REQUEST_ID and WELL_FORMED.fullmatch(value):
            return value.decode()
        if name == TRACEPARENT and (match := TRACE.fullmatch(value)):
            trace = match[1].decode()
    return trace


def new_id() -> str:
    """A random id; the system is asked for many at a time."""
    while True:
        try:
            return _IDS.pop()
        except IndexError:
            drawn = secrets.token_hex(16 * DRAWN)
            _IDS.extend(drawn[place : place + 32] for place in range(0, len(drawn), 32))


_IDS: list[str] = []


def credential_of(viewer: Viewer, keys: frozenset[str]) -> str:
    """What the log calls a caller: the name of a configured key, never that of a person."""
    if not viewer.known:
        return "anonymous"
    if viewer.login is not None:
        return "customer user"
    return viewer.name if viewer.name in keys else "signed in"


def close(record: Record, started: float) -> None:
    """Count the request of this record, which has ended now, and write its line of the log."""
    seconds = time.perf_counter() - started
    if record.status is None:
        record.status = ENDED_BY_CALLER
    if record.ended is not None:
        record.ended(record, seconds)
    log_request(record, seconds)


def note_bug(record: Record, error: Exception) -> bytes:
    """Note a bug that nothing has masked; the answer that has its number."""
    error_id = secrets.token_hex(8)
    record.codes = ("INTERNAL",)
    log.error("internal error", error_id=error_id, exc_info=error)
    message = "Something went wrong here; the error is noted."
    return orjson.dumps(
        {"errors": [{"message": message, "extensions": {"code": "INTERNAL", "errorId": error_id}}]}
    )


async def _fail(record: Record, error: Exception, scope: Scope, send: Send) -> None:
    """Note it, and say so where nothing was answered yet."""
    body = note_bug(record, error)
    if record.status is not None or scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 500, "headers": list(OF_BUGS)})
    await send({"type": "http.response.body", "body": body})
