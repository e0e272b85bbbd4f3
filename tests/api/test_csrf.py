"""Browsers cannot be used against us: pages of other origins, sockets, forms; and what strangers may learn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app, schema_of
from gateway.auth import Credentials
from gateway.http import GraphQLEndpoint
from gateway.origins import is_foreign
from gateway.stack import Stack
from tests.api.serving import READER, help_desk, served

FRIEND = "https://desk.example"
QUESTION = {"query": "{ __typename }"}
FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "http://desk.example"},
    {"origin": "https://desk.example:8443"},
    {"origin": "https://desk.example.evil.example"},
    {"origin": "null"},
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"},
    {"sec-fetch-site": "same-site", "sec-fetch-dest": "script"},
]
SECURITY = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    app = create_app(help_desk(tmp_path_factory.mktemp("desk")))
    headers = {"authorization": f"Bearer {READER}"}
    with served(app) as address, httpx.Client(base_url=address, headers=headers) as client:
        yield client


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk whose schema is for known callers, where anybody may read."""
    config = help_desk(tmp_path_factory.mktemp("desk"), server="introspection = false")
    auth = config.auth.model_copy(update={"anonymous": ("reader",)})
    with served(create_app(config.model_copy(update={"auth": auth}))) as address:
        yield address


class TestOrigins:
    @pytest.mark.parametrize("headers", FOREIGN, ids=str)
    def test_s17_pages_of_foreign_origins_are_refused(
        self, client: httpx.Client, headers: dict[str, str]
    ) -> None:
        for response in (
            client.get("/graphql", params=QUESTION, headers=headers),
            client.post("/graphql", json=QUESTION, headers=headers),
        ):
            assert response.status_code == 403
            assert "data" not in response.text
            assert not [name for name in response.headers if name == "access-control-allow-origin"]

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"origin": FRIEND},
            {"origin": FRIEND, "sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "none"},
            {"sec-fetch-site": "same-origin"},
            {"origin": "https://behind.a.proxy.example", "sec-fetch-site": "same-origin"},
        ],
        ids=str,
    )
    def test_s17_programs_our_own_pages_and_those_that_are_allowed_may_ask(
        self, client: httpx.Client, headers: dict[str, str]
    ) -> None:
        assert client.get("/graphql", params=QUESTION, headers=headers).json()["data"]
        assert client.post("/graphql", json=QUESTION, headers=headers).json()["data"]

    def test_s17_our_own_page_is_known_by_its_host(self, client: httpx.Client) -> None:
        own = str(client.base_url).rstrip("/")
        assert client.post("/graphql", json=QUESTION, headers={"origin": own}).status_code == 200
        other = {"host": "kundengraph.example:443", "origin": "https://kundengraph.example"}
        assert not is_foreign(other, ())
        assert is_foreign(other | {"origin": "https://kundengraph.example:444"}, ())

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
    )
    def test_s17_what_a_form_can_send_is_refused_from_everywhere(
        self, client: httpx.Client, content_type: str
    ) -> None:
        for body in (json.dumps(QUESTION), "query={__typename}"):
            headers = {"content-type": content_type}
            assert client.post("/graphql", content=body, headers=headers).status_code == 415


class TestSockets:
    async def handshake(self, folder: Path, headers: dict[str, str], *protocols: str) -> list[dict[str, Any]]:
        """What the view answers to a socket that is opened and says nothing."""
        config = help_desk(folder)
        stack = Stack(config)
        view = GraphQLEndpoint(
            schema_of(config),
            stack.services,
            Credentials(config.auth, stack.services.users),
            timeout=1,
            origins=config.server.cors_origins,
        )
        messages = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}])
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "websocket",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": list(protocols),
        }
        await view(scope, receive, send)
        await stack.close()
        return sent

    @pytest.mark.parametrize("headers", [one for one in FOREIGN if "origin" in one], ids=str)
    async def test_s17_sockets_of_foreign_origins_are_refused(
        self, tmp_path: Path, headers: dict[str, str]
    ) -> None:
        [message] = await self.handshake(tmp_path, headers, "graphql-transport-ws")
        assert message["type"] == "websocket.close"

    @pytest.mark.parametrize("headers", [{}, {"origin": FRIEND}], ids=str)
    async def test_s17_sockets_of_those_that_are_allowed_are_opened(
        self, tmp_path: Path, headers: dict[str, str]
    ) -> None:
        message, *_ = await self.handshake(tmp_path, headers, "graphql-transport-ws")
        assert (message["type"], message["subprotocol"]) == ("websocket.accept", "graphql-transport-ws")

    async def test_s17_the_legacy_protocol_is_off(self, tmp_path: Path) -> None:
        accepted, closed = await self.handshake(tmp_path, {}, "graphql-ws")
        assert accepted["subprotocol"] is None
        assert closed["code"] == 4406


