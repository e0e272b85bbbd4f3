"""What differs between the three products, as expressions; texts have `?` for each argument until `finish`."""

from __future__ import annotations

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import orjson

from backends.mapping import FieldType
from backends.model import SourceKind

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
BLANKS = "".join(chr(code) for code in range(0x10000) if chr(code).isspace())
"""What `str.strip` takes away."""
TEXTS = "?::text::text[]"
"""Several texts as one argument of PostgreSQL, written by `array`."""


def array(texts: Sequence[str]) -> str:
    """Texts as PostgreSQL writes them: its driver looks at each of a list for a list in it, which takes longer."""
    inner = '","'.join(texts)
    if "\\" in inner or inner.count('"') > 2 * len(texts) - 2:
        inner = '","'.join([one.replace("\\", "\\\\").replace('"', '\\"') for one in texts])
    return '{"' + inner + '"}' if texts else "{}"


class Listed(str):
    """The text of a statement that gives a page of a list: values that are shown, in an order that costs a sort."""

    __slots__ = ()


class Dialect(ABC):
    """Makes expressions; each text of a column or an argument is compared by code point once in `exact`."""

    kind: ClassVar[SourceKind]
    quotes: ClassVar[str]
    tells_collations: ClassVar[bool] = False
    """Whether texts depend on the collations of columns."""
    is_typed: ClassVar[bool] = True
    """Whether all values of a column are of one class, or None."""
    reads_once: ClassVar[bool] = True
    """Whether a common table that is named several times is read once."""
    returns_changed: ClassVar[bool] = False
    """Whether an update can return the row as it is then."""
    pattern_bytes: ClassVar[int | None] = None
    """The longest pattern that LIKE takes, if it minds."""
    types: ClassVar[dict[FieldType, str]] = {FieldType.STRING: "VARCHAR(250)", FieldType.INT: "INTEGER"}

    def quoted(self, name: str) -> str:
        """A column or table, the latter perhaps with its schema; ValueError for what is no identifier."""
        parts = name.split(".")
        if len(parts) > 2 or not all(IDENTIFIER.fullmatch(part) for part in parts):
            raise ValueError(f"{name!r} is not an identifier: letters, digits and underscores, at most 63")
        return ".".join(f"{self.quotes}{part}{self.quotes}" for part in parts)

    @property
    def value(self) -> str:
        """One text argument."""
        return "?"

    @abstractmethod
    def text(self, column: str) -> str:
        """A quoted column of whatever type as text; NULL stays."""

    @abstractmethod
    def fold(self, text: str) -> str:
        """The text in the store's small letters."""

    @abstractmethod
    def exact(self, text: str) -> str:
        """The text, compared and sorted by code point, trailing blanks counting."""

    def pattern(self, text: str) -> str:
        """The text as it stands on either side of LIKE."""
        return self.exact(text)

    @abstractmethod
    def number(self, column: str) -> str:
        """A quoted column as `order.number_text` writes numbers; NULL where it holds none."""

    @abstractmethod
    def moment(self, column: str) -> str:
        """A quoted column of date and time as `YYYY-MM-DD HH:MM:SS`."""

    @abstractmethod
    def among(self, column: str, folded: bool, size: int, loose: bool) -> str:
        """Whether a quoted column is one of `size` values; `loose` if the column itself takes no less for equal."""

    @abstractmethod
    def size(self, number: int) -> int:
        """How many values a text is made for that takes `number` of them."""

    @abstractmethod
    def many(self, values: Sequence[str], loose: bool) -> list[Any]:
        """The arguments of `among` for some values."""

    @abstractmethod
    def listed(self, column: str, folded: bool) -> tuple[str, int]:
        """Whether a list of customer IDs (MULTI-2) holds a value, and how often that is an argument."""

    @abstractmethod
    def columns(self, table: str) -> tuple[str, list[Any]]:
        """A question for name and collation of all columns of a table."""

    def gathered(self, number: str, text: str, between: str) -> tuple[str, bool]:
        """Number and text with a colon between, of all rows of a group in one value; False: of one row each."""
        return f"group_concat({number} || ':' || {text}, '{between}')", True

    def finish(self, text: str) -> str:
        """The text with the placeholders of the driver."""
        return text

    def listing(self, text: str) -> str:
        """The text of a statement that gives a page of a list, by which a driver may know that it does."""
        return self.finish(text)

    def add_column(self, table: str, column: str, type: FieldType) -> str:
        """The statement that would add a column."""
        return f"ALTER TABLE {table} ADD COLUMN {column} {self.types.get(type, 'VARCHAR(250)')}"

    def add_index(self, table: str, name: str, expressions: str) -> str:
        """The statement that would add an index."""
        return f"CREATE INDEX {name} ON {table} ({expressions})"


