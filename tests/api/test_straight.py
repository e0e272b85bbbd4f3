"""Requests whose head came before are answered as the first one was, however their bytes come."""

from __future__ import annotations

import asyncio
import io
import random
import threading
from collections.abc import Iterator
from contextlib import closing, redirect_stderr
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway import app as application
from gateway.app import create_app
from gateway.lean import LeanEndpoint
from gateway.stopping import Stopping
from gateway.straight import Straight
from schema.operations import Operations
from tests.api.serving import EDITOR, EDITORS, MISSING_SOURCE, READER, help_desk, served
from tests.api.test_lean import BODIES, HEADERS, NEWER, ONE, timeless
from tests.api.wire import Answer, Wire, request

CALLER = {"authorization": f"Bearer {READER}"}
ADA = {"query": ONE, "variables": {"login": "ada"}}


class Ways:
    """How many requests went straight."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.straight = 0
        answer = Straight.answer

        async def counted(straight: Straight, *given: Any) -> bool:
            answered = await answer(straight, *given)
            self.straight += answered
            return answered

        monkeypatch.setattr(Straight, "answer", counted)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    return Ways(monkeypatch)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = help_desk(tmp_path_factory.mktemp("desk"), sources=EDITORS)
    with served(create_app(config)) as found:
        yield found


@pytest.fixture(scope="module")
def with_a_gap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = help_desk(tmp_path_factory.mktemp("desk"), sources=MISSING_SOURCE)
    with served(create_app(config)) as found:
        yield found


@pytest.fixture
def wire(address: str) -> Iterator[Wire]:
    with closing(Wire(address)) as found:
        yield found


def alike(answer: Answer) -> Any:
    """An answer without what is another one each time."""
    status, headers, body = answer
    rest = {name: value for name, value in headers.items() if name not in ("date", "content-length")}
    return status, rest, timeless(body.decode())


@pytest.mark.parametrize("body", [body for body in BODIES if body != "too many bytes"])
@pytest.mark.parametrize("accept", ["application/json", NEWER])
def test_the_second_answer_is_as_the_first_one(with_a_gap: str, body: str, accept: str) -> None:
    whole = request(BODIES[body], CALLER | {"accept": accept})
    with closing(Wire(with_a_gap)) as wire:
        wire.send(whole)
        first = wire.answer()
        for _ in range(2):
            wire.send(whole)
            assert alike(wire.answer()) == alike(first)


@pytest.mark.parametrize("caller", [one for one in HEADERS if "length" not in one])
def test_so_it_is_for_every_kind_of_caller(wire: Wire, caller: str) -> None:
    whole = request(ADA, HEADERS[caller])
    wire.send(whole)
    first = wire.answer()
    wire.send(whole)
    assert alike(wire.answer()) == alike(first)


def test_a_head_is_known_on_other_connections_and_with_other_bodies(address: str, ways: Ways) -> None:
    with closing(Wire(address)) as one, closing(Wire(address)) as other:
        one.send(request(ADA, CALLER | {"accept": "*/*"}))
        one.answer()
        assert ways.straight == 0
        for wire, login, found in ((other, "zoe", b"null"), (one, "ada", b"Ada"), (one, "eve", b"null")):
            wire.send(request({"query": ONE, "variables": {"login": login}}, CALLER | {"accept": "*/*"}))
            assert found in wire.answer()[2]
        assert ways.straight == 3


@pytest.mark.parametrize("seed", range(30))
def test_it_does_not_matter_how_the_bytes_of_several_requests_are_cut(address: str, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    bodies = [
        "one",
        "nobody",
        "a page",
        "a syntax error",
        "a number",
        "without its variable",
        "a subscription",
    ]
    wholes = [
        request(BODIES[draw.choice(bodies)], draw.choice([CALLER, CALLER | {"connection": "keep-alive"}, {}]))
        for _ in range(12)
    ]
    expected = []
    for whole in wholes:
        with closing(Wire(address)) as fresh:
            fresh.send(whole)
            expected.append(alike(fresh.answer()))
    stream = b"".join(wholes)
    borders = [sum(map(len, wholes[:number])) for number in range(1, 12)]
    cuts = sorted({*draw.sample(borders, 8), *draw.sample(range(1, len(stream)), draw.choice([0, 3, 20]))})
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    with closing(Wire(address)) as wire:
        wire.send(*pieces)
        assert [alike(wire.answer()) for _ in wholes] == expected


def test_a_known_head_may_come_before_its_body(wire: Wire, ways: Ways) -> None:
    whole = request(ADA, CALLER | {"accept": "application/json, */*"})
    head, _, body = whole.partition(b"\r\n\r\n")
    wire.send(whole)
    wire.answer()
    wire.send(head + b"\r\n\r\n")
    with closing(Wire(wire.address)) as other:  # what was sent before has come by the time this is answered
        other.send(whole)
        other.answer()
    wire.send(body)
    assert b"Ada" in wire.answer()[2]
    assert ways.straight == 2


def test_what_is_no_plain_request_is_never_remembered(address: str, ways: Ways) -> None:
    body = orjson.dumps(ADA)
    chunked = CALLER | {"transfer-encoding": "chunked"}
    pieces = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    start = request(b"", chunked).replace(b"content-length: 0\r\n", b"").removesuffix(b"") + pieces
    for whole in (
        start,
        request(ADA, CALLER | {"expect": "100-continue"}),
        request(ADA, HEADERS["a page of ours"]),
        request(ADA, CALLER).replace(b"POST /graphql", b"POST /graphql/"),
        request(ADA, CALLER).replace(b"POST /graphql", b"POST /livez"),
    ):
        for _ in range(2):
            with closing(Wire(address)) as wire:
                wire.send(whole)
                if b"100-continue" in whole:
                    assert wire.socket.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
                wire.answer()
    assert ways.straight == 0


def test_a_connection_that_is_to_close_closes(address: str) -> None:
    for _ in range(2):
        with closing(Wire(address)) as wire:
            wire.send(request(ADA, CALLER | {"connection": "close"}))
            assert wire.answer()[1]["connection"] == "close"
            assert wire.is_over()


def test_a_change_is_made_once_and_seen_by_the_next_request(address: str, ways: Ways) -> None:
    text = "mutation Name($login: String!, $to: String!) { updateCustomerUser(input: {login: $login, firstName: $to})"
    text += " { customerUser { firstName } userErrors { code } } }"
    headers = {"authorization": f"Bearer {EDITOR}"}
    with closing(Wire(address)) as wire:
        for name in ("Ida", "Ava", "Ada"):
            wire.send(request({"query": text, "variables": {"login": "ada", "to": name}}, headers))
            assert b"[]" in wire.answer()[2]
            wire.send(request(ADA, headers))
            assert f'"{name}"'.encode() in wire.answer()[2]
    assert ways.straight >= 3


class Endless:
    """An operation that goes on until it is given up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.given_up = threading.Event(), threading.Event()
        monkeypatch.setattr(Operations, "run", lambda *_: self.run())

    async def run(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise


def asked_before(address: str, whole: bytes) -> Wire:
    """A connection that has asked this already."""
    wire = Wire(address)
    wire.send(whole)
    wire.answer()
    return wire


def test_r10_who_leaves_gives_the_operation_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire, endless = asked_before(address, whole := request(ADA, CALLER)), Endless(monkeypatch)
    wire.send(whole)
    assert endless.begun.wait(60)
    wire.close()
    assert endless.given_up.wait(60)


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (NEWER, 504)])
def test_r6_whose_time_is_over_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: str, status: int
) -> None:
    with served(create_app(help_desk(tmp_path, server="request_timeout = 0.1"))) as address:
        wire, _ = (
            asked_before(address, whole := request(ADA, CALLER | {"accept": accept})),
            Endless(monkeypatch),
        )
        with closing(wire):
            wire.send(whole)
            found, _, body = wire.answer()
            assert (found, b"SOURCE_TIMEOUT" in body) == (status, True)


