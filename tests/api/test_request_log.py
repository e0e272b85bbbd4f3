"""Request ids, and the one line that each request leaves in the log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from threading import Condition
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.app import create_app
from gateway.observed import Observed
from gateway.telemetry import configure_logs
from resolvers import sources
from tests.api.serving import MISSING_SOURCE, READER, help_desk, served

ADA = 'query Somebody { customerUser(login: "ada") { fullName } }'


class Log(io.StringIO):
    """Standard error, which somebody can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = Condition()
        self.requests = 0

    def write(self, text: str) -> int:
        with self.changed:
            self.requests += text.count('"event":"request"')
            self.changed.notify_all()
            return super().write(text)


class Desk:
    """A running gateway and what it has logged."""

    def __init__(self, address: str, log: Log) -> None:
        self.client = httpx.Client(
            base_url=address,
            headers={"authorization": f"Bearer {READER}"},
            event_hooks={"response": [self._count]},
        )
        self._log = log
        self._sent = 0

    def _count(self, _response: httpx.Response) -> None:
        self._sent += 1

    def lines(self, event: str = "request") -> list[dict[str, Any]]:
        """The lines so far, of all requests that were answered; they are taken away."""
        with self._log.changed:
            assert self._log.changed.wait_for(lambda: self._log.requests >= self._sent, 10)
            assert self._log.requests == self._sent
            text = self._log.getvalue()
            self._log.seek(0)
            self._log.truncate()
        return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]

    def line(self) -> dict[str, Any]:
        """The only line so far."""
        [line] = self.lines()
        return line

    def ask(self, query: str, **headers: str) -> httpx.Response:
        return self.client.post("/graphql", json={"query": query}, headers=headers)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    log = Log()
    with redirect_stderr(log):
        app = create_app(help_desk(tmp_path_factory.mktemp("desk"), sources=MISSING_SOURCE))
    with served(app) as address:
        desk = Desk(address, log)
        yield desk
        desk.client.close()


@pytest.fixture
def desk(running: Desk) -> Desk:
    running.lines()
    return running


class TestRequestIds:
    def test_a_caller_who_sends_none_is_told_a_new_one(self, desk: Desk) -> None:
        first, second = (desk.ask(ADA).headers["x-request-id"] for _ in range(2))
        assert len(first) == 32
        assert first != second
        assert [line["request_id"] for line in desk.lines()] == [first, second]

    @pytest.mark.parametrize("given", ["0af76519-16cd-43dd-8448-eb211c80319c", "8b7f1c0a", "f" * 64])
    def test_one_that_is_well_formed_is_taken_over(self, desk: Desk, given: str) -> None:
        assert desk.ask(ADA, **{"x-request-id": given}).headers["x-request-id"] == given
        assert desk.line()["request_id"] == given

    @pytest.mark.parametrize("given", ["", "short", "f" * 65, "ada@acme.example", 'a"b{}cdefgh', "-12345678"])
    def test_one_that_is_not_well_formed_is_replaced(self, desk: Desk, given: str) -> None:
        assert desk.ask(ADA, **{"x-request-id": given}).headers["x-request-id"] != given

    def test_the_trace_of_a_caller_is_its_id_where_it_sends_no_other(self, desk: Desk) -> None:
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        parent = f"00-{trace}-00f067aa0ba902b7-01"
        assert desk.ask(ADA, traceparent=parent).headers["x-request-id"] == trace
        both = {"traceparent": parent, "x-request-id": "the-caller-s-own"}
        assert desk.ask(ADA, **both).headers["x-request-id"] == "the-caller-s-own"
        nothing = f"00-{'0' * 32}-00f067aa0ba902b7-01"
        assert desk.ask(ADA, traceparent=nothing).headers["x-request-id"] != "0" * 32

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/nowhere", "/graphiql/", "/graphql"])
    def test_every_answer_has_one(self, desk: Desk, path: str) -> None:
        assert desk.client.get(path).headers["x-request-id"] == desk.line()["request_id"]


