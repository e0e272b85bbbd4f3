"""Three gateways over one registry and one Redis: what one writes the others know, and Redis may come and go."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli import run_command
from gateway.demo.servers import redis as redis_server
from gateway.demo.servers.redis import Redis
from tests.api.listening import line
from tests.api.serving import digest, help_desk
from tests.faults.test_cancelling import until
from tests.faults.test_stopping import Replica
from tests.servers import need

EDITOR = "key-of-an-editor"
TOML = """
[registry]
url = "sqlite:///desk.sqlite"
timeout = 20
[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
[[auth.tokens]]
name = "editor"
sha256 = "{editor}"
roles = ["editor"]
[cache]
backend = "{backend}"
url = "{redis}"
[[customers]]
key = "companies"
timeout = 20
[[sources]]
key = "desk"
timeout = 20
cache_ttl = 3600
negative_ttl = 3600
"""


class Desk:
    """Three processes, asked in turn."""

    def __init__(self, replicas: list[Replica], redis: Redis, file: Path) -> None:
        self.replicas = replicas
        self.redis = redis
        self.file = file

    async def ask(self, number: int, query: str) -> Any:
        """The data of one gateway's answer."""
        headers = {"authorization": f"Bearer {EDITOR}"}
        address = self.replicas[number].address
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
            answer = (await client.post("/graphql", json={"query": query})).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def city(self, number: int, login: str = "ada") -> str | None:
        """What a gateway tells of a customer user, out of its cache where it can."""
        found = (await self.ask(number, f'{{ found: customerUser(login: "{login}") {{ city }} }}'))["found"]
        return (found and found["city"]) or (None if found is None else "")

    async def move(self, number: int, city: str, login: str = "ada") -> None:
        """Write through one gateway."""
        given = f'login: "{login}", city: "{city}"'
        answer = await self.ask(
            number, f"mutation {{ updateCustomerUser(input: {{{given}}}) {{ userErrors {{ code }} }} }}"
        )
        assert answer["updateCustomerUser"]["userErrors"] == []

    async def is_up(self, number: int) -> bool:
        """Whether a gateway hears of the others."""
        async with httpx.AsyncClient(base_url=self.replicas[number].address, timeout=60) as client:
            return bool((await client.get("/readyz")).json()["cache"] == "OK")

    async def all_up(self) -> bool:
        return all([await self.is_up(number) for number in range(3)])

    async def all_down(self) -> bool:
        return not any([await self.is_up(number) for number in range(3)])

    def behind_their_backs(self, city: str) -> None:
        """Write as OTOBO would, which nobody is told of."""
        with closing(sqlite3.connect(self.file, timeout=20)) as connection:
            connection.execute("UPDATE customer_user SET city = ? WHERE login = 'ada'", (city,))
            connection.commit()


@pytest.fixture(params=["memory", "redis"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    """Caches of their own, or a shared one, and a channel in either case."""
    need(redis_server.available())
    help_desk(tmp_path)
    with redis_server.start_redis() as redis:
        file = tmp_path / "kundengraph.toml"
        file.write_text(TOML.format(editor=digest(EDITOR), backend=request.param, redis=redis.url))
        replicas = [Replica(file) for _ in range(3)]
        async with AsyncExitStack() as stack:
            for one in replicas:
                stack.push_async_callback(_ended, one)
                await one.start()
            found = Desk(replicas, redis, tmp_path / "desk.sqlite")
            await until(found.all_up)
            yield found


async def _ended(one: Replica) -> None:
    if one.process is not None and one.process.returncode is None:
        one.process.kill()
        await one.process.wait()


async def test_a_write_on_one_is_seen_by_the_others_and_redis_may_come_and_go(desk: Desk) -> None:
    assert [await desk.city(number) for number in range(3)] == ["", "", ""]
    desk.behind_their_backs("unseen")
    assert [await desk.city(number) for number in range(3)] == ["", "", ""]  # it is remembered
    await desk.move(0, "London")
    for number in range(3):
        await until(partial(_is, desk, number, "London"), 5)

    desk.redis.kill()
    await until(desk.all_down)
    await desk.move(1, "Paris")
    assert await desk.city(1) == "Paris"

    desk.redis.spawn()
    await until(desk.all_up, 30)
    for number in range(3):
        await until(partial(_is, desk, number, "Paris"), 5)
    await desk.move(2, "Rome")
    for number in range(3):
        await until(partial(_is, desk, number, "Rome"), 5)


async def test_r13_an_absence_is_forgotten_by_all_when_one_makes_the_customer_user(desk: Desk) -> None:
    assert [await desk.city(number, "eve") for number in range(3)] == [None, None, None]
    given = 'login: "eve", firstName: "E", lastName: "V", email: "eve@x.example", customerId: "ACME", city: "Bonn"'
    await desk.ask(0, f"mutation {{ createCustomerUser(input: {{{given}}}) {{ userErrors {{ code }} }} }}")
    assert await desk.city(0, "eve") == "Bonn"
    for number in (1, 2):
        await until(partial(_is, desk, number, "Bonn", "eve"), 5)


async def test_a_file_that_is_imported_is_told_of_like_any_other_change(desk: Desk) -> None:
    assert [await desk.city(number) for number in range(3)] == ["", "", ""]
    users = desk.file.with_name("users.csv")
    users.write_text("login,city\nada,Hanau\n")
    async with line(desk.replicas[1].address, EDITOR) as one:
        await one.listen()
        command = ["import", str(users), str(desk.file.with_name("kundengraph.toml")), "--source", "desk"]
        assert await asyncio.to_thread(run_command, command) == 0
        event = await one.event()
    assert (event["login"], event["customerUser"]["city"]) == ("ada", "Hanau")
    for number in range(3):
        await until(partial(_is, desk, number, "Hanau"), 5)


async def _is(desk: Desk, number: int, city: str, login: str = "ada") -> bool:
    return await desk.city(number, login) == city


async def test_a18_a_listener_hears_of_changes_made_through_any_gateway_and_when_word_is_lost(
    desk: Desk,
) -> None:
    async with line(desk.replicas[1].address, EDITOR) as one:
        await one.listen()
        for number, city in ((0, "Kiel"), (1, "Bern"), (2, "Graz")):
            await desk.move(number, city)
            event = await one.event()
            assert (event["login"], event["customerUser"]["city"]) == ("ada", city)
        desk.redis.kill()
        message = await one.hear()
        assert [error["extensions"]["code"] for error in message["payload"]["errors"]] == [
            "SOURCE_UNAVAILABLE"
        ]
        assert (await one.hear())["type"] == "complete"


async def test_what_could_not_be_told_is_made_good_when_redis_hangs_and_comes_back(desk: Desk) -> None:
    assert [await desk.city(number) for number in range(3)] == ["", "", ""]
    desk.redis.pause()
    try:
        await asyncio.wait_for(desk.move(0, "Oslo"), 30)
    finally:
        desk.redis.resume()
    for number in range(3):
        await until(partial(_is, desk, number, "Oslo"), 30)
