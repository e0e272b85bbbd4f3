"""Whether a record matches: words, patterns, numbers, as its source compares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from backends.order import fold, number_text
from backends.search import AllOf, AnyOf, Search
from tests.otobo.blocks import Block, Row
from tests.otobo.oracle import Record

Test = Callable[[Record], bool | None]


def found_by(tree: Search, record: Record, variables: Sequence[str] = ()) -> bool | None:
    """Whether each word stands in some search field, and each negated word in none (SRCH-8)."""
    columns = [row.column for row in map(record.block.row, variables) if row]
    columns = columns or list(record.block.words("SearchFields"))
    if record.block.is_directory and not columns:
        columns = [record.block.key]
    mapped = {row.column for row in record.block.rows if row.is_dynamic}
    before, after = record.block.affixes

    def word(pieces: Sequence[str]) -> bool | None:
        text = re.sub(r"\*+", "*", f"{before}{'*'.join(pieces)}{after}")
        return _any(resembles(record, column, text) for column in columns if column not in mapped)

    return holds(tree, word)


def holds(tree: Search, word: Callable[[Sequence[str]], bool | None]) -> bool | None:
    """A search tree, in which unknown stays unknown."""
    if isinstance(tree, AllOf):
        parts = [holds(part, word) for part in tree.parts]
        return False if False in parts else None if None in parts else True
    if isinstance(tree, AnyOf):
        return _any(holds(part, word) for part in tree.parts)
    found = word(tree.pieces)
    return found if found is None or not tree.negated else not found


def resembles(record: Record, column: str, text: str) -> bool | None:
    """Whether some value has the form of `text`, in which `*` is the only wildcard; unknown for NULL."""
    values = record.all(column)
    if not values:
        return False if record.block.is_directory else None
    same = _normal(record.block, column)
    form = ".*".join(re.escape(part) for part in same(text).split("*"))
    return any(re.fullmatch(form, same(value), re.DOTALL) for value in values)


def like(record: Record, variable: str, text: str) -> bool | None:
    """A field criterion; wildcards alone ask for nothing (DET-5)."""
    row = record.block.row(variable)
    if row is None:
        return False
    if not text.strip("*"):
        return True
    return _number_equals(record, row, text) if row.type == "int" else resembles(record, row.column, text)


def equals(record: Record, column: str, text: str) -> bool:
    """Whether some value of a column is `text`, as the source compares."""
    same = _normal(record.block, column)
    return any(same(value) == same(text) for value in record.all(column))


def _number_equals(record: Record, row: Row, text: str) -> bool:
    return record.first(row.column) is not None and number_text(record.first(row.column)) == number_text(text)


def login_holds(record: Record, text: str) -> bool | None:
    """Whether the login holds `text`; one that is a number equals it."""
    row = record.block.row("UserLogin")
    if row is not None and row.type == "int":
        return bool(re.fullmatch(r"[+-]?\d{1,16}", text)) and _number_equals(record, row, text)
    return resembles(record, record.block.key, f"*{text}*")


def one_of(name: str, values: Sequence[Any]) -> Test:
    """Whether an attribute is exactly one of `values`."""
    wanted = {str(one) for one in values}
    return lambda record: bool(
        wanted & set(record.all(row.column) if (row := record.block.row(name)) else ())
    )


def _normal(block: Block, column: str) -> Callable[[str], str]:
    """How a source compares: by case or not; a directory also squeezes blanks, and knows telephone numbers."""
    if not block.is_directory:
        return fold if block.folded else str
    if column.lower() == "telephonenumber":
        return lambda text: re.sub(r"[ -]", "", fold(text))
    return lambda text: (
        " ".join(fold(text).split(" ")) if "  " not in text else re.sub(r" +", " ", fold(text))
    )


def sort_value(record: Record, variable: str) -> str:
    """What a record is sorted by."""
    row = record.block.row(variable)
    value = record.first(row.column) if row else None
    if row is None and variable == "ValidID":
        return number_text(record.valid)
    return number_text(value) if row and row.type == "int" else fold(value or "")


def within(value: str, pieces: Sequence[str]) -> bool:
    """Whether a dynamic field's value holds a word."""
    form = ".*".join(re.escape(fold(part)) for part in ("", *pieces, ""))
    return re.fullmatch(form, fold(value), re.DOTALL) is not None


def _any(results: Iterable[bool | None]) -> bool | None:
    found = list(results)
    return True if True in found else None if None in found else False


def _matches(stored: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, text.split("*"))), stored, re.DOTALL) is not None


DYNAMIC: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "Like": _matches,
    "GreaterThan": str.__gt__,
    "GreaterThanEquals": str.__ge__,
    "SmallerThan": str.__lt__,
    "SmallerThanEquals": str.__le__,
}
