"""MariaDB through asyncmy; the only module that imports it. Arguments go as tuples, never as dicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from weakref import WeakKeyDictionary

import asyncmy
from asyncmy import errors
from asyncmy.connection import Connection

from backends.model import SourceStatus
from backends.sql.database import Row
from backends.sql.dialects import Dialect, MariaDBDialect
from backends.sql.driver import PooledDriver
from backends.sql.failures import DuplicateKey, StoreError, is_of_a_closed_transport

DUPLICATE, LOCK_WAIT, INTERRUPTED, STATEMENT_TIMEOUT = 1062, 1205, 1317, 1969
MATCHED_ROWS = 2
"""Client flag: an update counts the rows it found, changed or not."""
NUMBER = "SELECT UUID_SHORT()"
"""Numbers that rise as long as a server runs; beyond these bits is the second in which it began."""
COUNTED = 24


class MariaDB(PooledDriver[Connection]):
    """A slow statement is stopped by `max_statement_time`; one that was given up is killed by another connection."""

    dialect: Dialect = MariaDBDialect()
    begin = "START TRANSACTION"

    def __init__(self, url: str, pool_size: int, timeout: float) -> None:
        super().__init__(pool_size, timeout)
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        self._numbers: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()
        self._options: dict[str, Any] = {
            "host": parts.hostname or "127.0.0.1",
            "port": parts.port or 3306,
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "database": unquote(parts.path.lstrip("/")) or None,
        }
        if options.get("ssl", ["false"])[0].lower() in ("1", "true", "on"):
            self._options["ssl"] = {"ca": options["ssl_ca"][0] if "ssl_ca" in options else None}

    async def connect(self) -> Connection:
        settings = {
            "max_statement_time": f"{self.timeout:.3f}",
            "innodb_lock_wait_timeout": str(max(1, round(self.timeout))),
            "time_zone": "'+00:00'",
            "sql_mode": "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
            "max_error_count": "0",  # warnings quote values, and asyncmy would log them
        }
        connection = await asyncmy.connect(
            **self._options,
            charset="utf8mb4",
            autocommit=True,
            client_flag=MATCHED_ROWS,
            connect_timeout=max(1, self.timeout),
            init_command="SET SESSION " + ", ".join(f"{name} = {value}" for name, value in settings.items()),
        )
        try:
            [(self._numbers[connection],)] = await self.run_fetch(connection, NUMBER, ())
        except BaseException:
            connection.close()
            raise
        return connection

    def is_usable(self, connection: Connection) -> bool:
        return bool(connection.connected)

    async def abandon(self, connection: Connection) -> None:
        """The server does not notice a client that leaves before its statement has ended.

        One that has begun anew may have given the same number to somebody else.
        """
        thread = int(connection.thread_id())
        connection.close()
        killer = await self.connect()
        try:
            if self._is_later(killer, connection):
                await self.run_execute(killer, f"KILL {thread}", ())
        finally:
            await self.disconnect(killer)

    def _is_later(self, one: Connection, other: Connection) -> bool:
        """Whether the server has run since it took the other one, and until it took this one."""
        number, before = self._numbers[one], self._numbers[other]
        return number > before and number >> COUNTED == before >> COUNTED

    async def disconnect(self, connection: Connection) -> None:
        try:
            await connection.ensure_closed()
        finally:
            connection.close()

    async def run_fetch(self, connection: Connection, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        async with connection.cursor() as cursor:
            await cursor.execute(sql, tuple(args) or None)
            rows: Sequence[Row] = await cursor.fetchall()
            return rows

    async def run_execute(self, connection: Connection, sql: str, args: Sequence[Any]) -> int:
        async with connection.cursor() as cursor:
            await cursor.execute(sql, tuple(args) or None)
            return max(int(str(cursor.rowcount)), 0)

    def failure(self, error: Exception) -> StoreError | DuplicateKey | None:
        code = _code(error)
        if code == DUPLICATE:
            return DuplicateKey()
        if isinstance(error, TimeoutError) or code in (LOCK_WAIT, INTERRUPTED, STATEMENT_TIMEOUT):
            return StoreError(SourceStatus.TIMEOUT)
        if isinstance(error, errors.MySQLError | OSError) or is_of_a_closed_transport(error):
            return StoreError()
        return None

    def is_statement_error(self, error: Exception) -> bool:
        """Errors below 2000 are the server's own; those above, the client's, are of the connection."""
        return isinstance(error, errors.MySQLError) and 0 < _code(error) < 2000 and _code(error) not in _FATAL


_FATAL = (1040, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927)
"""Too many connections, shutdown, aborted or killed connections, packets lost."""


def _code(error: Exception) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0
