"""Limits over HTTP: refusals before anything runs, the cost beside every answer, and probes of attackers' tools."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from gateway.app import create_app
from resolvers import customer_users
from tests.api.serving import READER, help_desk, served

NEWER = "application/graphql-response+json"
LOGINS = ["ada"] * 300
KEYED = "query ($l: [String!]!) { customerUsersByLogin(logins: $l) { groups { group { name } } } }"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A caller with a good key, of a desk that takes larger bodies than its limits allow."""
    config = help_desk(tmp_path_factory.mktemp("desk"))
    server = config.server.model_copy(update={"max_body_bytes": 1_000_000})
    app = create_app(config.model_copy(update={"server": server}))
    headers = {"authorization": f"Bearer {READER}", "accept": NEWER}
    with served(app) as address, httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        yield client


def post(client: httpx.Client, query: str, **variables: Any) -> httpx.Response:
    return client.post("/graphql", json={"query": query, "variables": variables})


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json().get("errors", ())]


def test_s5_the_cost_is_reported_with_the_answer(client: httpx.Client) -> None:
    answer = post(client, '{ customerUser(login: "ada") { login customer { name } } }').json()
    assert answer["extensions"] == {"cost": {"cost": 2, "limit": 20_000}}
    assert post(client, "query ($n: Int!) { customerUsers(first: $n) { totalCount } }", n=7).json()[
        "extensions"
    ] == {"cost": {"cost": 7, "limit": 20_000}}


@pytest.mark.parametrize(
    ("query", "variables", "limit", "actual"),
    [
        ("{ " + " ".join(f"a{one}: __typename" for one in range(101)) + " }", {}, 30, 101),
        ("{ " + "customerUsers { nodes { customer { " * 5 + "name" + " } } }" * 5 + " }", {}, 12, 16),
        (
            "{ customers(first: 1000) { nodes { customerUsers(first: 20) { totalCount } } } }",
            {},
            20_000,
            21_000,
        ),
        (KEYED, {"l": ["x"] * 1000}, 20_000, 21_000),
        ("{ __typename " + "@aa" * 200 + " }", {}, 100, 200),
    ],
)
def test_s5_too_much_is_refused_before_any_source_is_asked(
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    variables: dict[str, Any],
    limit: int,
    actual: int,
) -> None:
    def asked(*_arguments: object) -> None:
        raise AssertionError

    for name in ("page", "by_login", "by_logins"):
        monkeypatch.setattr(customer_users, name, asked)
    response = post(client, query, **variables)
    assert response.status_code == 400
    assert "data" not in response.json()
    extensions = response.json()["errors"][0]["extensions"]
    assert extensions == {"code": "COST_EXCEEDED", "limit": limit, "actual": actual}


def test_s5_the_limits_are_those_of_the_configuration(tmp_path: Path) -> None:
    config = help_desk(tmp_path)
    limits = config.limits.model_copy(
        update={"max_depth": 2, "max_cost": 5, "max_aliases": 1, "max_tokens": 20}
    )
    app = create_app(config.model_copy(update={"limits": limits}))
    headers = {"authorization": f"Bearer {READER}", "accept": NEWER}
    with served(app) as address, httpx.Client(base_url=address, headers=headers) as client:
        assert codes(post(client, "{ customerUsers(first: 5) { totalCount } }")) == []
        for query in (
            "{ customerUsers(first: 6) { totalCount } }",
            "{ customerUsers(first: 1) { nodes { login } } }",
            "{ a: __typename b: __typename }",
            "{ " + "__typename " * 19 + "}",
        ):
            assert codes(post(client, query)) == ["COST_EXCEEDED"]


def test_s5_what_is_refused_stays_refused_when_its_document_is_known(client: httpx.Client) -> None:
    query = "query ($n: Int!) { customers(first: $n) { nodes { customerUsers(first: 30) { totalCount } } } }"
    assert codes(post(client, query, n=2)) == []
    assert codes(post(client, query, n=1000)) == ["COST_EXCEEDED"]
    assert codes(post(client, query, n=2)) == []


