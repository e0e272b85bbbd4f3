"""Dynamic fields: which of the three value columns a kind of field uses, and how it is searched (DF-2, DET-8)."""

from __future__ import annotations

import enum
import re
from dataclasses import replace

from backends.conditions import ALWAYS, NEVER, Always, And, Compare, Condition, In, Like, Not, Or
from backends.filters import Operator
from backends.registry import DynamicSearch
from backends.search import AllOf, AnyOf, Search, Word, pieces

VALUE_COLUMNS = ("value_text", "value_date", "value_int")


class FieldKind(enum.Enum):
    """How the values of a field are stored; only text is searched by pattern."""

    TEXT = "value_text"
    DATE = "value_date"
    NUMBER = "value_int"

    @classmethod
    def of(cls, field_type: str) -> FieldKind:
        """The kind of a field of OTOBO's type `field_type`."""
        return _KINDS.get(field_type, cls.TEXT)

    @property
    def column(self) -> str:
        """Where the values are."""
        return self.value


_KINDS = {"Date": FieldKind.DATE, "DateTime": FieldKind.DATE, "Checkbox": FieldKind.NUMBER}


def is_empty_search(search: DynamicSearch) -> bool:
    """Whether those without a value are looked for; the answer is who has one, since who has no object has none."""
    return search.search is None and search.operator is Operator.EMPTY


def value_condition(search: DynamicSearch, kind: FieldKind) -> Condition:
    """What one stored value must satisfy."""
    if search.search is not None:
        return _tree(search.search, kind)
    parts = [_value(value, search.operator, kind) for value in search.values]
    return Or(tuple(parts)) if parts else NEVER


def _tree(search: Search, kind: FieldKind) -> Condition:
    """The whole search is one criterion for one value; each word may stand anywhere in a text."""
    if isinstance(search, AllOf):
        return And(tuple(_tree(part, kind) for part in search.parts))
    if isinstance(search, AnyOf):
        return Or(tuple(_tree(part, kind) for part in search.parts)) if search.parts else NEVER
    found = _word(replace(search, negated=False), kind)
    return Not(found) if search.negated else found


def _word(word: Word, kind: FieldKind) -> Condition:
    if kind is not FieldKind.TEXT:
        return _value("*".join(word.pieces), Operator.EQUALS, kind)
    inner = tuple(piece for piece in word.pieces if piece)
    return Like(kind.column, ("", *inner, ""), folded=True)


def _value(value: str, operator: Operator, kind: FieldKind) -> Condition:
    if kind is FieldKind.TEXT:
        if operator is Operator.EQUALS:
            return In(kind.column, (value,), folded=False)
        if operator is Operator.LIKE:
            parts = pieces(value)
            return Like(kind.column, parts, True) if len(parts) > 1 else In(kind.column, parts, True)
        return Compare(kind.column, operator, value, folded=True)
    wanted = _moment(value) if kind is FieldKind.DATE else _number(value)
    if isinstance(wanted, Always):
        return wanted
    if operator in (Operator.EQUALS, Operator.LIKE):
        return In(kind.column, (wanted,), folded=False)
    return Compare(kind.column, operator, wanted, folded=False)


def _moment(value: str) -> str | Always:
    """A date, or date and time, as it is stored; wildcards alone ask for nothing."""
    if value and not value.strip("*"):
        return ALWAYS
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?)?", value.strip(), re.ASCII)
    return f"{match[1]} {match[2] or '00:00'}{match[3] or ':00'}" if match else NEVER


def _number(value: str) -> str | Always:
    if value and not value.strip("*"):
        return ALWAYS
    match = re.fullmatch(r"[-+]?\d{1,16}", value.strip(), re.ASCII)
    return str(int(match[0])) if match else NEVER
