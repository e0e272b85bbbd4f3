"""Credentials become a viewer: API keys by their hashes, tokens by their signatures, or nobody in particular."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backends.directory import Directory
from backends.errors import GatewayError
from backends.model import CustomerUser, Freshness, Validity
from gateway import jose
from gateway.config import AuthConfig
from gateway.oidc import Provider
from gateway.sections import TokenConfig
from gateway.tokens import OwnTokens
from resolvers.viewer import ROLES, Viewer, scopes_of

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a configured key stands for; the key itself is nowhere."""

    viewer: Viewer
    expires: date | None

    def holder(self) -> Viewer | None:
        """Who holds it; None where it is good no longer."""
        return None if self.expires is not None and _is_over(self.expires) else self.viewer


class Credentials:
    """Knows the configured API keys, our own tokens and those of the identity provider, where there is one.

    The keys themselves are nowhere, only their hashes.
    """

    def __init__(
        self, config: AuthConfig, users: Directory[CustomerUser], provider: Provider | None = None
    ) -> None:
        self._config = config
        self._users = users
        self._provider = provider
        self._own = OwnTokens(config.signing_key.get_secret_value(), config.token_ttl)
        self._keys: dict[bytes, list[tuple[bytes, ApiKey]]] = {}
        for token in config.tokens:
            digest = bytes.fromhex(token.sha256)
            self._keys.setdefault(digest, []).append((digest, ApiKey(_bearer(token), token.expires)))
        self._anonymous = Viewer.anonymous(config.anonymous)

    @property
    def anonymous(self) -> Viewer:
        """Whoever sends no credential."""
        return self._anonymous

    async def viewer(self, authorization: str | None) -> Viewer:
        """Who sends this Authorization header, asked anew each time; one that is not accepted is worth less than none."""
        if not authorization:
            return self._anonymous
        if not (credential := _bearer_of(authorization)):
            return Viewer.refused()
        try:
            key = self._by_key(credential)
            found = (key and key.holder()) or await self._by_token(credential)
        except GatewayError as error:
            return Viewer.unsettled(error)
        return found or Viewer.refused()

    def key(self, authorization: str) -> ApiKey | None:
        """The configured key that this Authorization header names, perhaps one that is over."""
        return self._by_key(_bearer_of(authorization))

    def _by_key(self, key: str) -> ApiKey | None:
        """Look the key's hash up, by Python's own hash of it, and compare the two in constant time."""
        digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
        found = None
        for known, held in self._keys.get(digest, ()):
            if hmac.compare_digest(known, digest) and (found is None or held.holder()):
                found = held
        return found

    async def _by_token(self, token: str) -> Viewer | None:
        if jose.header_of(token) is None:
            return None
        if (own := self._own.read(token)) is not None:
            owner = await self._owner(own.login)
            if owner is None or (owner.login, owner.source_key) != (own.login, own.source_key):
                return None
            return customer_viewer(owner, own.expires)
        held = await self._provider.claims(token) if self._provider is not None else None
        return await self._by_claims(*held) if held is not None else None

    async def _by_claims(self, claims: jose.Claims, expires: datetime) -> Viewer | None:
        """Whom the provider's claims describe; the role customer needs a login that is there and valid."""
        oidc = self._config.oidc
        roles = [role for role in ROLES if role in _texts(_claim(claims, oidc.roles_claim), words=True)]
        login = _claim(claims, oidc.login_claim)
        name = next((one for one in (login, claims.get("sub")) if isinstance(one, str) and one), "a token")
        customer_ids = _texts(_claim(claims, oidc.customer_ids_claim)) if oidc.customer_ids_claim else []
        if oidc.customer_ids_claim and not customer_ids:
            roles = [
                role for role in roles if role == CUSTOMER
            ]  # limited to no customer, not to none of them
        owner = None
        if CUSTOMER in roles:
            owner = await self._owner(login) if isinstance(login, str) and login else None
            if owner is None:
                return None
        return caller(
            name, roles, customer_ids=customer_ids, login=owner.login if owner else None, expires=expires
        )

    async def _owner(self, login: str) -> CustomerUser | None:
        """Who has the login and is valid, not older than the cache; SourceUnavailable where a silent source may."""
        found = (await self._users.get_many([login], Freshness.CACHED)).certain(login)
        return found if found is not None and found.validity is Validity.VALID else None


def _bearer_of(authorization: str) -> str:
    """The credential of the one scheme that is known; "" where there is none."""
    scheme, _, credential = authorization.partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""


def customer_viewer(user: CustomerUser, expires: datetime | None) -> Viewer:
    """A customer user who signed in."""
    return caller(user.login, [CUSTOMER], login=user.login, expires=expires)


def caller(
    name: str,
    roles: Iterable[str],
    *,
    customer_ids: Iterable[str] = (),
    hidden_fields: Iterable[str] = (),
    login: str | None = None,
    expires: datetime | None = None,
) -> Viewer:
    """A caller as its credential describes it."""
    roles = tuple(roles)
    return Viewer(
        name,
        roles,
        scopes_of(roles),
        customer_ids=tuple(customer_ids),
        login=login,
        hidden_fields=frozenset(hidden_fields),
        expires=expires,
    )


def _bearer(token: TokenConfig) -> Viewer:
    """Who holds the key; one with the role customer is not accepted, for it names no login."""
    if CUSTOMER in token.roles:
        return Viewer.refused()
    expires = None
    if token.expires is not None:
        expires = datetime.combine(token.expires + timedelta(days=1), time(), UTC)
    return caller(
        token.name,
        token.roles,
        customer_ids=token.customer_ids,
        hidden_fields=token.hidden_fields,
        expires=expires,
    )


def _claim(claims: jose.Claims, name: str) -> Any:
    """The claim of this name, or else what the name leads to, as in realm_access.roles."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _texts(value: Any, *, words: bool = False) -> list[str]:
    """The texts of a list, or the one text, by its words where it may have several."""
    if isinstance(value, str):
        return value.split() if words else [value] if value else []
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def _is_over(expires: date) -> bool:
    """A token is good through the day it names, in UTC."""
    return datetime.now(UTC).date() > expires
