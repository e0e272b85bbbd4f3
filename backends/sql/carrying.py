"""What goes along when a login or a customer ID is renamed (CU-33, CU-34, COMP-17, COMP-19), and what was left (DB-4)."""

from __future__ import annotations

from collections.abc import Sequence

from backends.conditions import is_storable, storable
from backends.limits import RELATION, check
from backends.model import SourceKind
from backends.registry import ObjectType
from backends.sql.database import Database, Session
from backends.sql.exactly import Exactly
from backends.sql.groups import GROUPS
from backends.sql.members import Members
from backends.sql.moving import (
    OBJECTS,
    TICKETS,
    Named,
    TicketChange,
    change_tickets,
    existing,
    move_object,
)
from backends.sql.services import SERVICES
from backends.sql.transactions import lock_names
from backends.sql.writing import Stamp
from backends.writers import Carry, RegistrySession, Unstorable

USER_TABLES = (
    Named("customer_preferences", "user_id", ("preferences_key",)),
    Named("group_customer_user", "user_id", ("group_id", "permission_key", "permission_value"), audited=True),
    Named("customer_user_customer", "user_id", ("customer_id",), audited=True),
    Named("service_customer_user", "customer_user_login", ("service_id",)),
    Named("search_profile", "login", ("profile_name",), prefix="CustomerTicketSearch::"),
)
CUSTOMER_TABLES = (
    Named(
        "group_customer",
        "customer_id",
        ("group_id", "permission_key", "permission_value", "permission_context"),
        audited=True,
    ),
    Named("customer_user_customer", "customer_id", ("user_id",), audited=True),
)
_NEVER_NULL = "COALESCE(customer_id, '')"
LOCKS = (GROUPS, SERVICES, "customer_user_customer", "customer_preferences")

USER_MARK = "KundengraphRenamedFrom"
CUSTOMER_MARK = "KundengraphCustomerRenamedFrom"
"""Preferences of a new name that say whose things it holds, from the registry's commit until the source's."""


