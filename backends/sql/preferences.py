"""Preferences by login in OTOBO's table (PREF-1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

from backends.changes import Note
from backends.conditions import storable
from backends.limits import PREFERENCE, check
from backends.model import SourceKind
from backends.registries import Unstorable
from backends.sql.database import Database, Session
from backends.sql.exactly import Exactly
from backends.sql.writing import FOR_UPDATE, insert, writing

TABLE = "customer_preferences"
COLUMNS = ("user_id", "preferences_key", "preferences_value")

_AS_STORED = {
    SourceKind.POSTGRESQL: " ORDER BY ctid",
    SourceKind.MARIADB: "",  # an index without key runs in the order of insertion
    SourceKind.SQLITE: " ORDER BY rowid",
}
"""Of several rows of one key the last one counts (PREF-4)."""


class SqlPreferences:
    """Reads and writes a table without key, audit columns or parent rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect
        self._exactly = Exactly(database.dialect)

    async def preferences_of(self, logins: Sequence[str]) -> Mapping[str, Mapping[str, str | None]]:
        asked = storable(logins)
        if not asked:
            return {}
        sql = (
            f"SELECT {', '.join(COLUMNS)} FROM {TABLE} WHERE {self._exactly.among('user_id')}"
            f"{_AS_STORED[self._dialect.kind]}"
        )
        found: dict[str, dict[str, str | None]] = defaultdict(dict)
        for login, key, value in await self._database.fetch(
            self._dialect.finish(sql), self._exactly.values(asked)
        ):
            found[login][key] = value
        return dict(found)

    async def set_preferences(
        self, login: str, values: Mapping[str, str | None], note: Note | None = None
    ) -> None:
        for key, value in values.items():
            if value is not None:
                check(PREFERENCE, login=login, key=key, value=value)
        keys = storable(values)
        if not keys or not storable([login]):
            return
        async with writing(self._database, TABLE) as session:
            stored = await self._rows(session, login, keys)
            changed = [key for key in keys if stored[key] != ([] if values[key] is None else [values[key]])]
            if gone := [key for key in changed if stored[key]]:
                sql = self._dialect.finish(f"DELETE FROM {TABLE} WHERE {self._concerned}")
                await session.execute(sql, [*self._exactly.value(login), *self._exactly.values(gone)])
            rows = [[login, key, values[key]] for key in changed if values[key] is not None]
            await insert(session, self._dialect, TABLE, COLUMNS, rows)
            if note is not None:
                before = {key: stored[key] for key in keys}
                await note(session, before, {key: [values[key]] if key in values else [] for key in keys})

    async def note(
        self, login: str, key: str, value: Callable[[str | None], str], *, lasting: bool = True
    ) -> None:
        lasting = lasting and _fits(login, key)
        name = login if lasting else f"nobody-{uuid4().hex}"
        async with writing(self._database, TABLE) as session:
            stored = (await self._rows(session, name, [key]))[key]
            new = value(stored[-1] if stored else None)
            args = [*self._exactly.value(name), *self._exactly.values([key])]
            delete = self._dialect.finish(f"DELETE FROM {TABLE} WHERE {self._concerned}")
            if lasting:
                await session.execute(delete, args)
            await insert(session, self._dialect, TABLE, COLUMNS, [[name, key, new]])
            if not lasting:
                await session.execute(delete, args)

    @property
    def _concerned(self) -> str:
        return f"{self._exactly.equals('user_id')} AND {self._exactly.among('preferences_key')}"

    async def _rows(
        self, session: Session, login: str, keys: Sequence[str]
    ) -> Mapping[str, list[str | None]]:
        """The values of each key, of all its rows."""
        sql = (
            f"SELECT preferences_key, preferences_value FROM {TABLE} WHERE {self._concerned}"
            f"{FOR_UPDATE[self._dialect.kind]}"
        )
        args = [*self._exactly.value(login), *self._exactly.values(keys)]
        found: dict[str, list[str | None]] = defaultdict(list)
        for key, value in await session.fetch(self._dialect.finish(sql), args):
            found[key].append(value)
        return found


def _fits(login: str, key: str) -> bool:
    try:
        check(PREFERENCE, login=login, key=key)
    except Unstorable:
        return False
    return True
