"""A cursor opens for the question it was made for, in any process with the same key, and for nothing else (A4)."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest

from backends.errors import CursorInvalid
from backends.model import Validity
from backends.order import Order, OrderTerm, Position
from resolvers.asked import UserFilter
from resolvers.cursors import Seal, question

SEAL = Seal("k" * 32)
HERE = question("customerUsers", "filter")
PLACE = Position(("zürich", ""), "ada", "Ada", "crm")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_cursor_brings_back_the_place_it_was_made_for() -> None:
    assert SEAL.open(SEAL.seal(PLACE, HERE), HERE) == PLACE


def test_the_same_row_has_the_same_cursor_and_names_nobody() -> None:
    cursor = SEAL.seal(PLACE, HERE)
    assert cursor == Seal("k" * 32).seal(PLACE, HERE)
    assert b"ada" not in base64.urlsafe_b64decode(cursor + "==").lower()


@pytest.mark.parametrize(
    "other", [question("customers", "filter"), question("customerUsers", "other"), question()]
)
def test_a4_a_cursor_of_another_list_is_refused(other: bytes) -> None:
    with pytest.raises(CursorInvalid):
        SEAL.open(SEAL.seal(PLACE, HERE), other)


def test_a4_a_cursor_under_another_key_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        Seal("j" * 32).open(SEAL.seal(PLACE, HERE), HERE)


def test_a4_every_altered_sign_is_noticed() -> None:
    cursor = SEAL.seal(PLACE, HERE)
    for place, sign in enumerate(cursor):
        for other in ALPHABET:
            if other != sign:
                with pytest.raises(CursorInvalid):
                    SEAL.open(cursor[:place] + other + cursor[place + 1 :], HERE)


@pytest.mark.parametrize(
    "text", ["", "=", "ada", "*", "Zürich", "\ud800", "\0", "A" * 15, "A" * 100_000, "QUJD", "A=="]
)
def test_a4_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        SEAL.open(text, HERE)


@pytest.mark.parametrize("change", ["{}=", "{}==", " {}", "{}\n", "{}AAAA", "+{}"])
def test_a_cursor_has_one_spelling(change: str) -> None:
    with pytest.raises(CursorInvalid):
        SEAL.open(change.format(SEAL.seal(PLACE, HERE)), HERE)


def test_every_part_of_a_question_counts() -> None:
    order = Order((OrderTerm("city"),))
    asked = [
        (UserFilter(), None, order),
        (UserFilter(login="a"), None, order),
        (UserFilter(validity=None), None, order),
        (UserFilter(validity=frozenset()), None, order),
        (UserFilter(customer_ids=()), None, order),
        (UserFilter(), "None", order),
        (UserFilter(), None, Order((OrderTerm("city", descending=True),))),
    ]
    assert len({question(*parts) for parts in asked}) == len(asked)


ASK = """
from backends.model import Validity
from resolvers.asked import UserFilter
from resolvers.cursors import question
validities = [Validity.INVALID_TEMPORARILY, Validity.VALID, Validity.INVALID]
print(question(UserFilter(validity=frozenset(validities))).hex())
"""


def test_a_question_is_the_same_in_every_process() -> None:
    """Another replica, or the same one after a restart, must know a cursor again."""
    here = question(UserFilter(validity=frozenset(Validity))).hex()
    for seed in ("1", "2", "3"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        there = subprocess.run(
            [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
        )
        assert there.stdout.strip() == here


def test_a12_a_version_changes_with_the_row_and_not_without() -> None:
    row = ("ada", None, "Zürich", 1, ("a", "b"))
    assert SEAL.version(row) == Seal("k" * 32).version(row)
    assert SEAL.version(row) != SEAL.version(("ada", "", "Zürich", 1, ("a", "b")))
    assert "ada" not in SEAL.version(row)
