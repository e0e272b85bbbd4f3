"""What `check` says of a table: columns that are mapped but missing, and indexes worth having (DB-10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backends.mapping import FieldType, RecordMapping
from backends.model import Finding, Inspection, SourceKind
from backends.sql.database import Database
from backends.sql.shapes import Columns
from backends.sql.statements import Statements


async def inspected(mapping: RecordMapping, database: Database, table: str) -> Inspection:
    """Compare the mapping with the table; the number of rows is None where they cannot be counted."""
    dialect = database.dialect
    quoted = dialect.quoted(table)
    sql, args = dialect.columns(quoted)
    present = {_comparable(row[0], dialect.kind): row[1] for row in await database.fetch(sql, args)}
    if not present:
        return Inspection(None, [Finding(table, None)])
    missing = [name for name in _wanted(mapping) if _comparable(name, dialect.kind) not in present]
    findings = [Finding(name, dialect.add_column(table, name, _type_of(mapping, name))) for name in missing]
    if _comparable(mapping.key_column, dialect.kind) not in present:
        return Inspection(None, findings)
    statements = Statements(mapping, table, dialect, Columns())
    (number,) = (await database.fetch(statements.number_of_rows))[0]
    columns = [name for name in _searched(mapping) if name not in missing]
    advice = [
        f"Look-ups by {name} read the whole table; this index helps: {index}"
        for name, index in await _indexes(mapping, database, table, columns)
    ]
    return Inspection(number, findings, advice)


def _wanted(mapping: RecordMapping) -> Sequence[str]:
    more = [mapping.password_column] if mapping.password_column else []
    more += [mapping.customer_id_column] if mapping.customer_id_column else []
    more += mapping.search.columns + mapping.search.post_master_columns
    more += ["create_by", "change_by"] if mapping.audited else []
    return list(dict.fromkeys([*mapping.columns, *more]))


def _type_of(mapping: RecordMapping, column: str) -> FieldType:
    if column in ("create_by", "change_by"):
        return FieldType.INT
    return next((row.type for row in mapping.fields if row.column == column), FieldType.STRING)


def _searched(mapping: RecordMapping) -> Sequence[str]:
    """Columns that single look-ups compare whole."""
    names = [mapping.key_column, *mapping.search.post_master_columns]
    names += [mapping.customer_id_column] if mapping.customer_id_column else []
    return list(dict.fromkeys(names))


async def _indexes(
    mapping: RecordMapping, database: Database, table: str, columns: Sequence[str]
) -> list[tuple[str, str]]:
    """Column and statement of each index that is missing; SQLite's would need our functions in every program."""
    kind = database.dialect.kind
    if kind is SourceKind.SQLITE:
        return []
    definitions = [_plain(text) for text in await _definitions(database, database.dialect.quoted(table))]
    found = []
    for name in columns:
        expressions = list(_expressions(mapping, kind, name))
        if not any(_plain(expressions[0]) in text for text in definitions):
            index = f"{table.replace('.', '_')}_{name}_lookup"
            found.append((name, database.dialect.add_index(table, index, ", ".join(expressions))))
    return found


def _expressions(mapping: RecordMapping, kind: SourceKind, column: str) -> Iterator[str]:
    if kind is SourceKind.MARIADB or mapping.search.case_sensitive:
        yield column
        return
    yield f'lower({column}) COLLATE "C"'
    if column == mapping.key_column:
        yield f'{column} COLLATE "C"'  # so that lists are read in order, too


async def _definitions(database: Database, table: str) -> list[str]:
    """What each index of the table begins with."""
    if database.dialect.kind is SourceKind.POSTGRESQL:
        sql = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = to_regclass($1)"
        return [str(row[0]).partition(" USING ")[2] for row in await database.fetch(sql, [table])]
    *schema, name = table.replace("`", "").split(".")
    sql = (
        "SELECT column_name FROM information_schema.statistics"
        " WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s AND seq_in_index = 1"
    )
    rows = await database.fetch(sql, [schema[0] if schema else None, name])
    return [f"({row[0]})" for row in rows]


def _plain(text: str) -> str:
    """An index expression without what PostgreSQL adds when it shows one."""
    return (
        text.replace("::text", "").replace('"', "").replace("(", "").replace(")", "").replace(" ", "").lower()
    )


def _comparable(column: str, kind: SourceKind) -> str:
    return column if kind is SourceKind.POSTGRESQL else column.lower()