class PostgreSQLDialect(Dialect):
    """PostgreSQL 13 or later, in a database of UTF-8."""

    kind = SourceKind.POSTGRESQL
    quotes = '"'
    returns_changed = True

    @property
    def value(self) -> str:
        return "?::text"

    def text(self, column: str) -> str:
        return f"{column}::text"

    def fold(self, text: str) -> str:
        return f"lower({text})"

    def exact(self, text: str) -> str:
        return f'{text} COLLATE "C"'

    def pattern(self, text: str) -> str:
        return text  # as an index on trigrams would have it

    def number(self, column: str) -> str:
        number = f"least(greatest({column}::text::numeric, -9223372036854775808), 9223372036854775807)"
        return (
            f"(CASE WHEN {column}::text !~ '^\\s*[-+]{{0,1}}[0-9]{{1,40}}\\s*$' THEN NULL"
            f" WHEN {column}::text::numeric >= 0 THEN '1' || lpad({number}::text, 19, '0')"
            f" WHEN {column}::text::numeric < 0"
            f" THEN '0' || lpad(({number} + 9223372036854775808)::text, 19, '0') END)"
        )

    def moment(self, column: str) -> str:
        return f"to_char({column}::timestamp, 'YYYY-MM-DD HH24:MI:SS')"

    def among(self, column: str, folded: bool, size: int, loose: bool) -> str:
        if size == 1:
            left, right = self.text(column), self.value  # as a plain index would have it
            return f"{self.exact(self.fold(left))} = {self.fold(right)}" if folded else f"{left} = {right}"
        if not folded:
            return f"{self.text(column)} = ANY({TEXTS})"
        return f"{self.exact(self.fold(self.text(column)))} IN (SELECT lower(v) FROM unnest({TEXTS}) AS v)"

    def size(self, number: int) -> int:
        return min(number, 2)

    def many(self, values: Sequence[str], loose: bool) -> list[Any]:
        return [array(values)] if len(values) > 1 else list(values)

    def listed(self, column: str, folded: bool) -> tuple[str, int]:
        text, blanks = f"{column}::text", "'" + BLANKS + "'"
        part, value = (
            (f"lower(btrim(p, {blanks}))", "lower(?::text)")
            if folded
            else (f"btrim(p, {blanks})", self.value)
        )
        separator = (
            f"CASE WHEN strpos({text}, ';') > 0 THEN ';' WHEN strpos({text}, ',') > 0 THEN ',' ELSE '|' END"
        )
        parts = f"unnest(string_to_array({text}, {separator})) AS p"
        return f'EXISTS (SELECT FROM {parts} WHERE {part} COLLATE "C" = {value})', 1

    def columns(self, table: str) -> tuple[str, list[Any]]:
        sql = (
            "SELECT attname::text, NULL FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped"
        )
        return sql, [table]

    def gathered(self, number: str, text: str, between: str) -> tuple[str, bool]:
        return f"string_agg({number} || ':' || {text}, '{between}')", True

    def finish(self, text: str) -> str:
        numbers = itertools.count(1)
        return re.sub(r"\?", lambda _: f"${next(numbers)}", text)


