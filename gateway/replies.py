"""The answers of the short way: content that several requests may share, and the headers of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.types import Send

from backends.errors import SourceTimeout
from gateway.http import GRAPHQL_JSON, PLAIN_JSON, noted, status_of
from gateway.middleware import HEADERS
from schema.operations import Outcome

Fixed = Sequence[tuple[bytes, bytes]]

CHALLENGE = (b"www-authenticate", b"Bearer")
CLOSING = (b"connection", b"close")


class Lines:
    """Headers of an answer, as ASGI has them and as they are sent."""

    __slots__ = ("are_last", "headers", "text")

    def __init__(self, headers: Fixed) -> None:
        self.headers = headers
        self.text = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        self.are_last = CLOSING in headers
        """Whether they say that the connection ends."""


Heads = Mapping[str, Lines]
"""Headers of an answer by its media type."""


@dataclass(slots=True)
class Reply:
    """One answer, whoever asked for it."""

    content: bytes
    errors: Sequence[GraphQLError] = ()
    status: int = 200
    """For clients that speak the newer media type."""

    @classmethod
    def of(cls, outcome: Outcome, limit: int) -> Reply:
        """What came of an operation that may cost `limit` at most."""
        result = outcome.result
        raw = getattr(result, "raw", None)
        if raw is not None and not result.errors:
            return cls(
                b'{"data":%b,"extensions":{"cost":{"cost":%d,"limit":%d}}}' % (raw, outcome.cost, limit)
            )
        body: dict[str, Any] = {"data": result.data if raw is None else orjson.Fragment(raw)}
        errors = result.errors or ()
        if errors:
            if raw is None and result.data is None and all(error.path is None for error in errors):
                del body["data"]  # a request error: nothing was executed
            body["errors"] = [error.formatted for error in errors]
        body["extensions"] = {"cost": {"cost": outcome.cost, "limit": limit}}
        return cls(orjson.dumps(body, default=str), errors, 200 if "data" in body else status_of(body))

    @classmethod
    def late(cls) -> Reply:
        """To a request whose time is over."""
        error = SourceTimeout()
        found = GraphQLError(error.message, extensions=error.extensions)
        body = {"errors": [found.formatted]}
        return cls(orjson.dumps(body), [found], status_of(body))

    def head(self, media_type: str, heads: Heads) -> tuple[int, Lines]:
        """Status and headers, of which that of the length is still to come."""
        lines = heads[media_type]
        if self.status == 200 or media_type != GRAPHQL_JSON:
            return 200, lines
        return self.status, Lines([*lines.headers, CHALLENGE]) if self.status == 401 else lines

    async def send(self, send: Send, media_type: str, heads: Heads) -> None:
        """Send it as the long way would."""
        status, lines = self.head(media_type, heads)
        headers = [*lines.headers, (b"content-length", b"%d" % len(self.content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})


async def send_late(send: Send, media_type: str, heads: Heads) -> None:
    """Tell a client that its time is over, and the record of its request."""
    noted(["SOURCE_TIMEOUT"])
    await Reply.late().send(send, media_type, heads)


def heads_of(vary: str, more: Fixed) -> Heads:
    """The headers of answers, and `more`."""
    named = [(b"vary", vary.encode()), (b"cache-control", b"no-store"), *more]
    types = {PLAIN_JSON: f"{PLAIN_JSON}; charset=utf-8", GRAPHQL_JSON: GRAPHQL_JSON}
    return {
        media_type: Lines([(b"content-type", text.encode()), *named]) for media_type, text in types.items()
    }


BARE = heads_of("Accept", ())
"""Where those that stand around add the rest."""
FIXED: Fixed = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
"""Headers of every answer."""
