"""Pages made of rows that are those of last time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from backends.sql import last
from backends.sql.database import Row
from backends.sql.last import LastPages


def made(rows: Sequence[Row]) -> list[str]:
    return [str(row) for row in rows]


@pytest.mark.parametrize("typed", [False, True])
def test_the_same_rows_are_the_same_page_and_others_are_another(typed: bool) -> None:
    pages: LastPages[list[str]] = LastPages(typed)
    rows = [("ada", 1, None), ("boss", 2, "x")]
    page = pages.of("text", rows, made)
    assert pages.of("text", rows, made) is page
    assert (pages.of("text", [*rows], made) is page) is typed
    changed = [("ada", 1, None), ("boss", 2, "y")]
    assert pages.of("text", changed, made) == made(changed)
    assert pages.of("other", rows, made) == made(rows)
    assert pages.of("text", [], made) == []


@pytest.mark.parametrize(
    ("typed", "before", "after"),
    [(True, Decimal("1.0"), Decimal("1.00")), (True, 0.0, -0.0), (False, 1, 1.0), (False, True, 1)],
)
def test_values_that_are_equal_and_not_the_same_are_told_as_they_are(
    typed: bool, before: object, after: object
) -> None:
    pages: LastPages[list[str]] = LastPages(typed)
    for value in (before, after, before):
        assert pages.of("text", [(value,)], made) == [str((value,))]


def test_not_too_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last, "PAGES", 2)
    monkeypatch.setattr(last, "ROWS", 1)
    pages: LastPages[list[str]] = LastPages(True)
    for number in range(5):
        pages.of(number, [(number,)], made)
        assert len(pages._known) <= 2
    pages.of(4, [(1,), (2,)], made)
    assert 4 not in pages._known
