"""Loopback ports for private servers."""

import contextlib
import random
import socket

HOST = "127.0.0.1"
RANGE = range(20000, 32000)  # below that of outgoing connections, which could take it from a dead server


def free_port() -> int:
    """A loopback port on which nothing listens."""
    while True:
        port = random.choice(RANGE)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port


def is_open(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    try:
        socket.create_connection((HOST, port), 0.5).close()
    except OSError:
        return False
    return True
