"""Pages of a SQLite file: read once as long as nobody writes to it, and never a moment longer."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backends.sql import unchanged
from backends.sql.dialects import Listed
from backends.sql.sqlite import SQLite
from backends.sql.unchanged import Unchanged

PAGE = Listed("SELECT name FROM things ORDER BY name LIMIT ?")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "things.sqlite"
    _write(path, "CREATE TABLE things (name TEXT); INSERT INTO things VALUES ('a')")
    return path


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLite]:
    store = SQLite(str(path), 1, 2.0, read_only=False)
    yield store
    await store.close()


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def _write(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


async def _names(store: SQLite) -> list[str]:
    return [name for (name,) in await store.fetch(PAGE, [9])]


def test_a_page_is_read_once_while_the_file_is_as_it_was(connection: sqlite3.Connection) -> None:
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    pages = Unchanged()
    assert pages.fetch(connection, PAGE, [9]) == pages.fetch(connection, PAGE, [9]) == [("a",)]
    assert pages.fetch(connection, PAGE, [0]) == []
    assert [one for one in asked if "things" in one] == [PAGE.replace("?", "9"), PAGE.replace("?", "0")]


async def test_what_another_connection_writes_is_seen_at_once(store: SQLite, path: Path) -> None:
    assert await _names(store) == ["a"]
    _write(path, "INSERT INTO things VALUES ('b')")
    assert await _names(store) == ["a", "b"]
    _write(path, "DELETE FROM things WHERE name = 'a'")
    assert await _names(store) == ["b"]


async def test_what_another_connection_writes_to_a_log_ahead_is_seen_at_once(
    store: SQLite, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        assert await _names(store) == ["a"]
        other.execute("INSERT INTO things VALUES ('b')")
        assert await _names(store) == ["a", "b"]


async def test_what_the_connection_itself_writes_is_seen_at_once(store: SQLite) -> None:
    assert await _names(store) == ["a"]
    await store.execute("INSERT INTO things VALUES ('b')")
    assert await _names(store) == ["a", "b"]
    async with store.transaction() as session:
        await session.execute("INSERT INTO things VALUES ('c')")
    assert await _names(store) == ["a", "b", "c"]


async def test_what_was_undone_is_not_seen(store: SQLite) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as session:
            await session.execute("INSERT INTO things VALUES ('b')")
            assert [*await session.fetch(PAGE, [9])] == [("a",), ("b",)]
            raise ZeroDivisionError
    assert await _names(store) == ["a"]


async def test_a_file_that_takes_the_place_of_another_is_read(store: SQLite, path: Path) -> None:
    assert await _names(store) == ["a"]
    newer = path.with_name("newer.sqlite")
    _write(newer, "CREATE TABLE things (name TEXT); INSERT INTO things VALUES ('z')")
    newer.replace(path)
    assert await _names(store) == ["z"]


async def test_statements_that_give_no_page_are_not_kept(store: SQLite) -> None:
    await store.fetch(str(PAGE), [9])
    assert not store._idle[0].read._pages
    await store.fetch(PAGE, [9])
    assert store._idle[0].read._pages


def test_of_pages_not_too_much_is_kept(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unchanged, "PAGES", 2)
    monkeypatch.setattr(unchanged, "ROWS", 1)
    pages = Unchanged()
    for limit in (0, 1, 2, 3):
        pages.fetch(connection, PAGE, [limit])
        assert len(pages._pages) <= 2
    connection.execute("INSERT INTO things VALUES ('b')")
    assert pages.fetch(connection, PAGE, [9]) == [("a",), ("b",)]
    assert not pages._pages
