"""`kundengraph serve`: the application under uvicorn."""

from __future__ import annotations

import gc
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.config import Config, load
from gateway.metrics import FOLDER
from gateway.stalls import ImpatientSockets
from gateway.straight import Connection

VARIABLE = "KUNDENGRAPH_CONFIG"
"""Environment variable by which several workers learn which file to read."""
GARBAGE = 50_000
"""New objects after which the youngest are looked through: a list of 1,000 makes that many."""
PATIENCE = 10
"""Seconds for requests under way when the server is told to stop."""


def run(file: Path, config: Config, host: str, port: int) -> int:
    """Serve until told to stop; the exit code."""
    workers = config.server.workers
    settings: dict[str, Any] = {
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": Connection,
        "ws": ImpatientSockets,
        "ws_max_size": config.server.max_body_bytes,
        "ws_per_message_deflate": False,  # events are short, and its buffers are not
        "lifespan": "on",
        "log_config": None,
        "access_log": False,  # it would hold queries, and so personal data
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": PATIENCE,
    }
    if workers > 1:
        os.environ[VARIABLE] = str(file.absolute())
        _say(config, file, host, port)
        with _figures():
            uvicorn.run("gateway.serving:from_environment", factory=True, workers=workers, **settings)
        return 0
    server = _Server(uvicorn.Config(_settled(create_app(config)), **settings), config, file)
    server.run()
    return 0 if server.started else 1


def from_environment() -> Starlette:
    """The application of one of several workers."""
    return _settled(create_app(load(os.environ[VARIABLE])))


def _settled(app: Starlette) -> Starlette:
    """The application, which is never looked through for garbage again; what requests leave is, but less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 50)
    return app


@contextmanager
def _figures() -> Iterator[None]:
    """A folder where workers add up what they count, unless the environment names one."""
    if os.environ.get(FOLDER):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="kundengraph-") as folder:
        os.environ[FOLDER] = folder
        yield


class _Server(uvicorn.Server):
    """Says where it is as soon as it can be reached."""

    def __init__(self, settings: uvicorn.Config, config: Config, file: Path) -> None:
        super().__init__(settings)
        self._file = file
        self._gateway = config

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.servers and self.servers[0].sockets:
            host, port, *_ = self.servers[0].sockets[0].getsockname()
            _say(self._gateway, self._file, host, port)


def _say(config: Config, file: Path, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}"
    explorer = f", explorer at {address}/graphiql" if config.server.graphiql else ""
    sys.stderr.write(f"{file.name} is served at {address}{config.server.path}{explorer}\n")
    sys.stderr.flush()
