"""Services and who is assigned to them, in OTOBO's tables (SVC-1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from backends.model import Validity
from backends.records import Service
from backends.registries import DEFAULT_LOGIN
from backends.sql.database import Database
from backends.sql.exactly import Exactly, possible, storable
from backends.sql.shapes import comparable
from backends.sql.writing import Stamp


class SqlServices:
    """Reads and writes the table of services and that of their customer users."""

    def __init__(self, database: Database, stamp: Stamp) -> None:
        self._database = database
        self._stamp = stamp
        self._exactly = Exactly(database.dialect)
        self._finish = database.dialect.finish

    async def services(self) -> Sequence[Service]:
        name = self._exactly.text("name")
        rows = await self._database.fetch(
            f"SELECT id, name, comments, valid_id FROM service ORDER BY {name}, id"
        )
        return [Service(row[0], row[1], row[2] or None, Validity.of(row[3])) for row in rows]

    async def assigned(self, logins: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        asked = storable(logins)
        if not asked:
            return {}
        sql = (
            "SELECT customer_user_login, service_id FROM service_customer_user"
            f" WHERE {self._exactly.among('customer_user_login')}"
        )
        held: dict[str, set[int]] = defaultdict(set)
        for login, service_id in await self._database.fetch(self._finish(sql), self._exactly.values(asked)):
            held[login].add(service_id)
        return {login: tuple(sorted(ids)) for login, ids in held.items()}

    async def logins_of(self, service_id: int, after: str | None, limit: int) -> Sequence[str]:
        login, value = self._exactly.text("customer_user_login"), self._exactly.dialect.value
        follows = f" AND {login} > {value}" if after is not None else ""
        sql = (
            f"SELECT DISTINCT {login} AS login FROM service_customer_user"
            f" WHERE service_id = {self._exactly.number} AND {login} <> {value}{follows}"
            " ORDER BY login LIMIT ?"
        )
        if not possible([service_id]):
            return []
        last = [comparable(after)] if after is not None else []
        rows = await self._database.fetch(self._finish(sql), [service_id, DEFAULT_LOGIN, *last, limit])
        return [row[0] for row in rows]

    async def count_logins(self, service_ids: Sequence[int]) -> Mapping[int, int]:
        asked = possible(service_ids)
        if not asked:
            return {}
        login = self._exactly.text("customer_user_login")
        sql = (
            f"SELECT service_id, count(DISTINCT {login}) FROM service_customer_user"
            f" WHERE {self._exactly.numbers_among('service_id')} AND {login} <> {self._exactly.dialect.value}"
            " GROUP BY service_id"
        )
        args = [*self._exactly.numbers(asked), DEFAULT_LOGIN]
        rows = await self._database.fetch(self._finish(sql), args)
        return {row[0]: row[1] for row in rows}
