"""One GraphQL request straight to the app, without a socket."""

import asyncio
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.types import Message


async def ask(app: Starlette, path: str, query: str, token: str) -> dict[str, Any]:
    """The answer to one query, with the app started before and stopped after it."""
    async with app.router.lifespan_context(app):
        return _answer(await _posted(app, path, orjson.dumps({"query": query}), token))


async def _posted(app: Starlette, path: str, body: bytes, token: str) -> list[Message]:
    requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    messages: list[Message] = []

    async def receive() -> Message:
        if not requests:
            await asyncio.Event().wait()  # the caller stays: one that hangs up gets no answer
        return requests.pop(0)

    async def send(message: Message) -> None:
        messages.append(message)

    headers = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "accept": "application/graphql-response+json, application/json;q=0.9",
        "authorization": f"Bearer {token}",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return messages


def _answer(messages: list[Message]) -> dict[str, Any]:
    body = b"".join(message.get("body", b"") for message in messages)
    try:
        return dict(orjson.loads(body))
    except (ValueError, TypeError) as error:
        raise RuntimeError(f"the gateway gave no answer: {body.decode(errors='replace')[:200]}") from error
