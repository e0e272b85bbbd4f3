"""Bearer tokens: an identity provider's and our own, good ones and those that attackers make."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from gateway.tokens import ALGORITHM, AUDIENCE, ISSUER, TYPE, OwnTokens
from tests.api.provider import IdentityProvider, identity_provider
from tests.api.signing import VIEWER, Door, configured, door, filled

OIDC = """
[auth.oidc]
issuer = "{issuer}"
audience = "the-desk"
roles_claim = "realm_access.roles"
{more}
"""
READS: dict[str, Any] = {
    "realm_access": {"roles": ["reader", "uma_authorization"]},
    "preferred_username": "agent",
}


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as provider:
        yield provider


@pytest.fixture
async def desk(provider: IdentityProvider, tmp_path: Path) -> AsyncIterator[Door]:
    filled(tmp_path)
    async with door(with_provider(tmp_path, provider)) as desk:
        yield desk


def with_provider(folder: Path, provider: IdentityProvider, more: str = "") -> Any:
    """A configuration that trusts the provider."""
    return configured(folder, login=OIDC.format(issuer=provider.address, more=more))


def encoded(data: bytes) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def test_a_provider_s_token_has_the_roles_that_we_know_and_its_name(
    desk: Door, provider: IdentityProvider
) -> None:
    assert await desk.who(provider.token(**READS)) == ("agent", ["reader"])
    answer = await desk.answer('{ customerUser(login: "ada") { login } }', provider.token(**READS))
    assert answer["data"]["customerUser"] == {"login": "ada"}


async def test_a_token_without_a_role_of_ours_may_do_nothing(desk: Door, provider: IdentityProvider) -> None:
    for roles in ([], ["root", "Admin"], None, 7, {"admin": True}):
        answer = await desk.answer(
            '{ customerUser(login: "ada") { login } }', provider.token(realm_access={"roles": roles})
        )
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_the_role_customer_needs_a_login_that_is_there_and_valid(
    desk: Door, provider: IdentityProvider
) -> None:
    roles = {"roles": ["customer"]}
    assert await desk.who(provider.token(realm_access=roles, preferred_username="ADA")) == (
        "ADA",
        ["customer"],
    )
    for login in (None, "", "ghost", "former", 7):
        token = provider.token(realm_access=roles, preferred_username=login)
        assert await desk.who(token) == "UNAUTHENTICATED", login


async def test_a_token_that_lacks_its_customers_is_limited_to_none(
    provider: IdentityProvider, tmp_path: Path
) -> None:
    filled(tmp_path)
    config = with_provider(tmp_path, provider, 'customer_ids_claim = "customers"')
    async with door(config) as desk:
        nobody: list[Any] = [None, [], ""]
        for customers in nobody:
            answer = await desk.answer(
                '{ customerUser(login: "ada") { login } }', provider.token(**READS, customers=customers)
            )
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_keys_are_fetched_once_and_again_when_they_rotate(
    desk: Door, provider: IdentityProvider
) -> None:
    for _ in range(5):
        assert await desk.who(provider.token(**READS)) == ("agent", ["reader"])
    assert provider.asked == ["discovery", "keys"]
    old = provider.token(**READS)
    provider.rotate("two")
    assert await desk.who(provider.token("two", "ES256", **READS)) == ("agent", ["reader"])
    assert await desk.who(old) == "UNAUTHENTICATED"


async def test_tokens_that_name_unknown_keys_are_no_flood_for_the_provider(
    desk: Door, provider: IdentityProvider
) -> None:
    for number in range(50):
        forged = provider.signed(b"{}", provider.keys["one"], f"unknown-{number}")
        assert await desk.who(forged) == "UNAUTHENTICATED"
    assert provider.asked.count("keys") <= 4


async def test_a_dead_provider_is_said_to_be_silent_and_joins_when_it_is_back(
    provider: IdentityProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.oidc.PAUSE", 0.0)
    provider.down = True
    filled(tmp_path)
    async with door(with_provider(tmp_path, provider)) as desk:
        assert await desk.who(provider.token(**READS)) == "SOURCE_UNAVAILABLE"
        assert await desk.who("key-of-a-reader") == ("reader", ["reader"])
        provider.down = False
        assert await desk.who(provider.token(**READS)) == ("agent", ["reader"])


async def test_s18_keys_come_from_the_issuer_alone(provider: IdentityProvider, tmp_path: Path) -> None:
    filled(tmp_path)
    provider.elsewhere = provider.address.replace("127.0.0.1", "localhost") + "/evil"
    async with door(with_provider(tmp_path, provider)) as desk:
        assert await desk.who(provider.token(**READS)) == "SOURCE_UNAVAILABLE"
    assert "evil" not in provider.asked
    config = with_provider(tmp_path, provider, f'jwks_url = "{provider.address}/keys"')
    async with door(config) as desk:
        evil = {"jku": f"{provider.address}/evil", "x5u": f"{provider.address}/evil"}
        mine = RSAKey.generate_key(2048)
        own = {**evil, "jwk": mine.as_dict(private=False)}
        claims = orjson.dumps({"iss": provider.address, "aud": "the-desk", "exp": time.time() + 60, **READS})
        assert await desk.who(provider.signed(claims, mine, "one", header=own)) == "UNAUTHENTICATED"
        assert await desk.who(provider.token(header=evil, **READS)) == ("agent", ["reader"])
    assert "evil" not in provider.asked


Forgery = Callable[[IdentityProvider], str]


def of(**claims: Any) -> Forgery:
    """A token with other claims."""
    return lambda provider: provider.token(**READS | claims)


def without_signature(algorithm: str) -> Forgery:
    """A token that says it needs none."""

    def forged(provider: IdentityProvider) -> str:
        _, payload, signature = provider.token(**READS).split(".")
        header = encoded(orjson.dumps({"alg": algorithm, "typ": "JWT", "kid": "one"}))
        return f"{header}.{payload}.{signature if algorithm == 'RS256x' else ''}"

    return forged


def by_public_key(provider: IdentityProvider) -> str:
    """The public key taken for a secret."""
    payload = provider.token(**READS).split(".")[1]
    said = f"{encoded(orjson.dumps({'alg': 'HS256', 'typ': 'JWT', 'kid': 'one'}))}.{payload}"
    secret = provider.keys["one"].as_pem(private=False)
    return f"{said}.{encoded(hmac.digest(secret, said.encode(), 'sha256'))}"


def by_another_key(provider: IdentityProvider) -> str:
    """A key of nobody."""
    payload = provider.token(**READS).split(".")[1]
    return provider.signed(base64.urlsafe_b64decode(payload + "=="), RSAKey.generate_key(2048), "one")


def with_doubled_claims(provider: IdentityProvider) -> str:
    """Two audiences, of which readers take one or the other."""
    payload = base64.urlsafe_b64decode(provider.token(**READS).split(".")[1] + "==")
    return provider.signed(b'{"aud":"others",' + payload[1:], provider.keys["one"], "one")


def tampered(provider: IdentityProvider) -> str:
    """Other claims under the old signature."""
    header, _, signature = provider.token(**READS).split(".")
    claims = {
        "iss": provider.address,
        "aud": "the-desk",
        "exp": int(time.time()) + 600,
        "realm_access": {"roles": ["admin"]},
    }
    return f"{header}.{encoded(orjson.dumps(claims))}.{signature}"


FORGERIES: dict[str, Forgery] = {
    **{
        f"alg {name or 'empty'}": without_signature(name)
        for name in ("none", "None", "nOnE", "", "RS256", "RS256x")
    },
    "HS256 with the public key": by_public_key,
    "another key": by_another_key,
    "claims twice": with_doubled_claims,
    "tampered": tampered,
    "expired": of(exp=int(time.time()) - 3600),
    "no end": of(exp=None),
    "an end in words": of(exp="tomorrow"),
    "an endless end": of(exp=2**62),
    "not yet": of(nbf=int(time.time()) + 3600),
    "of the future": of(iat=int(time.time()) + 3600),
    "wrong audience": of(aud="others"),
    "no audience": of(aud=None),
    "wrong issuer": of(iss="https://evil.example"),
    "no issuer": of(iss=None),
    "truncated": lambda provider: provider.token(**READS)[:-4],
    "no signature": lambda provider: provider.token(**READS).rpartition(".")[0] + ".",
    "two parts": lambda provider: provider.token(**READS).rpartition(".")[0],
    "four parts": lambda provider: provider.token(**READS) + ".e30",
    "a path as kid": lambda provider: provider.signed(
        b"{}", OctKey.import_key("x" * 32), "../../dev/null", "HS256"
    ),
    "a query as kid": lambda provider: provider.signed(b"{}", provider.keys["one"], "x' UNION SELECT 'key"),
    "kid is a list": lambda provider: ".".join(
        [encoded(b'{"alg":"RS256","kid":["one"]}'), *provider.token(**READS).split(".")[1:]]
    ),
    "critical extension": lambda provider: ".".join(
        [
            encoded(b'{"alg":"RS256","kid":"one","crit":["b64"],"b64":false}'),
            *provider.token(**READS).split(".")[1:],
        ]
    ),
    "huge": lambda provider: provider.token(**READS, filler="x" * 20_000),
    "deep": lambda provider: provider.signed(b"[" * 10_000, provider.keys["one"], "one"),
    "no object": lambda provider: provider.signed(b"[]", provider.keys["one"], "one"),
}


async def test_s11_no_forged_token_is_accepted(desk: Door, provider: IdentityProvider) -> None:
    assert await desk.who(provider.token(**READS)) == ("agent", ["reader"])
    found = {name: await desk.who(forge(provider)) for name, forge in FORGERIES.items()}
    assert found == dict.fromkeys(FORGERIES, "UNAUTHENTICATED")


async def test_clocks_may_differ_a_little(desk: Door, provider: IdentityProvider) -> None:
    now = int(time.time())
    assert await desk.who(provider.token(**READS | {"exp": now - 5, "nbf": now + 5})) == ("agent", ["reader"])


def own_claims(**changes: Any) -> dict[str, Any]:
    """What one of our tokens says."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "source": "desk", "iat": now, "exp": now + 600}
    return usual | changes


