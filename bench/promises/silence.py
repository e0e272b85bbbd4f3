"""What a silent source costs the others (R6, R7, R8), and starting with everything down (R3)."""

from __future__ import annotations

import asyncio
import socket
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

from backends.errors import SourceUnavailable
from backends.model import SourceKind
from backends.sql.ddl import statements
from bench.promises.finding import Finding
from gateway.config import Config, loads
from gateway.demo.servers.postgresql import PostgreSQL, start_postgresql
from gateway.stack import Stack
from resolvers import customer_users
from resolvers.context import RequestContext
from resolvers.customer_users import UserList
from resolvers.viewer import Viewer

ASKED, CROWD = 1500, 8
TIMEOUT = 0.5
TEXT = """
[registry]
url = "{registry}"

[auth]
signing_key = "{key}"

[[sources]]
key = "table"
cache_ttl = 0

[[sources]]
key = "other"
url = "{other}"
timeout = {timeout}
cache_ttl = 0
breaker = {{ failures = {failures}, seconds = 60.0 }}
"""


def configured(server: PostgreSQL, other: str, failures: int = 1_000_000) -> Config:
    """Two sources, of which the second is at `other`."""
    text = TEXT.format(
        registry=server.url("one"), other=other, key="k" * 32, timeout=TIMEOUT, failures=failures
    )
    return loads(text, Path("/promises.toml"), {})


async def by_login(stack: Stack, source: str) -> None:
    """One look-up in one source."""
    context = RequestContext(stack.services, Viewer.named("bench", ["reader"]))
    await customer_users.by_login(context, "user1", source)


async def listed(stack: Stack) -> None:
    """One page over both."""
    context = RequestContext(stack.services, Viewer.named("bench", ["reader"]))
    await customer_users.page(context, UserList(first=10))


async def crowded(config: Config) -> float:
    """The time below which 95 of 100 look-ups in the first source stay, while a crowd asks the second one."""
    stack, times = Stack(config), []

    async def insist() -> None:
        while True:
            with suppress(SourceUnavailable):
                await by_login(stack, "other")
            await asyncio.sleep(0.005)

    crowd = [asyncio.create_task(insist()) for _ in range(CROWD)]
    try:
        for turn in range(ASKED):
            begun = time.perf_counter()
            await by_login(stack, "table")
            if turn >= ASKED // 10:
                times.append(time.perf_counter() - begun)
    finally:
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        await stack.close()
    return sorted(times)[len(times) * 95 // 100]


async def median(asked: Callable[[], Awaitable[None]], turns: int) -> float:
    """Seconds of one turn, in the middle."""
    times = []
    for _ in range(turns):
        begun = time.perf_counter()
        await asked()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


async def hung(server: PostgreSQL, silent: str) -> Iterator[Finding]:
    rounds = [
        (await crowded(configured(server, server.url("two"))), await crowded(configured(server, silent)))
        for _ in range(3)
    ]
    ratio = statistics.median(worse / usual for usual, worse in rounds)
    found = [
        Finding("R8", "95 of 100 look-ups beside a hung source, to a good one", ratio, "", ratio <= 1.05)
    ]
    stack = Stack(configured(server, silent))
    took = await median(lambda: listed(stack), 5)
    await stack.close()
    found.append(
        Finding(
            "R6", "a page with a hung source, beyond its timeout", took - TIMEOUT, "s", took < TIMEOUT + 0.1
        )
    )
    return iter(found)


async def opened(server: PostgreSQL) -> Iterator[Finding]:
    good, ill = (
        Stack(configured(server, server.url("two"))),
        Stack(configured(server, "postgresql://u@127.0.0.1:1/x", 1)),
    )
    await listed(good)
    await listed(ill)
    usual, open_ = await median(lambda: listed(good), 300), await median(lambda: listed(ill), 300)
    await good.close()
    await ill.close()
    added = (open_ - usual) * 1000
    return iter([Finding("R7", "a page with an open breaker, beyond one without", added, "ms", added < 1.0)])


async def measure() -> list[Finding]:
    with start_postgresql() as server, socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        silent = f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x"
        for name in ("one", "two"):
            server.create_database(name)
            row = (
                "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id, create_time,"
                " create_by, change_time, change_by) SELECT 'user' || n, 'u' || n || '@x', 'C', 'F', 'L', 1,"
                " '2026-01-01', 1, '2026-01-01', 1 FROM generate_series(1, 1000) AS n"
            )
            server.run_sql(";\n".join([*statements(SourceKind.POSTGRESQL), row, ""]), name)
        return [*(await hung(server, silent)), *(await opened(server))]


def findings() -> Iterator[Finding]:
    """Every number."""
    yield from asyncio.run(measure())
