"""The short way and the long way give the same answers: status, headers and body, whatever is sent."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway import app as application
from gateway.app import create_app
from gateway.config import Config
from gateway.lean import LeanEndpoint
from gateway.stopping import Stopping
from schema.operations import Operations
from tests.api.sent import Sent
from tests.api.serving import EXPIRED, LIMITED, MISSING_SOURCE, READER, help_desk

ONE = "query One($login: String!) { customerUser(login: $login) { login firstName } }"
TWO = "query A { viewer { name } } query B { viewer { roles } }"
NEWER = "application/graphql-response+json"

BODIES: dict[str, Any] = {
    "one": {"query": ONE, "variables": {"login": "ada"}},
    "nobody": {"query": ONE, "variables": {"login": "nobody"}},
    "without its variable": {"query": ONE},
    "a variable of another type": {"query": ONE, "variables": {"login": ["ada"]}},
    "variables that are no object": {"query": ONE, "variables": ["ada"]},
    "a null for variables": {"query": "{ viewer { name } }", "variables": None},
    "a silent source": {"query": '{ customerUser(login: "zoe", onSourceError: PARTIAL) { login } }'},
    "a silent source that counts": {"query": '{ customerUser(login: "zoe") { login } }'},
    "a page": {"query": "{ customerUsers(first: 2) { nodes { login } sources { status } } }"},
    "a page that is too large": {"query": "{ customerUsers(first: 1001) { nodes { login } } }"},
    "too much": {"query": "{ customerUsers(first: 999) { nodes { customers { customerUsers { nodes { id } } } } } }"},
    "a subscription": {"query": "subscription { nothing }"},
    "one of two": {"query": TWO, "operationName": "B"},
    "neither of two": {"query": TWO, "operationName": "C"},
    "two": {"query": TWO},
    "a name that is none": {"query": TWO, "operationName": 3},
    "a syntax error": {"query": "{ viewer { "},
    "a field that is none": {"query": "{ viewer { shoeSize } }"},
    "no text": {"query": ""},
    "nothing": {},
    "a list": [{"query": ONE}],
    "a number": 3,
    "what may not be asked": {
        "query": 'mutation { createGroup(input: {name: "x"}) { userErrors { code } } }'
    },
    "a hash that is not known": {
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(b"no").hexdigest()}}
    },
    "a hash with its text": {
        "query": "{ viewer { name } }",
        "extensions": {
            "persistedQuery": {
                "version": 1,
                "sha256Hash": hashlib.sha256(b"{ viewer { name } }").hexdigest(),
            }
        },
    },
    "an id": {"documentId": "sha256:" + hashlib.sha256(b"{ viewer { name } }").hexdigest()},
    "too many bytes": {"query": "{ viewer { name } }", "variables": {"long": "x" * 10_000}},
    "introspection": {"query": "{ __schema { queryType { name } } __typename }"},
}  # fmt: skip
HEADERS: dict[str, dict[str, str]] = {
    "as usual": {"authorization": f"Bearer {READER}"},
    "the newer type": {"authorization": f"Bearer {READER}", "accept": NEWER},
    "either": {"authorization": f"Bearer {READER}", "accept": f"{NEWER};q=0.5, application/json"},
    "neither": {"authorization": f"Bearer {READER}", "accept": "text/html"},
    "nobody": {},
    "nobody, newer": {"accept": NEWER},
    "limited": {"authorization": f"Bearer {LIMITED}", "accept": NEWER},
    "expired": {"authorization": f"Bearer {EXPIRED}", "accept": NEWER},
    "another type": {"authorization": f"Bearer {READER}", "content-type": "text/plain"},
    "a charset": {"authorization": f"Bearer {READER}", "content-type": "application/json; charset=utf-8"},
    "a length that is too large": {"authorization": f"Bearer {READER}", "content-length": "10001"},
    "a length that no number is so long as": {
        "authorization": f"Bearer {READER}",
        "content-length": "9" * 30,
    },
    "a length that is none": {"authorization": f"Bearer {READER}", "content-length": "ten"},
    "a proxy": {"authorization": f"Bearer {READER}", "x-forwarded-for": "192.0.2.1, 192.0.2.2"},
    "a foreign page": {"authorization": f"Bearer {READER}", "origin": "https://evil.example"},
    "a page of ours": {"authorization": f"Bearer {READER}", "origin": "https://desk.example"},
}


@pytest.fixture(scope="module")
async def ways(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[httpx.AsyncClient]]:
    """The same desk by the short way and by the long way."""
    config = help_desk(tmp_path_factory.mktemp("desk"), sources=MISSING_SOURCE)
    clients = []
    with pytest.MonkeyPatch.context() as patch:
        for covered in (True, False):
            patch.setattr(application, "covers", lambda *_, found=covered: found)
            transport = httpx.ASGITransport(create_app(config))
            clients.append(httpx.AsyncClient(transport=transport, base_url="http://desk.example"))
    yield clients
    for client in clients:
        await client.aclose()


PAIRS = [(body, headers) for body in BODIES for headers in ("as usual", "the newer type")]
PAIRS += [("one", headers) for headers in HEADERS]


@pytest.mark.parametrize(("body", "headers"), PAIRS)
async def test_both_ways_give_the_same_answer(ways: list[httpx.AsyncClient], body: str, headers: str) -> None:
    sent = {"content-type": "application/json", "x-request-id": "the-same-id", **HEADERS[headers]}
    content = orjson.dumps(BODIES[body])
    answers = [await way.post("/graphql", content=content, headers=sent) for way in ways for _ in "12"]
    assert len({one.status_code for one in answers}) == 1
    assert len({frozenset(one.headers.items() - lengths(one)) for one in answers}) == 1
    assert len({timeless(one.text) for one in answers}) == 1, [one.text for one in answers]


def lengths(answer: httpx.Response) -> set[tuple[str, str]]:
    """The header that says how long the body is, which it must be."""
    length = answer.headers.get("content-length")
    assert length is None or int(length) == len(answer.content)
    return {("content-length", str(length))}


def timeless(text: str) -> str:
    """The text without what changes while a source is silent."""
    text = re.sub(r'"message":"gone [^"]*"', "", text)
    return re.sub(r'"status":"[A-Z_]*"|(,"retryAfterMs":\d+)?', "", text)


def apps(config: Config) -> list[Any]:
    """The short way and the long way."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for covered in (True, False):
            patch.setattr(application, "covers", lambda *_, found=covered: found)
            found.append(create_app(config))
    return found


