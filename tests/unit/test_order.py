"""The one order over all stores."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.order import (
    Descending,
    Order,
    OrderTerm,
    Position,
    fold,
    number_text,
    other_spellings,
    sort_key,
)
from tests.builders import PEOPLE


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Franz", "franz"),
        ("MÜLLER", "müller"),
        ("ΕΛΛ", "ελλ"),
        ("МИР", "мир"),
        ("groß", "groß"),
        ("GROẞ", "groß"),
        ("İpek", "İpek"),
        ("ışık", "ışık"),
        ("😀", "😀"),
        ("", ""),
        (" A ", " a "),
        ("Å", "å"),
        ("ΣΟΦΟΣ", "σοφοσ"),
    ],
)
def test_text_is_folded_code_point_by_code_point(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(), st.text())
def test_folding_keeps_lengths_and_parts(one: str, other: str) -> None:
    assert len(fold(one)) == len(one)
    assert fold(fold(one)) == fold(one)
    assert fold(one + other) == fold(one) + fold(other)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_numbers_as_text_sort_as_numbers(numbers: list[int]) -> None:
    assert sorted(numbers, key=number_text) == sorted(numbers)
    assert len({len(number_text(number)) for number in numbers}) <= 1


def test_what_is_no_number_sorts_before_all_numbers() -> None:
    assert number_text(None) == number_text("") == number_text("many") == ""
    assert number_text("-7") == number_text(-7)
    assert number_text(" +7 ") == number_text("7")


def test_a7_the_key_field_ends_an_order_and_gives_ties_its_direction() -> None:
    """DET-12, A7."""
    name, city, login = OrderTerm("lastName"), OrderTerm("city", True), OrderTerm("login", True)
    assert Order.of([name, login, city], "login") == Order((name,), descending_ties=True)
    assert Order.of([login], "login") == Order((), descending_ties=True)
    assert Order.of([name, city], "login") == Order((name, city), descending_ties=True)
    assert Order.of([city, name], "login") == Order((city, name))
    assert Order.of([], "login") == Order(())


def test_a_field_named_twice_counts_once() -> None:
    order = Order.of([OrderTerm("city"), OrderTerm("city", True), OrderTerm("zip")], "login")
    assert order == Order((OrderTerm("city"), OrderTerm("zip")))


def test_descending_text_compares_backwards() -> None:
    assert sorted(["b", "", "a", "ab"], key=Descending) == ["b", "ab", "a", ""]
    assert Descending("a") == Descending("a")
    assert Descending("a") >= Descending("b") > Descending("c")
    assert Descending("b") <= Descending("a")


@pytest.mark.parametrize("fields", [(), ("lastName",), ("city", "lastName")])
def test_descending_is_the_exact_reverse(fields: tuple[str, ...]) -> None:
    """A7, R20: ties end in the login and in the source's place."""
    rows = [
        (Position((*values[: len(fields)],), fold(login), login, f"source{place}"), place)
        for place in (0, 1)
        for row in PEOPLE
        for login in [str(row["login"])]
        for values in [(str(row["city"] or ""), str(row["last_name"] or ""))]
    ]
    up = Order.of([OrderTerm(field) for field in fields], "login")
    down = Order.of([*(OrderTerm(field, True) for field in fields), OrderTerm("login", True)], "login")
    ascending = sorted(rows, key=lambda row: sort_key(up, *row))
    descending = sorted(rows, key=lambda row: sort_key(down, *row))
    assert ascending == descending[::-1]


def test_spellings_of_one_login_stand_together_and_then_by_place() -> None:
    order = Order(())
    rows = [Position((), fold(key), key, "") for key in ("franz", "Franz", "frank", "Franza", "FRANZ")]
    found = sorted(itertools.product(rows, (1, 0)), key=lambda row: sort_key(order, *row))
    assert [(position.key, place) for position, place in found] == [
        (key, place) for key in ("frank", "FRANZ", "Franz", "franz", "Franza") for place in (0, 1)
    ]


def test_only_another_spelling_hides_a_key() -> None:
    keys = [
        ("ada", "Ada"),
        ("ada", "ada"),
        ("bob", "bob"),
        ("bob", "bob"),
        ("cleo", "CLEO"),
        ("cleo", "Cleo"),
    ]
    assert other_spellings(keys) == ["ada", "Cleo"]
    assert other_spellings([]) == []
