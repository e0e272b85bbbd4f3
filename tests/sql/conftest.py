"""A place of each kind, with its own server or file, and a recorder of statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from backends.sql.database import Database, PooledDatabase, Row, open_database
from gateway.demo.servers import mariadb as mariadb_server
from gateway.demo.servers import postgresql as postgresql_server
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from tests.servers import need

KINDS = ("postgresql", "mariadb", "sqlite")


@pytest.fixture(scope="package")
def own_postgresql() -> Iterator[PostgreSQL]:
    """A server that tests of this folder may kill."""
    need(postgresql_server.available())
    with postgresql_server.start_postgresql() as server:
        yield server


@pytest.fixture(scope="package")
def own_mariadb() -> Iterator[MariaDB]:
    """A server that tests of this folder may kill."""
    need(mariadb_server.available())
    with mariadb_server.start_mariadb() as server:
        yield server


@pytest.fixture
def server(request: pytest.FixtureRequest) -> PostgreSQL | MariaDB:
    """The server of the kind that the test is parametrized with."""
    found: PostgreSQL | MariaDB = request.getfixturevalue(f"own_{request.param}")
    return found


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database of each kind is."""
    if request.param == "sqlite":
        (tmp_path / "people.sqlite").touch()
        return f"sqlite:///{tmp_path}/people.sqlite"
    server: PostgreSQL | MariaDB = request.getfixturevalue(f"own_{request.param}")
    return server.url()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A database of each kind, without tables named `things` and with one connection."""
    database = open_database(url, name="people", pool_size=1)
    await database.execute("DROP TABLE IF EXISTS things")
    yield database
    await database.close()


class Recorder(PooledDatabase):
    """A database that remembers what it was asked."""

    def __init__(self, database: PooledDatabase) -> None:
        super().__init__(database.name, database._shared)
        self.asked: list[str] = []

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        self.asked.append(sql)
        return await super().fetch(sql, args)


def recorded(database: Database) -> Recorder:
    """The same database under watch; both are closed."""
    assert isinstance(database, PooledDatabase)
    return Recorder(database)