BODY = orjson.dumps(BODIES["one"])
OURS = {"origin": "http://desk.example", "sec-fetch-site": "same-origin"}
"""What a page of the gateway's own sends, for whom the short way passes through the layers around."""


@pytest.mark.parametrize(
    ("pieces", "path"),
    [
        ([BODY], "/graphql"),
        ([BODY[:9], BODY[9:], b""], "/graphql"),
        ([b"", BODY], "/graphql"),
        ([b'{"query": "', *[b"x" * 1000] * 12, b'"}'], "/graphql"),
        ([b""], "/graphql"),
        ([BODY], "/graphql/"),
        ([BODY], "/nowhere"),
    ],
)
@pytest.mark.parametrize("origins", [True, False])
async def test_both_ways_send_the_same_headers_each_once(
    tmp_path: Path, pieces: list[bytes], path: str, origins: bool
) -> None:
    config = help_desk(tmp_path)
    if not origins:
        config = config.model_copy(update={"server": config.server.model_copy(update={"cors_origins": ()})})
    for caller in (HEADERS["as usual"], HEADERS["the newer type"], HEADERS["nobody, newer"]):
        short, long = [await Sent(*pieces, path=path, headers=caller).to(app) for app in apps(config)]
        assert short == long


async def test_the_last_answers_before_the_end_close_their_connection_on_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[Stopping] = []

    class Kept(Stopping):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            ends.append(self)

    monkeypatch.setattr(application, "Stopping", Kept)
    short, long = apps(help_desk(tmp_path))
    for closes in (False, True):
        for one in ends:
            one.has_begun = closes
        _, headers, _ = found = await Sent(BODY, headers=HEADERS["as usual"]).to(short)
        assert found == await Sent(BODY, headers=HEADERS["as usual"]).to(long)
        assert ((b"connection", b"close") in headers) == closes


