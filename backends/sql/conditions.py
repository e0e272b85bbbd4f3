"""Shapes as text: every condition in brackets, every value a placeholder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backends.conditions import Always, Empty, HasValidity
from backends.filters import Operator
from backends.model import Validity
from backends.sql.dialects import Dialect
from backends.sql.shapes import (
    ESCAPE,
    All,
    Among,
    Any_,
    Columns,
    Greater,
    Impossible,
    Listed,
    Opposite,
    Pattern,
    Shape,
)

_SIGNS = {
    Operator.GREATER_THAN: ">",
    Operator.GREATER_THAN_EQUALS: ">=",
    Operator.SMALLER_THAN: "<",
    Operator.SMALLER_THAN_EQUALS: "<=",
}


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes conditions on the columns of one table in one dialect."""

    dialect: Dialect
    columns: Columns
    valid_column: str | None
    quoted: Callable[[str], str]
    """How a column is named in the statement."""

    def text(self, shape: Shape) -> str:
        """The condition, with placeholders in the order of the arguments of `shape_of`."""
        match shape:
            case All(parts):
                return _chain([self.text(part) for part in parts], "AND")
            case Any_(parts):
                return _chain([self.text(part) for part in parts], "OR")
            case Opposite(part):
                return f"(NOT {self.text(part)})"
            case Always(value):
                return "(1 = 1)" if value else "(1 = 0)"
            case HasValidity(validities):
                return self._validity(validities)
            case _:
                return f"({self._leaf(shape)})"

    def _leaf(self, shape: Impossible | Pattern | Among | Greater | Listed | Empty) -> str:
        dialect, column = self.dialect, self.quoted(shape.column)
        match shape:
            case Impossible():
                return f"{column} <> {column}"
            case Empty():
                return f"{column} IS NULL OR {dialect.exact(dialect.text(column))} = ''"
            case Pattern(_, folded):
                left, right = self._sides(column, folded)
                return f"{dialect.pattern(left)} LIKE {dialect.pattern(right)} ESCAPE '{ESCAPE}'"
            case Among(name, folded, size):
                return dialect.among(column, folded, size, name in self.columns.loose)
            case Greater(_, operator, folded, number):
                left, right = self._sides(column, folded)
                left = dialect.number(column) if number else left
                return f"{dialect.exact(left)} {_SIGNS[operator]} {dialect.exact(right)}"
            case Listed(_, folded):
                return dialect.listed(column, folded)[0]

    def _sides(self, column: str, folded: bool) -> tuple[str, str]:
        left, right = self.dialect.text(column), self.dialect.value
        return (self.dialect.fold(left), self.dialect.fold(right)) if folded else (left, right)

    def _validity(self, validities: frozenset[Validity]) -> str:
        """What is missing or unknown is INVALID, so that one is described by the other two."""
        if self.valid_column is None:
            return "(1 = 1)" if Validity.VALID in validities else "(1 = 0)"
        # inside of COALESCE, or PostgreSQL would take nearly every row for one of another validity, and sort all
        text = self.dialect.text(self.quoted(self.valid_column))
        if Validity.INVALID not in validities:
            return f"COALESCE({text} IN ({_numbers(validities)}), FALSE)" if validities else "(1 = 0)"
        others = frozenset(Validity) - validities
        return f"COALESCE({text} NOT IN ({_numbers(others)}), TRUE)" if others else "(1 = 1)"


def _numbers(validities: frozenset[Validity]) -> str:
    return ", ".join(f"'{number}'" for number in sorted(validity.value for validity in validities))


def _chain(texts: Sequence[str], word: str) -> str:
    """The texts joined as a balanced tree: SQLite refuses one that is a thousand levels deep."""
    if len(texts) > 50:
        middle = len(texts) // 2
        return f"({_chain(texts[:middle], word)} {word} {_chain(texts[middle:], word)})"
    return f"({f' {word} '.join(texts)})" if texts else "(1 = 1)" if word == "AND" else "(1 = 0)"
