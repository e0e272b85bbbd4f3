"""Heads of requests that came before, byte by byte, as those of clients do that ask again: they need no parser."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

from backends.bounded import Bounded
from gateway.auth import ApiKey
from gateway.lean import LeanEndpoint
from gateway.observed import given_id
from gateway.requests import Sender, first_of

END = b"\r\n\r\n"
LONGEST = 4096
"""Bytes of a head that is worth remembering."""
MOST = 1024
"""Heads that are remembered."""
MORE = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Headers of requests that are more than a head and a body."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What the head of a request says, as far as that matters here."""

    start: int
    """Bytes of the head, after which the body begins."""
    size: int
    """Bytes of the whole request."""
    media_type: str
    """Of the answer."""
    credential: slice | None
    """Where the Authorization header's value stands: what it says is kept nowhere."""
    forwarded: Sequence[str]
    key: ApiKey | None
    request_id: str | None
    """The caller's own; None where each request is to get another one."""

    def sender(self, data: bytes, peer: str | None) -> Sender:
        """Who has sent this."""
        credential = None if self.credential is None else data[self.credential].decode("latin-1")
        return Sender(credential, peer, self.forwarded, self.key)


class KnownHeads:
    """Heads that were parsed before, each by a salted hash of all of its bytes."""

    def __init__(self, lean: LeanEndpoint, path: str, largest: int) -> None:
        """Of requests for `path` whose body has `largest` bytes at most."""
        self._lean = lean
        self._path = path
        self._largest = largest
        self._salt = secrets.token_bytes(16)
        self._known: Bounded[bytes, Head] = Bounded(MOST)

    def find(self, data: bytes) -> Head | None:
        """The head with which this begins."""
        end = data.find(END, 0, LONGEST)
        return None if end < 0 else self._known.get(self._hash(data[: end + len(END)]))

    def learn(self, data: bytes, scope: Scope) -> None:
        """Remember the head of one whole request that was parsed from exactly this, if it is of the usual kind."""
        headers = first_of(scope["headers"])
        start = data.find(END, 0, LONGEST) + len(END)
        length = headers.get(b"content-length", b"")
        if start < len(END) or not length.isdigit() or start + int(length) != len(data):
            return
        media_type = self._lean.usual(headers, self._largest)
        if media_type is None or not self._is_usual(scope):
            return
        sender = Sender.of(scope, headers)
        credential = headers.get(b"authorization")
        place = 0 if credential is None else data.index(credential, 0, start)
        head = Head(
            start,
            len(data),
            media_type,
            None if credential is None else slice(place, place + len(credential)),
            sender.forwarded,
            self._lean.key(sender.authorization),
            given_id(scope["headers"]),
        )
        self._known.keep(self._hash(data[:start]), head)

    def _is_usual(self, scope: Scope) -> bool:
        if (scope["method"], scope["path"], scope["http_version"]) != ("POST", self._path, "1.1"):
            return False
        return not scope["root_path"] and all(
            value.lower() == b"keep-alive" if name == b"connection" else name not in MORE
            for name, value in scope["headers"]
        )

    def _hash(self, head: bytes) -> bytes:
        return hashlib.blake2b(head, digest_size=16, salt=self._salt).digest()
