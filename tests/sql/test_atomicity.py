"""A process that is killed while it writes leaves the old state or the new one, and nobody waits for it (R17)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from tests.contract.registries.places import TABLES, InTables, Rows, open_tables
from tests.sql.interrupted import WRITES

ROWS = Rows(
    user_grants=[("ada", 1, "ro", 1), ("ada", 2, "note", 1), ("bob", 1, "ro", 1)],
    customer_grants=[("C", 1, "same", "ro", 1), ("C", 2, "same", "ro", 1)],
    services=[(1, "IT", 1), (2, "IT::Mail", 1), (3, "HR", 1)],
    assigned=[("ada", 1), ("ada", 3), ("eve", 2)],
    relations=[("ada", "C"), ("ada", "D"), ("bob", "C")],
    preferences=[("ada", "a", "old"), ("ada", "b", "old"), ("ada", "c", "old")],
)


@pytest.fixture(scope="module", params=TABLES)
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[InTables]:
    """Every kind of database in turn."""
    opened = await open_tables(request.param, request, "atomicity")
    yield opened
    await opened.close()


@pytest.mark.parametrize("write", WRITES)
async def test_r17_a_killed_write_leaves_the_old_state_or_the_new_one(tables: InTables, write: str) -> None:
    await tables.filled(ROWS)
    old = await tables.state()
    await WRITES[write](tables.database)
    new = await tables.state()
    assert new != old
    for point, expected in (("first", old), ("commit", old), ("done", new)):
        await tables.filled(ROWS)
        await _killed_at(tables, write, point)
        assert await tables.state() == expected
        await WRITES[write](tables.database)
        assert await tables.state() == new


async def _killed_at(tables: InTables, write: str, point: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sql.interrupted",
        tables.url,
        write,
        point,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"here\n"
    finally:
        process.kill()
        await process.wait()
