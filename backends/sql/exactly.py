"""Comparisons by code point in statements, each beside a plain one that an index helps (OVR-5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from backends.model import SourceKind
from backends.sql.dialects import TEXTS, Dialect, array

LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Exactly:
    """Conditions on columns of text or numbers; each has a method beside it that makes its arguments."""

    dialect: Dialect

    def text(self, column: str) -> str:
        """A column of text, to be told apart and sorted by code point."""
        return self.dialect.exact(self.dialect.text(column))

    def equals(self, column: str) -> str:
        """Whether a column of text is `value`."""
        match self.dialect.kind:
            case SourceKind.MARIADB:
                return f"({column} = ? AND {self.text(column)} = ?)"
            case SourceKind.SQLITE:
                return f"{column} COLLATE BINARY = ?"
            case _:
                return f"{column}::text = ?::text"

    def value(self, value: str) -> list[Any]:
        """The arguments of `equals`."""
        return [value, value] if self.dialect.kind is SourceKind.MARIADB else [value]

    def among(self, column: str) -> str:
        """Whether a column of text is one of `values`."""
        match self.dialect.kind:
            case SourceKind.MARIADB:
                return f"({column} IN ? AND {self.text(column)} IN ?)"
            case SourceKind.SQLITE:
                return f"{column} COLLATE BINARY IN (SELECT value FROM json_each(?))"
            case _:
                return f"{column}::text = ANY({TEXTS})"

    def values(self, values: Sequence[str]) -> list[Any]:
        """The arguments of `among`; one value at least."""
        match self.dialect.kind:
            case SourceKind.MARIADB:
                return [tuple(values), tuple(values)]
            case SourceKind.SQLITE:
                return [orjson.dumps(values).decode()]
            case _:
                return [array(values)]

    @property
    def number(self) -> str:
        """One number as an argument."""
        return "?::bigint" if self.dialect.kind is SourceKind.POSTGRESQL else "?"

    def numbers_among(self, column: str) -> str:
        """Whether a column of numbers is one of `numbers`."""
        match self.dialect.kind:
            case SourceKind.MARIADB:
                return f"{column} IN ?"
            case SourceKind.SQLITE:
                return f"{column} IN (SELECT value FROM json_each(?))"
            case _:
                return f"{column} = ANY(?::bigint[])"

    def numbers(self, numbers: Sequence[int]) -> list[Any]:
        """The arguments of `numbers_among`; one number at least."""
        match self.dialect.kind:
            case SourceKind.MARIADB:
                return [tuple(numbers)]
            case SourceKind.SQLITE:
                return [orjson.dumps(numbers).decode()]
            case _:
                return [list(numbers)]


def possible(ids: Iterable[int]) -> list[int]:
    """The numbers that an id can be, each once and in order."""
    return sorted({number for number in ids if 0 < number <= LARGEST_ID})
