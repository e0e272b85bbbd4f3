"""Pages that a file gave before: SQLite tells exactly whether anything was written to it since."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Sequence
from typing import Any

from backends.bounded import Bounded
from backends.sql.database import Row

PAGES = 64
"""Pages of one connection that are kept."""
ROWS = 200
"""Rows of such a page at most."""


class Unchanged:
    """What one connection has read of a file, until that is another one; it is used by the connection's thread alone."""

    def __init__(self) -> None:
        self._state: object = None
        self._pages: Bounded[Hashable, Sequence[Row]] = Bounded(PAGES)

    def fetch(self, connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        """All rows of a statement, which are as they stand in the file now."""
        if connection.in_transaction:  # what it wrote itself may yet be undone
            return connection.execute(sql, args).fetchall()
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        state = version, connection.total_changes
        if state != self._state:
            self._pages.clear()
            self._state = state
        key = (sql, *args)
        rows = self._pages.get(key)
        if rows is None:
            rows = connection.execute(sql, args).fetchall()
            if len(rows) <= ROWS:
                self._pages.keep(key, rows)
        return rows
