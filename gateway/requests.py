"""What a request says by its head, and the bytes of its body, for those who read neither twice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Message, Receive, Scope

from gateway.auth import ApiKey
from gateway.http import PLAIN_JSON, media_type_of, negotiate
from gateway.middleware import LONGEST_NUMBER

NAMES = frozenset(
    {
        b"accept",
        b"content-length",
        b"authorization",
        b"content-type",
        b"host",
        b"origin",
        b"sec-fetch-site",
        b"x-forwarded-for",
    }
)
"""Those that matter here."""


@dataclass(slots=True)
class Sender:
    """Who sends a request, as far as its head and its connection say."""

    authorization: str | None
    peer: str | None
    """The address at the other end of the connection."""
    forwarded: Sequence[str]
    """What proxies say of the client's address."""
    key: ApiKey | None = None
    """The configured key that the credential is, where that is known already."""

    @classmethod
    def of(cls, scope: Scope, headers: Mapping[bytes, bytes]) -> Sender:
        """Of a request with these headers among others."""
        client = scope.get("client")
        forwarded = _forwarded(scope) if b"x-forwarded-for" in headers else ()
        return cls(_credential(headers), client[0] if client else None, forwarded)


def first_of(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers that matter here, each as it stands first."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in NAMES and name not in found:
            found[name] = value
    return found


async def read_body(receive: Receive, largest: float = math.inf) -> tuple[Sequence[Message], int]:
    """The messages of a body, or as many as are more than `largest` bytes; and how many bytes those are."""
    messages = [await receive()]
    size = len(messages[0].get("body", b""))
    while messages[-1].get("more_body") and size <= largest:
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
    return messages, size


def body_of(messages: Sequence[Message]) -> bytes:
    """What came in these."""
    if len(messages) == 1:
        return bytes(messages[0].get("body", b""))
    return b"".join(message["body"] for message in messages)


def is_short(headers: Mapping[bytes, bytes], largest: int) -> bool:
    """Whether the announced length, if any, is a number within bounds."""
    length = headers.get(b"content-length")
    return length is None or (len(length) <= LONGEST_NUMBER and length.isdigit() and int(length) <= largest)


def _credential(headers: Mapping[bytes, bytes]) -> str | None:
    authorization = headers.get(b"authorization")
    return None if authorization is None else authorization.decode("latin-1")


@lru_cache(maxsize=256)
def is_json(content_type: bytes) -> bool:
    """Whether a Content-Type header names JSON."""
    return media_type_of(content_type.decode("latin-1")) == PLAIN_JSON


@lru_cache(maxsize=256)
def negotiated(accept: bytes) -> str | None:
    """The media type of the answer to a request with this Accept header; None where neither is acceptable."""
    return negotiate(accept.decode("latin-1"))


def _forwarded(scope: Scope) -> Sequence[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]


def replayed(messages: Sequence[Message], receive: Receive) -> Receive:
    """The request as it came, once more."""
    waiting = iter(messages)

    async def again() -> Message:
        for message in waiting:
            return message
        return await receive()

    return again
