"""Which tables a database has and which a registry needs, column by column, and where the two differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from backends.model import SourceKind
from backends.sql.database import Session

PRESENT = {
    SourceKind.POSTGRESQL: """\
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
    a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname, a.attnum""",
    SourceKind.MARIADB: """\
SELECT table_name, column_name, column_type,
    is_nullable = 'NO' AND column_default IS NULL AND LOCATE('auto_increment', extra) = 0
FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position""",
    SourceKind.SQLITE: """\
SELECT m.name, p.name, p.type, p."notnull" AND p.dflt_value IS NULL AND NOT p.pk
FROM sqlite_master AS m, pragma_table_info(m.name) AS p
WHERE m.type IN ('table', 'view') AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, p.cid""",
}
"""Table, column, type, and whether an insert must name the column; what extensions brought along is not counted."""

FAMILIES = {
    "a whole number": r"(big|small|tiny|medium)?(int|serial)",
    "text": r"(n?var)?char|(tiny|medium|long)?text|clob",
    "a time": r"timestamp|date",
    "bytes": r"(tiny|medium|long)?blob|bytea|(var)?binary",
}
TYPES = 256
"""Types of columns that are remembered."""
NO_COLUMN = ("PRIMARY", "CONSTRAINT", "FOREIGN", "UNIQUE", "INDEX", "KEY")
NUMBERED = re.compile(r"\b(big)?serial\b|AUTO_?INCREMENT|\bDEFAULT\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column, as far as tables are compared."""

    type: str
    required: bool
    """Whether an insert must name it."""

    @property
    def family(self) -> str:
        """What kind of value it holds; the type itself where that is none of those we use."""
        return _family(self.type)

    @property
    def length(self) -> int | None:
        """How many characters it takes, where that is limited."""
        return _length(self.type)


Tables = Mapping[str, Mapping[str, Column]]
"""Columns by name, by table."""


async def tables_of(session: Session, kind: SourceKind) -> Tables:
    """Every table and view of the database, by names as that kind of database compares them."""
    found: dict[str, dict[str, Column]] = {}
    for table, column, type_, required in await session.fetch(PRESENT[kind]):
        columns = found.setdefault(comparable(table, kind), {})
        if column is not None:
            columns[comparable(column, kind)] = Column(str(type_), bool(required))
    return found


def tables_in(statements: Iterable[str]) -> dict[str, Mapping[str, Column]]:
    """The tables that a script creates."""
    created = (re.match(r"CREATE TABLE (\w+) \((.*)\)", text, re.DOTALL) for text in statements)
    return {match[1]: dict(_columns(match[2])) for match in created if match}


def differences(wanted: Tables, present: Tables) -> Iterator[tuple[str, str]]:
    """Where `present` has not what is wanted, or asks for more: the table, and a sentence about it."""
    for table, columns in wanted.items():
        if table not in present:
            yield table, f"table {table} is missing"
            continue
        for name, column in columns.items():
            if sentence := _difference(column, present[table].get(name)):
                yield table, f"{table}.{name} {sentence}"
        for name, column in present[table].items():
            if name not in columns and column.required:
                yield table, f"{table}.{name} is not ours, and cannot be left out when a row is written"


def comparable(name: str, kind: SourceKind) -> str:
    """A name as that kind of database compares it."""
    return name if kind is SourceKind.POSTGRESQL else name.lower()


@lru_cache(TYPES)
def _family(type_: str) -> str:
    matches = (name for name, types in FAMILIES.items() if re.match(types, type_, re.IGNORECASE))
    return next(matches, type_.lower())


@lru_cache(TYPES)
def _length(type_: str) -> int | None:
    limit = re.search(r"\((\d+)\)", type_) if _family(type_) == "text" else None
    return int(limit[1]) if limit else None


def _difference(wanted: Column, present: Column | None) -> str | None:
    if present is None:
        return "is missing"
    if present.family != wanted.family:
        return f"is {present.type}, where {wanted.family} is needed"
    if wanted.length and present.length and present.length < wanted.length:
        return f"takes {present.length} characters, where {wanted.length} are needed"
    if present.required and not wanted.required:
        return "must not be empty, where that is allowed"
    return None


def _columns(body: str) -> Iterator[tuple[str, Column]]:
    for line in body.splitlines():
        name, _, definition = line.strip().rstrip(",").partition(" ")
        if definition and name not in NO_COLUMN:
            required = "NOT NULL" in definition and not NUMBERED.search(definition)
            yield name, Column(re.split(r"(?<=\)) | (?!\()", definition)[0], required)
