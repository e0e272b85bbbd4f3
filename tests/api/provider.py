"""An identity provider of our own: discovery, keys that rotate, and tokens with whatever claims a test wants."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.api.serving import served

AUDIENCE = "the-desk"


class IdentityProvider:
    """Counts what it is asked; `address` is known once it serves."""

    def __init__(self) -> None:
        self.address = ""
        self.keys: dict[str, Any] = {"one": RSAKey.generate_key(2048)}
        self.asked: list[str] = []
        self.down = False
        self.elsewhere = ""
        """Another address for the keys, as a discovery document may name it."""

    def token(
        self, kid: str | None = "one", algorithm: str = "RS256", header: Any = None, **claims: Any
    ) -> str:
        """A token that is good, but for what is given; None takes a claim away."""
        now = int(time.time())
        usual = {"iss": self.address, "aud": AUDIENCE, "sub": "s-1", "iat": now, "exp": now + 600}
        found = {name: value for name, value in (usual | claims).items() if value is not None}
        return self.signed(orjson.dumps(found), self.keys[kid or "one"], kid, algorithm, header)

    def signed(
        self, payload: bytes, key: Any, kid: str | None, algorithm: str = "RS256", header: Any = None
    ) -> str:
        """Any payload under any key."""
        head = {"alg": algorithm, "typ": "JWT", **({"kid": kid} if kid else {}), **(header or {})}
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        return jws.serialize_compact(head, payload, key, algorithms=[algorithm], registry=registry)

    def rotate(self, kid: str) -> None:
        """From now on there is another key alone."""
        self.keys = {kid: ECKey.generate_key("P-256")}

    def key_set(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()]}

    def app(self) -> Starlette:
        """What it serves."""

        async def discovery(request: Request) -> Response:
            self.asked.append("discovery")
            keys = self.elsewhere or f"{self.address}/keys"
            return self._answer({"issuer": self.address, "jwks_uri": keys})

        async def keys(request: Request) -> Response:
            self.asked.append("keys")
            return self._answer(self.key_set())

        async def evil(request: Request) -> Response:
            self.asked.append("evil")
            return self._answer(self.key_set())

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", discovery),
                Route("/keys", keys),
                Route("/evil", evil),
            ]
        )

    def _answer(self, document: Any) -> Response:
        return JSONResponse({}, 503) if self.down else JSONResponse(document)


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """The provider on a free port of this machine, as long as the block lasts."""
    provider = IdentityProvider()
    with served(provider.app()) as address:
        provider.address = address
        yield provider
