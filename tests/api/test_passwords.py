"""Passwords through the API: generated well, shown once, stored as OTOBO's hash, and found nowhere else."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest

from backends.passwords import Hasher, verify
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.callers import EDITOR, Gateway, found
from tests.api.offices import GONE, Offices, fill_file, opened

BCRYPT = re.compile(r"BCRYPT:[0-9]{1,2}:[0-9A-Za-z]{16}:[./0-9A-Za-z]{31}")

OTHERS = """
[[sources]]
key = "foreign"
name = "Foreign"
url = "sqlite:///foreign.sqlite"
foreign = true
unique_email = false
customer_must_exist = false
auto_login_prefix = "auto"

[[sources]]
key = "hashed"
name = "Hashed"
url = "sqlite:///hashed.sqlite"
password_hash = "sha512"
unique_email = false
customer_must_exist = false
"""


@pytest.fixture(scope="module")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("secrets", tmp_path_factory.mktemp("secrets"), postgresql, slapd) as offices:
        fill_file(offices.folder / "hashed.sqlite", [], [])
        yield offices


@pytest.fixture(scope="module")
async def desk(offices: Offices) -> AsyncIterator[Gateway]:
    async with offices.gateway(more=OTHERS) as desk:
        yield desk


async def hash_of(offices: Offices, login: str) -> str:
    """What is stored as the password."""
    [(stored,)] = await offices.rows("SELECT pw FROM customer_user WHERE login = $1", login)
    return str(stored)


async def set_password(desk: Gateway, login: str, **given: Any) -> dict[str, Any]:
    """The payload of setCustomerUserPassword."""
    selection = "generatedPassword customerUser { login version }"
    return await desk.change("setCustomerUserPassword", selection, login=login, **given)


@pytest.mark.parametrize("given", [{}, {"password": None}, {"password": ""}], ids=["absent", "null", "empty"])
async def test_s12_a_password_is_generated_where_none_is_given_and_shown_once(
    desk: Gateway, offices: Offices, given: dict[str, str | None], capfd: pytest.CaptureFixture[str]
) -> None:
    login = f"made{len(given)}{given.get('password')}"
    query = (
        "mutation($input: CreateCustomerUserInput!) { createCustomerUser(input: $input)"
        " { generatedPassword userErrors { code } } }"
    )
    user = {"login": login, "firstName": "F", "lastName": "L", "email": f"{login}@x.test"}
    data = await desk.ask(query, EDITOR, input={**user, "customerId": "ACME", **given})
    password = data["createCustomerUser"]["generatedPassword"]
    assert len(password) >= 16
    assert desk.headers["cache-control"] == "no-store"
    stored = await hash_of(offices, login)
    assert BCRYPT.fullmatch(stored)
    assert verify(stored, password)
    again = await set_password(desk, login)
    assert again["generatedPassword"] not in (None, password)
    assert verify(await hash_of(offices, login), str(again["generatedPassword"]))
    shown = await desk.user(login)
    assert not {password, stored} & set(map(str, (shown or {}).values()))
    printed = "".join(capfd.readouterr())
    assert password not in printed
    assert str(again["generatedPassword"]) not in printed


async def test_two_generated_passwords_are_never_the_same(desk: Gateway) -> None:
    await desk.made("often")
    made = {str((await set_password(desk, "often"))["generatedPassword"]) for _ in range(5)}
    assert len(made) == 5


async def test_a_password_that_was_given_is_not_shown_and_never_stored_as_it_is(
    desk: Gateway, offices: Offices
) -> None:
    payload = await desk.create("given", password="Pässwörd1")
    assert (payload["userErrors"], payload["generatedPassword"]) == ([], None)
    assert verify(await hash_of(offices, "given"), "Pässwörd1")
    before = payload["customerUser"]["version"]
    changed = await set_password(desk, "GIVEN", password="x" * 80)
    assert changed["customerUser"] == {"login": "given", "version": before}  # CU-38: times stay
    stored = await hash_of(offices, "given")
    assert BCRYPT.fullmatch(stored)
    assert verify(stored, "x" * 80)
    looks_like_a_hash = "BCRYPT:9:abcdefghIJKLMN01:e8FwzXrGpfWpTSSjbUtla3p2OHSdOde"  # PW-14
    await set_password(desk, "given", password=looks_like_a_hash)
    assert verify(await hash_of(offices, "given"), looks_like_a_hash)


@pytest.mark.parametrize(
    "password", ["0", "nul\0", "x" * 5000, "\ud800"], ids=["0", "nul", "long", "surrogate"]
)
async def test_what_otobo_could_not_verify_is_no_password(
    desk: Gateway, offices: Offices, password: str
) -> None:
    login = f"weak{len(password)}{password.isdigit()}"
    await desk.made(login)
    before = await offices.people()
    if password != "\ud800":  # JSON of other clients can hold it, ours refuses to write it
        assert found(await set_password(desk, login, password=password)) == [("password", "INVALID")]
        assert found(await desk.create("weak", password=password)) == [("password", "INVALID")]
    else:
        literal = f'{{login: "{login}", password: "\\ud800"}}'
        answer = await desk.answer(
            f"mutation {{ outcome: setCustomerUserPassword(input: {literal}) {{ userErrors {{ field code }} }} }}"
        )
        errors = answer["data"]["outcome"]["userErrors"] if answer.get("data") else answer["errors"]
        assert errors
    assert await offices.people() == before


async def test_a_password_goes_to_the_source_that_owns_the_login(desk: Gateway, offices: Offices) -> None:
    await desk.made("branch-pw", source="branch")
    assert (await set_password(desk, "Branch-PW", password="secret"))["userErrors"] == []
    [(stored,)] = offices.branch("SELECT pw FROM customer_user WHERE login = 'branch-pw'")
    assert verify(stored, "secret")


@pytest.mark.parametrize(("login", "words"), [("oldie", "Archive"), ("ada", "Directory")])
async def test_s14_passwords_of_read_only_sources_stay(desk: Gateway, login: str, words: str) -> None:
    payload = await set_password(desk, login, password="x")
    assert found(payload) == [("login", "READ_ONLY")]
    assert words in str(payload["userErrors"])


async def test_nobody_gets_a_password_whose_owner_is_unknown_or_absent(offices: Offices) -> None:
    async with offices.gateway(more=GONE) as desk:
        assert found(await set_password(desk, "nobody")) == [("login", "SOURCE_UNAVAILABLE")]
    async with offices.gateway() as desk:
        assert found(await set_password(desk, "nobody")) == [("login", "NOT_FOUND")]


async def test_a_source_without_passwords_generates_none_and_takes_none(desk: Gateway) -> None:
    payload = await desk.create("plain", source="foreign", password=None)
    assert (payload["userErrors"], payload["generatedPassword"]) == ([], None)
    assert found(await desk.create("plain2", source="foreign")) == [("password", "INVALID")]
    assert found(await set_password(desk, "plain")) == [("login", "INVALID")]


async def test_a_source_that_makes_logins_makes_another_each_time(desk: Gateway) -> None:
    one, two = [await desk.made("", source="foreign", password=None, email="auto@x.test") for _ in range(2)]
    assert one["login"] != two["login"]
    assert re.fullmatch("auto-[0-9a-f]{12}", one["login"])


async def test_the_configured_hash_is_stored_in_otobos_text(desk: Gateway, offices: Offices) -> None:
    await desk.made("hashed", source="hashed", password="secret")
    with closing(sqlite3.connect(offices.folder / "hashed.sqlite")) as connection:
        [(stored,)] = connection.execute("SELECT pw FROM customer_user").fetchall()
    assert re.fullmatch("[0-9a-f]{128}", stored)
    assert verify(stored, "secret")


def test_the_gateway_hashes_as_dearly_as_otobo_does() -> None:
    hasher = Hasher()
    assert hasher.cost == 12
    hasher.close()
