"""The hashes of one table: the only statement that reads a password's column, besides the writer's."""

from __future__ import annotations

from backends.conditions import is_storable
from backends.model import Finding, Inspection, SourceKind
from backends.sql.database import Database
from backends.sql.exactly import Exactly


class StoredHashes:
    """Reads the hash of exactly one login; of several rows the last one counts (AUTH-9)."""

    def __init__(self, database: Database, table: str, key_column: str, password_column: str) -> None:
        dialect = database.dialect
        self._database = database
        self._table = table
        self._columns = (key_column, password_column)
        self._exactly = Exactly(dialect)
        key, column = dialect.quoted(key_column), dialect.quoted(password_column)
        self._sql = dialect.finish(
            f"SELECT {column} FROM {dialect.quoted(table)} WHERE {self._exactly.equals(key)}"
        )

    async def stored(self, login: str) -> str | None:
        """The hash; None without row or hash. A login that no row can have is asked for like any other."""
        name = login if is_storable(login) else ""
        rows = await self._database.fetch(self._sql, self._exactly.value(name))
        found = rows[-1][0] if rows and name else None
        return str(found) if found is not None else None

    async def ping(self) -> None:
        """Return when the database answers."""
        await self._database.ping()

    async def inspect(self) -> Inspection:
        """Which of the columns are missing, and how many rows there are, for `check`."""
        dialect = self._database.dialect
        quoted = dialect.quoted(self._table)
        sql, args = dialect.columns(quoted)
        present = {_comparable(row[0], dialect.kind) for row in await self._database.fetch(sql, args)}
        if not present:
            return Inspection(None, [Finding(self._table, None)])
        missing = [name for name in self._columns if _comparable(name, dialect.kind) not in present]
        if missing:
            return Inspection(None, [Finding(name, None) for name in missing])
        (number,) = (await self._database.fetch(f"SELECT count(*) FROM {quoted}"))[0]
        return Inspection(number, [])

    async def close(self) -> None:
        """Give back all connections."""
        await self._database.close()


def _comparable(column: str, kind: SourceKind) -> str:
    return column if kind is SourceKind.POSTGRESQL else column.lower()