class MariaDBDialect(Dialect):
    """MariaDB 10.6 or later, with columns of any character set."""

    kind = SourceKind.MARIADB
    quotes = "`"
    tells_collations = True
    reads_once = False

    def text(self, column: str) -> str:
        return f"CONVERT({column} USING utf8mb4)"

    def fold(self, text: str) -> str:
        # of the collations that are everywhere, the one that knows most small letters
        return f"LOWER({text} COLLATE utf8mb4_unicode_520_ci)"

    def exact(self, text: str) -> str:
        return f"{text} COLLATE utf8mb4_nopad_bin"

    def number(self, column: str) -> str:
        text = self.text(column)
        value = f"CAST({text} AS DECIMAL(40))"
        number = f"LEAST(GREATEST({value}, -9223372036854775808), 9223372036854775807)"
        return (
            f"(CASE WHEN NOT {text} REGEXP '^[[:space:]]*[-+]{{0,1}}[0-9]{{1,40}}[[:space:]]*$' THEN NULL"
            f" WHEN {value} >= 0 THEN CONCAT('1', LPAD({number}, 19, '0'))"
            f" WHEN {value} < 0 THEN CONCAT('0', LPAD({number} + 9223372036854775808, 19, '0')) END)"
        )

    def moment(self, column: str) -> str:
        return f"CONVERT(CAST({column} AS DATETIME(0)) USING utf8mb4)"

    def among(self, column: str, folded: bool, size: int, loose: bool) -> str:
        left = self.text(column)
        if folded:
            left, one = self.exact(self.fold(left)), self.exact(self.fold("?"))
        else:
            left, one = self.exact(left), "?"
        test = f"{left} = {one}" if size == 1 else f"{left} IN ({', '.join([one] * size)})"
        return f"({column} IN ? AND {test})" if loose else test  # so that a plain index helps

    def size(self, number: int) -> int:
        return 1 << (number - 1).bit_length()

    def many(self, values: Sequence[str], loose: bool) -> list[Any]:
        padded = [*values, *[values[-1]] * (self.size(len(values)) - len(values))]
        return [tuple(values), *padded] if loose else padded

    def listed(self, column: str, folded: bool) -> tuple[str, int]:
        text, blanks = self.text(column), f"[{BLANKS}]*"
        separator = f"(CASE WHEN LOCATE(';', {text}) THEN ';' WHEN LOCATE(',', {text}) THEN ',' ELSE '|' END)"
        tight = f"REGEXP_REPLACE(CONCAT({separator}, {text}, {separator}), CONCAT('{blanks}[', {separator}, ']{blanks}'), {separator})"
        value = f"CONCAT({separator}, ?, {separator})"
        if folded:
            tight, value = self.fold(f"{tight}"), self.fold(value)
        return f"(LOCATE({separator}, ?) = 0 AND LOCATE({self.exact(value)}, {self.exact(tight)}) > 0)", 2

    def columns(self, table: str) -> tuple[str, list[Any]]:
        *schema, name = table.replace("`", "").split(".")
        sql = (
            "SELECT column_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?"
        )
        return self.finish(sql), [schema[0] if schema else None, name]

    def gathered(self, number: str, text: str, between: str) -> tuple[str, bool]:
        return f"CONCAT({number}, ':', {text})", False  # what is longer than its settings say would be cut

    def finish(self, text: str) -> str:
        return text.replace("?", "%s")


class SQLiteDialect(Dialect):
    """SQLite with the functions that `sqlite.py` registers: fold, number_text and lists."""

    kind = SourceKind.SQLITE
    quotes = "`"  # in double quotes, a column that does not exist would be taken for a text
    is_typed = False
    pattern_bytes = 50_000

    def text(self, column: str) -> str:
        return f"CAST({column} AS TEXT)"

    def fold(self, text: str) -> str:
        if self.value in text:
            return f"fold({text})"
        # a call of Python's for each row waits for the interpreter as often: only for what is not ASCII
        plain = f"length({text}) = length(CAST({text} AS BLOB))"
        return f"CASE WHEN {plain} THEN lower({text}) ELSE fold({text}) END"

    def exact(self, text: str) -> str:
        return f"{text} COLLATE BINARY"

    def number(self, column: str) -> str:
        return f"number_text({self.text(column)})"

    def moment(self, column: str) -> str:
        return f"strftime('%Y-%m-%d %H:%M:%S', {column})"

    def among(self, column: str, folded: bool, size: int, loose: bool) -> str:
        text = column if loose and not folded else self.text(column)
        left = self.exact(self.fold(text) if folded else text)
        if size == 1:
            return f"{left} = {self.fold('?') if folded else '?'}"
        return f"{left} IN (SELECT {self.fold('value') if folded else 'value'} FROM json_each(?))"

    def size(self, number: int) -> int:
        return min(number, 2)

    def many(self, values: Sequence[str], loose: bool) -> list[Any]:
        return [orjson.dumps(values).decode()] if len(values) > 1 else list(values)

    def listed(self, column: str, folded: bool) -> tuple[str, int]:
        return f"lists({self.text(column)}, ?, {int(folded)})", 1

    def listing(self, text: str) -> str:
        return Listed(text)

    def columns(self, table: str) -> tuple[str, list[Any]]:
        *schema, name = table.replace("`", "").split(".")
        return "SELECT name, NULL FROM pragma_table_info(?, ?)", [name, schema[0] if schema else None]
