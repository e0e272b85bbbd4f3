"""The judge in Python: three values for SQL, two for directories."""

from __future__ import annotations

import pytest

from backends.conditions import (
    ALWAYS,
    NEVER,
    And,
    Compare,
    Condition,
    Empty,
    HasValidity,
    In,
    Like,
    Lists,
    Not,
    Or,
)
from backends.evaluate import holds, matches, number_columns, predicate
from backends.filters import Operator
from backends.model import Validity, Value
from tests.unit.ldap.worlds import MAPPING

ROW: dict[str, Value] = {
    "name": "Jürgen Groß",
    "empty": "",
    "null": None,
    "room": "12",
    "number": 12,
    "several": ("Karl", "Charles"),
    "ids": "B, C ,D",
}


def decide(
    condition: Condition, *, absent_is_empty: bool = False, numbers: tuple[str, ...] = ("number",)
) -> bool | None:
    """The verdict on ROW, which is valid."""
    return matches(condition, ROW.get, Validity.VALID, numbers=numbers, absent_is_empty=absent_is_empty)


def like(column: str, *pieces: str, folded: bool = True) -> Like:
    return Like(column, pieces, folded)


def is_in(column: str, *values: str, folded: bool = True) -> In:
    return In(column, values, folded)


def compare(column: str, operator: Operator, value: str) -> Compare:
    return Compare(column, operator, value, folded=True)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (ALWAYS, True),
        (NEVER, False),
        (like("name", "", "GROSS", ""), False),
        (like("name", "", "GROß", ""), True),
        (like("name", "", "GROß", "", folded=False), False),
        (like("name", "jür", "ß"), True),
        (like("name", "", ""), True),
        (like("null", "", ""), None),
        (like("empty", "", ""), True),
        (is_in("name", "x", "jürgen groß"), True),
        (is_in("name", "jürgen groß", folded=False), False),
        (is_in("null", ""), None),
        (is_in("empty", ""), True),
        (is_in("number", "+12"), False),
        (is_in("number", "012"), False),
        (is_in("room", "012"), False),
        (is_in("several", "charles"), True),
        (Not(is_in("several", "charles")), False),
        (Not(is_in("null", "x")), None),
        (Empty("null"), True),
        (Empty("empty"), True),
        (Empty("name"), False),
        (compare("room", Operator.GREATER_THAN, "9"), False),
        (compare("number", Operator.GREATER_THAN, "9"), True),
        (compare("number", Operator.SMALLER_THAN_EQUALS, "12"), True),
        (compare("null", Operator.SMALLER_THAN, "x"), None),
        (compare("name", Operator.GREATER_THAN_EQUALS, "JÜRGEN"), True),
        (Lists("ids", "c", folded=True), True),
        (Lists("ids", "c", folded=False), False),
        (Lists("ids", "B, C", folded=True), False),
        (Lists("null", "c", folded=True), None),
        (HasValidity(frozenset({Validity.VALID})), True),
        (HasValidity(frozenset({Validity.INVALID})), False),
        (And((ALWAYS, is_in("null", "x"))), None),
        (And((NEVER, is_in("null", "x"))), False),
        (Or((ALWAYS, is_in("null", "x"))), True),
        (Or((NEVER, is_in("null", "x"))), None),
    ],
    ids=str,
)
def test_a_condition_is_decided_as_sql_would(condition: Condition, verdict: bool | None) -> None:
    assert decide(condition) is verdict


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (is_in("null", "x"), False),
        (Not(is_in("null", "x")), True),
        (is_in("null", ""), True),
        (like("null", "", ""), False),
        (compare("null", Operator.SMALLER_THAN, "x"), False),
        (Lists("null", "c", folded=True), False),
        (Empty("null"), True),
    ],
    ids=str,
)
def test_where_absent_is_empty_nothing_is_unknown(condition: Condition, verdict: bool) -> None:
    assert decide(condition, absent_is_empty=True) is verdict


def test_of_a_column_with_one_meaning_only_the_first_value_counts() -> None:
    first_only = predicate(is_in("several", "charles"), first_only=["several"])
    assert first_only(ROW.get, Validity.VALID) is False


@pytest.mark.parametrize(
    ("pieces", "text", "verdict"),
    [
        (("ab",), "ab", True),
        (("ab",), "abc", False),
        (("a", "a"), "a", False),
        (("a", "a"), "aa", True),
        (("a", "b", "c"), "axbxc", True),
        (("a", "b", "b", "c"), "axbxc", False),
        (("", "b", ""), "abc", True),
        (("", ""), "", True),
        (("ab", "bc"), "abc", False),
    ],
)
def test_pieces_stand_in_order_and_do_not_overlap(pieces: tuple[str, ...], text: str, verdict: bool) -> None:
    assert holds(pieces, text) is verdict


def test_a_text_that_is_no_number_exceeds_no_number() -> None:
    values: dict[str, Value] = {"number": "twelve"}
    condition = compare("number", Operator.GREATER_THAN, "1")
    assert matches(condition, values.get, Validity.VALID, numbers=["number"]) is False


def test_the_mapping_says_which_columns_are_numbers() -> None:
    assert number_columns(MAPPING) == {"employeeNumber"}
