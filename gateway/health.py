"""Signs of life for whoever runs the gateway: /livez asks nobody, /readyz says how each store is, /metrics counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from backends.errors import SourceUnavailable
from backends.model import SourceStatus
from backends.protocol import R
from backends.source import Source
from gateway.metrics import Metrics
from gateway.stack import Stack
from gateway.stopping import Stopping

PATIENCE = 2.0
"""Seconds that /readyz waits for a store at most, whatever the store's own limit is."""


def health_routes(stack: Stack, metrics: Metrics, stopping: Stopping) -> list[BaseRoute]:
    """The routes; none needs a credential, and none tells more than names, states and numbers."""

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        services = stack.services
        sources, customers, registry = await asyncio.gather(
            _states(services.users.sources),
            _states(services.customers.sources),
            _state(services.registry.ping),
        )
        cache = SourceStatus.OK if stack.cache_is_up else SourceStatus.UNAVAILABLE
        return JSONResponse(
            {
                "ready": not stopping.has_begun,
                "sources": sources,
                "customers": customers,
                "registry": registry,
                "cache": cache.name,
            },
            503 if stopping.has_begun else 200,
        )

    async def figures(_request: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return [Route("/livez", alive), Route("/readyz", ready), Route("/metrics", figures)]


async def _states(sources: Sequence[Source[R]]) -> Mapping[str, str]:
    states = await asyncio.gather(*(_state(source.backend.ping) for source in sources))
    return {source.key: state for source, state in zip(sources, states, strict=True)}


async def _state(ping: Callable[[], Awaitable[None]]) -> str:
    """How a store answers now; who is silent for longer than we wait is as good as silent."""
    try:
        async with asyncio.timeout(PATIENCE):
            await ping()
    except SourceUnavailable as silent:
        return silent.status.name
    except TimeoutError:
        return SourceStatus.TIMEOUT.name
    return SourceStatus.OK.name
