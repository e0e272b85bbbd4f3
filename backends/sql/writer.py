"""Writes one table of customer users or customers, as OTOBO would, in one transaction each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Generic, NoReturn

from backends.changes import Note
from backends.conditions import is_storable
from backends.mapping import RecordMapping
from backends.model import SourceKind
from backends.order import fold
from backends.protocol import R
from backends.registries import DEFAULT_LOGIN
from backends.sql.backend import SqlBackend
from backends.sql.database import Database, Row, Session
from backends.sql.exactly import Exactly
from backends.sql.failures import DuplicateKey
from backends.sql.storing import Storage, Stored, places_of
from backends.sql.swaps import Swaps
from backends.sql.transactions import NAMES, Write, lock_names, one_write, share
from backends.sql.writing import FOR_UPDATE, Stamp
from backends.writers import Carry, Claim, Conflict, Missing, Taken, Together, Unstorable, Values

BESIDE = 4
"""Changes of single records that are under way at a time, so that a locked table leaves reads their connections."""


class SqlWriter(Generic[R]):
    """The writer of one table; `registry` is where a rename takes along what hangs on the old name."""

    def __init__(
        self,
        mapping: RecordMapping,
        database: Database,
        table: str,
        record: Callable[[Row], R],
        stamp: Stamp,
        *,
        password_column: str | None,
        registry: Database,
    ) -> None:
        self.apart = not share(database, registry)
        self._mapping = mapping
        self._database = database
        self._dialect = database.dialect
        self._exactly = Exactly(database.dialect)
        self._name = table
        self._table = database.dialect.quoted(table)
        self._key = database.dialect.quoted(mapping.key_column)
        self._record = record
        self._stamp = stamp
        self._password_column = password_column
        self._registry = registry
        self._listed = ", ".join(map(database.dialect.quoted, mapping.columns))
        self._reader = SqlBackend(mapping, database, table, record)
        self._beside = asyncio.Semaphore(BESIDE)
        self._made: Storage | None = None
        self._swaps: Swaps[R] | None = None

    async def create(
        self,
        values: Values,
        password_hash: str | None = None,
        *,
        claim: Claim | None = None,
        together: Together | None = None,
        note: Note | None = None,
    ) -> R:
        storage = self._made or await self._storage()
        columns = storage.created(values)
        key = self._key_in(columns) or self._refuse_key()
        if password_hash is not None:
            self._check_hash(storage, password_hash)
        try:
            async with one_write(self._database, self._registry, together) as write:
                await self._claimed(write, claim)
                await self._reserve(write.session, storage, key, None)
                await self._insert(write.session, storage, columns)
                if password_hash is not None:
                    await self._set_password(write.session, key, password_hash)
                record = self._record(await self._read(write.session, key))
                if note is not None:
                    await note(self._of_registry(write.session), None, record)
                return record
        except DuplicateKey:
            raise Taken(await self._field_taken(columns, None)) from None

    async def update(
        self,
        key: str,
        changes: Values,
        *,
        seen: R | None = None,
        check: Callable[[R], None] | None = None,
        claim: Claim | None = None,
        carry: Carry | None = None,
        together: Together | None = None,
        note: Note | None = None,
    ) -> R:
        storage = self._made or await self._storage()
        columns = storage.changed(changes)
        if self._mapping.key_column in columns and not self._key_in(columns):
            self._refuse_key()
        if not is_storable(key):
            raise Missing
        alone = claim is None and carry is None and together is None
        if alone and seen is not None and self._swaps is not None:
            swapped = await self._swaps.update(seen, columns, check, note, here=not self.apart)
            if swapped is not None:
                return swapped

        async def update(stored_key: str) -> R:
            async with one_write(self._database, self._registry, together) as write:
                if claim is not None:
                    await self._lock_names(write)  # before the row, as creations do
                before = await self._read(write.session, stored_key, lock=True)
                if check is not None:
                    check(self._record(before))
                if claim is not None:
                    await claim()
                after = await self._change(write.session, storage, before, columns)
                if carry is not None:
                    await carry(await write.registry())
                record = self._record(after)
                if note is not None:
                    await note(self._of_registry(write.session), self._record(before), record)
                return record

        try:
            async with self._beside if alone else nullcontext():
                try:
                    return await update(key)
                except Missing:  # most callers know the very spelling
                    if (stored_key := await self._stored_key(key)) == key:
                        raise
                    return await update(stored_key)
        except DuplicateKey:
            raise Taken(await self._field_taken(columns, await self._stored_key(key))) from None

    async def set_password(
        self, key: str, hashed: str, *, instead_of: str | None = None, note: Note | None = None
    ) -> None:
        self._check_hash(self._made or await self._storage(), hashed)
        stored_key = await self._stored_key(key)
        async with self._database.transaction() as session:
            if instead_of is not None:
                await self._read(session, stored_key, lock=True)
                if await self._password(session, stored_key) != instead_of:
                    raise Conflict
            await self._set_password(session, stored_key, hashed)
            if note is not None:
                await note(self._of_registry(session), None, None)

    async def password_of(self, key: str) -> str | None:
        if self._password_column is None:
            return None
        try:
            stored_key = await self._stored_key(key)
        except Missing:
            return None
        return await self._password(self._database, stored_key)

    async def _password(self, session: Session, stored_key: str) -> str | None:
        column = self._dialect.quoted(self._password_column or "")
        sql = f"SELECT {column} FROM {self._table} WHERE {self._exactly.equals(self._key)}"
        rows = await session.fetch(self._dialect.finish(sql), self._exactly.value(stored_key))
        return rows[-1][0] if rows else None

    def _of_registry(self, session: Session) -> Session | None:
        """The session, where it is one of the registry's database too."""
        return None if self.apart else session

    async def _claimed(self, write: Write, claim: Claim | None) -> None:
        """Let `claim` look while the names of all sources are this write's alone."""
        if claim is not None:
            await self._lock_names(write)
            await claim()

    async def _lock_names(self, write: Write) -> None:
        await lock_names(await write.registry(), self._registry.dialect, (NAMES,))

    async def _change(
        self, session: Session, storage: Storage, row: Row, columns: Mapping[str, Stored]
    ) -> Row:
        """Write the columns whose values differ from those stored; the row as it is then."""
        old_key = str(row[0])
        index = self._mapping.column_index
        changed = {name: new for name, new in columns.items() if new.value != row[index(name)]}
        if not changed:
            return row
        new_key = self._key_in(changed) or old_key
        if new_key != old_key:
            await self._reserve(session, storage, new_key, old_key)
        values: dict[str, tuple[str, Any]] = {
            name: (storage.mark(name), stored.value) for name, stored in changed.items()
        }
        if self._mapping.audited:
            values["change_time"] = ("?", self._stamp.moment(self._dialect.kind))
            values["change_by"] = ("?", self._stamp.user_id)
        assigned = ", ".join(f"{self._dialect.quoted(name)} = {mark}" for name, (mark, _) in values.items())
        args = [value for _, value in values.values()]
        if not self._dialect.returns_changed:
            await self._update_one(session, assigned, args, old_key)
            return await self._read(session, new_key)
        where = self._exactly.equals(self._key)
        sql = f"UPDATE {self._table} SET {assigned} WHERE {where} RETURNING {self._listed}"
        return _only(await session.fetch(self._dialect.finish(sql), [*args, *self._exactly.value(old_key)]))

    async def _set_password(self, session: Session, key: str, hashed: str) -> None:
        assigned = f"{self._dialect.quoted(self._password_column or '')} = ?"
        await self._update_one(session, assigned, [hashed], key)

    async def _update_one(self, session: Session, assigned: str, args: Sequence[Any], key: str) -> None:
        """Change the row of this key; an update that found none did not succeed (CU-31)."""
        sql = f"UPDATE {self._table} SET {assigned} WHERE {self._exactly.equals(self._key)}"
        number = await session.execute(self._dialect.finish(sql), [*args, *self._exactly.value(key)])
        if number != 1:
            raise Conflict if number else Missing

    async def _insert(self, session: Session, storage: Storage, columns: Mapping[str, Stored]) -> None:
        values: dict[str, tuple[str, Any]] = {
            name: (storage.mark(name), stored.value) for name, stored in columns.items()
        }
        if self._mapping.audited:
            names = ("create_time", "create_by", "change_time", "change_by")
            audit = self._stamp.audit(self._dialect.kind)
            values |= {name: ("?", value) for name, value in zip(names, audit, strict=True)}
        listed = ", ".join(map(self._dialect.quoted, values))
        marks = ", ".join(mark for mark, _ in values.values())
        sql = self._dialect.finish(f"INSERT INTO {self._table} ({listed}) VALUES ({marks})")
        await session.execute(sql, [value for _, value in values.values()])

    async def _read(self, session: Session, key: str, *, lock: bool = False) -> Row:
        """The row with exactly this key."""
        where = self._exactly.equals(self._key)
        end = FOR_UPDATE[self._dialect.kind] if lock else ""
        sql = f"SELECT {self._listed} FROM {self._table} WHERE {where}{end}"
        return _only(await session.fetch(self._dialect.finish(sql), self._exactly.value(key)))

    async def _reserve(self, session: Session, storage: Storage, key: str, old_key: str | None) -> None:
        """Refuse a key that a look-up would take for another one (SRC-7), and let others who want it wait."""
        if self._mapping.search.case_sensitive or self._mapping.key_is_number:
            return
        if self._dialect.kind is SourceKind.POSTGRESQL:
            await lock_names(session, self._dialect, [f"{self._name} {fold(key)}"])
        place = storage.place(self._mapping.key_column)
        loose = place is not None and place.ignores_case
        test = self._dialect.among(self._key, True, 1, loose)
        sql = f"SELECT {self._key} FROM {self._table} WHERE {test}"
        rows = await session.fetch(self._dialect.finish(sql), self._dialect.many([key], loose))
        if any(str(row[0]) != old_key for row in rows):
            raise Taken(self._key_field)

    async def _field_taken(self, columns: Mapping[str, Stored], own_key: str | None) -> str:
        """Which field another row holds the value of; the key's where that cannot be told."""
        where = f"{{}} AND NOT {self._exactly.equals(self._key)}" if own_key is not None else "{}"
        own = self._exactly.value(own_key) if own_key is not None else []
        for name, stored in sorted(columns.items(), key=lambda item: item[0] != self._mapping.key_column):
            if isinstance(stored.value, str) and stored.value:
                column = self._dialect.quoted(name)
                loose = self._dialect.kind is SourceKind.MARIADB  # as its unique indexes compare
                test = f"{column} = ?" if loose else self._exactly.equals(column)
                sql = self._dialect.finish(f"SELECT 1 FROM {self._table} WHERE {where.format(test)} LIMIT 1")
                if await self._database.fetch(sql, [stored.value, *own]):
                    return stored.field
        return self._key_field

    async def _stored_key(self, key: str) -> str:
        """The key as stored, of the one record that a look-up finds."""
        found = await self._reader.get_many([key])
        if key not in found:
            raise Missing
        return found[key].key

    async def _storage(self) -> Storage:
        """How the table stores values; what was `_made` of that need not be asked for."""
        places = await places_of(self._database, self._name)
        storage = Storage(self._mapping, places, self._dialect.kind)
        if places:
            self._made = storage  # a table that is not there yet may come
            self._swaps = Swaps(
                self._mapping, storage, self._database, self._name, self._record, self._stamp, self._beside
            )
        return storage

    def _key_in(self, columns: Mapping[str, Stored]) -> str | None:
        stored = columns.get(self._mapping.key_column)
        if stored is not None and stored.value == DEFAULT_LOGIN:
            raise Unstorable(self._key_field)  # whoever had it would hold the default services (SVC-3)
        return str(stored.value) if stored and stored.value not in (None, "") else None

    @property
    def _key_field(self) -> str:
        return "login" if self._mapping.field("login") else "customerId"

    def _refuse_key(self) -> NoReturn:
        raise Unstorable(self._key_field)

    def _check_hash(self, storage: Storage, hashed: str) -> None:
        if self._password_column is None:
            raise Unstorable("password")
        storage.fitted("password", self._password_column, hashed)


def _only(rows: Sequence[Row]) -> Row:
    if len(rows) != 1:
        raise Conflict if rows else Missing
    return rows[0]
