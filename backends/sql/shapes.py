"""Conditions taken apart: a shape, of which a text is made once, and the arguments that change with every call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from backends.conditions import (
    Always,
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
    is_storable,
)
from backends.filters import Operator
from backends.order import number_text
from backends.sql.dialects import Dialect

ESCAPE = "!"
"""Makes the next character of a LIKE pattern literal; a backslash would mean different things by product."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """No text that the column can hold: false, or unknown where it is NULL."""

    column: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """The column is like a pattern."""

    column: str
    folded: bool


@dataclass(frozen=True, slots=True)
class Among:
    """The column is one of `size` values."""

    column: str
    folded: bool
    size: int


@dataclass(frozen=True, slots=True)
class Greater:
    """The column compares with a value, perhaps as a number."""

    column: str
    operator: Operator
    folded: bool
    number: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """The column's list of customer IDs holds a value."""

    column: str
    folded: bool


@dataclass(frozen=True, slots=True)
class All:
    """Every part."""

    parts: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """Some part."""

    parts: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """Not the part; unknown stays unknown."""

    part: Shape


Shape = Always | All | Any_ | Opposite | Impossible | Pattern | Among | Greater | Listed | Empty | HasValidity


def comparable(text: str) -> str:
    """The text with what no product holds replaced by its next neighbour in order."""
    if is_storable(text):
        return text
    return "".join("\x01" if c == "\0" else "\ud7ff" if "\ud800" <= c <= "\udfff" else c for c in text)


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known of the columns that conditions name."""

    numbers: frozenset[str] = frozenset()
    """Mapped as int: compared as numbers."""
    loose: frozenset[str] = frozenset()
    """Text that takes for equal by itself what is equal here, and perhaps more: a plain index helps."""


def shape_of(condition: Condition, dialect: Dialect, columns: Columns) -> tuple[Shape, list[Any]]:
    """The shape of a condition, and its arguments in the order of the text's placeholders."""
    reader = _Reader(dialect, columns, [])
    return reader.read(condition), reader.args


@dataclass(frozen=True, slots=True)
class _Reader:
    dialect: Dialect
    columns: Columns
    args: list[Any]

    def read(self, condition: Condition) -> Shape:
        match condition:
            case And(parts):
                return All(tuple(self.read(part) for part in parts))
            case Or(parts):
                return Any_(tuple(self.read(part) for part in _joined(parts)))
            case Not(part):
                return Opposite(self.read(part))
            case In(column, values, folded):
                return self._among(column, values, folded)
            case Like(column, pieces, folded):
                return self._pattern(column, pieces, folded)
            case Compare():
                return self._greater(condition)
            case Lists(column, value, folded):
                return self._listed(column, value, folded)
            case Always() | Empty() | HasValidity():
                return condition

    def _among(self, column: str, values: Iterable[str], folded: bool) -> Shape:
        kept = list(dict.fromkeys(filter(is_storable, values)))
        if not kept:
            return Impossible(column)
        self.args.extend(self.dialect.many(kept, column in self.columns.loose))
        return Among(column, folded, self.dialect.size(len(kept)))

    def _pattern(self, column: str, pieces: Sequence[str], folded: bool) -> Shape:
        pattern = "%".join(map(_literal, pieces))
        longest = self.dialect.pattern_bytes
        if not is_storable(pattern) or (longest and len(pattern.encode()) > longest):
            return Impossible(column)
        self.args.append(pattern)
        return Pattern(column, folded)

    def _greater(self, condition: Compare) -> Shape:
        if not is_storable(condition.value):
            return Impossible(condition.column)
        number = condition.column in self.columns.numbers
        self.args.append(number_text(condition.value) if number else condition.value)
        return Greater(condition.column, condition.operator, condition.folded and not number, number)

    def _listed(self, column: str, value: str, folded: bool) -> Shape:
        if not value or value != value.strip() or not is_storable(value):
            return Impossible(column)
        self.args.extend([value] * self.dialect.listed(column, folded)[1])
        return Listed(column, folded)


def _literal(text: str) -> str:
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return text


def _joined(parts: Collection[Condition]) -> list[Condition]:
    """Alternatives for one column as one list of values."""
    joined: dict[object, Condition] = {}
    for place, part in enumerate(parts):
        if not isinstance(part, In):
            joined[place] = part
            continue
        same = (part.column, part.folded)
        earlier = joined.get(same)
        joined[same] = (
            In(part.column, earlier.values + part.values, part.folded) if isinstance(earlier, In) else part
        )
    return list(joined.values())
