"""`python -m tests.soak --minutes N --seed S`: ends with 0 where nothing was wrong, and prints what was seen."""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table

from gateway.demo.servers.ports import free_port
from tests.faults.stage import LDAP, SOURCES, Stage, staged, started
from tests.soak.load import Caller, Tally, shares
from tests.soak.model import Model
from tests.soak.served import PAGE
from tests.soak.weather import Storm

CALLERS = 6
POOL = 4
SETTINGS = {
    "cache": "redis",
    "cache_ttl": 0.5,
    "timeout": 0.5,
    "breaker": "{ failures = 3, seconds = 0.3 }",
    "request_timeout": 5.0,
    "pool_size": POOL,
}
Held = Mapping[str, int]


async def soak(minutes: float, seed: int) -> int:
    """The exit code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        with started(path) as servers:
            async with staged(servers) as stage, gateway(stage, path) as address:
                return await storm(stage, address, minutes, seed)


async def storm(stage: Stage, address: str, minutes: float, seed: int) -> int:
    model, tally, weather = Model(), Tally(), Storm(stage, random.Random(seed))
    end = time.monotonic() + minutes * 60
    async with httpx.AsyncClient(base_url=address, timeout=30) as eye:
        await calm(address, model, seed)
        before = await held(eye, stage)
        samples: list[Held] = []
        callers = [
            Caller(address, model, tally, random.Random(seed * 1000 + number), mine)
            for number, mine in enumerate(shares(CALLERS))
        ]
        async with asyncio.TaskGroup() as group:
            for caller in callers:
                group.create_task(caller.run(end))
            group.create_task(weather.run(end))
            group.create_task(watch(eye, stage, samples, end))
        await weather.clear()
        after = await settled(eye, stage, before)
    leaks = leaked(before, after, stage)
    growth = growth_of(samples)
    show(tally, weather, before, after, growth, leaks)
    return 1 if tally.wrong or leaks or growth > ALLOWED_GROWTH else 0


ALLOWED_GROWTH = 0.1
"""Of memory, between the second quarter of the time and the last."""


async def calm(address: str, model: Model, seed: int) -> None:
    """Some load without faults, so that pools and caches are as full as they get."""
    quiet = Tally()
    callers = [
        Caller(address, model, quiet, random.Random(seed + number), mine)
        for number, mine in enumerate(shares(CALLERS))
    ]
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.run(time.monotonic() + 3))


async def settled(eye: httpx.AsyncClient, stage: Stage, before: Held) -> Held:
    """What is held once everything is well again; leaving things behind has ten seconds."""
    for _ in range(20):
        await asyncio.sleep(0.5)
        after = await held(eye, stage)
        if after["tasks"] <= before["tasks"] + 2 and after["files"] <= before["files"] + SLACK:
            break
    return after


SLACK = 4 * POOL
"""Files more than before that are no leak: each connection to SQLite has several."""


async def watch(eye: httpx.AsyncClient, stage: Stage, samples: list[Held], end: float) -> None:
    while time.monotonic() < end:
        samples.append(await held(eye, stage))
        await asyncio.sleep(1)


async def held(eye: httpx.AsyncClient, stage: Stage) -> Held:
    """What the process holds, beside the files and tasks of pools' connections, which are counted by the proxies."""
    found: dict[str, int] = (await eye.get(PAGE)).json()
    pools = sum(proxy.open * (3 if key in LDAP else 1) for key, proxy in stage.proxies.items())
    relays = sum(proxy.open for key, proxy in stage.proxies.items() if key in LDAP)
    return found | {"files": found["files"] - pools, "tasks": found["tasks"] - 3 * relays}


def leaked(before: Held, after: Held, stage: Stage) -> list[str]:
    """What was left behind."""
    found = [
        f"{after[what] - before[what]} {what} more than before"
        for what, slack in (("tasks", 2), ("files", SLACK), ("threads", POOL))
        if after[what] > before[what] + slack
    ]
    room = {key: POOL * (2 if key == "postgresql" else 1) for key in SOURCES} | {"registry": 10, "redis": 50}
    return found + [
        f"{proxy.open} connections to {key}" for key, proxy in stage.proxies.items() if proxy.open > room[key]
    ]


def growth_of(samples: list[Held]) -> float:
    """How much memory grew from the second quarter to the last, as a share."""
    kilobytes = [one["kilobytes"] for one in samples]
    quarter = len(kilobytes) // 4
    if not quarter:
        return 0.0
    return median(kilobytes[-quarter:]) / median(kilobytes[quarter : 2 * quarter]) - 1


def show(tally: Tally, weather: Storm, before: Held, after: Held, growth: float, leaks: list[str]) -> None:
    """The table of what was seen, and what was wrong."""
    table = Table("what", "how many", title="soak")
    rows = [(f"asked: {what}", number) for what, number in sorted(tally.asked.items())]
    rows += [(f"answered: {code}", number) for code, number in sorted(tally.codes.items())]
    rows += [(f"fault: {what}", number) for what, number in sorted(weather.count.items())]
    rows += [("callers who hung up", tally.hung_up), ("records served stale", tally.stale)]
    rows += [("lists with a gap, and its report", tally.partial)]
    for what, number in rows:
        table.add_row(what, str(number))
    for what in before:
        table.add_row(f"{what} before and after", f"{before[what]} {after[what]}")
    table.add_row("growth of memory", f"{growth:+.1%}")
    table.add_row("wrong answers", str(len(tally.wrong)))
    table.add_row("leaks", str(len(leaks)))
    console = Console(width=110)
    console.print(table)
    for line in [*leaks, *tally.wrong[:20]]:
        console.print(line, markup=False)


@asynccontextmanager
async def gateway(stage: Stage, folder: Path) -> AsyncIterator[str]:
    """The gateway in a process of its own; gives its address."""
    file, port = folder / "kundengraph.toml", free_port()
    file.write_text(stage.text(**SETTINGS))
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.soak.served", str(file), str(port)]
    with (
        (folder / "gateway.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            await up(address)
            yield address
        finally:
            if process.poll() is not None:
                sys.stderr.write(f"the gateway has ended with {process.returncode}\n")
            process.terminate()
            process.wait(30)
            for line in (folder / "gateway.log").read_text().splitlines():
                if '"level":"info"' not in line and '"level": "info"' not in line:
                    sys.stderr.write(f"gateway: {line[:2000]}\n")


async def up(address: str) -> None:
    """Return when it serves."""
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=address) as client:
        while True:
            try:
                await client.get("/livez")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return asyncio.run(soak(given.minutes, given.seed))


if __name__ == "__main__":
    sys.exit(main())
