"""Whom a login is taken for while the first of two sources that have it is away (R1)."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.types import ASGIApp

from bench.promises.asking import ask, quiet
from bench.promises.finding import Finding
from gateway.demo.servers.postgresql import PostgreSQL
from tests.api.callers import READER
from tests.faults.proxy import Fault
from tests.faults.stage import Servers, Stage, a_person, staged, started

FIRST, SECOND = "postgresql", "mariadb"
TWINS = 1000
"""Logins that both sources have; half of them are read before."""
ASKED, CROWD = 2_500, 20
"""Look-ups in each trouble, and how many at a time."""
TROUBLES = (None, Fault.REFUSE, Fault.HANG_AT_FIRST_BYTE, Fault.FLAP)
"""None is the server killed, in the midst of look-ups."""
QUERY = "query($login: String!) { found: customerUser(login: $login) { login source { key } } }"


def fill(servers: Servers) -> None:
    """Put the same logins into both."""
    for key, server in ((FIRST, servers.postgresql), (SECOND, servers.mariadb)):
        server.run_sql(";\n".join(a_person(key, f"twin{one}") for one in range(TWINS)) + ";\n", "faults")


async def taken_for(app: ASGIApp, login: str) -> str:
    """Key of the source whose record is given, or the code of the error; empty where neither is told."""
    answer = await ask(app, READER, QUERY, login=login)
    return str(found["source"]["key"]) if (found := answer.found) else "".join(answer.codes)


async def crowded(app: ASGIApp, number: int, seed: int) -> Counter[str]:
    """Ask for logins at random, in capitals now and then, and count what came."""
    draw, came = random.Random(seed), Counter[str]()

    async def insist(times: int) -> None:
        for _ in range(times):
            login = f"twin{draw.randrange(TWINS)}"
            came[await taken_for(app, login.upper() if draw.random() < 0.2 else login)] += 1

    await asyncio.gather(*(insist(number // CROWD) for _ in range(CROWD)))
    return came


@asynccontextmanager
async def killed(server: PostgreSQL) -> AsyncIterator[None]:
    """A server that dies while it is asked, and is back afterwards."""
    dying = asyncio.get_running_loop().run_in_executor(None, server.kill)
    try:
        yield
    finally:
        await dying
        await asyncio.to_thread(server.spawn)


async def measure() -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as servers:
        fill(servers)
        async with staged(servers) as stage:
            came = await _troubled(stage)
    asked = came.total()
    gaps = came["SOURCE_UNAVAILABLE"] + came["SOURCE_TIMEOUT"]
    other = asked - gaps - came[FIRST] - came[SECOND]
    beside = f"{asked:,} look-ups, the first of two away"
    return [
        Finding("R1", f"{beside}: the second one's record", came[SECOND], "", not came[SECOND]),
        Finding("R1", f"{beside}: neither a record nor why", other, "", not other),
        Finding("R1", f"{beside}: the first one's record", came[FIRST], "", True),
        Finding("R1", f"{beside}: SOURCE_UNAVAILABLE", gaps, "", gaps > 0),
    ]


async def _troubled(stage: Stage) -> Counter[str]:
    stage.order = (FIRST, SECOND)
    app = stage.app(cache_ttl=0.5, breaker="{ failures = 3, seconds = 0.2 }")
    came = Counter[str]()
    async with app.router.lifespan_context(app):
        for one in range(TWINS // 2):
            await taken_for(app, f"twin{one}")
        for seed, fault in enumerate(TROUBLES):
            away = stage.failing(FIRST, fault) if fault else killed(stage.servers.postgresql)
            async with away:
                came += await crowded(app, ASKED, seed)
    return came


def findings() -> Iterator[Finding]:
    """Every number."""
    with quiet():
        found = asyncio.run(measure())
    yield from found
