"""A gateway that starts while every store is away: how soon it serves, and how soon each store has joined (R3)."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.promises.finding import Finding
from gateway.demo.servers.ports import free_port
from tests.api.callers import READER
from tests.faults.proxy import Fault
from tests.faults.stage import PROXIED, TIMEOUT, Stage, staged, started

STARTS, JOINS = 5, 4
PERIOD = 1.0
BREAKER = f"{{ failures = 1, seconds = {PERIOD} }}"
SOONEST, LEAST = 2.0, 0.1
"""Seconds in which it serves, and that a question may take beside the breaker's period."""
ONE = '{{ found: customerUser(login: "everywhere", source: "{key}") {{ login }} }}'
GROUPS = "{ found: groups { name } }"


@dataclass(frozen=True, slots=True)
class Started:
    """A process that serves: seconds until it said so by /livez and by /readyz, those of a processor until then, and
    a way to ask it."""

    alive: float
    ready: float
    busy: float
    client: httpx.AsyncClient

    async def answers(self, query: str) -> bool:
        """Whether the question has an answer without errors."""
        return "errors" not in (await self.client.post("/graphql", json={"query": query})).json()


@asynccontextmanager
async def serving(file: Path) -> AsyncIterator[Started]:
    """The gateway over a file, from its process's first moment until the block's end."""
    port = free_port()
    command: list[str | Path] = [
        Path(sys.executable).with_name("kundengraph"),
        "serve",
        file,
        "--port",
        str(port),
    ]
    headers = {"authorization": f"Bearer {READER}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
        try:
            alive = await _until(client, "/livez") - begun
            ready = await _until(client, "/readyz") - begun
            yield Started(alive, ready, _busy(process.pid), client)
        finally:
            process.terminate()
            await process.wait()


def _busy(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _until(client: httpx.AsyncClient, path: str) -> float:
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get(path)).is_success:
                    return time.perf_counter()
            except httpx.TransportError:
                await asyncio.sleep(0.01)


async def starts(file: Path, stage: Stage) -> list[Finding]:
    """In turns with all stores up, away and silent, medians."""
    faults = (Fault.NONE, Fault.REFUSE, Fault.HANG_AT_CONNECT)
    alive: dict[Fault, list[float]] = {fault: [] for fault in faults}
    ready: dict[Fault, list[float]] = {fault: [] for fault in faults}
    busy: list[float] = []
    for turn in range(STARTS * len(faults)):
        fault = faults[turn % len(faults)]
        for proxy in stage.proxies.values():
            await proxy.set(fault)
        async with serving(file) as one:
            alive[fault].append(one.alive)
            ready[fault].append(one.ready)
            busy.append(one.busy)
    used = statistics.median(busy)
    found = [Finding("R3", "from start to /readyz, of one processor", used, "s", used < SOONEST)]
    for path, times in (("/livez", alive), ("/readyz", ready)):
        for fault, some in times.items():
            number = statistics.median(some)
            what = f"from start to {path}, fault of all stores: {fault.value}"
            found.append(Finding("R3", what, number, "s", number < SOONEST))
    return found


async def joined(one: Started, stage: Stage, key: str) -> float:
    """Seconds from a store's coming back until it is answered from, by callers who have asked all the time."""
    query = GROUPS if key == "registry" else ONE.format(key=key)
    for _ in range(20):
        if await one.answers(query):
            raise RuntimeError(f"{key} is not away")
        await asyncio.sleep(0.01)
    await stage.proxies[key].set(Fault.NONE)
    begun = time.perf_counter()
    while not await one.answers(query):  # noqa: ASYNC110  (nobody tells)
        await asyncio.sleep(0.01)
    return time.perf_counter() - begun


async def joins(file: Path, stage: Stage) -> Finding:
    """The slowest, each store by itself while the others are away still."""
    times = []
    for turn in range(JOINS):
        for key in ("registry", *PROXIED):
            await stage.proxies[key].set(Fault.REFUSE if turn % 2 else Fault.HANG_AT_CONNECT)
        async with serving(file) as one:
            times += [await joined(one, stage, key) for key in ("registry", *PROXIED)]
    slowest = max(times)
    what = f"until a store that is back answers, breaker of {PERIOD:g} s, of {len(times)}"
    return Finding("R3", what, slowest, "s", slowest < PERIOD + LEAST)


async def measure() -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as servers:
        async with staged(servers) as stage:
            stage.order = PROXIED
            file = Path(folder) / "kundengraph.toml"
            file.write_text(stage.text(breaker=BREAKER, timeout=TIMEOUT))
            return [*await starts(file, stage), await joins(file, stage)]


def findings() -> Iterator[Finding]:
    """Every number."""
    yield from asyncio.run(measure())
