"""The customer users of one table, when a customer ID is renamed (COMP-17, COMP-19)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backends.mapping import RecordMapping
from backends.order import fold
from backends.registries import Unstorable
from backends.sql.database import Database, Session
from backends.sql.exactly import Exactly
from backends.sql.writing import FOR_UPDATE, Stamp

_SEPARATORS = ";,|"


@dataclass(frozen=True)
class Members:
    """A writable table of customer users: their primary customer IDs, and the lists of further ones."""

    mapping: RecordMapping
    database: Database
    table: str
    stamp: Stamp

    async def rename(self, session: Session, old: str, new: str) -> None:
        """Replace a customer ID wherever the table has it, by the source's rule of letter case (SRC-7)."""
        for column in self._primary_columns():
            await self._replace(session, column, old, new)
        if listed := self._listed_column():
            await self._rewrite(session, listed, old, new)

    def _primary_columns(self) -> Sequence[str]:
        """The mapped column, and that which searches use (SRC-14); a read-only one is left alone."""
        row = self.mapping.field("customerId")
        if row is None or row.read_only or row.is_dynamic:
            return []
        columns = [row.column]
        columns += [self.mapping.customer_id_column] if self.mapping.customer_id_column else []
        return [name for name in dict.fromkeys(columns) if name != self.mapping.key_column]

    def _listed_column(self) -> str | None:
        row = self.mapping.field("listedCustomerIds")
        return row.column if row and not row.read_only and not row.is_dynamic else None

    async def _replace(self, session: Session, column: str, old: str, new: str) -> None:
        dialect, quoted = self.database.dialect, self.database.dialect.quoted(column)
        test = dialect.among(quoted, self._folds, 1, False)
        assigned, args = self._assigned(quoted, new)
        exactly = Exactly(dialect)
        sql = f"UPDATE {self._table} SET {assigned} WHERE {test} AND NOT {exactly.equals(quoted)}"
        args += [*dialect.many([old], False), *exactly.value(new)]
        await session.execute(dialect.finish(sql), args)

    async def _rewrite(self, session: Session, column: str, old: str, new: str) -> None:
        """Lists are rewritten one by one, everything else in them staying as it was."""
        dialect, exactly = self.database.dialect, Exactly(self.database.dialect)
        quoted, key = dialect.quoted(column), dialect.quoted(self.mapping.key_column)
        test, times = dialect.listed(quoted, self._folds)
        sql = f"SELECT {key}, {quoted} FROM {self._table} WHERE {test}{FOR_UPDATE[dialect.kind]}"
        for login, listed in await session.fetch(dialect.finish(sql), [old] * times):
            renamed = _renamed(str(listed), old, new, self._folds)
            if renamed == listed:
                continue
            assigned, args = self._assigned(quoted, renamed)
            sql = f"UPDATE {self._table} SET {assigned} WHERE {exactly.equals(key)}"
            await session.execute(dialect.finish(sql), [*args, *exactly.value(str(login))])

    def _assigned(self, column: str, value: str) -> tuple[str, list[Any]]:
        if not self.mapping.audited:
            return f"{column} = ?", [value]
        moment = self.stamp.moment(self.database.dialect.kind)
        return f"{column} = ?, change_time = ?, change_by = ?", [value, moment, self.stamp.user_id]

    @property
    def _table(self) -> str:
        return self.database.dialect.quoted(self.table)

    @property
    def _folds(self) -> bool:
        return not self.mapping.search.case_sensitive


def _renamed(listed: str, old: str, new: str, folds: bool) -> str:
    """A list with one ID replaced; its separator is the first of `;` `,` `|` that occurs in it (MULTI-2)."""
    if any(sign in new for sign in _SEPARATORS):
        raise Unstorable("customerId")
    separator = next((sign for sign in _SEPARATORS if sign in listed), None)
    parts = listed.split(separator) if separator else [listed]
    return (separator or "").join(_part(part, old, new, folds) for part in parts)


def _part(part: str, old: str, new: str, folds: bool) -> str:
    stripped = part.strip()
    same = fold(stripped) == fold(old) if folds else stripped == old
    return re.sub(re.escape(stripped), lambda _: new, part, count=1) if same and stripped else part
