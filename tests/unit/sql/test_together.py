"""Writes of several databases that count together: in which order they are committed, and what a failure leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backends.errors import SourceUnavailable
from backends.sql.dialects import SQLiteDialect
from backends.sql.transactions import one_write, writes_together
from backends.writers import Unfinished


class Scripted:
    """A database that tells what it does, and may fail where it commits."""

    dialect = SQLiteDialect()

    def __init__(self, name: str, log: list[str], *, fails: bool = False) -> None:
        self.name = name
        self.log = log
        self.fails = fails

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        self.log.append(f"begin {self.name}")
        try:
            yield self
        except BaseException:
            self.log.append(f"undo {self.name}")
            raise
        if self.fails:
            raise SourceUnavailable(self.name)
        self.log.append(f"commit {self.name}")

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        self.log.append(f"{sql} {self.name}")
        return 1


async def written(databases: Sequence[Any], registry: Any, *, bad: bool = False) -> None:
    async with writes_together(databases, registry) as together:
        for own in databases:
            async with one_write(own, registry, together) as write:
                await write.session.execute("write")
        if bad:
            raise KeyError


def three(**fails: bool) -> tuple[list[str], Sequence[Any], Any]:
    log: list[str] = []
    registry, crm, old = (
        Scripted(name, log, fails=fails.get(name, False)) for name in ("registry", "crm", "old")
    )
    return log, [registry, crm, old], registry


async def test_each_database_has_one_transaction_and_the_registry_is_committed_first() -> None:
    log, databases, registry = three()
    await written([*databases, databases[1]], registry)
    assert log[:3] == ["begin crm", "begin old", "begin registry"]
    assert log[-3:] == ["commit registry", "commit old", "commit crm"]
    assert log.count("write crm") == 2


async def test_a_bad_row_undoes_the_rows_of_all_databases() -> None:
    log, databases, registry = three()
    with pytest.raises(KeyError):
        await written(databases, registry, bad=True)
    assert log[-3:] == ["undo registry", "undo old", "undo crm"]


async def test_a_first_commit_that_fails_undoes_the_others() -> None:
    log, databases, registry = three(registry=True)
    with pytest.raises(SourceUnavailable) as caught:
        await written(databases, registry)
    assert not isinstance(caught.value, Unfinished)
    assert log[-2:] == ["undo old", "undo crm"]


async def test_a_later_commit_that_fails_says_that_others_stand() -> None:
    log, databases, registry = three(old=True)
    with pytest.raises(Unfinished) as caught:
        await written(databases, registry)
    assert caught.value.source == "old"
    assert log[-2:] == ["commit registry", "undo crm"]
