"""Routes of the explorer: the built page, its configuration, and the headers that keep both on this origin."""

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

BUNDLE = Path(__file__).parent / "dist"
TITLE = "Kundengraph"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Monaco writes its syntax colours into a <style>
        "font-src 'self' data:",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_REVALIDATED = "no-cache"
_IMMUTABLE = "public, max-age=31536000, immutable"


def explorer_routes(graphql_path: str) -> list[BaseRoute]:
    """The page at /graphiql/, asking the endpoint at `graphql_path`."""

    async def config(request: Request) -> Response:
        path = request.scope.get("root_path", "") + graphql_path
        headers = _SECURITY_HEADERS | {"Cache-Control": _REVALIDATED}
        return JSONResponse({"path": path, "title": TITLE}, headers=headers)

    async def with_slash(_request: Request) -> Response:
        return RedirectResponse("graphiql/", headers=_SECURITY_HEADERS)

    return [
        Route("/graphiql", with_slash),
        Route("/graphiql/config.json", config),
        Mount("/graphiql", ExplorerFiles(), name="graphiql"),
    ]


class ExplorerFiles:
    """The bundle: names with a content hash are kept for ever, all others are asked for again."""

    def __init__(self) -> None:
        self._files = StaticFiles(directory=BUNDLE, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_hashed = "/assets/" in scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_SECURITY_HEADERS)
                headers["Cache-Control"] = _IMMUTABLE if is_hashed else _REVALIDATED
            await send(message)

        await self._files(scope, receive, send_with_headers)
