"""Equal requests of one moment are executed once (R11), and never across a write, a caller or a moment (R13)."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import together
from gateway.app import create_app
from schema.operations import Operations
from tests.api.sent import Sent
from tests.api.serving import EDITOR, EDITORS, LIMITED, READER, help_desk

PAGE = orjson.dumps({"query": "{ customerUsers(first: 5) { nodes { login firstName } } }"})
CHANGE = orjson.dumps(
    {
        "query": 'mutation { updateCustomerUser(input: {login: "ada", firstName: "Augusta"}) '
        "{ customerUser { firstName } userErrors { code } } }"
    }
)


class Held:
    """Operations begin when they are asked, and end when they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = 0
        self.given_up = 0
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.hold = True
        run: Callable[..., Awaitable[Any]] = Operations.run

        async def held(operations: Operations, *arguments: Any) -> Any:
            self.runs += 1
            found = await run(operations, *arguments)
            if self.hold:
                self.begun.set()
                try:
                    await self.let_go.wait()
                except asyncio.CancelledError:
                    self.given_up += 1
                    raise
            return found

        monkeypatch.setattr(Operations, "run", held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    monkeypatch.setattr(together, "NEARLY", 60.0)
    return Held(monkeypatch)


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def app(tmp_path: Path, log: io.StringIO) -> AsyncIterator[Any]:
    with redirect_stderr(log):
        app = create_app(help_desk(tmp_path, sources=EDITORS))
    async with app.router.lifespan_context(app):
        yield app


def asked(app: Any, body: bytes = PAGE, key: str = READER) -> tuple[Sent, asyncio.Task[Any]]:
    sent = Sent(body, headers={"authorization": f"Bearer {key}"})
    return sent, asyncio.create_task(sent.to(app))


def first_names(answer: Any) -> list[str]:
    return [node["firstName"] for node in orjson.loads(answer[2])["data"]["customerUsers"]["nodes"]]


async def test_r11_equal_requests_of_one_moment_are_executed_once_and_all_are_answered(
    app: Any, held: Held, log: io.StringIO
) -> None:
    requests = [asked(app)[1] for _ in range(50)]
    await held.begun.wait()
    held.let_go.set()
    answers = await asyncio.gather(*requests)
    assert held.runs == 1
    assert all(answer == answers[0] for answer in answers)
    assert first_names(answers[0]) == ["Ada", "Grace"]
    lines = [orjson.loads(line) for line in log.getvalue().splitlines()]
    assert sum(line.get("shared", False) for line in lines) == 49
    assert {(line["status"], line["operation_type"], line["credential"]) for line in lines} == {
        (200, "query", "reader")
    }


@pytest.mark.parametrize(
    "other",
    [
        {"key": LIMITED},
        {"body": orjson.dumps({"query": "{ customerUsers(first: 1) { nodes { login firstName } } }"})},
    ],
)
async def test_another_caller_or_question_is_answered_by_itself(app: Any, held: Held, other: Any) -> None:
    requests = [asked(app)[1], asked(app, **other)[1]]
    held.let_go.set()
    await asyncio.gather(*requests)
    assert held.runs == 2


async def test_r13_nobody_is_answered_by_what_was_begun_before_a_write(app: Any, held: Held) -> None:
    _, before = asked(app)
    await held.begun.wait()
    held.hold = False
    _, change = asked(app, CHANGE, EDITOR)
    assert b"Augusta" in (await change)[2]
    _, after = asked(app)
    assert first_names(await after) == ["Augusta", "Grace"]
    held.let_go.set()
    assert first_names(await before) == ["Ada", "Grace"]


async def test_writes_are_never_shared(app: Any, held: Held) -> None:
    held.hold = False
    changes = [asked(app, CHANGE, EDITOR)[1] for _ in range(3)]
    await asyncio.gather(*changes)
    assert held.runs == 3


async def test_what_was_begun_more_than_a_moment_ago_answers_nobody_else(
    app: Any, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "NEARLY", 0.0)
    requests = [asked(app)[1] for _ in range(3)]
    held.let_go.set()
    await asyncio.gather(*requests)
    assert held.runs == 3


async def test_r11_who_leaves_takes_nobody_elses_answer_away(app: Any, held: Held) -> None:
    sent, first = asked(app)
    _, second = asked(app)
    await held.begun.wait()
    sent.left.set()
    await has_heard(sent)
    held.let_go.set()
    assert first_names(await second) == ["Ada", "Grace"]
    assert await first is None
    assert (held.runs, held.given_up) == (1, 0)


async def test_r10_when_all_have_left_the_operation_is_given_up(app: Any, held: Held) -> None:
    requests = [asked(app) for _ in range(3)]
    await held.begun.wait()
    for sent, _ in requests:
        sent.left.set()
    assert await asyncio.gather(*(task for _, task in requests)) == [None] * 3
    assert (held.runs, held.given_up) == (1, 1)


async def test_r11_where_the_executed_one_is_given_up_by_the_server_the_others_are_answered_all_the_same(
    app: Any, held: Held
) -> None:
    _, first = asked(app)
    _, second = asked(app)
    await held.begun.wait()
    held.let_go.set()
    first.cancel()
    assert first_names(await second) == ["Ada", "Grace"]
    assert held.runs == 2


async def has_heard(sent: Sent) -> None:
    """Until the gateway has heard that the client of `sent` left."""
    while not sent.is_heard:
        await asyncio.sleep(0.01)
