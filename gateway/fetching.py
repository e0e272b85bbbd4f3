"""One small JSON document from a web server that the configuration names, beside the event loop and within a time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

LARGEST = 1_000_000


class Unfetched(Exception):
    """The server did not give the document."""


async def fetch(url: str, seconds: float) -> bytes:
    """What is at `url`: no redirect is followed, no proxy asked; raises Unfetched."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, seconds)
    target = parts.path or "/"
    target += f"?{parts.query}" if parts.query else ""
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(_get, connection, target)
    except TimeoutError as error:
        raise Unfetched("no answer in time") from error
    finally:
        _abort(connection)  # a server that drips would hold the thread


def _connection(scheme: str, host: str, port: int | None, seconds: float) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    return HTTPConnection(host, port, timeout=seconds)


def _get(connection: HTTPConnection, target: str) -> bytes:
    try:
        connection.request("GET", target, headers={"accept": "application/json", "connection": "close"})
        response = connection.getresponse()
        body = response.read(LARGEST + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise Unfetched("it cannot be reached, or is not understood") from error
    if response.status != 200:
        raise Unfetched(f"it answered with {response.status}")
    if len(body) > LARGEST:
        raise Unfetched("its answer is too large")
    return body


def _abort(connection: HTTPConnection) -> None:
    with contextlib.suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
