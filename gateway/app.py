"""The application: everything that one configuration makes, served by Starlette."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from backends.bus import Bus
from gateway.auth import Credentials
from gateway.config import Config
from gateway.documents import Documents, NamedDocuments, trusted_documents
from gateway.explorer.page import explorer_routes
from gateway.hangups import HangUps
from gateway.health import health_routes
from gateway.http import GraphQLEndpoint
from gateway.known import KnownHeads
from gateway.lean import LeanEndpoint
from gateway.metrics import Metrics
from gateway.middleware import BodyLimit, SecurityHeaders
from gateway.observed import Observed
from gateway.oidc import Provider
from gateway.stack import Stack
from gateway.stopping import STOPS, Farewell, Stopping
from gateway.straight import Straight
from gateway.telemetry import configure_logs
from gateway.tracing import Tracing, environment_tracing
from schema.build import AccessCheck, KundengraphSchema, build_schema
from schema.limits import Limits
from schema.operations import covers


def create_app(config: Config, tracing: Tracing | None = None, *, log_requests: bool = True) -> Starlette:
    """Everything stacked up; the stores are asked nothing before the first request."""
    configure_logs(requests=log_requests)
    tracing = tracing or environment_tracing()
    metrics = Metrics()
    documents = documents_of(config)
    schema = schema_of(config, documents)
    stack = Stack(config, metrics, traced=tracing is not None)
    provider = Provider(config.auth.oidc) if config.auth.oidc.enabled else None
    endpoint = GraphQLEndpoint(
        schema,
        stack.services,
        Credentials(config.auth, stack.services.users, provider),
        timeout=config.server.request_timeout,
        origins=config.server.cors_origins,
        keys=frozenset(token.name for token in config.auth.tokens),
        proxies=config.server.trusted_proxies,
    )
    stopping = Stopping(config.server.drain, partial(stack.services.bus.end, STOPS), endpoint.sockets.end)
    lean = _lean(config, schema, endpoint, documents, stack.services.bus)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        pulse = asyncio.create_task(metrics.pulse())
        stack.start()
        if provider is not None:
            provider.start()
        try:
            with stopping.heeding_signals():
                yield
        finally:
            pulse.cancel()
            if provider is not None:
                await provider.close()
            await stack.close()
            if tracing is not None:
                await asyncio.to_thread(tracing.close)

    app = _Application(
        _observed(config, metrics, tracing, stopping, lean),
        routes=_routes(config, stack, metrics, lean or endpoint, stopping),
        middleware=_middleware(config, stopping),
        lifespan=lifespan,
    )
    if lean is not None and tracing is None:
        app.straight = _straight(config, metrics, stopping, lean)
    return app


class _Application(Starlette):
    """Starlette with a layer of ours in the place of its own outermost one, which answers bugs."""

    straight: Straight | None = None
    """For connections that know it: most requests can do without everything else here."""

    def __init__(self, outermost: Callable[[ASGIApp], ASGIApp], **settings: Any) -> None:
        super().__init__(**settings)
        self._outermost = outermost

    def build_middleware_stack(self) -> ASGIApp:
        stack = super().build_middleware_stack()
        return self._outermost(stack.app if isinstance(stack, ServerErrorMiddleware) else stack)


def documents_of(config: Config) -> Documents:
    """The documents that may be named by their hash; raises ConfigError."""
    folder = config.limits.persisted_documents
    return Documents(trusted_documents(folder) if folder else {}, config.limits.required)


def schema_of(config: Config, documents: Documents | None = None) -> KundengraphSchema:
    """The schema that `config` makes; no store is opened for it, and no document read."""
    limits = config.limits
    known = documents or Documents()
    return build_schema(
        config.source_mappings,
        config.customer_mappings,
        permission_keys=config.groups.permissions,
        introspection=config.server.introspection,
        federation=config.server.federation,
        hidden=frozenset(name for token in config.auth.tokens for name in token.hidden_fields),
        compiled=config.server.executor == "compiled",
        limits=Limits(limits.max_depth, limits.max_cost, limits.max_aliases, limits.max_tokens),
        extensions=[lambda: NamedDocuments(known)],
    )


def _lean(
    config: Config, schema: KundengraphSchema, endpoint: GraphQLEndpoint, documents: Documents, bus: Bus
) -> LeanEndpoint | None:
    """The endpoint with its short way, where that does all that the long way does."""
    if not covers(schema, NamedDocuments, AccessCheck):
        return None
    limit = config.limits.max_cost
    return LeanEndpoint(endpoint, schema.operations, documents, limit, lambda: bus.turn)


def _routes(
    config: Config, stack: Stack, metrics: Metrics, endpoint: ASGIApp, stopping: Stopping
) -> Sequence[BaseRoute]:
    explorer = explorer_routes(config.server.path) if config.server.graphiql else []
    return [
        Route(config.server.path, endpoint, methods=["GET", "POST"]),
        WebSocketRoute(config.server.path, endpoint),
        *health_routes(stack, metrics, stopping),
        *explorer,
    ]


def _observed(
    config: Config,
    metrics: Metrics,
    tracing: Tracing | None,
    stopping: Stopping,
    lean: LeanEndpoint | None,
) -> Callable[[ASGIApp], ASGIApp]:
    """The record of the request; most requests for the endpoint go past all that is within."""
    directly = None
    if lean is not None:
        lines = lean.heads(lambda: stopping.has_begun)
        directly = lean.direct(config.server.path, config.server.max_body_bytes, lines)
    path = config.server.path
    return partial(Observed, graphql=path, ended=metrics.ended, tracer=tracing, directly=directly)


def _straight(config: Config, metrics: Metrics, stopping: Stopping, lean: LeanEndpoint) -> Straight:
    heads = KnownHeads(lean, config.server.path, config.server.max_body_bytes)
    return Straight(lean, heads, metrics.ended, lean.heads(lambda: stopping.has_begun))


def _middleware(config: Config, stopping: Stopping) -> Sequence[Middleware]:
    """From the outside in: headers on every answer, those that let other origins read it, the limit of bodies,
    callers who leave.
    """
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(config.server.cors_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
    )
    return [
        Middleware(Farewell, has_begun=lambda: stopping.has_begun),
        Middleware(SecurityHeaders),
        *([cors] if config.server.cors_origins else []),
        Middleware(BodyLimit, limit=config.server.max_body_bytes),
        Middleware(HangUps),
    ]