class Carrier:
    """Renames in the registry; every method can be repeated, and tables that are not there are passed over."""

    def __init__(self, registry: Database, stamp: Stamp) -> None:
        self._registry = registry
        self._dialect = registry.dialect
        self._exactly = Exactly(registry.dialect)
        self._stamp = stamp
        self._tables: frozenset[str] | None = None

    def renaming_user(self, old: str, new: str, old_customer: str | None, new_customer: str | None) -> Carry:
        """What a writer carries when a login or a primary customer ID changes."""

        async def carry(session: RegistrySession) -> None:
            await self.user(session, old, new, old_customer, new_customer)
            await self._mark(session, USER_MARK, old, new)

        return carry

    def renaming_customer(self, old: str, new: str, members: Sequence[Members] = ()) -> Carry:
        """What a writer carries when a customer ID changes; `members` are all writable tables of customer users."""

        async def carry(session: RegistrySession) -> None:
            await self.customer(session, old, new)
            for table in members:
                await table.rename(await session.beside(table.database), old, new)
            await self._mark(session, CUSTOMER_MARK, old, new)

        return carry

    async def user(
        self, session: Session, old: str, new: str, old_customer: str | None, new_customer: str | None
    ) -> None:
        """Give everything of the login `old` to `new`, and its tickets with the old customer the new one."""
        check(RELATION, login=new)
        await lock_names(session, self._dialect, LOCKS)
        if old != new:
            await self._unmark(session, USER_MARK, old)
            await self._move(session, USER_TABLES, "CustomerUser", old, new)
        if await self._has(session, TICKETS):
            await self._user_tickets(session, old, new, old_customer or "", new_customer or "")

    async def customer(self, session: Session, old: str, new: str) -> None:
        """Give everything of the customer `old` in the registry to `new`, save the customer users themselves."""
        if old == new:
            return
        if not 0 < len(new) <= RELATION["customer_id"] or not is_storable(new):
            raise Unstorable("customerId")
        await lock_names(session, self._dialect, LOCKS)
        await self._unmark(session, CUSTOMER_MARK, old)
        await self._move(session, CUSTOMER_TABLES, "CustomerCompany", old, new)
        if await self._has(session, TICKETS):
            where, args = self._exactly.equals("customer_id"), self._exactly.value(old)
            await self._tickets(session, where, args, new, None)

    async def leftovers(self, session: Session, login: str, heir: str | None = None) -> Sequence[str]:
        """Tables that hold something under a login that nobody has; what is the heir's own does not count.

        The heir is who is to be renamed: a rename of the same two names that a crash cut off has left it there.
        """
        return await self._left(session, USER_TABLES, "CustomerUser", USER_MARK, login, heir)

    async def customer_leftovers(
        self, session: Session, customer_id: str, heir: str | None = None
    ) -> Sequence[str]:
        """The same for a customer ID."""
        return await self._left(session, CUSTOMER_TABLES, "CustomerCompany", CUSTOMER_MARK, customer_id, heir)

    async def _move(
        self, session: Session, tables: Sequence[Named], object_type: ObjectType, old: str, new: str
    ) -> None:
        for table in tables:
            if await self._has(session, [table.table]):
                await table.move(session, self._dialect, self._stamp, old, new)
        if await self._has(session, OBJECTS):
            await move_object(session, self._dialect, object_type, old, new)

    async def _user_tickets(
        self, session: Session, old: str, new: str, old_customer: str, new_customer: str
    ) -> None:
        """Tickets of login and customer get both new values (TKT-12), the login's other tickets the new login."""
        login, args = self._exactly.equals("customer_user_id"), self._exactly.value(old)
        if old_customer:
            both = f"{login} AND {self._exactly.equals('customer_id')}"
            wanted = [*args, *self._exactly.value(old_customer)]
        else:
            both = f"{login} AND NOT {self._exactly.equals(_NEVER_NULL)}" if old == new else login
            wanted = [*args, *self._exactly.value(new_customer)] if old == new else args
        if (old, old_customer) != (new, new_customer):
            await self._tickets(session, both, wanted, new_customer, new)
        if old != new:
            await self._tickets(session, login, args, None, new)

    async def _tickets(
        self, session: Session, where: str, args: Sequence[object], customer_id: str | None, login: str | None
    ) -> None:
        change = TicketChange(customer_id, login)
        await change_tickets(session, self._dialect, self._stamp, where, args, change)

    async def _left(
        self,
        session: Session,
        tables: Sequence[Named],
        object_type: ObjectType,
        mark: str,
        name: str,
        heir: str | None,
    ) -> Sequence[str]:
        if not storable([name]) or (heir is not None and await self._is_marked(session, mark, heir, name)):
            return []
        parts: list[str] = []
        args: list[object] = []
        for table in tables:
            if await self._has(session, [table.table]):
                where, more = self._under(table.column, table.prefix, name, heir)
                marks = f" AND preferences_key NOT IN ('{USER_MARK}', '{CUSTOMER_MARK}')"
                where += marks if table.table == "customer_preferences" else ""
                parts.append(_found(table.table, f"SELECT 1 FROM {table.table} WHERE {where}"))
                args += more
        if await self._has(session, OBJECTS):
            where, more = self._under("n.object_name", "", name, heir)
            typed = f"object_type = {self._dialect.value}"
            filled = (
                "SELECT 1 FROM dynamic_field_obj_id_name AS n"
                " JOIN dynamic_field_value AS v ON v.object_id = n.object_id"
                f" JOIN dynamic_field AS f ON f.id = v.field_id AND f.{typed} WHERE n.{typed} AND {where}"
            )
            parts.append(_found("dynamic_field_value", filled))
            args += [object_type, object_type, *more]
        rows = await session.fetch(self._dialect.finish(" UNION ALL ".join(parts)), args) if parts else []
        return sorted({str(row[0]) for row in rows})

    def _under(self, column: str, prefix: str, name: str, heir: str | None) -> tuple[str, list[object]]:
        """Whether a row is held under a name, as OTOBO's own `=` on this database would say (OVR-5)."""
        loose = self._dialect.kind is SourceKind.MARIADB
        where = f"{column} = ?" if loose else self._exactly.equals(column)
        args: list[object] = [prefix + name]
        if heir is not None:
            where += f" AND NOT {self._exactly.equals(column)}"
            args += self._exactly.value(prefix + heir)
        return where, args

    async def _mark(self, session: RegistrySession, mark: str, old: str, new: str) -> None:
        """Say until the source is committed as well whose things the new name holds, so that a crash is no mystery."""
        if old == new or not session.apart or not await self._has(session, ["customer_preferences"]):
            return
        await self._unmark(session, mark, new)
        sql = (
            "INSERT INTO customer_preferences (user_id, preferences_key, preferences_value) VALUES (?, ?, ?)"
        )
        await session.execute(self._dialect.finish(sql), [new, mark, old])
        session.afterwards(lambda later: self._unmark(later, mark, new))

    async def _unmark(self, session: Session, mark: str, name: str) -> None:
        if await self._has(session, ["customer_preferences"]):
            where = f"{self._exactly.equals('user_id')} AND preferences_key = ?"
            sql = self._dialect.finish(f"DELETE FROM customer_preferences WHERE {where}")
            await session.execute(sql, [*self._exactly.value(name), mark])

    async def _is_marked(self, session: Session, mark: str, old: str, new: str) -> bool:
        if not await self._has(session, ["customer_preferences"]):
            return False
        equal = f"{self._exactly.equals('user_id')} AND {self._exactly.equals('preferences_value')}"
        sql = f"SELECT 1 FROM customer_preferences WHERE {equal} AND preferences_key = ?"
        args = [*self._exactly.value(new), *self._exactly.value(old), mark]
        return bool(await session.fetch(self._dialect.finish(sql), args))

    async def _has(self, session: Session, tables: Sequence[str]) -> bool:
        """Whether the registry has all of these tables; asked once."""
        if self._tables is None:
            wanted = {*(table.table for table in (*USER_TABLES, *CUSTOMER_TABLES)), *OBJECTS, *TICKETS}
            self._tables = await existing(session, self._dialect, wanted)
        return self._tables.issuperset(tables)


def _found(table: str, rows: str) -> str:
    return f"SELECT '{table}' AS held FROM (SELECT 1 AS one) AS d WHERE EXISTS ({rows})"
