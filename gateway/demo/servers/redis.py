"""A private Redis, from Debian's binaries."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.demo.servers.ports import HOST, free_port
from gateway.demo.servers.process import Server, missing, private_directory, required, started


def available() -> str | None:
    """None when Redis can be started here, else the reason in one line."""
    return missing("redis-server", "redis-server")


def start_redis() -> "Redis":
    """A running server that holds nothing."""
    if reason := available():
        raise RuntimeError(reason)
    return started(Redis(directory=private_directory("redis"), port=free_port()))


@dataclass(kw_only=True)
class Redis(Server):
    """A private cache in memory alone: after `kill` and `spawn` it comes back empty."""

    @property
    def url(self) -> str:
        """Where clients reach the server."""
        return f"redis://{HOST}:{self.port}/0"

    def prepare(self) -> None:
        pass

    def command(self) -> Sequence[str]:
        where = ["--port", str(self.port), "--bind", HOST, "--dir", str(self.directory)]
        return [required("redis-server"), *where, "--save", "", "--appendonly", "no"]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), 0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
