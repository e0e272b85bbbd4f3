"""Fills the demo's stores: PostgreSQL by COPY, SQLite in one transaction."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import asyncpg

from backends.model import SourceKind
from backends.sql import ddl
from backends.sql.ddl import audit
from gateway.demo.tables import CRM_TABLE, Cell, Table

NUMBERED = (
    ("groups_table", "id"),
    ("queue", "id"),
    ("service", "id"),
    ("dynamic_field", "id"),
    ("dynamic_field_obj_id_name", "object_id"),
)
"""Tables whose rows come with their numbers, so that the counters have to follow."""


async def fill_postgresql(url: str, tables: Iterable[Table]) -> None:
    """Make the registry's tables in an empty database, and fill them."""
    connection = await asyncpg.connect(url, timeout=10, command_timeout=60)
    try:
        async with connection.transaction():
            await connection.execute(";\n".join(_registry(SourceKind.POSTGRESQL)))
            for table in tables:
                await connection.copy_records_to_table(table.name, records=table.rows, columns=table.columns)
            for table_name, column in NUMBERED:
                counter = f"pg_get_serial_sequence('{table_name}', '{column}')"
                await connection.execute(f"SELECT setval({counter}, max({column})) FROM {table_name}")
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def fill_registry_file(path: Path, tables: Iterable[Table]) -> None:
    """Make a SQLite file with the registry's tables, and fill them."""
    _fill(path, _registry(SourceKind.SQLITE), tables)


def _registry(kind: SourceKind) -> list[str]:
    """OTOBO's tables, and that of the audit trail."""
    return [*ddl.statements(kind), *audit.creation(kind)]


def fill_crm(path: Path, people: Table) -> None:
    """Make the SQLite file of the CRM."""
    _fill(path, [CRM_TABLE], [people])


def _fill(path: Path, statements: Iterable[str], tables: Iterable[Table]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        for table in tables:
            marks = ", ".join("?" * len(table.columns))
            statement = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
            connection.executemany(statement, (tuple(map(_plain, row)) for row in table.rows))
        connection.execute("COMMIT")


def _plain(cell: Cell) -> str | int | None:
    return cell.isoformat(" ") if isinstance(cell, datetime) else cell
