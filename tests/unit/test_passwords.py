"""Passwords: what OTOBO stored is verified, what we store OTOBO verifies, and every attempt costs the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passlib.hash import apr_md5_crypt
from passlib.hash import md5_crypt as library_md5_crypt

from backends import passwords
from backends.md5crypt import md5_crypt
from backends.passwords import Hasher, HashKind, generate, hash_password, is_weak, verify

TEN, NINE = (f"BCRYPT:{cost}:abcdefghIJKLMN01:{'x' * 31}" for cost in (10, 9))
SALT = "BCRYPT:9:abcdefghIJKLMN01:"
VECTORS = {
    "PV-1": ("secret", "frrkUcE9qDkFs"),
    "PV-2": ("secret", "$1$franz$1Uu.GgM/NG6jUwXAKIlVt/"),
    "PV-3": ("secret", "$apr1$franz$fPqGMgNfnmQjrogulYa12/"),
    "PV-4": ("secret", "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4"),
    "PV-5": ("secret", "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"),
    "PV-6": (
        "secret",
        "bd2b1aaf7ef4f09be9f52ce2d8d599674d81aa9d6a4421696dc4d93dd0619d68"
        "2ce56b4d64a9ef097761ced99e0f67265b5f76085e5b0ee7ca4696b2ad6fe2b2",
    ),
    "PV-7": ("secret", f"{SALT}e8FwzXrGpfWpTSSjbUtla3p2OHSdOde"),
    "PV-8": ("Pässwörd1", f"{SALT}pZuPsJHSFmMOS2So.mL2tmaylTJkO0e"),
    "PV-9": ("x" * 80, f"{SALT}lOG.qCaw/sLfunU8/NYYats1BI2Vxmu"),
    "PV-10": ("Pässwörd1", "$1$jane.doe$Z0zx41MYKvVljTStWAr431"),
    "PV-11": ("Pässwörd1", "$apr1$jane.doe$hWOED4zEgobMA2lGaQc6B."),
    "PV-12": ("Pässwörd1", "17cbbbde1ed44b508aec4b59ba2864648f225cc5bc42a74cdd7ba81b0b74b04f"),
    "PV-13": ("Pässwörd1", "jalr8qOv/qjuEVTcIP7muQkc"),
}
KINDS: tuple[HashKind, ...] = ("bcrypt", "sha2", "sha512")


@pytest.mark.parametrize("name", VECTORS)
def test_s9_every_hash_that_otobo_writes_is_verified(name: str) -> None:
    password, stored = VECTORS[name]
    assert verify(stored, password)
    assert not verify(stored, password.upper())
    assert not verify(stored, "Secret1")


def test_s9_there_are_thirteen_vectors_and_bcrypt_alone_is_strong() -> None:
    assert len(VECTORS) == 13
    assert {name for name, (_, stored) in VECTORS.items() if not is_weak(stored)} == {"PV-7", "PV-8", "PV-9"}
    assert not is_weak("")


@pytest.mark.parametrize("password", ["", "0", "\0", "secret\0", "\ud800", "x" * 5000])
@pytest.mark.parametrize("stored", ["", "0", "secret", hash_password("secret", "sha2")])
def test_s3_what_is_no_password_never_matches(password: str, stored: str) -> None:
    assert not verify(stored, password)


@pytest.mark.parametrize(
    "stored",
    [
        "secret",
        "secret-secret",
        "$1$franz$1Uu.G",
        "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$5$rounds=1000$salt$hash",
        "$6$salt$hash",
        "$1$",
        "$$$$",
        "$ $ $ ",
        "$1$fränkel$aaaaaaaaaaaaaaaaaaaaaa",
        VECTORS["PV-5"][1].upper(),
        VECTORS["PV-6"][1].upper(),
        VECTORS["PV-4"][1].upper(),
        "BCRYPT:",
        "BCRYPT:9:short:e8FwzXrGpfWpTSSjbUtla3p2OHSdOde",
        "BCRYPT:31:abcdefghIJKLMN01:e8FwzXrGpfWpTSSjbUtla3p2OHSdOde",
        "BCRYPT:99:abcdefghIJKLMN01:e8FwzXrGpfWpTSSjbUtla3p2OHSdOde",
        "BCRYPT:0:abcdefghIJKLMN01:e8FwzXrGpfWpTSSjbUtla3p2OHSdOde",
        "BCRYPT:9:äöüäöüäöüäöüäöü!:e8FwzXrGpfWpTSSjbUtla3p2OHSdOde",
        "BCRYPT:9:abcdefghIJKLMN01:e8FwzXrGpfWpTSSjbUtla3p2OHSdOd\udc80",
        "*0",
        "\0" * 13,
        "é" * 13,
        "ja" + "." * 22,
        "?" * 13,
        "x" * 100_000,
    ],
)
def test_odd_stored_texts_match_nothing_and_raise_nothing(stored: str) -> None:
    assert not verify(stored, "secret")
    assert not verify(stored, "secret-secret-secret")


@given(st.text(max_size=140), st.text(max_size=40))
def test_no_text_makes_verifying_fail(stored: str, password: str) -> None:
    verify(stored, password)
    verify(f"${stored}${password}$", password)
    verify(f"BCRYPT:4:{stored}", password)


@given(
    st.text("./09AZaz", min_size=1, max_size=8),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
)
def test_md5_crypt_agrees_with_the_library_where_that_takes_the_salt(salt: str, password: str) -> None:
    if len(password) > 100:
        password = password[:100]
    assert md5_crypt(password.encode(), salt.encode()) == library_md5_crypt.using(salt=salt).hash(password)
    apr = md5_crypt(password.encode(), salt.encode(), b"$apr1$")
    assert apr == apr_md5_crypt.using(salt=salt).hash(password)


def test_md5_crypt_takes_a_login_of_any_letters_as_salt() -> None:
    stored = md5_crypt(b"secret", "jürgen@acme".encode())
    assert stored.startswith("$1$jürgen@$")
    assert verify(stored, "secret")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", ["secret", "Pässwörd1", "😀" * 30, "  ", "a\nb"])
def test_what_is_written_is_verified_and_fits_the_column(kind: HashKind, password: str) -> None:
    stored = hash_password(password, kind, 9)
    assert len(stored) <= 128
    assert stored != password
    assert verify(stored, password)


def test_bcrypt_is_written_as_otobo_writes_it() -> None:
    stored = hash_password("secret", cost=9)
    assert len(stored) == 57
    assert len(hash_password("secret", cost=10)) == 58
    word, cost, salt, _hash = stored.split(":")
    assert (word, cost, len(salt)) == ("BCRYPT", "9", 16)
    assert salt.isalnum()
    assert salt.isascii()
    assert hash_password("secret", cost=9) != stored


def test_bcrypt_reads_72_bytes_of_a_password() -> None:
    stored = hash_password("ä" * 36 + "one", cost=9)
    assert verify(stored, "ä" * 36 + "two")
    assert not verify(stored, "ä" * 35 + "xx")


@pytest.mark.parametrize("password", ["", "0", "a\0b", "\ud800", "x" * 5000])
def test_what_is_no_password_is_not_stored(password: str) -> None:
    for kind in KINDS:
        with pytest.raises(ValueError, match="neither empty nor 0"):
            hash_password(password, kind)


@pytest.mark.parametrize("cost", [-1, 4, 8, 17, 31])
def test_a_cost_that_otobo_would_change_or_nobody_could_bear_is_refused(cost: int) -> None:
    with pytest.raises(ValueError, match="between 9 and 16"):
        hash_password("secret", cost=cost)


def test_s12_generated_passwords_are_long_unambiguous_and_never_the_same() -> None:
    found = {generate() for _ in range(500)}
    assert len(found) == 500
    assert all(len(password) >= 16 for password in found)
    assert not set("".join(found)) & set("0O1Il")
    for password in found:
        assert any(map(str.isdigit, password))
        assert any(map(str.islower, password))
        assert any(map(str.isupper, password))
    assert len(generate(4)) == 16


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    hasher = Hasher(cost=9)
    yield hasher
    hasher.close()


async def test_a_hasher_does_the_same_beside_the_event_loop(hasher: Hasher) -> None:
    stored = await hasher.hash("secret")
    assert stored.startswith("BCRYPT:9:")
    assert await hasher.verify(stored, "secret")
    assert not await hasher.verify(stored, "Secret")
    assert not await hasher.verify(None, "secret")
    assert not await hasher.verify("", "")
    await hasher.burn()
    with pytest.raises(ValueError, match="neither empty nor 0"):
        await hasher.hash("")


@pytest.mark.parametrize(
    ("stored", "password", "costs"),
    [
        (TEN, "secret", [10]),
        (NINE, "wrong", [9, 9]),
        (f"BCRYPT:4:abcdefghIJKLMN01:{'x' * 31}", "secret", [4, 4, 5, 6, 7, 8, 9]),
        (hash_password("secret", "sha2"), "secret", [10]),
        ("", "secret", [10]),
        (TEN, "", [10]),
        (f"BCRYPT:31:abcdefghIJKLMN01:{'x' * 31}", "secret", [10]),
    ],
)
async def test_s8_every_attempt_costs_one_bcrypt_whatever_is_stored(
    monkeypatch: pytest.MonkeyPatch, stored: str, password: str, costs: list[int]
) -> None:
    asked: list[int] = []
    honest = passwords._bcrypt

    def counted(password: str, cost: int, salt: bytes) -> str:
        asked.append(cost)
        return honest(password, cost, salt)

    monkeypatch.setattr(passwords, "_bcrypt", counted)
    hasher = Hasher(cost=10)
    await hasher.verify(stored, password)
    assert asked == costs
    assert sum(2**cost for cost in asked) == 2**10
    hasher.close()


async def test_no_more_threads_hash_than_were_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    def slow(cost: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.005)
        running -= 1

    monkeypatch.setattr(passwords, "_burn", slow)
    hasher = Hasher(workers=1)
    await asyncio.gather(*(hasher.burn() for _ in range(10)))
    assert most == 1
    hasher.close()
