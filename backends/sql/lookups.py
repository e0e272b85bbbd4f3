"""How rows are found by key: the exact spelling first and, where some are missing, the folded one, in one statement."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from backends.model import SourceKind
from backends.sql.dialects import TEXTS, Dialect, array


class KeyColumn(enum.Enum):
    """How a MariaDB key column compares by itself."""

    LOOSE = enum.auto()
    """Ignores case, and perhaps more."""
    STRICT = enum.auto()
    """Tells small letters from capitals."""
    STRANGE = enum.auto()
    """Is of a character set that may lack a letter of the keys, which MariaDB would refuse."""
    NO_TEXT = enum.auto()
    """Is a number."""

    @classmethod
    def of(cls, collation: str | None) -> KeyColumn:
        """Read the name of a column's collation."""
        if not collation:
            return cls.NO_TEXT
        if _charset(collation) not in _CODECS:
            return cls.STRANGE
        return cls.LOOSE if "_ci" in collation else cls.STRICT


_CODECS = {"utf8mb4": "utf-8", "uca1400": "utf-8", "utf8mb3": "utf-16", "utf8": "utf-16", "latin1": "cp1252"}


def _charset(collation: str) -> str:
    return collation.partition("_")[0]


def is_loose(collation: str | None) -> bool:
    """Whether a MariaDB column can be compared with any text, and ignores case."""
    return KeyColumn.of(collation) is KeyColumn.LOOSE and _holds_all(collation)


def _holds_all(collation: str | None) -> bool:
    return _CODECS.get(_charset(collation or "")) == "utf-8"


def fits(collation: str | None) -> Callable[[str], bool]:
    """Whether a column of this collation can hold a key; a key that it cannot must not be asked for."""
    codec = _CODECS.get(_charset(collation or ""), "utf-8")
    if codec == "utf-8":
        return lambda key: True
    if codec == "utf-16":
        return lambda key: max(key) <= "\uffff"
    return lambda key: key == key.encode(codec, "ignore").decode(codec)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A statement whose rows hold all records of the keys asked, and perhaps some that are none of them."""

    text_for: Callable[[int], str]
    """The text for so many keys."""
    arguments: Callable[[Sequence[str]], list[Any]]
    fits: Callable[[str], bool] | None = None
    """Whether the column can hold a key at all; None where it can hold any."""


def lookup(
    dialect: Dialect,
    table: str,
    key: str,
    columns: str,
    *,
    folded: bool,
    is_number: bool,
    collation: str | None = None,
) -> Lookup:
    """The look-up of `columns` by `key` (both quoted, the key first among the columns)."""
    if dialect.kind is SourceKind.POSTGRESQL:
        one = _postgresql_one(dialect, table, key, columns, folded)
        many = _postgresql(dialect, table, key, columns, folded)
        return Lookup(
            lambda number: one if number == 1 else many,
            lambda keys: list(keys) if len(keys) == 1 else [array(keys)],
        )
    if dialect.kind is SourceKind.SQLITE:
        text = _sqlite(dialect, table, key, columns, folded, is_number)
        return Lookup(lambda _: text, lambda keys: [orjson.dumps(keys).decode()])
    return _mariadb(dialect, table, key, columns, folded, collation)


def _postgresql_one(dialect: Dialect, table: str, key: str, columns: str, folded: bool) -> str:
    """The same for a single key, which is planned once: of a list it is not known how long it will be."""
    exact = f"SELECT {columns} FROM {table} WHERE {key}::text = $1::text"
    if not folded:
        return exact
    return (
        f"WITH exact AS MATERIALIZED ({exact})"
        f" SELECT * FROM exact UNION ALL SELECT {columns} FROM {table} WHERE NOT EXISTS (SELECT FROM exact)"
        f" AND {dialect.exact(dialect.fold(dialect.text(key)))} = lower($1::text)"
    )


def _postgresql(dialect: Dialect, table: str, key: str, columns: str, folded: bool) -> str:
    texts = TEXTS.replace("?", "$1")
    exact = f"SELECT {columns} FROM {table} WHERE {key}::text = ANY({texts})"
    if not folded:
        return exact
    missing = f"SELECT lower(v) AS v FROM unnest({texts}) AS v WHERE v NOT IN (SELECT {key}::text FROM exact)"
    # nothing missing: the second part is not even begun
    return (
        f"WITH exact AS MATERIALIZED ({exact}), missing AS MATERIALIZED ({missing})"
        f" SELECT * FROM exact UNION ALL SELECT {columns} FROM {table} WHERE EXISTS (SELECT FROM missing)"
        f" AND {dialect.exact(dialect.fold(dialect.text(key)))} = ANY(ARRAY(SELECT v FROM missing))"
    )


def _sqlite(dialect: Dialect, table: str, key: str, columns: str, folded: bool, is_number: bool) -> str:
    left = dialect.text(key) if is_number else key  # the bare column has an index
    exact = f"SELECT {columns} FROM {table} WHERE {left} IN (SELECT value FROM json_each(?1))"
    if not folded:
        return exact
    found = f"SELECT {dialect.text(key)} FROM exact"
    missing = f"SELECT fold(value) AS v FROM json_each(?1) WHERE value NOT IN ({found})"
    return (
        f"WITH exact AS MATERIALIZED ({exact}), missing AS MATERIALIZED ({missing})"
        f" SELECT * FROM exact UNION ALL SELECT {columns} FROM {table} WHERE EXISTS (SELECT 1 FROM missing)"
        f" AND {dialect.fold(dialect.text(key))} IN (SELECT v FROM missing)"
    )


def _mariadb(
    dialect: Dialect, table: str, key: str, columns: str, folded: bool, collation: str | None
) -> Lookup:
    kind, fit = KeyColumn.of(collation), fits(collation)
    as_text = kind in (KeyColumn.STRANGE, KeyColumn.NO_TEXT)
    plain = dialect.exact(dialect.text(key)) if as_text else key  # the bare column has an index
    exact = f"SELECT {columns} FROM {table} WHERE {plain} IN %s"
    if not folded or kind in (KeyColumn.LOOSE, KeyColumn.NO_TEXT):
        return Lookup(lambda _: exact, lambda keys: [tuple(keys)], fit)
    found = f"(SELECT COUNT(DISTINCT {plain}) FROM {table} WHERE {plain} IN %s)"

    def text_for(number: int) -> str:
        among = dialect.among(key, True, dialect.size(number), loose=False)
        return dialect.finish(
            f"{exact} UNION ALL SELECT {columns} FROM {table} WHERE {found} < ? AND {among}"
        )

    def arguments(keys: Sequence[str]) -> list[Any]:
        return [tuple(keys), tuple(keys), len(keys), *dialect.many(keys, loose=False)]

    return Lookup(text_for, arguments, fit)
