"""An endpoint with one customer user, for the page alone; the viewer's name is the credential that came along."""

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from inspect import isawaitable
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from graphql import ExecutionResult, GraphQLSchema, build_schema, graphql, parse, subscribe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.explorer.page import explorer_routes

CONTRACT = Path(__file__).parents[1] / "contract.graphql"
CUSTOM_FIELDS = "extend type CustomerUser { room: String }"
NOW = "2026-01-01T12:00:00Z"
ANNA = {
    "login": "anna.mueller",
    "fullName": "Anna Müller",
    "email": "anna.mueller@nordlicht.example",
    "phone": "+49 40 5550 112",
    "city": "Hamburg",
    "validity": "VALID",
    "customerId": "NORDLICHT",
    "writable": True,
    "source": {"key": "customer_user", "name": "Customers", "kind": "POSTGRESQL"},
}


def contract() -> GraphQLSchema:
    """The public schema, with the custom field that the saved operations use."""
    return build_schema(CONTRACT.read_text() + CUSTOM_FIELDS)


@contextmanager
def served_page() -> Iterator[str]:
    """The explorer beside the canned endpoint on a free port of this machine; gives the page's address."""
    routes = [*explorer_routes("/graphql"), Route("/graphql", _answer, methods=["POST"])]
    app = Starlette(routes=[*routes, WebSocketRoute("/graphql", _stream)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/graphiql/"
        finally:
            server.should_exit = True
            thread.join()


async def _answer(request: Request) -> Response:
    question = await request.json()
    result = await graphql(
        _SCHEMA,
        question["query"],
        root_value=_world(request.headers.get("authorization")),
        variable_values=question.get("variables"),
        operation_name=question.get("operationName"),
    )
    return JSONResponse(result.formatted)


async def _stream(websocket: WebSocket) -> None:
    await websocket.accept("graphql-transport-ws")
    parameters = (await websocket.receive_json()).get("payload", {})
    await websocket.send_json({"type": "connection_ack"})
    question = await websocket.receive_json()
    world = _world(parameters.get("authorization"))
    results = subscribe(_SCHEMA, parse(question["payload"]["query"]), root_value=world)
    if isawaitable(results):
        results = await results
    assert not isinstance(results, ExecutionResult), results
    async for result in results:
        await websocket.send_json({"id": question["id"], "type": "next", "payload": result.formatted})
    await websocket.send_json({"id": question["id"], "type": "complete"})
    await websocket.receive()


def _world(credential: str | None) -> Mapping[str, Any]:
    async def changes(_info: object) -> AsyncIterator[Mapping[str, Any]]:
        change = {"kind": "UPDATED", "login": credential, "changedFields": ["city"], "at": NOW}
        yield {"customerUserChanged": {**change, "customerUser": ANNA}}

    return {
        "viewer": {"name": credential or "anonymous", "roles": ["reader"]},
        "customerUser": ANNA,
        "customerUserChanged": changes,
    }


_SCHEMA = contract()
