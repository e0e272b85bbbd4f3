"""Faults on everything, one after the other and several at a time, drawn from a seed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

from gateway.demo.servers.process import Server
from tests.faults.proxy import Fault
from tests.faults.stage import Stage

FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


class Storm:
    """Lets something be wrong most of the time."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.count: Counter[str] = Counter()
        self._stage = stage
        self._chance = chance

    async def run(self, end: float) -> None:
        """Until the end."""
        async with asyncio.TaskGroup() as group:
            for key in self._stage.proxies:
                group.create_task(self._network(key, end))
            group.create_task(self._file(end))
            group.create_task(self._processes(end))

    async def clear(self) -> None:
        """Let everything be well."""
        for proxy in self._stage.proxies.values():
            await proxy.set(Fault.NONE)

    async def _network(self, key: str, end: float) -> None:
        while await self._pause(end):
            fault = self._chance.choice(FAULTS)
            self.count[fault.value] += 1
            async with self._stage.failing(key, fault):
                await asyncio.sleep(self._chance.uniform(0.1, 1.5))

    async def _file(self, end: float) -> None:
        while await self._pause(end):
            self.count["locked file"] += 1
            async with self._stage.failing("sqlite", Fault.HANG_AT_FIRST_BYTE):
                await asyncio.sleep(self._chance.uniform(0.1, 1.0))

    async def _processes(self, end: float) -> None:
        servers = self._stage.servers
        every: list[Server] = [servers.postgresql, servers.mariadb, servers.slapd, servers.redis]
        while await self._pause(end, 2.0):
            server = self._chance.choice(every)
            if self._chance.random() < 0.5:
                self.count["SIGSTOP"] += 1
                server.pause()
                await asyncio.sleep(self._chance.uniform(0.2, 1.0))
                server.resume()
            else:
                self.count["SIGKILL"] += 1
                await asyncio.to_thread(server.kill)
                await asyncio.sleep(self._chance.uniform(0.1, 0.5))
                await asyncio.to_thread(server.spawn)

    async def _pause(self, end: float, factor: float = 1.0) -> bool:
        await asyncio.sleep(self._chance.uniform(0.2, 4.0) * factor)
        return time.monotonic() < end
