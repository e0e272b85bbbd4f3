"""Signs of life for whoever runs the gateway: /livez asks nobody, /readyz says how each source is."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from resolvers.context import RequestContext, Services
from resolvers.sources import health_of
from resolvers.viewer import Viewer


def health_routes(services: Services) -> list[BaseRoute]:
    """The routes; neither needs a credential, and neither tells more than names and states."""

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        context = RequestContext(services, Viewer.anonymous(()))
        async with asyncio.TaskGroup() as group:
            found = group.create_task(_states(context))
        return JSONResponse({"ready": True, "sources": found.result()})

    return [Route("/livez", alive), Route("/readyz", ready)]


async def _states(context: RequestContext) -> dict[str, str]:
    sources = context.users.sources
    health = await health_of(context, sources)
    return {source.key: one.status.name for source, one in zip(sources, health, strict=True)}
