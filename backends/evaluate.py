"""A condition decided in Python: the judge where a store has no language, or one that is too loose."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Sequence

from backends.conditions import Always, And, Compare, Condition, Empty, HasValidity, In, Like, Lists, Not, Or
from backends.filters import Operator
from backends.mapping import FieldType, RecordMapping, split_customer_ids
from backends.model import Validity, Value
from backends.order import fold

Values = Callable[[str], Value]
"""The value of a column; None where the row has none, a tuple where it has several."""

Test = Callable[[Values, Validity], bool | None]
"""True, False or, as in SQL, unknown."""

_Check = Callable[[str], bool | None]


def predicate(
    condition: Condition,
    *,
    numbers: Collection[str] = (),
    first_only: Collection[str] = (),
    absent_is_empty: bool = False,
) -> Test:
    """Prepare `condition` for many rows.

    A comparison with None is unknown, as in SQL. With `absent_is_empty`, as in a directory, it is false instead,
    and true only for a column that is to equal the empty text. Of several values any may match, but for the columns
    in `first_only`. Columns in `numbers` are greater and smaller as whole numbers; equal they are as texts.
    """
    return _Compiler(frozenset(numbers), frozenset(first_only), absent_is_empty).test(condition)


def matches(
    condition: Condition,
    value_of: Values,
    validity: Validity,
    *,
    numbers: Collection[str] = (),
    absent_is_empty: bool = False,
) -> bool | None:
    """Decide `condition` for one row."""
    return predicate(condition, numbers=numbers, absent_is_empty=absent_is_empty)(value_of, validity)


def number_columns(mapping: RecordMapping) -> frozenset[str]:
    """The columns that the mapping calls whole numbers."""
    return frozenset(row.column for row in mapping.fields if row.type is FieldType.INT)


def holds(pieces: Sequence[str], text: str) -> bool:
    """Whether `text` is made of `pieces` in this order with anything in between; the outer ones are anchored."""
    if len(pieces) == 1:
        return text == pieces[0]
    head, *middle, tail = pieces
    if len(text) < len(head) + len(tail) or not text.startswith(head) or not text.endswith(tail):
        return False
    place, end = len(head), len(text) - len(tail)
    for piece in middle:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


class _Compiler:
    def __init__(self, numbers: frozenset[str], first_only: frozenset[str], absent_is_empty: bool) -> None:
        self._numbers = numbers
        self._first_only = first_only
        self._absent_is_empty = absent_is_empty

    def test(self, condition: Condition) -> Test:
        match condition:
            case Always():
                return _always(condition.value)
            case And():
                return _all([self.test(part) for part in condition.parts])
            case Or():
                return _any([self.test(part) for part in condition.parts])
            case Not():
                return _not(self.test(condition.part))
            case HasValidity():
                return _has_validity(condition.validities)
            case Empty():
                return _empty(condition.column)
            case Lists():
                return self._lists(condition)
            case Like():
                return self._column(condition.column, _resembles(condition))
            case In():
                empty = self._absent_is_empty and "" in condition.values
                return self._column(condition.column, self._equals(condition), absent_matches=empty)
            case Compare():
                return self._column(condition.column, self._compares(condition))

    def _column(self, column: str, check: _Check, absent_matches: bool = False) -> Test:
        absent = absent_matches if self._absent_is_empty else None
        one = column in self._first_only

        def test(values: Values, _validity: Validity) -> bool | None:
            texts = _texts(values(column))
            if not texts:
                return absent
            return check(texts[0]) if one or len(texts) == 1 else _either([check(text) for text in texts])

        return test

    def _equals(self, condition: In) -> _Check:
        same = fold if condition.folded else str
        values = {same(value) for value in condition.values}
        return lambda text: same(text) in values

    def _compares(self, condition: Compare) -> _Check:
        compare = _OPERATORS[condition.operator]
        if condition.column in self._numbers:
            wanted = _number(condition.value)

            def by_number(text: str) -> bool:
                number = _number(text)
                return number is not None and wanted is not None and compare(number, wanted)

            return by_number
        same = fold if condition.folded else str
        value = same(condition.value)
        return lambda text: compare(same(text), value)

    def _lists(self, condition: Lists) -> Test:
        same = fold if condition.folded else str
        column, wanted = condition.column, same(condition.value)
        absent = False if self._absent_is_empty else None

        def test(values: Values, _validity: Validity) -> bool | None:
            stored = values(column)
            if not _texts(stored):
                return absent
            return any(same(part) == wanted for part in split_customer_ids(stored))

        return test


def _always(value: bool) -> Test:
    return lambda _values, _validity: value


def _has_validity(validities: Collection[Validity]) -> Test:
    return lambda _values, validity: validity in validities


def _empty(column: str) -> Test:
    return lambda values, _validity: not any(_texts(values(column)))


def _resembles(condition: Like) -> _Check:
    same = fold if condition.folded else str
    parts = tuple(same(piece) for piece in condition.pieces)
    return lambda text: holds(parts, same(text))


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return () if value is None else (str(value),)


def _all(tests: Sequence[Test]) -> Test:
    def test(values: Values, validity: Validity) -> bool | None:
        known: bool | None = True
        for part in tests:
            result = part(values, validity)
            if result is False:
                return False
            if result is None:
                known = None
        return known

    return test


def _any(tests: Sequence[Test]) -> Test:
    return lambda values, validity: _either(part(values, validity) for part in tests)


def _not(part: Test) -> Test:
    def test(values: Values, validity: Validity) -> bool | None:
        result = part(values, validity)
        return None if result is None else not result

    return test


def _either(results: Iterable[bool | None]) -> bool | None:
    known: bool | None = False
    for result in results:
        if result:
            return True
        if result is None:
            known = None
    return known


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


_OPERATORS: dict[Operator, Callable[..., bool]] = {
    Operator.GREATER_THAN: operator.gt,
    Operator.GREATER_THAN_EQUALS: operator.ge,
    Operator.SMALLER_THAN: operator.lt,
    Operator.SMALLER_THAN_EQUALS: operator.le,
}