class TestLines:
    def test_an_operation_says_what_it_was_and_what_it_cost(self, desk: Desk) -> None:
        answer = desk.ask('query Grace { customerUser(login: "grace") { fullName } }')
        line = desk.line()
        spent = line["sources"].pop("desk")
        assert spent.pop("ms") > 0
        assert spent == {"calls": 1}
        assert line.pop("duration_ms") > 0
        assert line.pop("timestamp").endswith("Z")
        assert line == {
            "event": "request",
            "level": "info",
            "request_id": answer.headers["x-request-id"],
            "method": "POST",
            "path": "graphql",
            "status": 200,
            "credential": "reader",
            "operation_type": "query",
            "operation": "Grace",
            "sources": {},
        }

    def test_what_memory_answered_is_counted(self, desk: Desk) -> None:
        desk.ask(ADA)
        desk.lines()
        desk.ask(ADA)
        line = desk.line()
        assert line["from_cache"] == 1
        assert "sources" not in line

    def test_errors_are_told_by_their_codes(self, desk: Desk) -> None:
        desk.ask('{ customerUser(login: "nobody") { login } a: customerUsers(first: -1) { totalCount } }')
        assert desk.line()["codes"] == ["BAD_USER_INPUT", "SOURCE_UNAVAILABLE"]
        desk.ask("{")
        line = desk.line()
        assert line["codes"] == ["GRAPHQL_PARSE_FAILED"]
        assert "operation_type" not in line
        desk.client.post("/graphql", json={"query": ADA}, headers={"authorization": "Bearer wrong"})
        line = desk.line()
        assert (line["credential"], line["codes"]) == ("anonymous", ["UNAUTHENTICATED"])

    def test_an_operation_without_a_name_has_none(self, desk: Desk) -> None:
        desk.ask('{ customerUser(login: "ada") { login } }')
        assert "operation" not in desk.line()

    def test_a_name_that_is_none_of_the_document_is_not_repeated(self, desk: Desk) -> None:
        desk.client.post("/graphql", json={"query": ADA, "operationName": "ada@acme.example"})
        assert "acme.example" not in json.dumps(desk.lines())

    def test_paths_are_told_by_their_kind(self, desk: Desk) -> None:
        for path in ("/livez", "/graphiql/config.json", "/people/ada", "/graphql?query=%7B__typename%7D"):
            desk.client.get(path)
        desk.client.request("PROPFIND", "/graphql")
        lines = desk.lines()
        assert [line["path"] for line in lines] == ["livez", "explorer", "other", "graphql", "graphql"]
        assert lines[-1]["method"] == "OTHER"

    async def test_operations_of_a_websocket_have_lines_of_their_own(self, tmp_path: Path) -> None:
        log = io.StringIO()
        with redirect_stderr(log):
            app = create_app(help_desk(tmp_path))
        with served(app) as address:
            url = address.replace("http", "ws") + "/graphql"
            protocol = [Subprotocol("graphql-transport-ws")]
            headers = {"authorization": f"Bearer {READER}", "x-request-id": "the-one-connection"}
            async with connect(url, subprotocols=protocol, additional_headers=headers) as socket:
                assert socket.response is not None
                assert socket.response.headers["x-request-id"] == "the-one-connection"
                await socket.send(json.dumps({"type": "connection_init"}))
                await socket.recv()
                listen = "subscription Somebody { customerUserChanged { login } }"
                for message in (
                    {"id": "1", "type": "subscribe", "payload": {"query": listen}},
                    {"type": "ping"},
                    {"id": "1", "type": "complete"},
                    {"id": "2", "type": "subscribe", "payload": {"query": "subscription { nothing }"}},
                ):
                    await socket.send(json.dumps(message))
                    if message["type"] == "ping":
                        assert json.loads(await socket.recv())["type"] == "pong"
                while json.loads(await socket.recv())["type"] != "error":
                    pass
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        first, second = [line for line in lines if line["event"] == "operation"]
        assert first["request_id"] == second["request_id"] == "the-one-connection"
        assert (first["operation"], first["credential"]) == ("Somebody", "reader")
        [line] = [line for line in lines if line["event"] == "request"]
        assert (line["method"], line["status"], line["operations"]) == ("WEBSOCKET", 101, 2)


class TestBugs:
    async def test_s16_what_nothing_has_masked_is_answered_with_a_number_that_the_log_knows(self) -> None:
        async def broken(_request: Request) -> Response:
            raise ValueError("ada@acme.example")

        log = io.StringIO()
        with redirect_stderr(log):
            configure_logs()
        routes = [Route("/graphql", broken)]
        app = Starlette(routes=routes, middleware=[Middleware(Observed, graphql="/graphql")])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
            response = await client.get("/graphql")
        assert response.status_code == 500
        [error] = response.json()["errors"]
        assert error["extensions"].keys() == {"code", "errorId"}
        bug, request = map(json.loads, log.getvalue().splitlines())
        assert bug["error_id"] == error["extensions"]["errorId"]
        assert bug["request_id"] == request["request_id"] == response.headers["x-request-id"]
        assert bug["error"] == ["ValueError"]
        assert (request["status"], request["codes"]) == (500, ["INTERNAL"])
        assert "acme.example" not in log.getvalue() + response.text

    def test_s15_what_libraries_log_is_a_line_without_their_values(self) -> None:
        log = io.StringIO()
        with redirect_stderr(log):
            configure_logs()
        error = ValueError("ada@acme.example")
        logging.getLogger("some.library").error("failed for ada@acme.example %s", "ada", exc_info=error)
        logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: ada@acme.example")
        first, second = map(json.loads, log.getvalue().splitlines())
        assert (first["library"], first["error"]) == ("some.library", ["ValueError"])
        assert second["words"] == "Task exception was never retrieved"
        assert "acme.example" not in log.getvalue()


def test_a_log_that_nobody_takes_changes_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_row: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sources, "selection_of", broken)
    with redirect_stderr(io.StringIO()) as log:
        app = create_app(help_desk(tmp_path))
    log.close()
    question = '{ customerUser(login: "ada") { fullName } sources { fields { selection { value } } } }'
    headers = {"authorization": f"Bearer {READER}"}
    with served(app) as address:
        answer = httpx.post(f"{address}/graphql", json={"query": question}, headers=headers)
    assert answer.json()["data"]["customerUser"] == {"fullName": "Ada Lovelace"}
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"INTERNAL"}
