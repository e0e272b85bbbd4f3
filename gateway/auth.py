"""Credentials become a viewer: API keys by their hashes, or nobody in particular."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, date, datetime

from gateway.config import AuthConfig
from resolvers.viewer import Viewer


class Credentials:
    """Knows the configured API keys; the keys themselves are nowhere, only their hashes."""

    def __init__(self, config: AuthConfig) -> None:
        self._tokens = [
            (token.sha256.lower().encode(), token.expires, Viewer.named(token.name, token.roles))
            for token in config.tokens
        ]
        self._anonymous = Viewer.anonymous(config.anonymous)

    def viewer(self, authorization: str | None) -> Viewer:
        """Who sends this Authorization header; one that is not accepted is worth less than none."""
        if not authorization:
            return self._anonymous
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return Viewer.refused()
        return self._by_key(key.strip()) or Viewer.refused()

    def _by_key(self, key: str) -> Viewer | None:
        """Compare with every hash, in constant time for each."""
        digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest().encode()
        found = None
        for known, expires, viewer in self._tokens:
            if hmac.compare_digest(known, digest) and not _is_over(expires):
                found = viewer
        return found


def _is_over(expires: date | None) -> bool:
    """A token is good through the day it names, in UTC."""
    return expires is not None and datetime.now(UTC).date() > expires
