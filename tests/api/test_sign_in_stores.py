"""Signing in at directories, at other tables, with a second factor, over replicas: against real servers."""

from __future__ import annotations

import base64
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backends.ldap.binding import Binder
from backends.model import SourceKind
from backends.passwords import hash_password
from backends.sql import ddl
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.redis import Redis
from gateway.demo.servers.slapd import Slapd
from resolvers.second_factor import code_at
from tests.api.signing import LOGIN, PASSWORD, READER, REFUSED, SOURCE, Door, configured, door, filled, rows

DIRECTORY = """
[[sources]]
key = "ldap"
url = "{url}"
base_dn = "ou=people,{suffix}"
bind_dn = "{dn}"
bind_password = "{password}"
customer_id = "mail"
"""
BINDS = """
[[auth.login]]
backend = "ldap"
url = "{url}"
base_dn = "ou=people,{suffix}"
bind_dn = "{dn}"
bind_password = "{password}"
{more}
"""
TABLE = '[[auth.login]]\nbackend = "database"\n'
SECRET = base64.b32encode(b"a secret of ours").decode()


def at(slapd: Slapd, text: str, more: str = "") -> str:
    """A table of the configuration that names the directory."""
    return text.format(url=slapd.url, suffix=slapd.suffix, dn=slapd.rootdn, password=slapd.rootpw, more=more)


@pytest.fixture
async def desk(slapd: Slapd, tmp_path: Path) -> AsyncIterator[Door]:
    """A table, and a directory after it; whoever owns the login checks the password."""
    filled(tmp_path, {"grace": (hash_password(PASSWORD, "bcrypt", 9), 1)})
    async with door(configured(tmp_path, sources=SOURCE + at(slapd, DIRECTORY))) as desk:
        yield desk


async def test_who_owns_the_login_checks_the_password(desk: Door) -> None:
    assert (await desk.login("ADA", "pw-ada"))["customerUser"] == {"login": "ada"}
    assert (await desk.login("bjoern", "pw-bjoern"))["customerUser"] == {"login": "bjoern"}
    assert (await desk.login("grace", PASSWORD))["customerUser"] == {"login": "grace"}
    for login, password in (("grace", "pw-grace"), ("ada", PASSWORD), ("ada", "PW-ADA"), ("ghost", "pw-ada")):
        assert await desk.login(login, password) == REFUSED


@pytest.mark.parametrize("login", ["*", "a*", "ada)(uid=*", "uid=ada", "ada\0", "", " ", "ada,ou=people"])
async def test_s1_a_login_is_data_for_a_directory_too(desk: Door, login: str) -> None:
    assert await desk.login(login, "pw-ada") == REFUSED


@pytest.mark.parametrize("character", ["x", "ä", "*"])
async def test_s7_a_login_beyond_measure_makes_no_source_silent_for_others(
    desk: Door, character: str
) -> None:
    """Nor holds them up: a directory's library waits until a question is sent, whoever else would be served."""
    for number in range(6):
        assert await desk.login(f"{number}" + character * 400_000, "x") == REFUSED
    assert (await desk.login("ada", "pw-ada"))["token"]


async def test_s6_however_much_is_asked_of_a_directory_it_is_asked_in_portions(desk: Door) -> None:
    keys = "query($k: [String!]!) { customerUsersByLogin(logins: $k) { login } }"
    logins = ["ada", *(f"{number}{'y' * 1500}" for number in range(300))]
    answer = await desk.answer(keys, READER, k=logins)
    assert answer["data"]["customerUsersByLogin"] == [{"login": "ada"}, *[None] * 300]
    words = "query($s: String!) { customerUsers(search: $s) { totalCount reports { sourceKey status } } }"
    for search in ("z" * 300_000, "+".join(f"z{number:04}{'z' * 90}" for number in range(4000))):
        answer = await desk.answer(words, READER, s=search)
        assert "INTERNAL" not in str(answer)
    assert (await desk.login("ada", "pw-ada"))["token"]


async def test_s3_an_empty_password_never_reaches_a_bind(
    slapd: Slapd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str]] = []
    real = Binder._bound

    async def seen(self: Binder, dn: str, password: str) -> bool:
        sent.append((dn, password))
        return await real(self, dn, password)

    monkeypatch.setattr(Binder, "_bound", seen)
    filled(tmp_path)
    for config in (
        configured(tmp_path, sources=at(slapd, DIRECTORY)),
        configured(tmp_path, sources=SOURCE + at(slapd, DIRECTORY), login=at(slapd, BINDS)),
    ):
        async with door(config) as desk:
            for password in ("", " ", "\t\n", "\0", "pw-ada\0", "0"):
                assert await desk.login("ada", password) == REFUSED
            assert await desk.login("ghost", "pw-ghost") == REFUSED
    assert len(sent) == 14
    assert set(sent) == {(slapd.rootdn, slapd.rootpw)}


