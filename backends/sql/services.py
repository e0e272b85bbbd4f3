"""Services and who is assigned to them, in OTOBO's tables (SVC-1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import attrgetter

from backends.changes import Note
from backends.conditions import storable
from backends.limits import ASSIGNMENT, check, check_naming
from backends.naming import renamed
from backends.records import Service
from backends.registries import DEFAULT_LOGIN, Naming
from backends.sql.database import Database, Session
from backends.sql.exactly import Exactly, possible
from backends.sql.named import NamedTable, names_are_unique, pairs
from backends.sql.shapes import comparable
from backends.sql.writing import RelationTable, Stamp, writing

SERVICES = "services"
"""The name that all writers of services wait for."""

ASSIGNED = -1
"""What tells rows of who has a service from those of services, which have their validity there."""

_CREATED = ("create_time", "create_by")
_NAME = attrgetter("name", "id")


class SqlServices:
    """Reads and writes the table of services and that of their customer users."""

    def __init__(self, database: Database, stamp: Stamp) -> None:
        self._database = database
        self._stamp = stamp
        self._table = NamedTable(database, stamp, "service", Service, SERVICES)
        self._by_login = RelationTable(
            database.dialect,
            "service_customer_user",
            ("service_id", "customer_user_login"),
            audit=_CREATED,
        )
        self._by_service = RelationTable(
            database.dialect,
            "service_customer_user",
            ("customer_user_login", "service_id"),
            audit=_CREATED,
        )
        self._exactly = Exactly(database.dialect)
        self._finish = database.dialect.finish
        self._assigned_services = self._finish(
            self._table.beside(
                f"SELECT service_id, '', {self._exactly.text('customer_user_login')}, {ASSIGNED}"
                f" FROM service_customer_user WHERE {self._exactly.among('customer_user_login')}"
            )
        )

    async def services(self) -> Sequence[Service]:
        return await self._table.all()

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

    async def assigned_services(self, logins: Sequence[str]) -> Mapping[str, Sequence[Service]]:
        asked = storable(logins)
        if not asked:
            return {}
        rows = await self._database.fetch(self._assigned_services, self._exactly.values(asked))
        services = [self._table.record(*row) for row in rows if row[3] != ASSIGNED]
        services.sort(key=_NAME)
        places = {one.id: place for place, one in enumerate(services)}
        held: dict[str, set[int]] = {}
        for _, one, login, mark in rows:
            if mark == ASSIGNED:
                own = held.setdefault(login, set())
                own.update([places[id_] for id_, _ in pairs(one) if id_ in places])
        return {login: [services[place] for place in sorted(some)] for login, some in held.items()}

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

    async def set_services(self, login: str, service_ids: Sequence[int], note: Note | None = None) -> None:
        if service_ids:
            check(ASSIGNMENT, login=login)
        elif not storable([login]):
            return
        async with writing(self._database, SERVICES) as session:
            known = await self._table.locked(session)
            if missing := set(service_ids) - known.keys():
                raise KeyError(min(missing))
            await self._by_login.replace(
                session,
                self._stamp,
                self._exactly.equals("customer_user_login"),
                self._exactly.value(login),
                [(service_id, login) for service_id in service_ids],
                note=note,
            )

    async def change_members(
        self, service_id: int, add: Sequence[str], remove: Sequence[str], note: Note | None = None
    ) -> None:
        for login in add:
            check(ASSIGNMENT, login=login)
        concerned = storable([*add, *remove])
        if not concerned:
            return
        where = f"service_id = {self._exactly.number} AND {self._exactly.among('customer_user_login')}"
        async with writing(self._database, SERVICES) as session:
            await self._table.locked(session, [service_id])
            await self._by_service.replace(
                session,
                self._stamp,
                where,
                [service_id, *self._exactly.values(concerned)],
                [(login, service_id) for login in add],
                note=note,
            )

    async def create_service(self, naming: Naming, note: Note | None = None) -> Service:
        return await self._table.create(naming, note)

    async def update_service(self, service_id: int, naming: Naming, note: Note | None = None) -> Service:
        check_naming(naming)
        with names_are_unique():
            async with writing(self._database, SERVICES) as session:
                locked = await self._table.locked(session, [service_id] if naming.name is None else None)
                old = locked[service_id]
                changed = await self._rename(session, locked, old, naming)
                if note is not None:
                    await note(session, old, changed)
        return changed

    async def _rename(
        self, session: Session, locked: Mapping[int, Service], old: Service, naming: Naming
    ) -> Service:
        """Change a service and, with a new name, all below it; in an order that meets no name twice."""
        if naming.name is None:
            return await self._table.change(session, old, naming)
        for service, name in renamed(locked.values(), old.name, naming.name):
            if service.id != old.id:
                await self._table.change(session, service, Naming(name))
            else:
                changed = await self._table.change(session, service, naming)
        return changed
