"""Clients that hang up, over real HTTP: their statements end in the store, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from backends.sql.database import open_database
from tests.api.callers import READER
from tests.api.scrapes import Scrape
from tests.faults.proxy import Fault
from tests.faults.stage import PROXIED, Stage

ABORTS = 10_000 if os.environ.get("KUNDENGRAPH_CASES") == "10000" else 100
QUERY = '{ customerUser(login: "everywhere") { firstName } }'
RUNNING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    "mariadb": "SELECT count(*) FROM information_schema.processlist"
    " WHERE info LIKE '%customer_user%' AND id <> CONNECTION_ID()",
}


class Caller:
    """A client that asks and leaves, by a connection of its own."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.removeprefix("http://").partition(":")
        self._port = int(port)

    async def ask(self, query: str = QUERY, number: int = 0) -> asyncio.StreamWriter:
        """Send a question, which equals those of the same number alone; hanging up is closing what is returned."""
        _, writer = await asyncio.open_connection(self._host, self._port)
        body = json.dumps({"query": query, "variables": {"number": number}}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {READER}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        return writer


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Return when it holds, fail when that takes so long."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def slow_table(stage: Stage, key: str) -> AsyncIterator[None]:
    """Everything that is asked of the source's table waits."""
    if key == "postgresql":
        database = open_database(stage.servers.postgresql.url("faults"), name="lock", timeout=60)
        async with database.transaction() as session:
            await session.execute("LOCK TABLE customer_user IN ACCESS EXCLUSIVE MODE")
            yield
        await database.close()
        return
    database = open_database(stage.servers.mariadb.url("faults"), name="lock", timeout=60)
    await database.execute("RENAME TABLE customer_user TO stored")
    await database.execute(
        "CREATE VIEW customer_user AS SELECT *, SLEEP(60) AS pause FROM stored HAVING pause = 0"
    )
    try:
        yield
    finally:
        await database.execute("DROP VIEW customer_user")
        await database.execute("RENAME TABLE stored TO customer_user")
        await database.close()


@pytest.mark.parametrize("key", ["postgresql", "mariadb"])
async def test_r10_a_client_that_hangs_up_ends_its_statement_in_the_store(stage: Stage, key: str) -> None:
    stage.order = (key,)
    server = stage.servers.postgresql if key == "postgresql" else stage.servers.mariadb

    async def running() -> int:
        return int(await asyncio.to_thread(server.run_sql, RUNNING[key]))

    async def some() -> bool:
        return await running() > 0

    async def none() -> bool:
        return await running() == 0

    async with stage.served(timeout=60, request_timeout=60) as address:
        async with slow_table(stage, key):
            writer = await Caller(address).ask()
            await until(some)
            writer.close()
            await until(none)
        async with httpx.AsyncClient(base_url=address) as client:
            headers = {"authorization": f"Bearer {READER}"}
            answer = await client.post("/graphql", json={"query": QUERY}, headers=headers)
        assert answer.json()["data"] == {"customerUser": {"firstName": key}}


@pytest.mark.timeout(600)
async def test_r10_aborts_leak_no_connection_of_any_source_and_no_file(stage: Stage) -> None:
    listed = "{ customerUsers(first: 100) { nodes { login } } }"
    async with stage.served(timeout=60, request_timeout=60) as address:
        caller = Caller(address)
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:  # behind those who left
            headers = {"authorization": f"Bearer {READER}"}
            await client.post("/graphql", json={"query": listed}, headers=headers)

            def files() -> int:
                gc.collect()
                return len(list(Path("/proc/self/fd").iterdir()))

            before = files()
            for key in PROXIED:
                await stage.proxies[key].set(Fault.HANG_AT_FIRST_BYTE)
            for start in range(0, ABORTS, 10):
                each = start // 10 % 3  # every third crowd asks the same, and shares one execution
                numbers = [number * each for number in range(min(10, ABORTS - start))]
                writers = await asyncio.gather(*(caller.ask(listed, number) for number in numbers))
                await asyncio.sleep(0.002 * (start % 7))
                for writer in writers:
                    writer.close()
            for key in PROXIED:
                await stage.proxies[key].set(Fault.NONE)
            answer = await client.post("/graphql", json={"query": listed}, headers=headers)
            assert len(answer.json()["data"]["customerUsers"]["nodes"]) == 5 * 6 + 1

            async def idle() -> bool:
                counts = [stage.proxies[key].open <= 4 for key in PROXIED]
                busy = Scrape((await client.get("/metrics")).text).value("kundengraph_source_pool_in_use")
                return all(counts) and not busy and files() <= before + 3 * 4 * len(PROXIED)

            await until(idle)


@pytest.mark.parametrize("key", ["postgresql", "mariadb"])
async def test_r10_who_leaves_while_a_silent_database_is_connected_to_leaves_at_once(
    stage: Stage, key: str
) -> None:
    proxy = stage.proxies[key]
    url = (stage.servers.postgresql if key == "postgresql" else stage.servers.mariadb).url("faults")
    address = urlsplit(url)
    url = url.replace(f":{address.port}", f":{proxy.port}")
    await proxy.set(Fault.HANG_AT_FIRST_BYTE)
    database = open_database(url, name="left", timeout=60)
    try:
        for turns in range(30):
            asking = asyncio.create_task(database.fetch("SELECT 1"))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking], timeout=5)
            assert asking.cancelled(), f"after {turns} turns of the loop"
    finally:
        await proxy.set(Fault.NONE)
        proxy.cut()
        await database.close()
