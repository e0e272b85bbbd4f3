"""Groups and grants in OTOBO's tables (PERM-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from backends.changes import Note
from backends.conditions import storable
from backends.limits import CUSTOMER_GRANT, USER_GRANT, check, check_naming
from backends.records import Grant, Group, Held, KeySets
from backends.registries import CustomerGrants, Naming, UserGrants
from backends.sql.database import Database, Row
from backends.sql.exactly import Exactly, possible
from backends.sql.named import NEXT, NamedTable, key_sets, names_are_unique
from backends.sql.shapes import comparable
from backends.sql.writing import Identity, RelationTable, Stamp, writing

GROUPS = "groups"
"""The name that all writers of groups and grants wait for."""
ON_LOGIN, ON_CUSTOMER = GRANTS = -1, -2
"""What tells rows of grants from those of groups, which have their validity there."""
NOBODY = [""]
"""Stands for no key, which no statement takes; rows without a holder are nobody's."""


class SqlGroups:
    """Reads and writes the table of groups and both tables of grants; of these only rows with value 1 count."""

    def __init__(self, database: Database, stamp: Stamp, groups_table: str = "groups_table") -> None:
        self._database = database
        self._stamp = stamp
        self._table = NamedTable(database, stamp, database.dialect.quoted(groups_table), Group, GROUPS)
        self._on_logins = RelationTable(
            database.dialect,
            "group_customer_user",
            ("user_id", "group_id", "permission_key"),
            flag="permission_value",
        )
        self._on_customers = RelationTable(
            database.dialect,
            "group_customer",
            ("customer_id", "group_id", "permission_context", "permission_key"),
            flag="permission_value",
        )
        self._exactly = Exactly(database.dialect)
        self._finish = database.dialect.finish
        text = self._exactly.text
        on_logins = (
            f"SELECT group_id, {text('permission_key')}, {text('user_id')}, {ON_LOGIN} FROM group_customer_user"
            f" WHERE {self._exactly.among('user_id')} AND permission_value = 1"
        )
        on_customers = (
            f"SELECT group_id, {text('permission_key')}, {text('customer_id')}, {ON_CUSTOMER} FROM group_customer"
            f" WHERE {self._exactly.among('customer_id')} AND {self._exactly.equals('permission_context')}"
            " AND permission_value = 1"
        )
        self._held_by = self._finish(self._table.beside(on_logins))
        self._in_force = self._finish(
            self._table.beside(f"{on_logins} UNION ALL {on_customers}", self._exactly.among("name"))
        )

    async def groups(self) -> Sequence[Group]:
        return await self._table.all()

    async def user_grants(self, logins: Sequence[str]) -> Sequence[Grant]:
        asked = storable(logins)
        if not asked:
            return []
        sql = (
            "SELECT group_id, permission_key, user_id, NULL, NULL FROM group_customer_user"
            f" WHERE {self._exactly.among('user_id')} AND permission_value = 1"
        )
        return _grants(await self._database.fetch(self._finish(sql), self._exactly.values(asked)))

    async def held_by(self, logins: Sequence[str], bits: Mapping[str, int]) -> Held:
        asked = storable(logins)
        if not asked:
            return Held((), {}, {})
        return self._held(await self._database.fetch(self._held_by, self._exactly.values(asked)), bits)

    async def in_force(
        self,
        logins: Sequence[str],
        customer_ids: Sequence[str],
        context: str,
        named: Sequence[str],
        bits: Mapping[str, int],
    ) -> Held:
        lists = [storable(some) for some in (logins, customer_ids, named)]
        if not any(lists):
            return Held((), {}, {})
        users, customers, names = (self._exactly.values(some or NOBODY) for some in lists)
        args = [*users, *customers, *self._exactly.value(comparable(context)), *names]
        return self._held(await self._database.fetch(self._in_force, args), bits)

    async def customer_grants(self, customer_ids: Sequence[str]) -> Sequence[Grant]:
        asked = storable(customer_ids)
        if not asked:
            return []
        sql = (
            "SELECT group_id, permission_key, NULL, customer_id, permission_context FROM group_customer"
            f" WHERE {self._exactly.among('customer_id')} AND permission_value = 1"
        )
        return _grants(await self._database.fetch(self._finish(sql), self._exactly.values(asked)))

    async def grants_in(self, group_ids: Sequence[int]) -> Sequence[Grant]:
        asked = possible(group_ids)
        if not asked:
            return []
        where = f"WHERE {self._exactly.numbers_among('group_id')} AND permission_value = 1"
        sql = (
            f"SELECT 0 AS part, group_id, permission_key, user_id, '' AS context FROM group_customer_user {where}"
            " UNION ALL"
            f" SELECT 1, group_id, permission_key, customer_id, permission_context FROM group_customer {where}"
        )
        rows = await self._database.fetch(self._finish(sql), self._exactly.numbers(asked) * 2)
        return [
            Grant(group_id, key, customer_id=whose, context=context) if part else Grant(group_id, key, whose)
            for part, group_id, key, whose, context in sorted(set(map(tuple, rows)))
        ]

    async def logins_in(self, group_id: int, after: str | None, limit: int) -> Sequence[str]:
        login = self._exactly.text("user_id")
        follows = f" AND {login} > {self._exactly.dialect.value}" if after is not None else ""
        sql = (
            f"SELECT DISTINCT {login} AS login FROM group_customer_user"
            f" WHERE group_id = {self._exactly.number} AND permission_value = 1{follows} ORDER BY login LIMIT ?"
        )
        if not possible([group_id]):
            return []
        args = [group_id, *([comparable(after)] if after is not None else []), limit]
        return [row[0] for row in await self._database.fetch(self._finish(sql), args)]

    async def customers_in(
        self, group_id: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        customer, context = map(self._exactly.text, ("customer_id", "permission_context"))
        value = self._exactly.dialect.value
        follows = (
            f" AND ({customer} > {value} OR ({customer} = {value} AND {context} > {value}))" if after else ""
        )
        sql = (
            f"SELECT DISTINCT {customer} AS customer, {context} AS context FROM group_customer"
            f" WHERE group_id = {self._exactly.number} AND permission_value = 1{follows}"
            " ORDER BY customer, context LIMIT ?"
        )
        if not possible([group_id]):
            return []
        last = [comparable(part) for part in (after[0], after[0], after[1])] if after else []
        rows = await self._database.fetch(self._finish(sql), [group_id, *last, limit])
        return [(row[0], row[1]) for row in rows]

    async def count_logins(self, group_ids: Sequence[int]) -> Mapping[int, int]:
        return await self._count("group_customer_user", ["user_id"], group_ids)

    async def count_customers(self, group_ids: Sequence[int]) -> Mapping[int, int]:
        return await self._count("group_customer", ["customer_id", "permission_context"], group_ids)

    async def set_user_grants(self, grants: Sequence[UserGrants], note: Note | None = None) -> None:
        for one in grants:
            for key in one.keys:
                check(USER_GRANT, login=one.login, key=key)
        await self._replace(
            self._on_logins,
            {(one.login, one.group_id): one.keys for one in grants if storable([one.login])},
            note,
        )

    async def set_customer_grants(self, grants: Sequence[CustomerGrants], note: Note | None = None) -> None:
        for one in grants:
            for key in one.keys:
                check(CUSTOMER_GRANT, customer_id=one.customer_id, context=one.context, key=key)
        await self._replace(
            self._on_customers,
            {
                (one.customer_id, one.group_id, one.context): one.keys
                for one in grants
                if storable([one.customer_id]) and storable([one.context])
            },
            note,
        )

    async def create_group(self, naming: Naming, note: Note | None = None) -> Group:
        return await self._table.create(naming, note)

    async def update_group(self, group_id: int, naming: Naming, note: Note | None = None) -> Group:
        check_naming(naming)
        with names_are_unique():
            async with writing(self._database, GROUPS) as session:
                locked = await self._table.locked(session, [group_id])
                changed = await self._table.change(session, locked[group_id], naming)
                if note is not None:
                    await note(session, locked[group_id], changed)
                return changed

    async def _replace(
        self, table: RelationTable, keys: Mapping[Identity, Sequence[str]], note: Note | None
    ) -> None:
        """Replace the keys of each identity by those given, while nobody else does so in these groups."""
        if not keys:
            return
        whose, group = table.columns[:2]
        owners = list(dict.fromkeys(str(identity[0]) for identity in keys))
        ids = possible(int(identity[1]) for identity in keys)
        async with writing(self._database, GROUPS) as session:
            await self._table.locked(session, {int(identity[1]) for identity in keys})
            await table.replace(
                session,
                self._stamp,
                f"{self._exactly.numbers_among(group)} AND {self._exactly.among(whose)}",
                [*self._exactly.numbers(ids), *self._exactly.values(owners)],
                [(*identity, key) for identity, held in keys.items() for key in held],
                lambda identity: identity[:-1] in keys,
                note,
            )

    def _held(self, rows: Sequence[Row], bits: Mapping[str, int]) -> Held:
        groups: list[Group] = []
        on_logins: dict[str, str] = {}
        on_customers: dict[str, str] = {}
        several: dict[tuple[int, str], list[str]] = {}
        for id_, one, other, mark in rows:
            if mark not in GRANTS:
                groups.append(self._table.record(id_, one, other, mark))
                continue
            texts = on_logins if mark == ON_LOGIN else on_customers
            if other in texts:
                several.setdefault((mark, other), [texts[other]]).append(one)
            elif other:
                texts[other] = one
        for (mark, whose), some in several.items():
            (on_logins if mark == ON_LOGIN else on_customers)[whose] = NEXT.join(some)
        key_bits = tuple(bits.items())

        def read(texts: Mapping[str, str]) -> Mapping[str, KeySets]:
            return {whose: sets for whose, text in texts.items() if (sets := key_sets(text, key_bits))}

        return Held(groups, read(on_logins), read(on_customers))

    async def _count(self, table: str, columns: Sequence[str], group_ids: Sequence[int]) -> Mapping[int, int]:
        asked = possible(group_ids)
        if not asked:
            return {}
        listed = ", ".join(f"{self._exactly.text(column)} AS {column}" for column in columns)
        sql = (
            f"SELECT group_id, count(*) FROM (SELECT DISTINCT group_id, {listed} FROM {table}"
            f" WHERE {self._exactly.numbers_among('group_id')} AND permission_value = 1) AS held"
            " GROUP BY group_id"
        )
        rows = await self._database.fetch(self._finish(sql), self._exactly.numbers(asked))
        return {row[0]: row[1] for row in rows}


def _grants(rows: Sequence[Row]) -> Sequence[Grant]:
    """Rows of a grant's values as grants, each once and in order; made without a call of Python's for each."""
    return sorted(set(map(partial(tuple.__new__, Grant), rows)))
