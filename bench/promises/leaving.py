"""How soon a statement is gone from its store once the client has hung up, and what 10,000 who leave leave behind (R10)."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx

from backends.sql.database import open_database
from bench.promises.finding import Finding
from tests.api.callers import READER
from tests.api.scrapes import Scrape
from tests.faults.proxy import Fault
from tests.faults.stage import PROXIED, SQL, Stage, staged, started
from tests.faults.test_cancelling import RUNNING, Caller, slow_table, until
from tests.faults.test_stopping import replica

SAMPLES = 20
SOONEST = 0.2
FIRST, ABORTS, CROWD = 1_000, 10_000, 10
SETTLED = 10.0
"""Seconds after which callers' connections are closed too, and whatever is being given up is gone."""
LIST = "{ customerUsers(first: 100) { nodes { login } } }"
ENDLESS = """CREATE VIEW customer_user AS SELECT stored.* FROM stored,
  (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n) WHERE c > 0"""


@asynccontextmanager
async def slow_file(stage: Stage) -> AsyncIterator[None]:
    """Whatever reads the file's table never ends."""

    def change(*script: str) -> None:
        with closing(sqlite3.connect(stage.servers.file, timeout=20)) as connection, connection:
            for statement in script:
                connection.execute(statement)

    change("ALTER TABLE customer_user RENAME TO stored", ENDLESS)
    try:
        yield
    finally:
        change("DROP VIEW customer_user", "ALTER TABLE stored RENAME TO customer_user")


@asynccontextmanager
async def watching(stage: Stage, key: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Whether a statement of the gateway's runs: the server says so; a file that is read cannot be locked."""
    if key == "sqlite":
        with closing(sqlite3.connect(stage.servers.file, timeout=0, isolation_level=None)) as connection:

            async def is_read() -> bool:
                try:
                    connection.execute("BEGIN EXCLUSIVE")
                    connection.execute("ROLLBACK")
                except sqlite3.OperationalError:
                    return True
                return False

            yield is_read
        return
    server = stage.servers.postgresql if key == "postgresql" else stage.servers.mariadb
    database = open_database(server.url("faults"), name="watch", timeout=20)

    async def runs() -> bool:
        return bool((await database.fetch(RUNNING[key]))[0][0])

    yield runs
    await database.close()


async def gone(stage: Stage, key: str, folder: Path) -> list[float]:
    """Seconds from hanging up until the store has nothing to do."""
    times: list[float] = []
    stage.order = (key,)
    slow = slow_file(stage) if key == "sqlite" else slow_table(stage, key)
    async with (
        replica(stage, folder / key, timeout=60, request_timeout=60) as one,
        slow,
        watching(stage, key) as runs,
    ):
        for _ in range(SAMPLES):
            writer = await Caller(one.address).ask()
            await until(runs)
            writer.close()
            begun = time.perf_counter()
            while await runs():  # noqa: ASYNC110  (the store tells nobody)
                await asyncio.sleep(0.001)
            times.append(time.perf_counter() - begun)
    return times


async def left_behind(stage: Stage, folder: Path) -> Iterator[Finding]:
    """Connections and files after many aborts, beyond those after the first ones."""
    async with replica(stage, folder / "aborts", timeout=60, request_timeout=60) as one:
        headers = {"authorization": f"Bearer {READER}"}
        async with httpx.AsyncClient(base_url=one.address, headers=headers, timeout=120) as client:
            assert one.process is not None
            counts = []
            for number in (FIRST, ABORTS):
                await _abort(stage, Caller(one.address), number)
                await _rest(client)
                open_ = sum(stage.proxies[key].open for key in PROXIED)
                counts.append((open_, _files(one.process.pid)))
    (before, files_before), (after, files_after) = counts
    what = f"after {ABORTS:,} who left, beyond those before"
    return iter(
        [
            Finding("R10", f"connections to stores {what} ({before})", after - before, "", after <= before),
            Finding("R10", f"open files {what} ({files_before})", files_after - files_before, "",
                    files_after <= files_before),
        ]
    )  # fmt: skip


def _files(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


async def _abort(stage: Stage, caller: Caller, number: int) -> None:
    for key in PROXIED:
        await stage.proxies[key].set(Fault.HANG_AT_FIRST_BYTE)
    for start in range(0, number, CROWD):
        writers = await asyncio.gather(*(caller.ask(LIST, number) for number in range(CROWD)))
        await asyncio.sleep(0.01 * (start // CROWD % 7))
        for writer in writers:
            writer.close()
    for key in PROXIED:
        await stage.proxies[key].set(Fault.NONE)


async def _rest(client: httpx.AsyncClient) -> None:
    """Return when pools are full of good connections, and nothing has been under way for a while."""

    async def idle() -> bool:
        return not Scrape((await client.get("/metrics")).text).value("kundengraph_source_pool_in_use")

    await until(idle, 120)
    bodies = [
        {"query": LIST, "variables": {"number": number}} for number in range(CROWD)
    ]  # none equals another
    answers = await asyncio.gather(*(client.post("/graphql", json=body) for body in bodies))
    if any("errors" in answer.json() for answer in answers):
        raise RuntimeError("after those who left somebody is not answered")
    await until(idle, 120)
    await asyncio.sleep(SETTLED)


async def measure() -> list[Finding]:
    found = []
    with tempfile.TemporaryDirectory() as name, started(Path(name)) as servers:
        async with staged(servers) as stage:
            for key in SQL:
                times = await gone(stage, key, Path(name))
                for said, number in (("median", statistics.median(times)), ("slowest", max(times))):
                    what = f"{key}: statement gone after hanging up, {said} of {SAMPLES}"
                    found.append(Finding("R10", what, number * 1000, "ms", number < SOONEST))
        async with staged(servers) as stage:
            found += await left_behind(stage, Path(name))
    return found


def findings() -> Iterator[Finding]:
    """Every number."""
    yield from asyncio.run(measure())
