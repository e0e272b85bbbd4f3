"""Gateways that are told to stop while they are asked: nothing is lost, and nobody notices."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from backends.sql.database import open_database
from gateway.demo.servers.ports import free_port
from tests.api.callers import EDITOR
from tests.api.listening import LISTEN, line
from tests.faults.stage import Stage
from tests.faults.test_cancelling import until

HEADERS = {"authorization": f"Bearer {EDITOR}"}
QUERY = '{ customerUsers(first: 1, search: "postgresql-1") { nodes { login } } }'
STOPPED = ("The gateway stops.", "SOURCE_UNAVAILABLE")
CHANGE = """mutation { updateCustomerUser(input: {login: "postgresql-1", firstName: "Changed"}) {
  customerUser { firstName } userErrors { code } } }"""


class Replica:
    """A gateway in a process of its own, at the same port again after a restart."""

    def __init__(self, file: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None
        self._file = file

    async def start(self) -> None:
        """Return when it is ready."""
        serve = "from gateway.cli import main; main()"
        command = [sys.executable, "-c", serve, "serve", str(self._file), "--port", str(self.port)]
        self.process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        await until(self.is_ready, 60)

    def terminate(self) -> None:
        """Tell it to stop."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Its exit code."""
        assert self.process is not None
        async with asyncio.timeout(30):
            return await self.process.wait()

    async def is_ready(self) -> bool:
        """What a load balancer finds out."""
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"{self.address}/readyz")).status_code == 200
            except httpx.TransportError:
                return False


@asynccontextmanager
async def replica(stage: Stage, folder: Path, **settings: str | float) -> AsyncIterator[Replica]:
    """One that is running, and is no more afterwards."""
    folder.mkdir(exist_ok=True)
    file = folder / "kundengraph.toml"
    file.write_text(stage.text(**settings))
    one = Replica(file)
    await one.start()
    try:
        yield one
    finally:
        if one.process is not None and one.process.returncode is None:
            one.process.kill()
            await one.process.wait()


async def test_what_is_under_way_is_finished_and_load_balancers_are_told(
    stage: Stage, tmp_path: Path
) -> None:
    stage.order = ("postgresql",)
    lock = open_database(stage.servers.postgresql.url("faults"), name="lock", timeout=60)
    async with (
        replica(stage, tmp_path, timeout=60, request_timeout=60) as one,
        httpx.AsyncClient(base_url=one.address, headers=HEADERS, timeout=60) as client,
    ):
        async with lock.transaction() as session:
            await session.execute("LOCK TABLE customer_user IN ACCESS EXCLUSIVE MODE")
            calls = [
                asyncio.create_task(client.post("/graphql", json={"query": one_})) for one_ in (QUERY, CHANGE)
            ]
            await until(lambda: waits_in(stage, 2))
            one.terminate()
            await until(lambda: not_ready(one))
        read, written = [answer.json() for answer in await asyncio.gather(*calls)]
        assert read["data"]["customerUsers"] == {"nodes": [{"login": "postgresql-1"}]}
        assert written["data"]["updateCustomerUser"] == {
            "customerUser": {"firstName": "Changed"}, "userErrors": []
        }  # fmt: skip
        assert await one.ended() == -signal.SIGTERM
    rows = await lock.fetch("SELECT first_name FROM customer_user WHERE login = 'postgresql-1'")
    assert [row[0] for row in rows] == ["Changed"]
    await lock.execute("UPDATE customer_user SET first_name = 'postgresql' WHERE login = 'postgresql-1'")
    await lock.close()


async def waits_in(stage: Stage, number: int) -> bool:
    """Whether so many statements wait for a lock."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return int(await asyncio.to_thread(stage.servers.postgresql.run_sql, sql)) >= number


async def not_ready(one: Replica) -> bool:
    """Whether a load balancer would turn away."""
    return not await one.is_ready()


async def test_two_gateways_that_restart_in_turn_fail_no_request(stage: Stage, tmp_path: Path) -> None:
    stage.order = ("sqlite",)
    query = {"query": '{ customerUser(login: "sqlite-1") { login } }'}
    answers: list[int] = []
    async with (
        replica(stage, tmp_path / "a", timeout=10) as one,
        replica(stage, tmp_path / "b", timeout=10) as other,
    ):
        taking = {one, other}
        over = asyncio.Event()

        async def balance() -> None:
            """As load balancers do: whoever is not ready gets nothing new."""
            while not over.is_set():
                for each in (one, other):
                    (taking.add if await each.is_ready() else taking.discard)(each)
                await asyncio.sleep(0.05)

        async def ask(turn: int) -> None:
            while not over.is_set():
                turn += 1
                choice = sorted(taking, key=lambda each: each.port) or [one, other]
                async with httpx.AsyncClient(headers=HEADERS, timeout=30) as client:
                    try:
                        answer = await client.post(
                            f"{choice[turn % len(choice)].address}/graphql", json=query
                        )
                    except httpx.ConnectError:
                        continue
                assert answer.json()["data"] == {"customerUser": {"login": "sqlite-1"}}
                answers.append(answer.status_code)
                await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            group.create_task(balance())
            for turn in range(4):
                group.create_task(ask(turn))
            for each in (one, other):
                before = len(answers)
                each.terminate()
                assert await each.ended() == -signal.SIGTERM
                await each.start()
                assert len(answers) > before
            over.set()
    assert set(answers) == {200}


async def test_who_listens_is_told_that_the_gateway_stops_and_nobody_is_waited_for(
    stage: Stage, tmp_path: Path
) -> None:
    stage.order = ("sqlite",)
    async with (
        replica(stage, tmp_path, timeout=10) as one,
        line(one.address) as socket,
        line(one.address) as idle,
    ):
        await socket.listen()
        stream = asyncio.create_task(events(one.address))
        await until(lambda: listeners(one, 2))
        one.terminate()

        told = (await socket.hear())["payload"]["errors"]
        assert [(each["message"], each["extensions"]["code"]) for each in told] == [STOPPED]
        assert await socket.hear() == {"id": "1", "type": "complete"}
        for each in (socket, idle):
            with pytest.raises(ConnectionClosed) as ended:
                await each.hear()
            assert ended.value.rcvd is not None
            assert ended.value.rcvd.code == 1001
        (name, text), (last, _) = await stream
        assert (name, last) == ("next", "complete")
        [error] = json.loads(text)["errors"]
        assert (error["message"], error["extensions"]["code"]) == STOPPED
        assert await one.ended() == -signal.SIGTERM


async def listeners(one: Replica, number: int) -> bool:
    """Whether so many subscriptions are under way."""
    async with httpx.AsyncClient() as client:
        figures = (await client.get(f"{one.address}/metrics")).text
    return f"kundengraph_subscriptions_open {number}.0" in figures.splitlines()


async def events(address: str) -> list[tuple[str, str]]:
    """All server-sent events of a subscription until it ends, with their data."""
    headers = {**HEADERS, "accept": "text/event-stream"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
        answer = await client.post("/graphql", json={"query": LISTEN})
    blocks = [
        dict(row.split(": ", 1) for row in block.splitlines() if ": " in row)
        for block in answer.text.split("\n\n")
    ]
    return [(block["event"], block.get("data", "")) for block in blocks if "event" in block]