async def test_users_are_in_the_table_and_passwords_in_the_directory(slapd: Slapd, tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, login=at(slapd, BINDS))) as desk:
        assert (await desk.login(" ADA ", "pw-ada"))["customerUser"] == {"login": "ada"}
        assert await desk.login("ada", PASSWORD) == REFUSED
        assert await desk.login("bjoern", "pw-bjoern") == REFUSED  # right, but no source has him
    group = f'group_dn = "cn=staff,ou=groups,{slapd.suffix}"\naccess_attr = "member"'
    (tmp_path / "more").mkdir()
    filled(tmp_path / "more", {"juergen": ("", 1), "ada": ("", 1)})
    async with door(configured(tmp_path / "more", login=at(slapd, BINDS, group))) as desk:
        assert (await desk.login("ada", "pw-ada"))["token"]
        assert await desk.login("juergen", "pw-juergen") == REFUSED


async def test_aldap_3_what_is_added_to_a_login_belongs_to_it(slapd: Slapd, tmp_path: Path) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, login=at(slapd, BINDS, 'user_suffix = "da"'))) as desk:
        assert (await desk.login("a", "pw-ada"))["customerUser"] == {"login": "ada"}
        assert await desk.login("ada", "pw-ada") == REFUSED


async def test_auth_2_places_are_tried_in_order_and_a_silent_one_is_said_to_be(
    slapd: Slapd, tmp_path: Path
) -> None:
    filled(tmp_path)
    async with door(configured(tmp_path, login=TABLE + at(slapd, BINDS))) as desk:
        assert (await desk.login("ada", PASSWORD))["token"]
        assert (await desk.login("ada", "pw-ada"))["token"]
        assert await desk.login("ADA", PASSWORD) == REFUSED  # a table is compared as typed (AUTH-9)
    gone = re.sub(r"url = .*", 'url = "ldap://127.0.0.1:1"', at(slapd, BINDS))
    async with door(configured(tmp_path, login=TABLE + gone)) as desk:
        assert (await desk.login("ada", PASSWORD))["token"]
        for login, password in (("ada", "wrong"), ("ghost", "x"), ("ada", ""), ("former", PASSWORD)):
            assert await desk.login(login, password) == "SOURCE_UNAVAILABLE"


def prepared(kind: SourceKind) -> str:
    """What fills an empty database with a registry and people."""
    return ";\n".join([*ddl.statements(kind), *rows(), ""])


async def test_postgresql_signs_in_and_counts(postgresql: PostgreSQL, tmp_path: Path) -> None:
    name = f"signing_{uuid4().hex[:8]}"
    postgresql.create_database(name)
    postgresql.run_sql(prepared(SourceKind.POSTGRESQL), name)
    url = postgresql.url(name)
    async with door(configured(tmp_path, registry=url)) as desk:
        await signs_in(desk)
    found = postgresql.run_sql("SELECT user_id, preferences_key FROM customer_preferences", name)
    assert "ghost" not in found
    assert "nobody-" not in found
    assert "UserLastLogin" in found


async def test_mariadb_signs_in_and_counts(mariadb: MariaDB, tmp_path: Path) -> None:
    name = f"signing_{uuid4().hex[:8]}"
    mariadb.create_database(name)
    mariadb.run_sql(prepared(SourceKind.MARIADB), name)
    async with door(configured(tmp_path, registry=mariadb.url(name))) as desk:
        await signs_in(desk)


async def signs_in(desk: Door) -> None:
    """Who may, may, and nobody else."""
    for login, password in (("ada", "x"), ("ghost", "x"), ("former", PASSWORD), ("ada", "")):
        assert await desk.login(login, password) == REFUSED
    for login in ("ada", "ADA", "grace"):
        assert (await desk.login(login, PASSWORD))["token"]
    keys = {one["key"]: one["value"] for one in await preferences(desk, "ada")}
    assert keys.keys() == {"UserAuthBackend", "UserLastLogin"} or keys["UserLoginFailed"] == "0"


async def preferences(desk: Door, login: str) -> list[dict[str, str]]:
    """The preferences of a customer user."""
    query = "query($login: String!) { customerUser(login: $login) { preferences { key value } } }"
    answer = await desk.answer(query, "key-of-an-admin", login=login)
    found: list[dict[str, str]] = answer["data"]["customerUser"]["preferences"]
    return found


