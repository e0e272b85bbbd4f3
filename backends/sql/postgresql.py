"""PostgreSQL through asyncpg; the only module that imports it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import asyncpg

from backends.model import SourceStatus
from backends.sql.database import Row
from backends.sql.dialects import Dialect, PostgreSQLDialect
from backends.sql.driver import PooledDriver
from backends.sql.failures import DuplicateKey, StoreError

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


class PostgreSQL(PooledDriver["Connection"]):
    """A cancelled statement is stopped on the server by asyncpg; a slow one by `statement_timeout`."""

    dialect: Dialect = PostgreSQLDialect()

    def __init__(self, url: str, pool_size: int, timeout: float) -> None:
        super().__init__(pool_size, timeout)
        self._url = url

    async def connect(self) -> Connection:
        milliseconds = str(max(1, round(self.timeout * 1000)))
        return await asyncpg.connect(
            self._url,
            timeout=self.timeout,
            statement_cache_size=256,
            max_cacheable_statement_size=128 * 1024,
            server_settings={
                "application_name": "kundengraph",
                "statement_timeout": milliseconds,
                "idle_in_transaction_session_timeout": str(int(milliseconds) + 60_000),
                "timezone": "UTC",
            },
        )

    def is_usable(self, connection: Connection) -> bool:
        return not connection.is_closed()

    async def abandon(self, connection: Connection) -> None:
        try:
            await connection.close(timeout=self.timeout)  # waits for asyncpg to have the statement cancelled
        finally:
            connection.terminate()

    async def disconnect(self, connection: Connection) -> None:
        await self.abandon(connection)

    async def run_fetch(self, connection: Connection, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        rows: Any = await connection.fetch(sql, *args)  # records are sequences, which the stubs do not say
        return rows  # type: ignore[no-any-return]

    async def run_execute(self, connection: Connection, sql: str, args: Sequence[Any]) -> int:
        status = await connection.execute(sql, *args)
        return int(count[0]) if (count := re.search(r"\d+$", status)) else 0

    def failure(self, error: Exception) -> StoreError | DuplicateKey | None:
        if isinstance(error, asyncpg.UniqueViolationError):
            return DuplicateKey()
        if isinstance(error, TimeoutError | asyncpg.QueryCanceledError | asyncpg.LockNotAvailableError):
            return StoreError(SourceStatus.TIMEOUT)
        if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | OSError):
            return StoreError()
        return None

    def is_statement_error(self, error: Exception) -> bool:
        return (
            isinstance(error, asyncpg.PostgresError)
            and not isinstance(error, asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError)
        ) or isinstance(error, asyncpg.QueryCanceledError)