class TestProbes:
    """What graphql-cop and its like try."""

    def test_s5_aliases_are_not_overloaded(self, client: httpx.Client) -> None:
        query = "query cop { " + " ".join(f"alias{one}: __typename" for one in range(101)) + " }"
        assert "data" not in post(client, query).json()

    def test_s5_queries_are_not_batched(self, client: httpx.Client) -> None:
        response = client.post("/graphql", json=[{"query": "query cop { __typename }"}] * 10)
        assert response.status_code == 400

    @pytest.mark.parametrize("directive", ["@aa", "@skip(if: false)", "@include(if: true)"])
    def test_s5_directives_are_not_overloaded(self, client: httpx.Client, directive: str) -> None:
        for times in (2, 10, 50):
            errors = post(client, f"query cop {{ __typename {directive * times} }}").json()["errors"]
            assert 0 < len(errors) <= 6

    def test_s5_fields_are_not_duplicated(self, client: httpx.Client) -> None:
        assert codes(post(client, "query cop { " + "__typename " * 500 + "}")) == ["COST_EXCEEDED"]
        nested = "{ customerUsers { nodes { " + "login " * 500 + "} } }"
        assert codes(post(client, nested)) == ["COST_EXCEEDED"]

    def test_s6_introspection_does_not_go_in_circles(self, client: httpx.Client) -> None:
        circle = "fields { type { " * 4 + "name" + " } }" * 4
        response = post(client, f"query cop {{ __schema {{ types {{ {circle} }} }} }}")
        assert codes(response) in (["GRAPHQL_VALIDATION_FAILED"], ["COST_EXCEEDED"])

    def test_introspection_of_tools_is_answered_and_costs_nothing(self, client: httpx.Client) -> None:
        answer = post(client, get_introspection_query(True, True, True, True, True)).json()
        assert "errors" not in answer
        assert answer["extensions"]["cost"]["cost"] == 0

    @pytest.mark.parametrize(
        "query",
        [
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            "{ a" * 10_000,
            "{a(b:" + "[" * 10_000,
            '{ customerUser(login: "' + "\\u0000" * 5 + '") { login } }',
            '{ customerUser(login: "\\uD800") { login } }',
            "{ customerUsers(first: " + "9" * 5000 + ") { totalCount } }",
            "{ customerUsers(first: 99999999999) { totalCount } }",
            " ".join(f"query q{one} {{ __typename }}" for one in range(1000)),
            "subscription { __typename }",
            "{ customerUsers(first: 1.0e400) { totalCount } }",
            "\u202e\ufeff{ \u2028 }",
        ],
    )
    def test_s6_hostile_documents_get_a_code_and_never_internal(
        self, client: httpx.Client, query: str
    ) -> None:
        response = post(client, query)
        assert response.status_code in (200, 400, 406)
        if response.headers["content-type"].startswith("application"):
            assert "INTERNAL" not in codes(response)

    @pytest.mark.parametrize("name", [1, "unknown", ["a"], {"a": 1}, True, ""])
    def test_s6_an_operation_name_may_be_anything(self, client: httpx.Client, name: object) -> None:
        body = {"query": "query A { __typename } query B { __typename }", "operationName": name}
        assert client.post("/graphql", json=body).status_code == 400

    def test_s6_deep_and_long_variables_do_no_harm(self, client: httpx.Client) -> None:
        for value in ("[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, "[" + "1," * 50_000 + "1]"):
            body = f'{{"query": {json.dumps(KEYED)}, "variables": {{"l": {value}}}}}'
            response = client.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert response.status_code == 400
            assert set(codes(response)) <= {"COST_EXCEEDED", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}

    @pytest.mark.parametrize(
        "directive", ["@defer", "@stream", '@defer(label: "a")', "@stream(initialCount: 1)"]
    )
    def test_nothing_is_delivered_in_parts(self, client: httpx.Client, directive: str) -> None:
        where = (
            f"... {directive} {{ login }}" if "defer" in directive else f"customers {directive} {{ name }}"
        )
        response = post(client, f'{{ customerUser(login: "ada") {{ {where} }} }}')
        assert codes(response) == ["GRAPHQL_VALIDATION_FAILED"]


class TestBodies:
    def test_s5_a_body_of_ten_megabytes_is_refused_from_its_announcement(self, client: httpx.Client) -> None:
        body = b'{"query": "{ __typename } #' + b"x" * 10_000_000 + b'"}'
        headers = {"content-type": "application/json"}
        request = client.build_request("POST", "/graphql", content=body, headers=headers)
        with suppress(httpx.WriteError, httpx.ReadError):  # closed while we still send
            assert client.send(request).status_code == 413

    @pytest.mark.parametrize("length", ["1000001", "9" * 30])
    async def test_s5_nothing_of_it_is_read(self, tmp_path: Path, length: str) -> None:
        config = help_desk(tmp_path)
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "headers": [(b"content-length", length.encode())],
            "query_string": b"",
        }
        await create_app(config)(scope, receive, send)
        assert sent[0]["status"] == 413
        assert b"nosniff" in dict(sent[0]["headers"]).values()


class TestHeads:
    """What comes before a body, from somebody who never gets to one."""

    @pytest.mark.parametrize(
        "flood",
        [
            pytest.param(b"GET /graphql HTTP/1.1\r\nx: " + b"y" * 200_000, id="a long header"),
            pytest.param(b"GET /graphql HTTP/1.1\r\n" + b"x: y\r\n" * 50_000, id="many headers"),
            pytest.param(b"GET /" + b"y" * 200_000, id="a long path"),
            pytest.param(
                b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + b"x: y\r\n" * 50_000,
                id="trailers",
            ),
        ],
    )
    def test_s5_a_flood_of_headers_is_ended(self, client: httpx.Client, flood: bytes) -> None:
        host, port = client.base_url.host, client.base_url.port or 0
        with socket.create_connection((host, port), timeout=30) as caller:
            with suppress(ConnectionError):
                caller.sendall(flood)
            answer = b""
            with suppress(ConnectionError):
                while piece := caller.recv(65536):
                    answer += piece
        assert b" 200 " not in answer

    def test_s5_large_headers_that_come_to_an_end_are_read_one_request_after_the_other(
        self, client: httpx.Client
    ) -> None:
        for _ in range(4):
            answer = client.post("/graphql", json={"query": "{ __typename }"}, headers={"x": "y" * 30_000})
            assert answer.json()["data"] == {"__typename": "Query"}
