"""A condition decided in Python, with SQL's three values: True, False, and None where a NULL leaves it open."""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Collection, Sequence

from backends.conditions import Always, And, Compare, Condition, Empty, HasValidity, In, Like, Lists, Not, Or
from backends.filters import Operator
from backends.mapping import split_customer_ids
from backends.model import Validity, Value
from backends.order import fold


def matches(condition: Condition, value_of: Callable[[str], Value], validity: Validity) -> bool | None:
    """Whether a row matches; of several values in one column, one is enough. A number compares as a number."""
    match condition:
        case Always(value):
            return value
        case And(parts):
            return _all(parts, value_of, validity)
        case Or(parts):
            found = _all([Not(part) for part in parts], value_of, validity)
            return None if found is None else not found
        case Not(part):
            found = matches(part, value_of, validity)
            return None if found is None else not found
        case HasValidity(validities):
            return validity in validities
        case Empty(column):
            return not any(_texts(value_of(column)))
    return _any_value(condition, value_of(condition.column))


def is_like(text: str, pieces: Sequence[str]) -> bool:
    """Whether `text` holds the pieces in this order, the first at its start and the last at its end."""
    if len(pieces) == 1:
        return text == pieces[0]
    start, end = len(pieces[0]), len(text) - len(pieces[-1])
    if start > end or not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return False
    for piece in pieces[1:-1]:
        place = text.find(piece, start, end)
        if place < 0:
            return False
        start = place + len(piece)
    return True


def _all(parts: Collection[Condition], value_of: Callable[[str], Value], validity: Validity) -> bool | None:
    found: bool | None = True
    for part in parts:
        one = matches(part, value_of, validity)
        if one is False:
            return False
        found = found and one
    return found


def _any_value(condition: Like | In | Compare | Lists, value: Value) -> bool | None:
    texts = _texts(value)
    if not texts:
        return None
    folded: Callable[[str], str] = fold if condition.folded else str
    match condition:
        case Like(pieces=pieces):
            wanted = [folded(piece) for piece in pieces]
            return any(is_like(folded(text), wanted) for text in texts)
        case In(values=values):
            keys = {folded(one) for one in values}
            return any(folded(text) in keys for text in texts)
        case Lists(value=wanted_id):
            return folded(wanted_id) in map(folded, split_customer_ids(value))
        case Compare(operator=operator, value=limit):
            if isinstance(value, int):
                return bool(_COMPARE[operator](value, int(limit)))
            return any(_COMPARE[operator](folded(text), folded(limit)) for text in texts)


def _texts(value: Value) -> Sequence[str]:
    if isinstance(value, tuple):
        return value
    return () if value is None else (str(value),)


_COMPARE: dict[Operator, Callable[[object, object], bool]] = {
    Operator.GREATER_THAN: compare.gt,
    Operator.GREATER_THAN_EQUALS: compare.ge,
    Operator.SMALLER_THAN: compare.lt,
    Operator.SMALLER_THAN_EQUALS: compare.le,
}
