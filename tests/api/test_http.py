"""GraphQL over HTTP with a real server and real sources: media types, methods, credentials, errors, headers."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, redirect_stderr
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.config import Config
from resolvers import sources
from tests.api.callers import CODES
from tests.api.serving import EXPIRED, LIMITED, MISSING_SOURCE, READER, help_desk, served
from tests.web.packages import WEB, need_node

NEWER = "application/graphql-response+json"
PLAIN = "application/json"
ADA = '{ customerUser(login: "ada") { fullName } }'


def cost(number: int) -> dict[str, Any]:
    """What every answer to a document that could be parsed says of its cost."""
    return {"cost": {"cost": number, "limit": 20_000}}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return help_desk(tmp_path_factory.mktemp("desk"), sources=MISSING_SOURCE)


@pytest.fixture(scope="module")
def address(config: Config) -> Iterator[str]:
    with served(create_app(config)) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """A caller with a good key."""
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {READER}"}) as client:
        yield client


@pytest.fixture
def stranger(address: str) -> Iterator[httpx.Client]:
    """A caller without a key."""
    with httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def fresh(config: Config) -> Iterator[httpx.Client]:
    """A caller of a server that has just started, whose sources have not failed yet."""
    headers = {"authorization": f"Bearer {READER}"}
    with served(create_app(config)) as address, httpx.Client(base_url=address, headers=headers) as client:
        yield client


def post(client: httpx.Client, query: str, accept: str = NEWER, **variables: Any) -> httpx.Response:
    body = {"query": query, "variables": variables}
    return client.post("/graphql", json=body, headers={"accept": accept})


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json().get("errors", ())]


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("accept", "answered"),
        [
            (NEWER, NEWER),
            (PLAIN, f"{PLAIN}; charset=utf-8"),
            ("*/*", f"{PLAIN}; charset=utf-8"),
            ("application/*", f"{PLAIN}; charset=utf-8"),
            (f"{NEWER}, {PLAIN};q=0.9", NEWER),
            (f"{NEWER};q=0.1, {PLAIN}", f"{PLAIN}; charset=utf-8"),
            (f"text/html, {NEWER};charset=utf-8", NEWER),
        ],
    )
    def test_the_answer_has_the_media_type_that_the_caller_likes_best(
        self, client: httpx.Client, accept: str, answered: str
    ) -> None:
        response = post(client, ADA, accept)
        assert response.status_code == 200
        assert response.headers["content-type"] == answered
        assert "Accept" in response.headers["vary"]
        assert response.json() == {
            "data": {"customerUser": {"fullName": "Ada Lovelace"}},
            "extensions": cost(1),
        }

    @pytest.mark.parametrize(
        "accept", ["text/html", "image/*", f"{PLAIN};q=0", "text/html, text/plain;q=0.5"]
    )
    def test_a_media_type_that_is_not_spoken_is_refused(self, client: httpx.Client, accept: str) -> None:
        assert post(client, ADA, accept).status_code == 406

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"],
    )
    def test_s17_what_a_form_of_another_page_can_send_is_refused(
        self, client: httpx.Client, content_type: str
    ) -> None:
        body = json.dumps({"query": ADA})
        response = client.post("/graphql", content=body, headers={"content-type": content_type})
        assert response.status_code == 415

    def test_a_body_without_media_type_is_refused(self, client: httpx.Client) -> None:
        assert client.post("/graphql", content=json.dumps({"query": ADA})).status_code == 415

    def test_the_charset_of_a_body_may_be_named(self, client: httpx.Client) -> None:
        headers = {"content-type": "application/json; charset=utf-8"}
        assert client.post("/graphql", content=json.dumps({"query": ADA}), headers=headers).status_code == 200


class TestMethods:
    def test_a_query_may_be_sent_by_get(self, client: httpx.Client) -> None:
        assert client.get("/graphql", params={"query": ADA}).json()["data"]["customerUser"] is not None

    @pytest.mark.parametrize("accept", ["*/*", PLAIN, NEWER])
    def test_a_get_without_a_query_is_a_bad_request(self, client: httpx.Client, accept: str) -> None:
        assert client.get("/graphql", headers={"accept": accept}).status_code == 400

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_other_methods_are_refused_with_what_is_allowed(self, client: httpx.Client, method: str) -> None:
        response = client.request(method, "/graphql", json={"query": ADA})
        assert response.status_code == 405
        assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))

    @pytest.mark.parametrize(
        "query", ["mutation { __typename }", "mutation M { a: __typename } query Q { __typename }"]
    )
    def test_s17_a_mutation_by_get_is_refused(self, client: httpx.Client, query: str) -> None:
        response = client.get(
            "/graphql", params={"query": query, "operationName": "M"} if "Q" in query else {"query": query}
        )
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{",
            "null",
            "1",
            '"text"',
            "[]",
            '{"query": 1}',
            '{"query": "{ __typename }", "variables": 1}',
            "{}",
        ],
    )
    def test_what_is_no_request_is_a_bad_one(self, client: httpx.Client, body: str) -> None:
        response = client.post("/graphql", content=body, headers={"content-type": PLAIN})
        assert response.status_code == 400

    def test_s5_a_list_of_requests_is_refused(self, client: httpx.Client) -> None:
        assert client.post("/graphql", json=[{"query": ADA}, {"query": ADA}]).status_code == 400

    def test_s5_a_body_that_announces_too_much_is_refused(self, client: httpx.Client) -> None:
        assert post(client, f"{{ __typename }} # {'x' * 10_000}").status_code == 413

    def test_s5_a_body_that_comes_to_too_much_is_refused(self, client: httpx.Client) -> None:
        def chunks() -> Iterator[bytes]:
            yield b'{"query": "{ __typename } #'
            for _ in range(20):
                yield b"x" * 1000
            yield b'"}'

        response = client.post("/graphql", content=chunks(), headers={"content-type": PLAIN})
        assert response.status_code == 413

    def test_a_body_within_the_limit_is_answered(self, client: httpx.Client) -> None:
        assert post(client, f"{{ __typename }} # {'x' * 9000}").status_code == 200


class TestCredentials:
    @pytest.mark.parametrize(
        "authorization",
        [None, "Bearer nobody's", "Bearer", f"Basic {READER}", READER, f"Bearer {EXPIRED}"],
    )
    def test_a_caller_who_is_not_known_is_asked_to_be(
        self, stranger: httpx.Client, authorization: str | None
    ) -> None:
        headers = {"accept": NEWER} | ({"authorization": authorization} if authorization else {})
        response = stranger.post("/graphql", json={"query": ADA}, headers=headers)
        assert codes(response) == ["UNAUTHENTICATED"]
        assert "data" not in response.json()
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"

    def test_the_older_media_type_says_so_with_200(self, stranger: httpx.Client) -> None:
        response = post(stranger, ADA, PLAIN)
        assert response.status_code == 200
        assert codes(response) == ["UNAUTHENTICATED"]

    def test_one_good_field_does_not_open_the_others(self, stranger: httpx.Client) -> None:
        response = post(
            stranger, "{ __typename ...on Query { ...a } } fragment a on Query { sources { key } }"
        )
        assert codes(response) == ["UNAUTHENTICATED"]

    def test_a_known_caller_learns_its_name(self, client: httpx.Client) -> None:
        answer = post(client, "{ viewer { name roles customerUser { login } } }").json()
        assert answer == {
            "data": {"viewer": {"name": "reader", "roles": ["reader"], "customerUser": None}},
            "extensions": cost(2),
        }

    def test_s13_a_key_sees_the_customers_that_it_is_limited_to(self, stranger: httpx.Client) -> None:
        stranger.headers["authorization"] = f"Bearer {LIMITED}"
        query = '{ ada: customerUser(login: "ada") { customerId } eve: customerUser(login: "eve") { login } }'
        assert post(stranger, query).json()["data"] == {"ada": {"customerId": "ACME"}, "eve": None}

    def test_s13_a_reader_changes_nothing(self, client: httpx.Client) -> None:
        change = 'mutation { createGroup(input: { name: "Sales" }) { group { name } userErrors { code } } }'
        response = post(client, change)
        assert codes(response) == ["FORBIDDEN"]
        assert "data" not in response.json()
        assert response.status_code == 403

    def test_introspection_can_be_left_to_known_callers(self, tmp_path: Path) -> None:
        app = create_app(help_desk(tmp_path, server="introspection = false"))
        question = "{ __schema { queryType { name } } }"
        with served(app) as address, httpx.Client(base_url=address) as client:
            assert codes(post(client, question)) == ["UNAUTHENTICATED"]
            assert "Did you mean" not in post(client, "{ sourcs { key } }").text
            client.headers["authorization"] = f"Bearer {READER}"
            assert post(client, question).json() == {
                "data": {"__schema": {"queryType": {"name": "Query"}}},
                "extensions": cost(0),
            }


class TestErrors:
    @pytest.mark.parametrize(
        ("query", "code", "status"),
        [
            ("{", "GRAPHQL_PARSE_FAILED", 400),
            ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED", 400),
            ("query A { __typename } query B { __typename }", "GRAPHQL_VALIDATION_FAILED", 400),
            (
                "query ($login: String!) { customerUser(login: $login) { login } }",
                "GRAPHQL_VALIDATION_FAILED",
                400,
            ),
            (f"{{ {' '.join('a' for _ in range(2001))} }}", "COST_EXCEEDED", 400),
        ],
    )
    def test_a10_a_request_that_cannot_be_executed_has_no_data(
        self, client: httpx.Client, query: str, code: str, status: int
    ) -> None:
        response = post(client, query)
        assert codes(response) == [code]
        assert "data" not in response.json()
        assert response.status_code == status

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("{ customerUsers(first: 1001) { nodes { login } } }", "BAD_USER_INPUT"),
            ('{ customerUsers(after: "nonsense") { nodes { login } } }', "CURSOR_INVALID"),
            ('{ customerUser(login: "ada", source: "nowhere") { login } }', "BAD_USER_INPUT"),
            (
                '{ customerUsers(filter: { fields: [{ name: "colour", values: ["red"] }] }) { totalCount } }',
                "BAD_USER_INPUT",
            ),
            ('{ customerUser(login: "nobody") { login } }', "SOURCE_UNAVAILABLE"),
            ("{ customerUsers(onSourceError: FAIL) { nodes { login } } }", "SOURCE_UNAVAILABLE"),
        ],
    )
    def test_a10_an_error_of_a_field_stands_at_its_path(
        self, client: httpx.Client, query: str, code: str
    ) -> None:
        response = post(client, query)
        [error] = response.json()["errors"]
        assert error["extensions"]["code"] == code
        assert error["path"] == list(response.json()["data"])
        assert list(response.json()["data"].values()) == [None]
        assert response.status_code == 200

    def test_a10_a_silent_source_is_named_with_when_to_come_back(self, client: httpx.Client) -> None:
        [error] = post(client, '{\n  customerUser(login: "nobody") { login }\n}').json()["errors"]
        assert error["locations"] == [{"line": 2, "column": 3}]
        assert error["extensions"]["source"] == "gone"
        assert error["extensions"]["retryAfterMs"] > 0

    def test_r4_a_list_reports_the_source_that_is_silent(self, fresh: httpx.Client) -> None:
        question = "{ nodes { login } totalCount totalCountPrecision sources { source { key } status } }"
        assert post(fresh, f"{{ customerUsers {question} }}").json() == {
            "data": {
                "customerUsers": {
                    "nodes": [{"login": "ada"}, {"login": "grace"}],
                    "totalCount": 2,
                    "totalCountPrecision": "AT_LEAST",
                    "sources": [
                        {"source": {"key": "desk"}, "status": "OK"},
                        {"source": {"key": "gone"}, "status": "UNAVAILABLE"},
                    ],
                }
            },
            "extensions": cost(120),
        }

    def test_s16_a_bug_is_masked_and_can_be_found_in_the_log(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_row: object) -> None:
            raise ZeroDivisionError("SELECT pw FROM customer_user AT 10.1.2.3 SECRET")

        monkeypatch.setattr(sources, "selection_of", broken)
        with redirect_stderr(io.StringIO()) as log:
            app = create_app(help_desk(tmp_path))
        question = '{ customerUser(login: "ada") { fullName } sources { fields { selection { value } } } }'
        headers = {"authorization": f"Bearer {READER}"}
        with served(app) as address, httpx.Client(base_url=address, headers=headers) as client:
            response = post(client, question)

        errors = response.json()["errors"]
        assert {error["extensions"]["code"] for error in errors} == {"INTERNAL"}
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        for error in errors:
            [line] = [line for line in lines if line.get("error_id") == error["extensions"]["errorId"]]
            assert line["error"] == ["ZeroDivisionError"]
            assert any(place.endswith("broken") for place in line["places"])
        for secret in ("SELECT", "SECRET", "10.1.2.3", "customer_user", "ZeroDivision", "Traceback"):
            assert secret not in response.text
        for secret in ("SELECT", "SECRET", "10.1.2.3", READER, "ada"):
            assert not re.search(rf"\b{re.escape(secret)}\b", log.getvalue())  # ids have such letters, too

    def test_a_value_that_does_not_fit_its_type_is_our_fault_and_is_not_repeated(
        self, tmp_path: Path
    ) -> None:
        rows = '[[sources.fields]]\nvariable = "UserBadge"\ncolumn = "phone"\ntype = "int"\n'
        config = help_desk(tmp_path, sources=rows)
        with closing(sqlite3.connect(tmp_path / "desk.sqlite")) as connection, connection:
            connection.execute("UPDATE customer_user SET phone = '99999999999'")
        headers = {"authorization": f"Bearer {READER}"}
        with served(create_app(config)) as address, httpx.Client(base_url=address, headers=headers) as client:
            response = post(client, '{ customerUser(login: "ada") { badge } }')
        assert codes(response) == ["INTERNAL"]
        assert "99999999999" not in response.text

    def test_r6_a_request_that_takes_too_long_is_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def endless(*_arguments: object) -> object:
            return await asyncio.Event().wait()

        monkeypatch.setattr("resolvers.customer_users.by_login", endless)
        app = create_app(help_desk(tmp_path, server="request_timeout = 0.1"))
        with served(app) as address, httpx.Client(base_url=address) as client:
            client.headers["authorization"] = f"Bearer {READER}"
            response = post(client, ADA)
        assert codes(response) == ["SOURCE_TIMEOUT"]
        assert response.status_code == 504


class TestBrowsers:
    @pytest.mark.parametrize("path", ["/graphql", "/livez", "/readyz", "/nowhere", "/graphiql/"])
    def test_every_answer_has_the_security_headers(self, client: httpx.Client, path: str) -> None:
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"

    def test_answers_are_not_kept_by_anyone(self, client: httpx.Client) -> None:
        assert post(client, ADA).headers["cache-control"] == "no-store"

    def test_s17_the_configured_origin_may_read_answers_and_no_other(self, client: httpx.Client) -> None:
        def allowed(origin: str) -> list[str]:
            found = client.get("/graphql", params={"query": ADA}, headers={"origin": origin}).headers
            return found.get_list("access-control-allow-origin")

        assert allowed("https://desk.example") == ["https://desk.example"]
        for origin in (
            "https://evil.example",
            "https://desk.example.evil.example",
            "http://desk.example",
            "null",
        ):
            assert allowed(origin) == []

    def test_s17_a_browser_is_told_before_it_sends(self, client: httpx.Client) -> None:
        def asked(origin: str) -> httpx.Response:
            headers = {
                "origin": origin,
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization, content-type",
            }
            return client.options("/graphql", headers=headers)

        assert asked("https://desk.example").status_code == 200
        assert asked("https://evil.example").status_code == 400

    def test_without_configured_origins_nothing_is_said_of_them(self, tmp_path: Path) -> None:
        config = help_desk(tmp_path)
        plain = config.model_copy(update={"server": config.server.model_copy(update={"cors_origins": ()})})
        with served(create_app(plain)) as address:
            response = httpx.get(f"{address}/livez", headers={"origin": "https://desk.example"})
        assert not [name for name in response.headers if name.startswith("access-control")]

    def test_the_explorer_is_served_and_knows_where_to_ask(self, stranger: httpx.Client) -> None:
        assert stranger.get("/graphiql").headers["location"] == "graphiql/"
        page = stranger.get("/graphiql/")
        assert page.headers["content-type"].startswith("text/html")
        assert stranger.get("/graphiql/config.json").json()["path"] == "/graphql"

    def test_the_explorer_can_be_left_out(self, tmp_path: Path) -> None:
        with served(create_app(help_desk(tmp_path, server="graphiql = false"))) as address:
            assert httpx.get(f"{address}/graphiql/").status_code == 404


@pytest.mark.timeout(600)
def test_a16_all_audits_of_graphql_over_http_are_passed(address: str) -> None:
    need_node()
    result = subprocess.run(
        ["node", "audits.mjs", f"{address}/graphql", READER],
        cwd=WEB,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert result.stdout == "61 of 61 audits ok\n", result.stdout + result.stderr


def test_no_answer_of_this_file_has_a_code_outside_the_list(
    client: httpx.Client, stranger: httpx.Client
) -> None:
    questions = [
        "{",
        "{ a }",
        ADA,
        "{ customerUsers(first: -1) { totalCount } }",
        "query ($a: Int!) { nodes(ids: [$a]) { id } }",
    ]
    found = {
        code for one in (client, stranger) for question in questions for code in codes(post(one, question))
    }
    assert found <= CODES