def test_the_last_answers_before_the_end_close_their_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[Stopping] = []

    class Kept(Stopping):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            ends.append(self)

    monkeypatch.setattr(application, "Stopping", Kept)
    whole = request(ADA, CALLER)
    with served(create_app(help_desk(tmp_path))) as address, closing(asked_before(address, whole)) as wire:
        ends[0].has_begun = True
        wire.send(whole)
        assert wire.answer()[1]["connection"] == "close"
        assert wire.is_over()


def test_a_bug_is_answered_by_its_number(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise ValueError("nobody is to read this")

    with closing(asked_before(address, whole := request(ADA, CALLER))) as wire:
        monkeypatch.setattr(LeanEndpoint, "reply", fails)
        wire.send(whole)
        status, headers, body = wire.answer()
        error = orjson.loads(body)["errors"][0]
        assert (status, error["extensions"]["code"]) == (500, "INTERNAL")
        assert error["extensions"]["errorId"]
        assert b"nobody is to read this" not in body
        assert headers["cache-control"] == "no-store"


def test_each_request_has_its_line_of_the_log_and_is_counted(tmp_path: Path, ways: Ways) -> None:
    log = io.StringIO()
    with redirect_stderr(log):
        app = create_app(help_desk(tmp_path))
    with served(app) as address, closing(Wire(address)) as wire:
        for number in range(3):
            wire.send(request(ADA, {"authorization": f"Bearer {READER}", "x-request-id": "again-and-again"}))
            wire.answer()
            assert number == ways.straight
        counted = httpx.get(f"{address}/metrics").text
    lines = [one for one in map(orjson.loads, log.getvalue().splitlines()) if one.get("operation") == "One"]
    assert [(one["request_id"], one["status"], one["credential"]) for one in lines] == [
        ("again-and-again", 200, "reader")
    ] * 3
    assert 'kundengraph_requests_total{code="OK",operation_type="query"} 3.0' in counted


def test_a_request_without_an_id_gets_another_one_each_time(address: str) -> None:
    whole = request(ADA, CALLER).replace(b"x-request-id: the-same-id\r\n", b"")
    with closing(asked_before(address, whole)) as wire:
        ids = set()
        for _ in range(3):
            wire.send(whole)
            ids.add(wire.answer()[1]["x-request-id"])
    assert len(ids) == 3


def test_an_idle_connection_is_closed_and_one_that_is_used_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(create_app(help_desk(tmp_path)), timeout_keep_alive=1) as address:
        whole = request(ADA, CALLER)
        with closing(asked_before(address, whole)) as wire:
            for _ in range(3):
                wire.send(whole)
                assert wire.answer()[0] == 200
            assert wire.is_over()
