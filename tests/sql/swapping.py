"""A place where rows are changed without a transaction, with lines that are kept along, and a note that is told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from backends.audit import Line
from backends.errors import SourceUnavailable
from backends.model import CustomerUser
from backends.sql.backend import SqlBackend
from backends.sql.database import Session
from gateway.demo.servers.postgresql import PostgreSQL
from tests.builders import CUSTOM_FIELDS, USER_FIELDS, a_mapping
from tests.sql.renames import Place, lay_out, place_at

MAPPING = a_mapping(fields=(*USER_FIELDS, CUSTOM_FIELDS[0]))
LINES = Line("lines", ("was", "now"), ("a", "b"))


@pytest.fixture(scope="module")
async def address(postgresql: PostgreSQL) -> str:
    """A database that holds registry and source."""
    name = f"swapping_{secrets.token_hex(4)}"
    postgresql.create_database(name)
    await lay_out(postgresql.url(name))
    return postgresql.url(name)


@pytest.fixture
async def place(address: str) -> AsyncIterator[Place]:
    """The place as it was in the beginning, and a table for lines."""
    place = place_at(address, address)
    await place.reset()
    await place.source.execute("CREATE TABLE lines (was text NOT NULL, now text, CHECK (was <> 'bad'))")
    yield place
    await place.source.execute("DROP TABLE lines")
    await place.close()


@dataclass
class Told:
    """A note that keeps what it was told; `line` is what a statement shall write along."""

    line: Line | None = None
    heard: list[tuple[bool, Any, Any]] = field(default_factory=list)
    foretold: tuple[Any, Any] | None = None
    fails: bool = False

    async def __call__(self, session: Session | None, before: Any, after: Any) -> None:
        if self.fails:
            raise SourceUnavailable("registry")
        self.heard.append((session is not None, before.stored, after.stored))

    def foretell(self, before: Any, after: Any, *, here: bool) -> Line | None:
        self.foretold = before.stored, after.stored
        return self.line if here else None

    def unsay(self) -> None:
        self.foretold = None


async def seen(place: Place, login: str = "amy") -> CustomerUser:
    """The record as a look-up finds it."""
    found = await SqlBackend(MAPPING, place.source, "customer_user", MAPPING.customer_user).get_many([login])
    return found[login]


async def lines(place: Place) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await place.source.fetch("SELECT was, now FROM lines")]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.01)
