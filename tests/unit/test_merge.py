"""Several ordered streams as one list, no further than what was read proves."""

from __future__ import annotations

import pytest

from backends.merge import Stream, merge
from backends.model import CustomerUser
from backends.order import Order, OrderTerm, Position
from backends.protocol import Page, Row
from tests.unit.scripted import a_user

BY_LOGIN = Order(())
BACKWARDS = Order((), descending_ties=True)


def test_rows_come_in_order_whatever_source_they_are_from() -> None:
    streams = [_stream(0, "ada", "eve"), _stream(1, "bob", "zoe")]
    assert _logins(streams, BY_LOGIN, 9) == ["ada", "bob", "eve", "zoe"]


def test_descending_is_the_reverse() -> None:
    streams = [_stream(0, "eve", "ada"), _stream(1, "zoe", "bob")]
    assert _logins(streams, BACKWARDS, 9) == ["zoe", "eve", "bob", "ada"]


@pytest.mark.parametrize(("order", "places"), [(BY_LOGIN, [0, 1]), (BACKWARDS, [1, 0])])
def test_the_same_login_comes_in_the_order_of_its_sources(order: Order, places: list[int]) -> None:
    rows = merge([_stream(0, "ada"), _stream(1, "ada")], order, 2).rows
    assert [row.record.source_key for row in rows] == [f"s{place}" for place in places]


def test_nothing_is_taken_past_a_stream_that_may_hold_the_next_row() -> None:
    full, dry = _stream(0, "ada", "zoe"), _stream(1, "bob", more=True)
    merged = merge([full, dry], BY_LOGIN, 9)
    assert [row.record.login for row in merged.rows] == ["ada", "bob"]
    assert merged.dry == [1]


def test_a_stream_that_gives_no_more_holds_nobody_up() -> None:
    full, silent = _stream(0, "ada"), _stream(1, more=True)
    assert merge([full, silent], BY_LOGIN, 1).rows == []
    silent.end()
    assert _logins([full, silent], BY_LOGIN, 9) == ["ada"]


def test_no_more_rows_are_taken_than_wanted() -> None:
    streams = [_stream(0, "ada", "bob", "eve")]
    assert _logins(streams, BY_LOGIN, 2) == ["ada", "bob"]
    assert _logins(streams, BY_LOGIN, 2) == ["eve"]
    assert _logins(streams, BY_LOGIN, 0) == []


def test_the_next_page_begins_behind_the_last_row() -> None:
    stream: Stream[CustomerUser] = Stream(0, None)
    rows = [_row(0, "ada"), _row(0, "bob")]
    stream.add(Page(rows, more=True))
    assert [row.record.login for row in stream.rows] == ["ada", "bob"]
    assert stream.after == rows[1].position
    assert stream.read == 2


def test_a_page_without_rows_is_the_last_whatever_its_store_says() -> None:
    stream: Stream[CustomerUser] = Stream(0, None)
    stream.add(Page((), more=True))
    assert not stream.is_dry


def test_terms_come_before_ties() -> None:
    order = Order.of([OrderTerm("city", descending=True)], "login")
    streams = [_stream(0, "ada", values=("berlin",)), _stream(1, "bob", values=("zug",))]
    assert _logins(streams, order, 9) == ["bob", "ada"]


def _row(place: int, login: str, values: tuple[str, ...] = ()) -> Row[CustomerUser]:
    source = f"s{place}"
    return Row(a_user(login, source), Position(values, login.lower(), login, source))


def _stream(
    place: int, *logins: str, more: bool = False, values: tuple[str, ...] = ()
) -> Stream[CustomerUser]:
    stream: Stream[CustomerUser] = Stream(place, None)
    stream.rows.extend(_row(place, login, values) for login in logins)
    stream.more = more
    return stream


def _logins(streams: list[Stream[CustomerUser]], order: Order, wanted: int) -> list[str]:
    return [row.record.login for row in merge(streams, order, wanted).rows]
