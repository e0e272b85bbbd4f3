"""Drivers: nothing but our errors comes out, nothing is left running, and a pool outlives what happens to it."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backends.errors import SourceUnavailable
from backends.model import SourceKind, SourceStatus
from backends.order import fold
from backends.sql.database import Database, open_database
from backends.sql.failures import DuplicateKey
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.ports import free_port
from gateway.demo.servers.postgresql import PostgreSQL

SLOW = {
    SourceKind.POSTGRESQL: "SELECT pg_sleep(60)",
    SourceKind.MARIADB: "SELECT SLEEP(60)",
    SourceKind.SQLITE: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
}
SERVERS = pytest.mark.parametrize("server", ["postgresql", "mariadb"], indirect=True)
RUNNING = {
    PostgreSQL: "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%sleep(60%' AND pid <> pg_backend_pid()",
    MariaDB: "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(60%' AND id <> CONNECTION_ID()",
}


async def fails(database: Database, sql: str = "SELECT 1") -> SourceUnavailable:
    """The error that a statement must end in."""
    with pytest.raises(SourceUnavailable) as caught:
        await database.fetch(sql)
    return caught.value


async def wait_until(server: PostgreSQL | MariaDB, running: int) -> None:
    """Return when so many slow statements run on the server, fail when that takes ten seconds."""
    async with asyncio.timeout(10):
        while int(await asyncio.to_thread(server.run_sql, RUNNING[type(server)])) != running:
            await asyncio.sleep(0.02)


async def test_a_refused_statement_names_the_source_and_nothing_else(database: Database, url: str) -> None:
    error = await fails(database, "SELECT secret_column FROM secret_table")
    assert (error.source, error.status) == ("people", SourceStatus.UNAVAILABLE)
    shown = f"{error} {error.extensions}"
    for secret in ("secret", str(urlsplit(url).hostname), str(urlsplit(url).password), "sqlite"):
        assert secret not in shown


async def test_a_refused_statement_leaves_the_connection_in_use(database: Database) -> None:
    await fails(database, "SELECT nonsense FROM nowhere")
    assert [tuple(row) for row in await database.fetch("SELECT 1")] == [(1,)]


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
async def test_a_server_that_is_not_there_is_unavailable_and_its_password_stays_inside(scheme: str) -> None:
    database = open_database(f"{scheme}://me:hunter2@127.0.0.1:{free_port()}/x", name="people")
    error = await fails(database)
    assert error.status is SourceStatus.UNAVAILABLE
    assert "hunter2" not in "".join(traceback.format_exception(error))
    await database.close()


@SERVERS
async def test_a_wrong_password_is_unavailable(server: PostgreSQL | MariaDB) -> None:
    parts = urlsplit(server.url())
    wrong = f"{parts.scheme}://{parts.username}:hunter2@{parts.hostname}:{parts.port}{parts.path}"
    database = open_database(wrong, name="people")
    error = await fails(database)
    assert error.status is SourceStatus.UNAVAILABLE
    assert "hunter2" not in "".join(traceback.format_exception(error))
    await database.close()


async def test_a_slow_statement_is_a_timeout_and_the_next_one_is_answered(url: str) -> None:
    database = open_database(url, name="people", pool_size=1, timeout=0.2)
    error = await fails(database, SLOW[database.dialect.kind])
    assert error.status is SourceStatus.TIMEOUT
    await database.ping()
    await database.close()


@SERVERS
async def test_r10_a_cancelled_statement_is_stopped_on_the_server(server: PostgreSQL | MariaDB) -> None:
    database = open_database(server.url(), name="people", pool_size=1, timeout=30)
    task = asyncio.create_task(database.fetch(SLOW[database.dialect.kind]))
    await wait_until(server, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.ping()
    await wait_until(server, 0)
    await database.close()


@SERVERS
async def test_a_cancelled_transaction_is_stopped_and_undone(server: PostgreSQL | MariaDB) -> None:
    database = open_database(server.url(), name="people", pool_size=1, timeout=30)
    await database.execute("DROP TABLE IF EXISTS things")
    await database.execute("CREATE TABLE things (name VARCHAR(20) PRIMARY KEY)")

    async def work() -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO things VALUES ('one')")
            await session.fetch(SLOW[database.dialect.kind])

    task = asyncio.create_task(work())
    await wait_until(server, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_until(server, 0)
    assert list(await database.fetch("SELECT name FROM things")) == []
    await database.close()


async def test_r10_a_cancelled_statement_does_not_keep_sqlite_busy(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    database = open_database(f"sqlite:///{tmp_path}/x", name="people", pool_size=1, timeout=30)
    task = asyncio.create_task(database.fetch(SLOW[SourceKind.SQLITE]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        await database.ping()
        await database.close()  # waits for what still runs


async def test_r10_who_leaves_while_a_file_is_being_opened_leaves_none_open(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.touch()
    database = open_database(f"sqlite:///{file}", name="people", timeout=30)

    def handles() -> int:
        return sum(one.is_symlink() and one.readlink() == file for one in Path("/proc/self/fd").iterdir())

    gc.collect()
    gc.disable()  # a gateway collects seldom
    try:
        for turns in range(40):
            asking = asyncio.create_task(database.ping())
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
        await database.close()
        async with asyncio.timeout(20):
            while handles():
                await asyncio.sleep(0.01)
    finally:
        gc.enable()


@SERVERS
async def test_a_silent_server_is_a_timeout_and_may_wake_up(server: PostgreSQL | MariaDB) -> None:
    database = open_database(server.url(), name="people", pool_size=2, timeout=0.2)
    await database.ping()
    server.pause()
    try:
        assert (await fails(database)).status is SourceStatus.TIMEOUT
        assert (await fails(database)).status is SourceStatus.TIMEOUT
        task = asyncio.create_task(database.ping())
        await asyncio.sleep(0.05)
        task.cancel()
        async with asyncio.timeout(20):  # the server is still silent
            with pytest.raises(asyncio.CancelledError):
                await task
    finally:
        server.resume()
    await answered(database)
    await database.close()


async def answered(database: Database) -> None:
    """Return when the database answers again, fail when that takes ten seconds."""
    async with asyncio.timeout(10):
        while True:
            try:
                await database.ping()
            except SourceUnavailable:
                await asyncio.sleep(0.02)
            else:
                return


@SERVERS
async def test_a_server_may_be_down_at_start_and_die_later(server: PostgreSQL | MariaDB) -> None:
    database = open_database(server.url(), name="people")
    server.kill()
    try:
        assert (await fails(database)).status is SourceStatus.UNAVAILABLE
    finally:
        server.spawn()
    await database.ping()
    server.kill()
    try:
        await fails(database)
    finally:
        server.spawn()
    await answered(database)
    await database.close()


async def test_a_file_that_is_missing_is_not_made_and_is_found_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "people.sqlite"
    database = open_database(f"sqlite:///{path}", name="people")
    assert (await fails(database)).status is SourceStatus.UNAVAILABLE
    assert not path.exists()
    path.touch()
    await database.ping()
    path.unlink()
    assert (await fails(database)).status is SourceStatus.UNAVAILABLE
    await database.close()


async def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for path, value in ((old, "1"), (new, "2")):
        path.touch()
        database = open_database(f"sqlite:///{path}", name="people")
        await database.execute(f"CREATE TABLE things AS SELECT {value} AS value")
        await database.close()
    database = open_database(f"sqlite:///{old}", name="people")
    assert list(await database.fetch("SELECT value FROM things")) == [(1,)]
    new.replace(old)
    assert list(await database.fetch("SELECT value FROM things")) == [(2,)]
    await database.close()


async def test_a_read_only_file_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    database = open_database(f"sqlite:///{tmp_path}/x", name="people", read_only=True)
    with pytest.raises(SourceUnavailable):
        await database.execute("CREATE TABLE things (name TEXT)")
    await database.close()


async def test_a_transaction_counts_as_a_whole(database: Database) -> None:
    await database.execute("CREATE TABLE things (name VARCHAR(20) PRIMARY KEY)")
    async with database.transaction() as session:
        await session.execute("INSERT INTO things VALUES ('one')")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as session:
            await session.execute("INSERT INTO things VALUES ('two')")
            raise ZeroDivisionError
    with pytest.raises(SourceUnavailable):
        async with database.transaction() as session:
            await session.execute("INSERT INTO things VALUES ('three')")
            await session.fetch("SELECT nonsense FROM nowhere")
    assert [row[0] for row in await database.fetch("SELECT name FROM things")] == ["one"]
    assert await database.execute("UPDATE things SET name = 'one'") == 1


async def test_a_taken_key_is_told_apart_from_a_failure(database: Database) -> None:
    await database.execute("CREATE TABLE things (name VARCHAR(20) PRIMARY KEY)")
    await database.execute("INSERT INTO things VALUES ('one')")
    with pytest.raises(DuplicateKey):
        await database.execute("INSERT INTO things VALUES ('one')")
    with pytest.raises(DuplicateKey):
        async with database.transaction() as session:
            await session.execute("INSERT INTO things VALUES ('one')")
    await database.ping()


async def test_more_callers_than_connections_wait_for_their_turn(database: Database) -> None:
    answers = await asyncio.gather(*(database.fetch("SELECT 1") for _ in range(20)))
    assert [row[0] for rows in answers for row in rows] == [1] * 20


async def test_callers_that_are_cancelled_while_they_wait_take_no_connection_with_them(
    database: Database,
) -> None:
    for _ in range(30):
        tasks = [asyncio.create_task(database.fetch("SELECT 1")) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await database.ping()


async def test_one_pool_under_two_names_is_open_until_both_are_closed(database: Database) -> None:
    other = database.named("others")
    assert (await fails(other, "SELECT nonsense FROM nowhere")).source == "others"
    await other.close()
    await other.close()
    await database.ping()
    await database.close()
    assert (await fails(database)).status is SourceStatus.UNAVAILABLE


async def test_a_value_is_data_and_never_part_of_a_statement(database: Database) -> None:
    place = {"postgresql": "$1", "mariadb": "%s", "sqlite": "?"}[database.dialect.kind.value]
    cast = "::text" if database.dialect.kind is SourceKind.POSTGRESQL else ""
    for value in ("'; DROP TABLE x; --", "\\' OR 1=1", "%s %(a)s $1 ?", "ü😀\n\t\\"):
        assert [row[0] for row in await database.fetch(f"SELECT {place}{cast}", [value])] == [value]


@pytest.mark.parametrize(
    "url",
    ["mysql://x/y", "sqlite://:memory:", "sqlite:///:memory:", "sqlite:///", "sqlite:///x?mode=memory", "x",
     "postgresql://me:hunter2@host:port/x", "mariadb://me:hunter2@[::1/x"],
)  # fmt: skip
def test_an_impossible_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        open_database(url, name="people")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
async def test_sqlite_folds_texts_as_all_stores_do(tmp_path: Path, encoding: str) -> None:
    texts = [
        "",
        "Ada",
        "ÄDA",
        "İstanbul",
        "Straẞe",
        "a\0Ä",
        "\0",
        "ΟΔΟΣ",
        "K",
        "\U0001f600A",
        "A;B",
        "x" * 300 + "Ü",
        "[A]*?",
    ]
    texts += [chr(sign) for sign in range(1, 0x180)]
    with closing(sqlite3.connect(tmp_path / "texts")) as file, file:
        file.execute(f"PRAGMA encoding = '{encoding}'")
        file.execute("CREATE TABLE texts (place INTEGER, value TEXT)")
        file.executemany("INSERT INTO texts VALUES (?, ?)", [*enumerate(texts), (len(texts), None)])
    database = open_database(f"sqlite:///{tmp_path / 'texts'}", name="texts", timeout=5)
    folded = database.dialect.fold(database.dialect.text("value"))
    rows = await database.fetch(f"SELECT {folded} COLLATE BINARY FROM texts ORDER BY place")
    await database.close()
    assert [row[0] for row in rows] == [*map(fold, texts), None]
