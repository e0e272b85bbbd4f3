"""Additional customers of customer users, written to OTOBO's table (MULTI-7)."""

from __future__ import annotations

from collections.abc import Sequence

from backends.changes import Note
from backends.conditions import storable
from backends.limits import RELATION, check
from backends.sql.database import Database
from backends.sql.exactly import Exactly
from backends.sql.writing import RelationTable, Stamp, writing


class SqlRelations:
    """Writes the pairs of login and customer ID; neither need exist (DB-4)."""

    def __init__(self, database: Database, stamp: Stamp) -> None:
        self._database = database
        self._stamp = stamp
        self._exactly = Exactly(database.dialect)
        name = "customer_user_customer"
        self._by_login = RelationTable(database.dialect, name, ("customer_id", "user_id"))
        self._by_customer = RelationTable(database.dialect, name, ("user_id", "customer_id"))

    async def set_customers(self, login: str, customer_ids: Sequence[str], note: Note | None = None) -> None:
        for customer_id in customer_ids:
            check(RELATION, login=login, customer_id=customer_id)
        if storable([login]):
            await self._replace(
                self._by_login,
                self._exactly.equals("user_id"),
                self._exactly.value(login),
                [(customer_id, login) for customer_id in customer_ids],
                note,
            )

    async def change_members(
        self, customer_id: str, add: Sequence[str], remove: Sequence[str], note: Note | None = None
    ) -> None:
        for login in add:
            check(RELATION, customer_id=customer_id, login=login)
        concerned = storable([*add, *remove])
        if concerned and storable([customer_id]):
            await self._replace(
                self._by_customer,
                f"{self._exactly.equals('customer_id')} AND {self._exactly.among('user_id')}",
                [*self._exactly.value(customer_id), *self._exactly.values(concerned)],
                [(login, customer_id) for login in add],
                note,
            )

    async def _replace(
        self,
        table: RelationTable,
        where: str,
        args: Sequence[object],
        wanted: Sequence[tuple[str, str]],
        note: Note | None,
    ) -> None:
        async with writing(self._database, table.name) as session:
            await table.replace(session, self._stamp, where, args, wanted, note=note)