def own_token(claims: dict[str, Any], key: Any, **header: Any) -> str:
    """One of our tokens, made elsewhere."""
    head = {"alg": ALGORITHM, "typ": TYPE} | header
    registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    return jws.serialize_compact(head, orjson.dumps(claims), key, algorithms=[head["alg"]], registry=registry)


async def test_s11_our_own_tokens_hold_only_as_we_made_them(tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path)) as desk:
        key = OwnTokens("k" * 32, 600)._key
        assert await desk.who(own_token(own_claims(), key)) == ("ada", ["customer"])
        good = own_token(own_claims(), key)
        foreign = [
            own_token(own_claims(exp=int(time.time()) - 1), key),
            own_token(own_claims(exp=None), key),
            own_token(own_claims(iat=int(time.time()) + 60), key),
            own_token(own_claims(aud="others"), key),
            own_token(own_claims(aud=[AUDIENCE]), key),
            own_token(own_claims(iss="others"), key),
            own_token(own_claims(source="gone"), key),
            own_token(own_claims(sub="ghost"), key),
            own_token(own_claims(sub="former"), key),
            own_token(own_claims(sub="ADA"), key),
            own_token(own_claims(), key, typ="JWT"),
            own_token(own_claims(), key, alg="HS512"),
            own_token(own_claims(), OctKey.import_key("k" * 32)),
            own_token(own_claims(), OwnTokens("l" * 32, 600)._key),
            f"{encoded(orjson.dumps({'alg': 'none', 'typ': TYPE}))}.{encoded(orjson.dumps(own_claims()))}.",
            good[:-1],
            good + "A",
        ]
        assert [await desk.who(token) for token in foreign] == ["UNAUTHENTICATED"] * len(foreign)


async def test_a_token_ends_after_token_ttl(tmp_path: Path) -> None:
    tokens = OwnTokens("k" * 32, 600, now=lambda: time.time() - 601)
    filled(tmp_path)
    async with door(configured(tmp_path, auth="token_ttl = 600")) as desk:
        assert await desk.who(own_token(own_claims(exp=int(time.time()) + 5), tokens._key)) == (
            "ada",
            ["customer"],
        )
        assert await desk.who(own_token(own_claims(exp=int(time.time())), tokens._key)) == "UNAUTHENTICATED"
        answer = await desk.answer(VIEWER, await desk.token("ada"))
        assert answer["data"]["viewer"] == {"name": "ada", "roles": ["customer"]}
