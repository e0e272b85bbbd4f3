"""Conditions taken apart into shape and arguments."""

from __future__ import annotations

import pytest

from backends.conditions import Condition, In, Like, Lists, Not, Or
from backends.sql.dialects import Dialect, MariaDBDialect, PostgreSQLDialect, SQLiteDialect
from backends.sql.shapes import Among, Any_, Columns, Impossible, Pattern, comparable, shape_of

DIALECTS = (PostgreSQLDialect(), MariaDBDialect(), SQLiteDialect())
by_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.kind.value)


@by_dialect
def test_conditions_that_differ_in_their_values_alone_have_one_shape(dialect: Dialect) -> None:
    def condition(login: str, *customers: str) -> Condition:
        return Or((Like("login", ("", login, ""), True), Not(In("customer_id", customers, True))))

    one, args = shape_of(condition("a", "b", "c"), dialect, Columns())
    other, others = shape_of(condition("x%", "y", "z"), dialect, Columns())
    assert one == other
    assert hash(one) == hash(other)
    assert args != others


@by_dialect
def test_s2_special_signs_of_patterns_are_literal(dialect: Dialect) -> None:
    assert shape_of(Like("x", ("50%", "a_b!", ""), False), dialect, Columns()) == (
        Pattern("x", False),
        ["50!%%a!_b!!%"],
    )


@by_dialect
@pytest.mark.parametrize("text", ["a\0", "\ud800", "\udfff"])
def test_a_text_that_no_store_holds_matches_nobody(dialect: Dialect, text: str) -> None:
    for condition in (In("x", (text,), True), Like("x", (text, ""), True), Lists("x", text, True)):
        assert shape_of(condition, dialect, Columns()) == (Impossible("x"), [])
    assert shape_of(In("x", (text, "a"), True), dialect, Columns()) == (Among("x", True, 1), ["a"])


@pytest.mark.parametrize("text", ["", " a", "a\n"])
def test_a_customer_id_with_blanks_around_it_is_in_no_list(text: str) -> None:
    assert shape_of(Lists("x", text, False), DIALECTS[0], Columns())[0] == Impossible("x")


def test_values_of_one_column_become_one_list() -> None:
    condition = Or((In("x", ("a",), True), In("y", ("b",), True), In("x", ("c", "a"), True)))
    shape, args = shape_of(condition, DIALECTS[0], Columns())
    assert shape == Any_((Among("x", True, 2), Among("y", True, 1)))
    assert args == ['{"a","c"}', "b"]


@pytest.mark.parametrize(("number", "size"), [(1, 1), (2, 2), (3, 4), (5, 8), (1000, 1024)])
def test_mariadb_pads_lists_so_that_few_texts_serve_all_lengths(number: int, size: int) -> None:
    values = tuple(map(str, range(number)))
    shape, args = shape_of(In("x", values, True), MariaDBDialect(), Columns())
    assert shape == Among("x", True, size)
    assert len(args) == size
    assert set(args) == set(values)


def test_a_pattern_longer_than_sqlite_takes_matches_nobody_there() -> None:
    long = Like("x", ("", "ü" * 30_000, ""), True)
    assert shape_of(long, SQLiteDialect(), Columns())[0] == Impossible("x")
    assert shape_of(long, PostgreSQLDialect(), Columns())[0] == Pattern("x", True)


def test_a_position_that_a_store_cannot_hold_stands_for_its_neighbour() -> None:
    assert comparable("a\0b") == "a\x01b"
    assert comparable("a\ud900") == "a\ud7ff"
    assert comparable("aü😀") == "aü😀"
