"""SQLite through aiosqlite; the only module that imports it. Each connection has a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosqlite

from backends.mapping import split_customer_ids
from backends.model import SourceStatus
from backends.order import fold, number_text
from backends.sql.database import Row
from backends.sql.dialects import Dialect, Listed, SQLiteDialect
from backends.sql.driver import PooledDriver
from backends.sql.failures import DuplicateKey, StoreError
from backends.sql.unchanged import Unchanged

READERS = 4
"""Connections at most: more threads would wait for each other."""
PULSE = 0.02
"""Seconds between two attempts to interrupt a statement, which may not have begun at the first."""


@dataclass(frozen=True, slots=True)
class FileConnection:
    """A connection and the file it was opened on: a file may be replaced by a newer one under the same path."""

    client: aiosqlite.Connection
    file: tuple[int, int]
    read: Unchanged = field(default_factory=Unchanged)


class SQLite(PooledDriver[FileConnection]):
    """A file that must exist; it may vanish and come back."""

    dialect: Dialect = SQLiteDialect()
    begin = "BEGIN IMMEDIATE"

    def __init__(self, path: str, pool_size: int, timeout: float, read_only: bool) -> None:
        super().__init__(min(pool_size, READERS), timeout)
        self._path = Path(path).absolute()
        self._mode = "ro" if read_only else "rw"
        if read_only:
            self.begin = "BEGIN"

    def widen(self, connections: int) -> None:
        """A file does not get faster by it."""

    async def connect(self) -> FileConnection:
        file = self._file()
        if file is None:
            raise StoreError
        client = aiosqlite.connect(
            f"{self._path.as_uri()}?mode={self._mode}", uri=True, isolation_level=None, timeout=self.timeout
        )
        client._thread.daemon = True  # a program that fails before it closes us must still be able to end
        opening = asyncio.get_running_loop().create_task(_open(client))
        try:
            # aiosqlite loses a connection whose opening is cancelled, its file still open
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(lambda _: client.stop())
            raise
        return FileConnection(client, file)

    def is_usable(self, connection: FileConnection) -> bool:
        return connection.file == self._file()

    async def abandon(self, connection: FileConnection) -> None:
        """Interrupt what runs until the thread is free; then the connection can be closed."""
        free = asyncio.ensure_future(_free(connection.client))
        while not free.done():
            await connection.client.interrupt()
            await asyncio.wait([free], timeout=PULSE)
        await self.disconnect(connection)

    async def disconnect(self, connection: FileConnection) -> None:
        await connection.client.close()

    async def run_fetch(self, connection: FileConnection, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        client, read = connection.client, connection.read
        if isinstance(sql, Listed):
            return await client._execute(lambda: read.fetch(client._conn, sql, args))  # type: ignore[no-any-return, no-untyped-call]
        return await client.execute_fetchall(sql, args)  # type: ignore[return-value]

    async def run_execute(self, connection: FileConnection, sql: str, args: Sequence[Any]) -> int:
        async with connection.client.execute(sql, args) as cursor:
            return max(cursor.rowcount, 0)

    def failure(self, error: Exception) -> StoreError | DuplicateKey | None:
        if isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in str(error):
            return DuplicateKey()
        if isinstance(error, sqlite3.Error):
            slow = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT)
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            return StoreError(SourceStatus.TIMEOUT if code in slow else SourceStatus.UNAVAILABLE)
        return StoreError() if isinstance(error, OSError) and not isinstance(error, TimeoutError) else None

    def is_statement_error(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.Error)

    def _file(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._path)  # noqa: PTH116  (a third of the time, on every statement)
        except OSError:
            return None
        return status.st_dev, status.st_ino


async def _open(client: aiosqlite.Connection) -> None:
    await client
    try:
        await _prepare(client)
    except BaseException:
        client.stop()
        raise


async def _prepare(client: aiosqlite.Connection) -> None:
    await client.create_function("fold", 1, _fold, deterministic=True)
    await client.create_function("number_text", 1, _number_text, deterministic=True)
    await client.create_function("lists", 3, _lists, deterministic=True)
    await client.execute_fetchall("PRAGMA case_sensitive_like = ON")
    await client.execute_fetchall("PRAGMA foreign_keys = ON")


async def _free(client: aiosqlite.Connection) -> None:
    """Return when the connection's thread has done what it was given."""
    with contextlib.suppress(sqlite3.Error):
        await client.execute_fetchall("SELECT 1")


def _fold(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _number_text(text: str | None) -> str | None:
    return (number_text(text) or None) if text is not None else None


def _lists(text: str | None, value: str, folded: int) -> int | None:
    if text is None:
        return None
    parts = split_customer_ids(text)
    return fold(value) in map(fold, parts) if folded else value in parts
