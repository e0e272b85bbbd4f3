"""A database as the rest of this package sees it: statements in, rows out, and errors that name a source."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from backends.errors import Refused, SourceUnavailable
from backends.guard import Guard
from backends.model import SourceKind
from backends.sql.dialects import Dialect
from backends.sql.failures import StoreError

Row = Sequence[Any]
"""What a statement gives, by position."""


class Session(Protocol):
    """Runs statements written with the placeholders of the database's dialect; arguments go by position."""

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        """All rows of a statement; raises SourceUnavailable."""
        ...

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        """How many rows a statement matched; raises SourceUnavailable, or DuplicateKey."""
        ...


class Database(Session, Protocol):
    """A pool of connections that opens at first use and outlives failures; errors carry `name`."""

    name: str
    dialect: Dialect

    async def change(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        """The rows of a statement that writes: it counts by itself, and is sent once; raises as `execute`."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """A session whose statements all count, or none: an exception or a cancellation undoes them."""
        ...

    def named(self, name: str, more: int = 0) -> Database:
        """The same pool, with room for `more` connections, under another name; closed when all its names are."""
        ...

    async def ping(self) -> None:
        """Return when the database answers; raises SourceUnavailable."""
        ...

    async def close(self) -> None:
        """Give back all connections; a second call does nothing."""
        ...


class Driver(Protocol):
    """What a module for one product offers; it raises StoreError and DuplicateKey."""

    dialect: Dialect

    def widen(self, connections: int) -> None: ...

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]: ...

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int: ...

    def transaction(self) -> AbstractAsyncContextManager[Session]: ...

    async def close(self) -> None: ...


def open_database(
    url: str,
    *,
    name: str,
    pool_size: int = 10,
    timeout: float = 2.0,
    read_only: bool = False,
    guard: Guard | None = None,
) -> Database:
    """The database at `url`, not yet connected; `timeout` in seconds; a URL that cannot be is a ValueError.

    Its own statements go through `guard`, those under other names do not.

    `postgresql://`, `mariadb://` (with `?ssl=true` for TLS) or `sqlite:///path` (four slashes before an absolute
    path). A read-only database is opened so where the product knows that: SQLite alone.
    """
    return PooledDatabase(name, _Shared(_driver(url, pool_size, timeout, read_only)), guard)


def kind_of(url: str) -> SourceKind:
    """The kind of database that a URL names; ValueError when it names none."""
    scheme = url.partition("://")[0]
    kinds = {"postgresql": SourceKind.POSTGRESQL, "mariadb": SourceKind.MARIADB, "sqlite": SourceKind.SQLITE}
    if scheme not in kinds:
        raise ValueError("the URL must begin with postgresql://, mariadb:// or sqlite:///")
    return kinds[scheme]


def _driver(url: str, pool_size: int, timeout: float, read_only: bool) -> Driver:
    """Drivers are imported here, so that nobody needs those of other products."""
    kind = kind_of(url)
    if kind is SourceKind.SQLITE:
        from backends.sql.sqlite import SQLite

        return SQLite(_path(url), pool_size, timeout, read_only)
    _check(url)
    if kind is SourceKind.MARIADB:
        from backends.sql.mariadb import MariaDB

        return MariaDB(url, pool_size, timeout)
    from backends.sql.postgresql import PostgreSQL

    return PostgreSQL(url, pool_size, timeout)


def _path(url: str) -> str:
    match = re.fullmatch(r"sqlite:///([^?#]+)(?:\?[^#]*)?", url)
    path = unquote(match[1]) if match else ""
    if not path or ":memory:" in path or "mode=memory" in url:
        raise ValueError("the URL must be sqlite:///relative/path or sqlite:////absolute/path of a file")
    return path


def _check(url: str) -> None:
    """Refuse what a driver would refuse later, in words that do not repeat the URL."""
    try:
        parts = urlsplit(url)
        _ = parts.port, parse_qs(parts.query)
    except ValueError:
        raise ValueError("the URL is not well-formed: check host, port and quoting") from None


@dataclass(slots=True)
class _Shared:
    driver: Driver
    users: int = 0


class PooledDatabase:
    """One name of a pool that may have several."""

    def __init__(self, name: str, shared: _Shared, guard: Guard | None = None) -> None:
        self.name = name
        self._guard = guard
        self.dialect = shared.driver.dialect
        self._driver = shared.driver
        self._shared = shared
        self._open = True
        shared.users += 1

    def fetch(self, sql: str, args: Sequence[Any] = ()) -> Coroutine[Any, Any, Sequence[Row]]:
        if self._guard is not None:
            return self._guard.ask("fetch", lambda: self._fetch(sql, args))
        return self._fetch(sql, args)

    def execute(self, sql: str, args: Sequence[Any] = ()) -> Coroutine[Any, Any, int]:
        if self._guard is not None:
            return self._guard.ask("execute", lambda: self._execute(sql, args), writes=True)
        return self._execute(sql, args)

    def change(self, sql: str, args: Sequence[Any] = ()) -> Coroutine[Any, Any, Sequence[Row]]:
        if self._guard is not None:
            return self._guard.ask("change", lambda: self._fetch(sql, args), writes=True)
        return self._fetch(sql, args)

    async def _fetch(self, sql: str, args: Sequence[Any]) -> Sequence[Row]:
        try:
            return await self._driver.fetch(sql, args)
        except StoreError as error:
            raise _ours(self.name, error) from error

    async def _execute(self, sql: str, args: Sequence[Any]) -> int:
        with errors_of(self.name):
            return await self._driver.execute(sql, args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        if self._guard is not None:
            self._guard.check()
        with errors_of(self.name):
            async with self._driver.transaction() as session:
                yield _NamedSession(self.name, session)

    def named(self, name: str, more: int = 0) -> Database:
        self._driver.widen(more)
        return PooledDatabase(name, self._shared)

    async def ping(self) -> None:
        await self.fetch(_PINGS.get(self.dialect.kind, "SELECT 1"))

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._shared.users -= 1
            if not self._shared.users:
                await self._driver.close()


@dataclass(frozen=True, slots=True)
class _NamedSession:
    name: str
    session: Session

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        with errors_of(self.name):
            return await self.session.fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        with errors_of(self.name):
            return await self.session.execute(sql, args)


@contextmanager
def errors_of(name: str) -> Iterator[None]:
    """Let a driver's failure come out as that of the source `name`."""
    try:
        yield
    except StoreError as error:
        raise _ours(name, error) from error


def _ours(name: str, error: StoreError) -> SourceUnavailable:
    return Refused(name) if error.refused else SourceUnavailable(name, error.status)


_PINGS = {SourceKind.SQLITE: "SELECT 1 FROM sqlite_master LIMIT 1"}
"""Where the usual question would be answered without a look at the data."""
