"""GraphQL over HTTP as the draft says: media types, status codes, methods; one context for each request."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import orjson
from cross_web import HTTPException
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket
from strawberry import UNSET
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.types import ExecutionResult

from backends import deadline
from backends.errors import SourceTimeout
from backends.recorder import CURRENT
from gateway.addresses import Proxies
from gateway.auth import ApiKey, Credentials
from gateway.documents import by_id
from gateway.observed import credential_of
from gateway.origins import is_foreign
from gateway.sockets import BEGINNING, SUBSCRIPTIONS, Socket, Sockets, TextSocket
from gateway.streams import Events, is_subscription
from resolvers.context import RequestContext, Services
from resolvers.viewer import Viewer
from schema.build import KundengraphSchema
from schema.compiled.executor import Written

T = TypeVar("T")

GRAPHQL_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"

GRACE = 0.08
"""Seconds in which the answer is put together once the stores are given up."""

STATUS: Mapping[str, int] = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    "SOURCE_UNAVAILABLE": 503,
    "SOURCE_TIMEOUT": 504,
}
"""HTTP status of a request that was refused as a whole, for clients that speak the newer media type."""


class GraphQLEndpoint(GraphQL[RequestContext, None]):
    """The conformant view over one schema."""

    graphql_transport_ws_handler_class = Socket
    websocket_adapter_class = TextSocket
    stream_transport_classes_by_protocol = {  # noqa: RUF012
        **GraphQL.stream_transport_classes_by_protocol,
        "graphql-sse": Events,
    }

    def __init__(
        self,
        schema: KundengraphSchema,
        services: Services,
        credentials: Credentials,
        *,
        timeout: float,
        origins: Sequence[str] = (),
        keys: frozenset[str] = frozenset(),
        proxies: Sequence[str] = (),
    ) -> None:
        """`keys` are the names of API keys, which a log may repeat; `proxies` are believed who the client is."""
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=True,
            subscription_protocols=("graphql-transport-ws", "multipart-subscription", "graphql-sse"),
            connection_init_wait_timeout=timedelta(seconds=BEGINNING),
            max_subscriptions_per_connection=SUBSCRIPTIONS,
            allowed_origins=origins,
        )
        self.sockets = Sockets()
        self._services = services
        self.credentials = credentials
        self.timeout = timeout
        self._keys = keys
        self._proxies = Proxies(proxies)

    async def get_context(self, request: Request | WebSocket, response: Any) -> RequestContext:
        """A fresh context for the caller that the request's credential names."""
        peer = request.client.host if request.client else None
        forwarded = request.headers.getlist("x-forwarded-for")
        return await self.context_of(request.headers.get("authorization"), peer, forwarded)

    async def context_of(
        self, authorization: str | None, peer: str | None, forwarded: Sequence[str]
    ) -> RequestContext:
        """The same for a credential, the peer's address and what proxies say of the client's."""
        return self.context(await self.caller(authorization), authorization, peer, forwarded)

    async def caller(self, authorization: str | None) -> Viewer:
        """Whom a credential stands for; the record of the request hears of it."""
        return self._heard(await self.credentials.viewer(authorization))

    def held(self, key: ApiKey | None) -> Viewer | None:
        """The same for a configured key that is known already; None where there is none that is good."""
        viewer = key.holder() if key is not None else None
        return None if viewer is None else self._heard(viewer)

    def _heard(self, viewer: Viewer) -> Viewer:
        if (record := CURRENT.get()) is not None:
            record.credential = credential_of(viewer, self._keys)
        return viewer

    def context(
        self, viewer: Viewer, authorization: str | None, peer: str | None, forwarded: Sequence[str]
    ) -> RequestContext:
        """A context for a caller who is known by now."""
        again = partial(self.credentials.viewer, authorization)
        address = self._proxies.client(peer, forwarded)
        request_id = record.request_id if (record := CURRENT.get()) is not None else ""
        return RequestContext(self._services, viewer, request_id, address, again)

    async def context_for(self, authorization: str, context: RequestContext) -> RequestContext:
        """The context of a connection that says later who it is."""
        viewer = await self.caller(authorization)
        again = partial(self.credentials.viewer, authorization)
        return RequestContext(self._services, viewer, context.request_id, context.address, again)

    async def context_again(self, context: RequestContext) -> RequestContext:
        """A context for one operation of a connection, whose credential is looked at anew."""
        viewer = await context.again() if context.again is not None else context.viewer
        return RequestContext(self._services, viewer, context.request_id, context.address, context.again)

    async def on_ws_connect(self, context: RequestContext) -> Any:
        """Turn away whose credential is not accepted; who has none may find out what that is good for."""
        if not context.viewer.known and context.viewer != self.credentials.anonymous:
            raise ConnectionRejectionError
        return UNSET

    async def get_sub_response(self, request: Any) -> Response:
        response = await super().get_sub_response(request)
        media_type = negotiate(request.headers.get("accept", ""))
        if media_type is None and self._get_stream_transport_from_headers(request.headers) is not None:
            media_type = PLAIN_JSON
        if media_type is None:
            raise HTTPException(406, f"Not acceptable: ask for {GRAPHQL_JSON} or {PLAIN_JSON}.")
        response.media_type = media_type
        return response

    def should_render_graphql_ide(self, request: Any) -> bool:
        """Never: the explorer has a page of its own, and a GET without a query is a bad request."""
        return False

    async def parse_http_body(self, request: Any) -> Any:
        if request.method == "POST" and media_type_of(request.content_type) != PLAIN_JSON:
            raise HTTPException(415, f"Unsupported media type: send {PLAIN_JSON}.")
        data = await super().parse_http_body(request)
        if isinstance(data, list):
            raise HTTPException(400, "One operation for each request, not a list of them.")
        is_stream = is_subscription(data.query, data.operation_name)
        if data.protocol != "http" and not is_stream and negotiate(request.headers.get("accept", "")):
            return dataclasses.replace(data, protocol="http")
        if data.protocol == "http" and is_stream:
            raise HTTPException(
                406, "Subscriptions are streams: accept text/event-stream, or multipart/mixed."
            )
        return data

    def parse_json(self, data: str | bytes) -> Any:
        """An object, or a list, which is refused later; the variables of a GET may be null."""
        found = super().parse_json(data)
        if isinstance(found, dict) and isinstance(data, bytes):
            return by_id(found)
        if not isinstance(found, dict | list) and not (found is None and isinstance(data, str)):
            raise HTTPException(400, "Send a JSON object.")
        return found

    def parse_query_params(self, params: Any) -> dict[str, Any]:
        return by_id(super().parse_query_params(params))

    def decode_json(self, data: str | bytes) -> object:
        """Refuses what is no JSON with 400."""
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise HTTPException(400, "The body is not JSON.") from error

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data, default=str)

    async def run(self, request: Any, *arguments: Any, **named: Any) -> Any:
        if not self.is_websocket_request(request) and is_foreign(request.headers, self.allowed_origins):
            raise HTTPException(403, "Pages of this origin may not ask here: see server.cors_origins.")
        try:
            return await super().run(request, *arguments, **named)
        except HTTPException as error:
            if error.status_code == 400 and "not allowed when using GET" in str(error.reason):
                return PlainTextResponse("Mutations are sent by POST.", 405, {"allow": "POST"})
            raise

    async def execute_operation(self, *arguments: Any, **named: Any) -> Any:
        """Within the request's time: stores that are silent by then are given up, and then all that still runs."""
        try:
            return await self.in_time(super().execute_operation(*arguments, **named))
        except TimeoutError:
            error = SourceTimeout()
            return ExecutionResult(None, [GraphQLError(error.message, extensions=error.extensions)])

    async def in_time(self, work: Awaitable[T]) -> T:
        """The result of `work`, in which stores are given up in time; raises TimeoutError where that is too late."""
        async with asyncio.timeout(self.timeout + GRACE):
            with deadline.within(self.timeout):
                return await work

    async def process_result(self, request: Request, result: Any) -> Any:
        if result.errors:
            noted(codes_of(result.errors))
        if isinstance(result, Written) and result.raw is not None:
            return _answer(result)
        data = await super().process_result(request, result)
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            data.pop("data", None)  # a request error: nothing was executed
        return data

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        response = super().create_response(response_data, sub_response)
        media_type = sub_response.media_type or PLAIN_JSON
        newer = media_type == GRAPHQL_JSON
        response.headers["content-type"] = media_type if newer else f"{PLAIN_JSON}; charset=utf-8"
        response.headers["vary"] = "Accept"
        response.headers["cache-control"] = "no-store"
        if newer and "data" not in response_data:
            response.status_code = status_of(response_data)
            if response.status_code == 401:
                response.headers["www-authenticate"] = "Bearer"
        return response


