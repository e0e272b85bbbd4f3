"""Merges that are remembered: of the same pages the same rows, of any other those that the pages have now."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from backends.merge import Stream, merge
from backends.merges import LastMerges
from backends.model import CustomerUser
from backends.order import Order, Position
from backends.protocol import Page, Row
from tests.unit.scripted import a_user

BY_LOGIN = Order(())

Pages = Sequence[Page[CustomerUser] | None]


def test_pages_of_last_time_come_to_the_same_rows_and_leave_the_same() -> None:
    pages = [_page(0, "ada", "eve", "zoe"), _page(1, "bob", more=True), None]
    merges = LastMerges[CustomerUser]()
    for _ in range(3):
        assert _merged(merges, pages) == (["ada", "bob"], [1], ["eve", "zoe"])


@pytest.mark.parametrize(
    ("place", "page", "logins"),
    [
        (0, ("abe", "eve"), ["abe", "bob", "eve", "zoe"]),
        (1, ("bob",), ["ada", "bob", "eve"]),
        (1, (), ["ada", "eve"]),
        (1, None, ["ada", "eve"]),
    ],
)
def test_another_page_of_one_source_is_merged_anew(
    place: int, page: Sequence[str] | None, logins: Sequence[str]
) -> None:
    merges = LastMerges[CustomerUser]()
    first: list[Page[CustomerUser] | None] = [_page(0, "ada", "eve"), _page(1, "bob", "zoe")]
    assert _merged(merges, first)[0] == ["ada", "bob", "eve", "zoe"]
    first[place] = None if page is None else _page(place, *page)
    assert _merged(merges, first)[0] == logins


def test_another_number_of_rows_or_another_order_of_the_same_pages_is_merged_anew() -> None:
    merges, pages = LastMerges[CustomerUser](), [_page(0, "ada"), _page(1, "ada")]
    assert _merged(merges, pages)[0] == ["ada", "ada"]
    assert _merged(merges, pages, wanted=1)[0] == ["ada"]
    backwards = Order((), descending_ties=True)
    rows = merges.of("page", _streams(pages), backwards, 9).rows
    assert [row.record.source_key for row in rows] == ["s1", "s0"]


def test_a_second_page_of_a_source_is_never_what_is_remembered() -> None:
    merges = LastMerges[CustomerUser]()
    first, second = _page(0, "ada", more=True), _page(0, "eve")
    for _ in range(2):
        streams = _streams([first, _page(1, "bob")])
        assert [row.record.login for row in merges.of("page", streams, BY_LOGIN, 9).rows] == ["ada"]
        streams[0].add(second)
        assert [row.record.login for row in merges.of("page", streams, BY_LOGIN, 9).rows] == ["bob", "eve"]


def _merged(
    merges: LastMerges[CustomerUser], pages: Pages, wanted: int = 9
) -> tuple[list[str], Sequence[int], list[str]]:
    """Logins that were taken, dry places, and what the first stream has left; as `merge` has them."""
    streams, others = _streams(pages), _streams(pages)
    merged, other = merges.of("page", streams, BY_LOGIN, wanted), merge(others, BY_LOGIN, wanted)
    assert (merged.rows, merged.dry) == (other.rows, other.dry)
    assert [stream.rows for stream in streams] == [stream.rows for stream in others]
    return (
        [row.record.login for row in merged.rows],
        merged.dry,
        [row.record.login for row in streams[0].rows],
    )


def _streams(pages: Pages) -> list[Stream[CustomerUser]]:
    """A stream for each page; one without has ended."""
    streams = []
    for place, page in enumerate(pages):
        stream: Stream[CustomerUser] = Stream(place, None)
        if page is None:
            stream.end()
        else:
            stream.add(page)
        streams.append(stream)
    return streams


def _page(place: int, *logins: str, more: bool = False) -> Page[CustomerUser]:
    source = f"s{place}"
    rows = [Row(a_user(login, source), Position((), login, login, source)) for login in logins]
    return Page(rows, more)
