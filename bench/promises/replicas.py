"""How soon one gateway's write is seen by another that remembers the old row (R13)."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from bench.promises.finding import Finding
from gateway.demo.servers.redis import start_redis
from tests.api.serving import digest, help_desk
from tests.faults.test_cancelling import until
from tests.faults.test_replicas import EDITOR, TOML
from tests.faults.test_stopping import Replica

WRITES, GATEWAYS = 200, 3
SOONEST = 1.0
READ = '{ found: customerUser(login: "ada") { city } }'
WRITE = 'mutation {{ found: updateCustomerUser(input: {{login: "ada", city: "{city}"}}) {{ userErrors {{ code }} }} }}'


async def asked(client: httpx.AsyncClient, query: str) -> Any:
    """What stands under `found`, without errors."""
    answer = (await client.post("/graphql", json={"query": query})).json()
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"]))
    return answer["data"]["found"]


async def seen(clients: list[httpx.AsyncClient], turn: int) -> float:
    """Seconds from the answer to a write of the first gateway until the last of the others gives the new row."""
    writer, *readers = clients
    for reader in readers:
        await asked(reader, READ)
    city = f"Town {turn}"
    if (await asked(writer, WRITE.format(city=city)))["userErrors"]:
        raise RuntimeError("not written")
    begun = time.perf_counter()

    async def until_new(reader: httpx.AsyncClient) -> float:
        while (await asked(reader, READ))["city"] != city:
            pass
        return time.perf_counter() - begun

    return max(await asyncio.gather(*map(until_new, readers)))


async def measured(folder: Path, backend: str) -> list[float]:
    """Every write's time, with caches of their own or one in Redis."""
    help_desk(folder)
    file = folder / "kundengraph.toml"
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(start_redis())
        file.write_text(TOML.format(editor=digest(EDITOR), backend=backend, redis=redis.url))
        clients = []
        for _ in range(GATEWAYS):
            one = Replica(file)
            stack.push_async_callback(_ended, one)
            await one.start()
            headers = {"authorization": f"Bearer {EDITOR}"}
            client = httpx.AsyncClient(base_url=one.address, headers=headers, timeout=60)
            clients.append(await stack.enter_async_context(client))

        async def all_hear() -> bool:
            return all([(await one.get("/readyz")).json()["cache"] == "OK" for one in clients])

        await until(all_hear)
        return [await seen(clients, turn) for turn in range(WRITES)]


def findings() -> Iterator[Finding]:
    """Median, the time below which 95 of 100 stay, and the slowest."""
    for backend, said in (("memory", "caches of their own"), ("redis", "one cache")):
        with tempfile.TemporaryDirectory() as folder:
            times = sorted(asyncio.run(measured(Path(folder), backend)))
        figures = {
            "median": statistics.median(times),
            "p95": times[len(times) * 95 // 100],
            "slowest": times[-1],
        }
        for name, number in figures.items():
            what = f"a write seen by {GATEWAYS - 1} others, {said}, {name} of {len(times)}"
            yield Finding("R13", what, number * 1000, "ms", number < SOONEST)


async def _ended(one: Replica) -> None:
    if one.process is not None and one.process.returncode is None:
        one.process.kill()
        await one.process.wait()
