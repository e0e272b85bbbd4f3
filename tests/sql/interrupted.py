"""A process of its own that writes to a registry and stops at a point, there to be killed.

Arguments: the URL of the database, the name of a write, and the point: `first` after the first statement that
changes something, `commit` before the end of the transaction, `done` after it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from backends.registries import CustomerGrants, Naming, UserGrants
from backends.sql.database import Database, PooledDatabase, Row, Session, open_database
from backends.sql.groups import SqlGroups
from backends.sql.preferences import SqlPreferences
from backends.sql.relations import SqlRelations
from backends.sql.services import SqlServices
from backends.sql.writing import Stamp

STAMP = Stamp()


async def stop() -> None:
    """Say so, and wait to be killed."""
    print("here", flush=True)
    await asyncio.Event().wait()


class StoppingSession:
    """A session that stops after its first change."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Row]:
        return await self._session.fetch(sql, args)

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        changed = await self._session.execute(sql, args)
        assert changed
        await stop()
        return changed


class StoppingDatabase(PooledDatabase):
    """A database whose transactions stop at a point."""

    def __init__(self, database: Database, point: str) -> None:
        assert isinstance(database, PooledDatabase)
        super().__init__(database.name, database._shared)
        self._point = point

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        async with super().transaction() as session:
            yield StoppingSession(session) if self._point == "first" else session
            if self._point == "commit":
                await stop()


WRITES: dict[str, Callable[[Database], Awaitable[object]]] = {
    "user grants": lambda database: SqlGroups(database, STAMP).set_user_grants(
        [UserGrants("ada", 1, ("rw",)), UserGrants("ada", 2, ("rw",))]
    ),
    "customer grants": lambda database: SqlGroups(database, STAMP).set_customer_grants(
        [CustomerGrants("C", 1, "same", ("rw",)), CustomerGrants("C", 2, "same", ("rw",))]
    ),
    "services": lambda database: SqlServices(database, STAMP).set_services("ada", [2, 3]),
    "members": lambda database: SqlServices(database, STAMP).change_members(1, ["bob", "eve"], ["ada"]),
    "rename": lambda database: SqlServices(database, STAMP).update_service(1, Naming("EDV")),
    "customers": lambda database: SqlRelations(database, STAMP).set_customers("ada", ["D", "E"]),
    "preferences": lambda database: SqlPreferences(database).set_preferences("ada", {"a": "new", "b": "new"}),
}


async def main(url: str, write: str, point: str) -> None:
    """Write, and stop."""
    database = open_database(url, name="registry", timeout=10)
    await WRITES[write](StoppingDatabase(database, point))
    await stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
