"""The gateway's own tokens: what customerLogin gives to a customer user."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from joserfc import jws
from joserfc.jwk import OctKey

from backends.model import CustomerUser
from gateway import jose

ISSUER, AUDIENCE, TYPE = "kundengraph", "kundengraph:customer-users", "kundengraph+jwt"
ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a token is for, and until when."""

    login: str
    source_key: str
    expires: datetime


class OwnTokens:
    """Signs and reads them with a key derived from `signing_key`, which nobody else has."""

    def __init__(self, signing_key: str, ttl: int, now: Callable[[], float] = time.time) -> None:
        self._key = OctKey.import_key(blake2b(signing_key.encode(), person=b"token").digest())
        self._ttl = ttl
        self._now = now

    def issue(self, user: CustomerUser) -> tuple[str, datetime]:
        """A token of this customer user, and when it ends."""
        issued = int(self._now())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user.login,
            "source": user.source_key,
            "iat": issued,
            "exp": issued + self._ttl,
        }
        header = {"alg": ALGORITHM, "typ": TYPE}
        token = jws.serialize_compact(header, json.dumps(claims), self._key, algorithms=[ALGORITHM])
        return token, datetime.fromtimestamp(issued + self._ttl, UTC)

    def read(self, token: str) -> Claimed | None:
        """Whom a token of ours is for, if it holds; whether its owner still does is another question."""
        header = jose.header_of(token)
        if header is None or (header.get("alg"), header.get("typ")) != (ALGORITHM, TYPE):
            return None
        claims = jose.claims_of(token, self._key, ALGORITHM)
        if claims is None or claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
            return None
        expires = jose.end_of(claims, self._now(), skew=0)
        login, source_key = claims.get("sub"), claims.get("source")
        if expires is None or not isinstance(login, str) or not isinstance(source_key, str):
            return None
        return Claimed(login, source_key, expires)