def noted(codes: Sequence[str]) -> None:
    """Tell the record of the request how it went."""
    if (record := CURRENT.get()) is not None:
        record.codes = tuple(codes)


def codes_of(errors: Sequence[GraphQLError]) -> tuple[str, ...]:
    """The codes of these errors, each once."""
    return tuple(sorted({(error.extensions or {}).get("code", "") for error in errors}))


def _answer(result: Written) -> dict[str, Any]:
    """An answer whose data is JSON already, and goes out as it is."""
    answer: dict[str, Any] = {"data": orjson.Fragment(result.raw or b"null")}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return answer


def negotiate(accept: str) -> str | None:
    """The better of the two media types; None where neither is acceptable."""
    if not accept.strip():
        return PLAIN_JSON
    best: tuple[float, int, str] | None = None
    for part in accept.split(","):
        media_type, quality = _accepted(part)
        ours = {
            GRAPHQL_JSON: GRAPHQL_JSON,
            PLAIN_JSON: PLAIN_JSON,
            "*/*": PLAIN_JSON,
            "application/*": PLAIN_JSON,
        }
        if quality > 0 and (candidate := ours.get(media_type)):
            rank = (quality, int(media_type == candidate), candidate)
            best = rank if best is None or rank[:2] > best[:2] else best
    return best[2] if best else None


def _accepted(part: str) -> tuple[str, float]:
    media_type, *parameters = [piece.strip().lower() for piece in part.split(";")]
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter[2:])
            except ValueError:
                quality = 0.0
    return media_type, quality


def media_type_of(content_type: str | None) -> str:
    """What a Content-Type header names, without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def status_of(response_data: Any) -> int:
    """HTTP status of a request that was refused as a whole."""
    codes = [error.get("extensions", {}).get("code") for error in response_data.get("errors", ())]
    return next((STATUS[code] for code in codes if code in STATUS), 400)