class TestHeaders:
    @pytest.mark.parametrize(
        ("method", "path", "headers", "status"),
        [
            ("GET", "/nowhere", {}, 404),
            ("DELETE", "/graphql", {}, 405),
            ("POST", "/graphql", {"content-type": "text/plain"}, 415),
            ("POST", "/graphql", {"accept": "text/html", "content-type": "application/json"}, 406),
            ("POST", "/graphql", {"content-length": "20000"}, 413),
            ("GET", "/graphql", {"origin": "https://evil.example"}, 403),
            ("GET", "/graphql", {}, 400),
            ("OPTIONS", "/graphql", {"origin": FRIEND, "access-control-request-method": "POST"}, 200),
            ("OPTIONS", "/graphql", {"origin": "null", "access-control-request-method": "POST"}, 400),
        ],
    )
    def test_s17_refusals_have_the_security_headers_too(
        self, client: httpx.Client, method: str, path: str, headers: dict[str, str], status: int
    ) -> None:
        content = b"x" * int(headers.get("content-length", 0))
        response = client.request(method, path, headers=headers, content=content)
        assert response.status_code == status
        assert {name: response.headers[name] for name in SECURITY} == SECURITY

    async def test_s17_so_has_the_last_resort(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async def broken(*_arguments: object, **_named: object) -> None:
            raise ZeroDivisionError("SECRET")

        monkeypatch.setattr(GraphQLEndpoint, "run", broken)
        transport = httpx.ASGITransport(create_app(help_desk(tmp_path)), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            response = await client.get("/graphql", params=QUESTION)
        assert response.status_code == 500
        assert "SECRET" not in response.text
        assert {name: response.headers[name] for name in SECURITY} == SECURITY

    def test_s17_the_explorer_has_a_policy_of_its_own(self, client: httpx.Client) -> None:
        for path in ("/graphiql", "/graphiql/", "/graphiql/config.json", "/graphiql/nowhere.js"):
            policy = client.get(path).headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert "frame-ancestors 'none'" in policy
            assert "http" not in policy


class TestIntrospection:
    @pytest.mark.parametrize(
        "query",
        [
            "{ __schema { queryType { name } } }",
            '{ __type(name: "Query") { name } }',
            "{ ...A } fragment A on Query { x: __schema { description } }",
        ],
    )
    def test_a19_strangers_may_not_introspect_where_it_is_off(self, closed: str, query: str) -> None:
        answer = httpx.post(f"{closed}/graphql", json={"query": query}).json()
        assert [one["extensions"]["code"] for one in answer["errors"]] == ["UNAUTHENTICATED"]
        assert "data" not in answer

    @pytest.mark.parametrize(
        ("query", "variables"),
        [
            ("{ customerUsr }", {}),
            ("{ customerUsers(frist: 1) { totalCount } }", {}),
            ("{ customerUsers(filter: { lgin: 1 }) { totalCount } }", {}),
            ("{ customerUsers(searchMode: WORD) { totalCount } }", {}),
            ("query ($a: Strin) { __typename }", {"a": 1}),
            ("{ ... on Customr { name } }", {}),
            ("{ __typename @skp }", {}),
            ("query ($m: SearchMode!) { customerUsers(searchMode: $m) { totalCount } }", {"m": "WORD"}),
            (
                "query ($f: CustomerUserFilter) { customerUsers(filter: $f) { totalCount } }",
                {"f": {"lgin": "a"}},
            ),
        ],
    )
    def test_a19_strangers_get_no_suggestions_where_it_is_off(
        self, closed: str, query: str, variables: dict[str, Any]
    ) -> None:
        answer = httpx.post(f"{closed}/graphql", json={"query": query, "variables": variables})
        assert answer.json()["errors"]
        assert "Did you mean" not in answer.text

    def test_a19_who_is_known_may_introspect(self, closed: str) -> None:
        body = {"query": "{ __schema { queryType { name } } }"}
        headers = {"authorization": f"Bearer {READER}"}
        answer = httpx.post(f"{closed}/graphql", json=body, headers=headers).json()
        assert answer["data"] == {"__schema": {"queryType": {"name": "Query"}}}

    def test_a19_where_it_is_on_everybody_may(self, client: httpx.Client) -> None:
        body = {"query": "{ __schema { queryType { name } } }"}
        assert "errors" not in client.post("/graphql", json=body, headers={"authorization": ""}).json()
        assert "Did you mean" in client.post("/graphql", json={"query": "{ customerUsr }"}).text