class Endless:
    """An operation that goes on until it is given up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.given_up = asyncio.Event(), 0
        monkeypatch.setattr(Operations, "run", lambda *_: self.run())

    async def run(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise


@pytest.mark.parametrize("accept", ["application/json", NEWER])
async def test_r6_whose_time_is_over_is_told_the_same_past_the_layers_and_through_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    config = help_desk(tmp_path, server="request_timeout = 0.1")
    caller, endless = HEADERS["as usual"] | {"accept": accept}, Endless(monkeypatch)
    app = create_app(config)
    past = await Sent(BODY, headers=caller).to(app)
    assert past == await Sent(BODY, headers=caller | OURS).to(app)
    assert b"SOURCE_TIMEOUT" in past[2]
    assert past[0] == (200 if accept == "application/json" else 504)
    assert endless.given_up == 2


@pytest.mark.parametrize("more", [{}, OURS])
async def test_r10_who_leaves_gives_the_operation_up_and_is_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: Mapping[str, str]
) -> None:
    endless, sent = Endless(monkeypatch), Sent(BODY, headers=HEADERS["as usual"] | dict(more))
    request = asyncio.create_task(sent.to(create_app(help_desk(tmp_path))))
    await endless.begun.wait()
    sent.left.set()
    assert await request is None
    assert endless.given_up == 1


@pytest.mark.parametrize("more", [{}, OURS])
async def test_a_request_that_the_server_itself_gives_up_is_not_taken_for_one_whose_client_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: Mapping[str, str]
) -> None:
    endless, sent = Endless(monkeypatch), Sent(BODY, headers=HEADERS["as usual"] | dict(more))
    request = asyncio.create_task(sent.to(create_app(help_desk(tmp_path))))
    await endless.begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert (endless.given_up, sent.answer) == (1, [])


async def test_r10_who_leaves_before_the_end_of_the_body_has_asked_for_nothing_past_the_layers_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless, sent = Endless(monkeypatch), Sent(headers=HEADERS["as usual"])
    sent.left.set()
    assert await sent.to(create_app(help_desk(tmp_path))) is None
    assert not endless.begun.is_set()


async def test_what_is_ready_is_not_sent_the_long_way(
    ways: list[httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str | None] = []
    run = Operations.run

    async def noted(self: Operations, ready: Any, *arguments: Any) -> Any:
        runs.append(ready.name)
        return await run(self, ready, *arguments)

    monkeypatch.setattr(Operations, "run", noted)
    headers = {"content-type": "application/json", **HEADERS["as usual"]}
    for way in ways:
        await way.post("/graphql", content=orjson.dumps(BODIES["one of two"]), headers=headers)
    assert runs == ["B"]


async def test_a_body_that_comes_in_pieces_is_read_whole_on_either_way() -> None:
    seen: list[bytes] = []

    async def endpoint(_scope: Any, receive: Any, _send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            seen.append(message["body"])
            if not message.get("more_body"):
                return

    pieces = iter(
        [
            {"type": "http.request", "body": b'{"query": ', "more_body": True},
            {"type": "http.request", "body": b'"{ nonsense"}', "more_body": False},
        ]
    )

    async def receive() -> Any:
        return next(pieces)

    operations = type("None ready", (), {"ready": lambda *_: None})()
    documents = type("Documents", (), {"required": False})()
    lean = LeanEndpoint(endpoint, operations, documents, 1)  # type: ignore[arg-type]
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    await lean(scope, receive, receive)  # type: ignore[arg-type]
    assert b"".join(seen) == b'{"query": "{ nonsense"}'


async def test_r10_who_leaves_before_the_end_of_the_body_has_asked_for_nothing() -> None:
    """Not even for the mutation that what has come would be."""
    pieces = iter(
        [
            {"type": "http.request", "body": b'{"query": "{ __typename }"}', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    asked: list[Any] = []

    async def receive() -> Any:
        return next(pieces)

    async def answer(*message: Any) -> None:
        asked.append(message)

    operations = type("Everything ready", (), {"ready": lambda *_: asked.append("ready")})()
    documents = type("Documents", (), {"required": False})()
    lean = LeanEndpoint(answer, operations, documents, 1)  # type: ignore[arg-type]
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    await lean(scope, receive, answer)
    assert asked == []
