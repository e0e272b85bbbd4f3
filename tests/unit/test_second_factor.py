"""One-time codes, by the examples of RFC 6238 and OTOBO's rules (TFA-1 to TFA-3)."""

from __future__ import annotations

import base64

import pytest

from resolvers.second_factor import Replayed, code_at, step_of, used

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_codes_are_those_of_the_standard(time: int, code: str) -> None:
    assert code_at(SECRET, time // 30) == code
    assert step_of(SECRET, code, time) == time // 30


def test_the_step_before_counts_and_no_other() -> None:
    code = code_at(SECRET, 100)
    assert [step_of(SECRET, code, step * 30) for step in (99, 100, 101, 102)] == [None, 100, 100, None]


@pytest.mark.parametrize("code", [None, "", "12345", "0" * 7, "٢٨٧٠٨٢", "\ud800", "287082x"])
def test_what_is_no_code_is_none(code: str | None) -> None:
    assert step_of(SECRET, code, 59) is None


def test_blanks_in_secret_and_code_are_ignored_and_a_damaged_secret_fits_nothing() -> None:
    spaced = " ".join(SECRET[place : place + 4].lower() for place in range(0, len(SECRET), 4))
    assert step_of(spaced, "287 082", 59) == 1
    assert step_of("not base32!", "287082", 59) is None


def test_a_code_is_used_once() -> None:
    assert used(7)(None) == "7"
    assert used(7)("6") == "7"
    for stored in ("7", "8"):
        with pytest.raises(Replayed):
            used(7)(stored)
