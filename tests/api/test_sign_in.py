"""Signing in at a table: who gets in, what everybody else learns, what is written down, and what a token is worth."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backends import passwords
from backends.attempts import MemoryCounter
from backends.passwords import verify
from gateway import signing
from tests.api.signing import (
    ADMIN,
    ANSWER,
    LOGIN,
    PASSWORD,
    READER,
    REFUSED,
    SOURCE,
    VIEWER,
    Door,
    configured,
    door,
    filled,
)

MISSING = '[[sources]]\nkey = "gone"\nurl = "sqlite:///gone.sqlite"\n'


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Door]:
    filled(tmp_path)
    async with door(configured(tmp_path)) as desk:
        yield desk


def stored(folder: Path, sql: str, *args: Any) -> list[Any]:
    """Rows of the file."""
    with closing(sqlite3.connect(folder / "desk.sqlite", isolation_level=None)) as connection:
        return connection.execute(sql, args).fetchall()


def preferences(folder: Path) -> set[tuple[str, str]]:
    """Who has which preference."""
    return {
        (login, key)
        for login, key in stored(folder, "SELECT user_id, preferences_key FROM customer_preferences")
    }


async def test_who_has_login_and_password_gets_a_token_and_is_called_as_stored(desk: Door) -> None:
    payload = await desk.login("GRACE", PASSWORD)
    assert payload["customerUser"] == {"login": "Grace"}
    assert payload["expiresAt"] is not None
    assert await desk.who(payload["token"]) == ("Grace", ["customer"])


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ada", "wrong"),
        ("ghost", PASSWORD),
        ("former", PASSWORD),
        ("nobody.yet", PASSWORD),
        ("nobody.yet", ""),
        ("", PASSWORD),
        ("ada", ""),
        ("ada ", PASSWORD),
        ("ada\0", PASSWORD),
        ("a" * 500, PASSWORD),
    ],
)
async def test_s8_every_refusal_reads_the_same(desk: Door, login: str, password: str) -> None:
    assert await desk.login(login, password) == REFUSED


@pytest.mark.parametrize("password", ["", " ", "\t \n", "\0", f"{PASSWORD}\0", "0"])
async def test_s3_an_empty_password_lets_nobody_in(desk: Door, tmp_path: Path, password: str) -> None:
    for text in ("", passwords._sha256(password)):  # as if it had been stored
        stored(tmp_path, "UPDATE customer_user SET pw = ? WHERE login = 'ada'", text)
        assert await desk.login("ada", password) == REFUSED


async def test_s8_every_attempt_costs_one_bcrypt_of_the_configured_cost(
    desk: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[int] = []
    real = passwords._bcrypt

    def counted(password: str, cost: int, salt: bytes) -> str:
        spent.append(2**cost)
        return real(password, cost, salt)

    monkeypatch.setattr(passwords, "_bcrypt", counted)
    for login, password in (("ada", "x"), ("Grace", "x"), ("ghost", "x"), ("ada", ""), ("former", PASSWORD)):
        spent.clear()
        await desk.login(login, password)
        assert sum(spent) == 2**9, login


async def test_s8_while_a_source_is_silent_every_failure_says_so_and_who_is_known_gets_in(
    tmp_path: Path,
) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, sources=SOURCE + MISSING)) as desk:
        errors = []
        for login, password in (("ada", "wrong"), ("ghost", "x"), ("former", PASSWORD), ("ada", "")):
            given = {"login": login, "password": password}
            errors.append((await desk.answer(LOGIN, input=given))["errors"])
        assert [one[0]["extensions"]["code"] for one in errors] == ["SOURCE_UNAVAILABLE"] * 4
        assert all(one == errors[0] for one in errors)
        assert (await desk.login("ada", PASSWORD))["customerUser"] == {"login": "ada"}


async def test_a_login_that_a_silent_source_may_own_signs_nobody_in(tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, sources=MISSING + SOURCE)) as desk:
        assert await desk.login("ada", PASSWORD) == "SOURCE_UNAVAILABLE"


async def test_auth_4_failures_are_counted_for_those_who_exist_and_nothing_is_left_of_others(
    desk: Door, tmp_path: Path
) -> None:
    for login in ("ada", "ada", "ghost", "former"):
        await desk.login(login, "wrong")
    await desk.login("former", PASSWORD)
    rows = stored(tmp_path, "SELECT * FROM customer_preferences ORDER BY 1, 2")
    assert rows == [
        ("ada", "UserLoginFailed", "2"),
        ("former", "UserAuthBackend", ""),
        ("former", "UserLoginFailed", "1"),
    ]
    await desk.token("ada")
    rows = stored(
        tmp_path, "SELECT preferences_key, preferences_value FROM customer_preferences WHERE user_id = 'ada'"
    )
    assert dict(rows).keys() == {"UserAuthBackend", "UserLoginFailed", "UserLastLogin"}
    assert dict(rows)["UserLoginFailed"] == "0"


async def test_s7_attempts_of_a_login_are_limited_in_all_its_spellings(tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, auth="max_login_attempts = 3")) as desk:
        for login in ("ada", "ADA", " ada"):
            assert await desk.login(login, "wrong") == REFUSED
        answer = await desk.answer(LOGIN, input={"login": "ada", "password": PASSWORD})
        details = answer["errors"][0]["extensions"]
        assert details["code"] == "RATE_LIMITED"
        assert 0 < details["retryAfterMs"] <= 900_000
        assert (await desk.login("Grace", PASSWORD))["token"]


async def test_s7_a_success_forgets_the_failures_before_it(tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, auth="max_login_attempts = 3")) as desk:
        for _ in range(3):
            await desk.login("ada", "wrong")
            await desk.login("ada", "wrong")
            await desk.token("ada")


@pytest.mark.parametrize(
    "query",
    [
        f"mutation($input: CustomerLoginInput!) {{ a: customerLogin(input: $input) {{ {ANSWER} }}"
        f" b: customerLogin(input: $input) {{ {ANSWER} }} }}",
        f"mutation($input: CustomerLoginInput!) {{ ...F ...G }} fragment F on Mutation"
        f" {{ a: customerLogin(input: $input) {{ {ANSWER} }} }} fragment G on Mutation"
        f" {{ b: customerLogin(input: $input) {{ {ANSWER} }} }}",
    ],
    ids=["aliased", "in fragments"],
)
async def test_s7_one_operation_signs_in_once(desk: Door, tmp_path: Path, query: str) -> None:
    answer = await desk.answer(query, input={"login": "ada", "password": "wrong"})
    assert answer["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
    assert preferences(tmp_path) == set()


async def test_s11_a_token_ends_with_the_validity_of_its_owner(tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, sources=SOURCE + "cache_ttl = 0\n")) as desk:
        token = await desk.token("ada")
        assert await desk.who(token) == ("ada", ["customer"])
        stored(tmp_path, "UPDATE customer_user SET valid_id = 2 WHERE login = 'ada'")
        assert await desk.who(token) == "UNAUTHENTICATED"
        stored(tmp_path, "UPDATE customer_user SET valid_id = 1, login = 'Ada' WHERE login = 'ada'")
        assert await desk.who(token) == "UNAUTHENTICATED"


async def test_r12_a_token_is_worth_nothing_while_its_owner_cannot_be_asked(tmp_path: Path) -> None:
    file = filled(tmp_path)
    async with door(configured(tmp_path, sources=SOURCE + "cache_ttl = 0\n")) as desk:
        token = await desk.token("ada")
        file.rename(tmp_path / "away")
        file.mkdir()
        assert await desk.who(token) == "SOURCE_UNAVAILABLE"
        assert await desk.login("ada", PASSWORD) == "SOURCE_UNAVAILABLE"


async def test_without_a_credential_only_little_may_be_asked(desk: Door) -> None:
    for token in ("", "unknown", "a.b.c"):
        assert await desk.who(token) == "UNAUTHENTICATED"
        assert (await desk.answer("{ __typename }", token))["data"] == {"__typename": "Query"}
        assert (await desk.login("ada", PASSWORD, token=token))["token"]
    assert await desk.who(READER) == ("reader", ["reader"])


async def test_customer_login_can_be_switched_off(tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, auth="customer_login = false")) as desk:
        assert await desk.login("ada", PASSWORD) == "FORBIDDEN"
        assert preferences(tmp_path) == set()


@pytest.mark.parametrize("upgrade", [True, False])
async def test_a_weak_hash_is_replaced_on_success_where_that_is_switched_on(
    tmp_path: Path, upgrade: bool
) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, auth=f"password_upgrade = {str(upgrade).lower()}")) as desk:
        await desk.login("Grace", "wrong")
        await desk.token("Grace")
        await desk.token("Grace")
    [(found,)] = stored(tmp_path, "SELECT pw FROM customer_user WHERE login = 'Grace'")
    assert verify(found, PASSWORD)
    assert found.startswith("BCRYPT:9:") is upgrade


async def test_s12_nothing_of_passwords_and_tokens_is_kept_or_logged(
    desk: Door, capfd: pytest.CaptureFixture[str]
) -> None:
    body = {"query": LOGIN, "variables": {"input": {"login": "ada", "password": PASSWORD}}}
    response = await desk.client.post("/graphql", json=body)
    token = response.json()["data"]["customerLogin"]["token"]
    await desk.answer(VIEWER, token)
    await desk.login("ada", "a wrong password")
    assert response.headers["cache-control"] == "no-store"
    out, err = capfd.readouterr()
    assert not any(secret in out + err for secret in (PASSWORD, "a wrong password", token))


async def test_an_admin_signs_somebody_in_and_stays_an_admin(desk: Door) -> None:
    query = f"""mutation($input: CustomerLoginInput!) {{
        customerLogin(input: $input) {{ {ANSWER} }}
        createService(input: {{ name: "Made after", validity: VALID }}) {{ userErrors {{ code }} }}
    }}"""
    answer = await desk.answer(query, ADMIN, input={"login": "ada", "password": PASSWORD})
    assert answer["data"]["createService"] == {"userErrors": []}


@pytest.mark.parametrize("colleagues", [False, True])
async def test_s13_who_signed_in_sees_and_changes_what_is_configured(
    tmp_path: Path, colleagues: bool
) -> None:
    """Also in the answer that signs it in, which begins without a credential."""
    filled(tmp_path)
    auth = f'customer_sees_colleagues = {str(colleagues).lower()}\ncustomer_may_edit = ["phone", "password"]'
    seen = "customerUsers { totalCount nodes { login } }"
    async with door(configured(tmp_path, auth=auth)) as desk:
        token = await desk.token("ada")
        found = (await desk.answer(f"{{ {seen} }}", token))["data"]["customerUsers"]
        assert ([one["login"] for one in found["nodes"]] == ["ada"]) is not colleagues
        assert found["totalCount"] == len(found["nodes"])
        query = f"mutation($input: CustomerLoginInput!) {{ customerLogin(input: $input) {{ token customerUser {{ login customer {{ {seen} }} }} }} }}"
        answer = await desk.answer(query, input={"login": "ada", "password": PASSWORD})
        assert answer["data"]["customerLogin"]["customerUser"] == {"login": "ada", "customer": None}
        change = "mutation($input: SetCustomerUserPasswordInput!) { it: setCustomerUserPassword(input: $input) { userErrors { code } } }"
        given = {"login": "ada", "password": "another one"}
        wrong = await desk.answer(change, token, input={**given, "currentPassword": "wrong"})
        assert wrong["data"]["it"]["userErrors"] == [{"code": "INVALID"}]
        right = await desk.answer(change, token, input={**given, "currentPassword": PASSWORD})
        assert right["data"]["it"]["userErrors"] == []
        assert await desk.token("ada", "another one")


async def test_s7_a_flood_of_logins_makes_nobody_forget_what_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor fills the memory: what an address may not try any more is not counted, and a long login as a short one."""
    filled(tmp_path)
    counters: list[MemoryCounter] = []

    def few(*_: object) -> MemoryCounter:
        counters.append(MemoryCounter(most=60))
        return counters[-1]

    monkeypatch.setattr(signing, "_counter", few)
    async with door(configured(tmp_path, auth="max_login_attempts = 2")) as desk:
        for _ in range(2):
            assert await desk.login("ada", "wrong") == REFUSED
        assert await desk.login("x" * 100_000, "wrong") == REFUSED
        for number in range(100):
            await desk.login(f"ghost{number}", "wrong")
        assert await desk.login("ada", PASSWORD) == "RATE_LIMITED"
        assert len(counters[0]) <= 41
        assert max(map(len, counters[0].names)) < 100


async def test_s7_everybody_of_one_network_of_ipv6_is_one_address(tmp_path: Path) -> None:
    filled(tmp_path)
    config = configured(tmp_path, auth="max_login_attempts = 1", server='trusted_proxies = ["127.0.0.1"]')
    async with door(config) as desk:

        async def attempt(number: int, network: str) -> str | None:
            given = {"login": f"ghost{number}", "password": "x"}
            headers = {"x-forwarded-for": f"{network}::{number:x}"}
            answer = await desk.answer(LOGIN, headers=headers, input=given)
            return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None

        assert [await attempt(number, "2001:db8:0:1") for number in range(20)] == [None] * 20
        assert await attempt(20, "2001:db8:0:1") == "RATE_LIMITED"
        assert await attempt(21, "2001:db8:0:2") is None
