"""An identity provider: its keys, fetched from nowhere but the configured addresses, and the tokens that it signs."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from joserfc import jwk
from joserfc.errors import JoseError

from backends.errors import SourceUnavailable
from gateway import jose
from gateway.fetching import Unfetched, fetch
from gateway.sections import OidcConfig

NAME = "identity provider"
SKEW = 60.0
"""Seconds by which clocks may differ."""
PATIENCE = 5.0
"""Seconds for one document of the provider's."""
FRESH, KEPT = 600.0, 86_400.0
"""Seconds after which keys are fetched anew beside the requests, and for which they serve while that fails."""
UNKNOWN_KEYS = 3
"""Fetches in a minute, at most, because a token names a key that is not known."""
PAUSE = 5.0
"""Seconds between two tries while the provider does not answer."""
SMALLEST_RSA = 2048

ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    **{f"{family}{size}": ("RSA", None) for family in ("RS", "PS") for size in (256, 384, 512)},
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""What a token may be signed with: kind of key, and curve. All of them have a public key; `none` and HS are not here."""

log = structlog.get_logger("kundengraph")
Fetch = Callable[[str, float], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies."""

    kid: str | None
    kind: str
    curve: str | None
    algorithm: str | None
    """The only algorithm that it is for; None where the provider does not say."""
    key: Any


class Provider:
    """Verifies tokens of one provider; a request waits for its keys at most once in a while, and never long."""

    def __init__(
        self,
        config: OidcConfig,
        *,
        fetch: Fetch = fetch,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._fetch = fetch
        self._clock = clock
        self._now = now
        self._keys: Sequence[PublicKey] = ()
        self._fetched_at: float | None = None
        self._failed_at: float | None = None
        self._unknown: deque[float] = deque(maxlen=UNKNOWN_KEYS)
        self._loading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to fetch the keys; nobody waits for them."""
        self._load()

    async def close(self) -> None:
        """Stop fetching."""
        if self._loading is not None:
            self._loading.cancel()
            with suppress(asyncio.CancelledError):
                await self._loading

    async def claims(self, token: str) -> tuple[jose.Claims, datetime] | None:
        """What a token claims and when it ends, if it holds; SourceUnavailable while that cannot be told."""
        header = jose.header_of(token)
        algorithm = header.get("alg") if header else None
        if header is None or not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            return None
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            return None
        key = await self._key(kid, algorithm)
        claims = jose.claims_of(token, key.key, algorithm) if key is not None else None
        if claims is None or claims.get("iss") != self._config.issuer:
            return None
        expires = jose.end_of(claims, self._now(), SKEW)
        if expires is None or not jose.is_for(claims, self._config.audience):
            return None
        return claims, expires

    async def refresh(self) -> None:
        """Fetch the keys now; raises Unfetched."""
        url = self._config.jwks_url or await self._discovered()
        document = jose.strict_object(await self._fetch(url, PATIENCE))
        given = document.get("keys") if document else None
        if not isinstance(given, list):
            raise Unfetched("its answer holds no keys")
        self._keys = [key for one in given if (key := _public(one)) is not None]
        self._fetched_at, self._failed_at = self._clock(), None

    async def _key(self, kid: str | None, algorithm: str) -> PublicKey | None:
        now = self._clock()
        if self._fetched_at is None or now - self._fetched_at > KEPT:
            await self._loaded()
        elif now - self._fetched_at > FRESH and not self._pauses:
            self._load()
        found = self._match(kid, algorithm)
        if found is None and self._may_look_again():
            await self._loaded()
            found = self._match(kid, algorithm)
        if found is None and self._failed_at is not None:
            raise self._silence()  # it may have a new key by now
        return found

    def _match(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """The key of this name; for a token that names none the only one that fits."""
        kind, curve = ALGORITHMS[algorithm]
        fitting = [
            key
            for key in self._keys
            if key.kind == kind
            and curve in (None, key.curve)
            and key.algorithm in (None, algorithm)
            and kid in (None, key.kid)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _may_look_again(self) -> bool:
        """Whether one more fetch for an unknown key is allowed; it counts as made."""
        now = self._clock()
        if self._pauses or (len(self._unknown) == UNKNOWN_KEYS and now - self._unknown[0] < 60):
            return False
        self._unknown.append(now)
        return True

    @property
    def _pauses(self) -> bool:
        return self._failed_at is not None and self._clock() - self._failed_at < PAUSE

    async def _loaded(self) -> None:
        """Wait until the keys are there; one fetch serves all who wait."""
        if self._pauses:
            raise self._silence()
        await asyncio.shield(self._load())
        if self._failed_at is not None:
            raise self._silence()

    def _load(self) -> asyncio.Task[None]:
        if self._loading is None or self._loading.done():
            self._loading = asyncio.get_running_loop().create_task(self._try())
        return self._loading

    async def _try(self) -> None:
        try:
            await self.refresh()
        except Unfetched as error:
            self._failed_at = self._clock()
            log.warning("the identity provider's keys could not be fetched", reason=str(error))

    async def _discovered(self) -> str:
        """Where the issuer says its keys are, which must be on its own host."""
        issuer = self._config.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        document = jose.strict_object(await self._fetch(url, PATIENCE)) or {}
        if document.get("issuer") != issuer:
            raise Unfetched("its discovery names another issuer")
        found = document.get("jwks_uri")
        if not isinstance(found, str) or _origin(found) != _origin(issuer):
            raise Unfetched("its keys are not on the issuer's host: name them in auth.oidc.jwks_url")
        return found

    def _silence(self) -> SourceUnavailable:
        waited = self._clock() - (self._failed_at if self._failed_at is not None else self._clock())
        return SourceUnavailable(NAME, retry_after_ms=max(int((PAUSE - waited) * 1000), 100))


def _public(given: object) -> PublicKey | None:
    """A key of a set, if it is one that may verify."""
    if not isinstance(given, dict) or given.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    operations = given.get("key_ops")
    if given.get("use") not in (None, "sig") or (isinstance(operations, list) and "verify" not in operations):
        return None
    kid, algorithm = given.get("kid"), given.get("alg")
    plain = {name: given[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in given}
    try:
        key = jwk.import_key(plain)
        if plain["kty"] == "RSA" and key.public_key.key_size < SMALLEST_RSA:  # type: ignore[union-attr]
            return None
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return PublicKey(
        kid if isinstance(kid, str) else None,
        plain["kty"],
        plain.get("crv"),
        algorithm if isinstance(algorithm, str) else None,
        key,
    )


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return parts.scheme, parts.hostname, port