async def test_tfa_a_code_is_needed_where_there_is_a_secret_and_works_once(tmp_path: Path) -> None:
    file = filled(tmp_path)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(
            "INSERT INTO customer_preferences VALUES ('ada', 'UserGoogleAuthenticatorSecretKey', ?)",
            (SECRET,),
        )
    config = configured(tmp_path, auth='second_factor_key = "UserGoogleAuthenticatorSecretKey"')
    async with door(config) as desk:
        code = str(code_at(SECRET, int(time.time()) // 30))
        assert (await desk.login("Grace", PASSWORD))["token"]
        assert await desk.login("ada", PASSWORD) == REFUSED
        assert await desk.login("ada", PASSWORD, "000000" if code != "000000" else "111111") == REFUSED
        assert await desk.login("ada", "wrong", code) == REFUSED
        assert (await desk.login("ada", PASSWORD, code))["token"]
        assert await desk.login("ada", PASSWORD, code) == REFUSED


async def test_tfa_while_the_registry_is_silent_nobody_gets_around_the_second_factor(tmp_path: Path) -> None:
    filled(tmp_path, name="people")
    sources = '[[sources]]\nkey = "desk"\nurl = "sqlite:///people.sqlite"\n'
    auth = 'second_factor_key = "UserGoogleAuthenticatorSecretKey"'
    gone = configured(tmp_path, registry="sqlite:///gone.sqlite", sources=sources, auth=auth)
    async with door(gone) as desk:
        for login, password in (("ada", PASSWORD), ("ada", "x"), ("ghost", "x")):
            assert await desk.login(login, password) == "SOURCE_UNAVAILABLE"
    without = configured(tmp_path, registry="sqlite:///gone.sqlite", sources=sources)
    async with door(without) as desk:
        answer = await desk.answer(LOGIN, input={"login": "ada", "password": PASSWORD})
        assert answer["data"]["customerLogin"]["token"]
        assert [one["path"] for one in answer["errors"]] == [["customerLogin", "customerUser"]]
        assert await desk.login("ada", "wrong") == REFUSED


async def test_s7_replicas_count_attempts_together_and_alone_without_their_redis(
    redis: Redis, tmp_path: Path
) -> None:
    filled(tmp_path)
    more = f'[cache]\nbackend = "redis"\nurl = "{redis.url}"\n'
    config = configured(tmp_path, auth="max_login_attempts = 3", login=more, key=uuid4().hex)
    async with door(config) as one, door(config) as other:
        for desk in (one, other, one):
            assert await desk.login("ada", "wrong") == REFUSED
        assert await other.login("ada", PASSWORD) == "RATE_LIMITED"
        assert (await other.login("Grace", PASSWORD))["token"]
    gone = config.model_copy(update={"cache": config.cache.model_copy(update={"url": "redis://127.0.0.1:1"})})
    async with door(gone) as desk:
        for _ in range(3):
            assert await desk.login("ada", "wrong") == REFUSED
        assert await desk.login("ada", PASSWORD) == "RATE_LIMITED"


async def test_s7_an_address_behind_a_proxy_has_attempts_of_its_own(tmp_path: Path) -> None:
    filled(tmp_path)
    config = configured(tmp_path, auth="max_login_attempts = 1", server='trusted_proxies = ["127.0.0.1"]')
    async with door(config) as desk:

        async def attempt(login: str, address: str) -> str:
            query = "mutation($i: CustomerLoginInput!) { customerLogin(input: $i) { userErrors { code } } }"
            given = {"login": login, "password": "x"}
            answer = await desk.answer(query, headers={"x-forwarded-for": address}, i=given)
            found: str = (answer.get("errors") or [{"extensions": {"code": "refused"}}])[0]["extensions"][
                "code"
            ]
            return found

        for number in range(20):
            assert await attempt(f"ghost{number}", f"9.9.9.{number}, 192.0.2.1") == "refused"
        assert await attempt("another", "192.0.2.1") == "RATE_LIMITED"
        assert await attempt("yet.another", "192.0.2.2") == "refused"


async def test_s13_the_current_password_is_the_one_to_sign_in_with(slapd: Slapd, tmp_path: Path) -> None:
    """Where passwords are checked in a directory, the hash that the source happens to keep opens nothing."""
    filled(tmp_path)
    change = "mutation($i: SetCustomerUserPasswordInput!) { it: setCustomerUserPassword(input: $i) { userErrors { field code } } }"
    auth = 'customer_may_edit = ["password"]\nmax_login_attempts = 3'
    async with door(configured(tmp_path, auth=auth, login=at(slapd, BINDS))) as desk:
        token = await desk.token("ada", "pw-ada")

        async def changed(current: str) -> Any:
            given = {"login": "ada", "password": "another", "currentPassword": current}
            answer = await desk.answer(change, token, i=given)
            return (answer["data"]["it"] or {"userErrors": answer["errors"][0]["extensions"]["code"]})[
                "userErrors"
            ]

        wrong = [{"field": ["currentPassword"], "code": "INVALID"}]
        assert await changed(PASSWORD) == wrong
        assert await changed("pw-ada") == []
        for guess in ("a", "b", "c"):
            assert await changed(guess) == wrong
        assert await changed("pw-ada") == "RATE_LIMITED"
        assert await desk.login("ADA", "pw-ada") == "RATE_LIMITED"
