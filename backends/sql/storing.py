"""What a record's values become in the columns of its table (MAP-6, MAP-7, COMP-4), and what has no place there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backends.conditions import is_storable
from backends.mapping import FieldMapping, FieldType, RecordMapping, split_customer_ids
from backends.model import SourceKind, Validity, Value
from backends.sql.database import Database
from backends.sql.tables import Column
from backends.writers import Unstorable, Values

_COLUMNS = {
    SourceKind.POSTGRESQL: (
        "SELECT attname::text, format_type(atttypid, atttypmod), attnotnull, NULL, NULL FROM pg_attribute"
        " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped"
    ),
    SourceKind.MARIADB: (
        "SELECT column_name, column_type, is_nullable = 'NO', character_set_name, collation_name"
        " FROM information_schema.columns"
        " WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s"
    ),
    SourceKind.SQLITE: 'SELECT name, type, "notnull", NULL, NULL FROM pragma_table_info(?, ?)',
}
_RANGES = {"tiny": 7, "small": 15, "medium": 23, "big": 63}
_BYTES = {"tinytext": 255, "text": 65_535}
_WHOLE_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,19}\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """A column as it is, and what fits into it."""

    column: Column
    never_null: bool
    charset: str | None = None
    """The character set of a text on MariaDB."""
    ignores_case: bool = False
    """Whether the column itself takes different spellings for equal."""
    is_number: bool = field(init=False)
    """Whether it holds whole numbers."""
    length: int | None = field(init=False)
    """How many characters it takes, where that is limited."""

    def __post_init__(self) -> None:
        """Say once what each change asks for."""
        object.__setattr__(self, "is_number", self.column.family == "a whole number")
        object.__setattr__(self, "length", self.column.length)

    def holds(self, value: str | int) -> bool:
        """Whether a value fits, as far as can be told."""
        if isinstance(value, int):
            bits: int = next((bits for name, bits in _RANGES.items() if name in self.column.type.lower()), 31)
            return -(1 << bits) <= value < 1 << bits
        if self.length is not None and len(value) > self.length:
            return False
        return self.charset is None or self._charset_holds(value)

    def _charset_holds(self, value: str) -> bool:
        if len(value.encode()) > _BYTES.get(self.column.type, len(value) * 4):
            return False
        if self.charset in ("utf8", "utf8mb3") and any(sign > "\uffff" for sign in value):
            return False
        return self.charset != "latin1" or _is_latin1(value)


Places = Mapping[str, Place]
"""The columns of a table by name, in small letters unless the database tells them apart."""


async def places_of(database: Database, table: str) -> Places:
    """The columns of a table, perhaps of another schema; none where there is no such table."""
    kind, quoted = database.dialect.kind, database.dialect.quoted(table)
    args: list[str | None] = [quoted]
    if kind is not SourceKind.POSTGRESQL:
        schema, _, name = table.rpartition(".")
        args = [schema or None, name] if kind is SourceKind.MARIADB else [name, schema or None]
    rows = await database.fetch(_COLUMNS[kind], args)
    return {
        str(name).lower(): Place(
            Column(str(type_), False), bool(never_null), charset, "_ci" in (collation or "")
        )
        for name, type_, never_null, charset, collation in rows
    }


@dataclass(slots=True)
class Stored:
    """A value for a column, and the field it came from."""

    field: str
    value: str | int | None


class Storage:
    """Turns values into columns for one table."""

    def __init__(self, mapping: RecordMapping, places: Places, kind: SourceKind) -> None:
        self._mapping = mapping
        self._places = places
        self._kind = kind
        self._keeps_nulls = mapping.field("login") is None
        """Customers leave NULL what is not given; customer users never do."""
        self._rows = tuple(_rows(mapping))
        self._by_name = {row.name: row for row in self._rows}
        self._known = {row.column: self.place(row.column) for row in self._rows}

    def place(self, column: str) -> Place | None:
        """The column as it is."""
        return self._places.get(column.lower())

    def mark(self, column: str) -> str:
        """The placeholder of a value for the column; PostgreSQL must be told of types that are not text or number."""
        place = self.place(column)
        if self._kind is not SourceKind.POSTGRESQL or place is None or place.is_number:
            return "?"
        return "?" if place.column.family == "text" else f"CAST(?::text AS {place.column.type})"

    def created(self, values: Values) -> dict[str, Stored]:
        """Every mapped column of a new record, each once."""
        return self._columns({"validity": Validity.VALID, **values}, creating=True)

    def changed(self, values: Values) -> dict[str, Stored]:
        """The columns that change; those of read-only fields never do."""
        return self._columns(values, creating=False)

    def fitted(self, field: str, column: str, value: str | int) -> str | int:
        """The value as the column takes it; raises Unstorable."""
        place = self._known[column] if column in self._known else self.place(column)
        if isinstance(value, str) and not is_storable(value):
            raise Unstorable(field)
        if place is not None and place.is_number and isinstance(value, str):
            value = _number(field, value)
        elif place is not None and not place.is_number:
            value = str(value)
        if place is not None and not place.holds(value):
            raise Unstorable(field)
        return value

    def _columns(self, values: Values, creating: bool) -> dict[str, Stored]:
        given = [row for name in values if (row := self._by_name.get(name)) is not None]
        if len(given) < len(values) and (unknown := values.keys() - self._by_name.keys() - {"validity"}):
            raise Unstorable(min(unknown))
        columns: dict[str, Stored] = {}
        for row in sorted(given, key=self._rows.index) if len(given) > 1 else given:
            if row.read_only and not creating:
                continue
            stored = Stored(row.name, self._value(row, values[row.name]))
            if columns.setdefault(row.column, stored).value != stored.value:
                raise Unstorable(row.name)  # another field of the same column says otherwise
        for row in self._rows if creating else ():
            columns.setdefault(row.column, Stored(row.name, self._value(row, None)))
        return columns

    def _value(self, row: FieldMapping, given: Value | Validity) -> str | int | None:
        if isinstance(given, Validity):
            given = given.value
        if isinstance(given, tuple):
            given = _joined(row.name, given)
        if given is None or given == "":
            return self._empty(row, given)
        if row.type is FieldType.INT and isinstance(given, str):
            given = _number(row.name, given)
        return self.fitted(row.name, row.column, given)

    def _empty(self, row: FieldMapping, given: str | None) -> str | int | None:
        place = self.place(row.column)
        if self._keeps_nulls and given is None and not (place and place.never_null):
            return None
        return self.fitted(row.name, row.column, 0 if row.type is FieldType.INT else "")


def _rows(mapping: RecordMapping) -> Iterator[FieldMapping]:
    yield from (row for row in mapping.fields if not row.is_dynamic)
    if mapping.field("validity") is None and mapping.valid_column is not None:
        yield FieldMapping("validity", "ValidID", mapping.valid_column, type=FieldType.INT)


def _number(field: str, text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text or "0"):
        raise Unstorable(field)
    return int(text or "0")


def _joined(field: str, values: tuple[str, ...]) -> str:
    """Several customer IDs in one text, such that they are read as they were (MULTI-2)."""
    text = ";".join(values)
    if len(values) == 1 and ("," in text or "|" in text):
        text += ";"
    if field != "listedCustomerIds" or split_customer_ids(text) != values:
        raise Unstorable(field)
    return text


def _is_latin1(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
