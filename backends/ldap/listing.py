"""Reads lists of keys from a directory: keys and order attributes alone, by pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backends.conditions import And, Condition, HasValidity
from backends.evaluate import Test, number_columns, predicate
from backends.ldap.ber import Entry
from backends.ldap.entries import EntryReader, unique
from backends.ldap.filters import NOBODY, Narrowing, all_of, columns_of, portions
from backends.ldap.keys import Collector, KeyList, Place, Wanted
from backends.ldap.membership import Membership
from backends.ldap.server import Server
from backends.ldap.settings import LdapSettings
from backends.mapping import FieldMapping, FieldType, RecordMapping, first
from backends.model import Validity
from backends.order import fold, number_text

LONGEST = 20
"""Time limits of one call that reading a whole list may take."""

_fold = fold.__wrapped__  # each text of a list is folded once, and would only crowd out others


@dataclass(frozen=True, slots=True)
class _Part:
    """What is read in one go."""

    wanted: Wanted
    condition: Condition
    validity: Validity
    """That of all its entries, where a filter decides."""
    members: frozenset[str] | None
    """Names of the group's members, where there is one."""


class Listing:
    """Reads one list after another, at most as many at once as leave connections for look-ups."""

    def __init__(
        self, mapping: RecordMapping, settings: LdapSettings, server: Server, group: Membership | None
    ) -> None:
        self._mapping = mapping
        self._settings = settings
        self._server = server
        self._group = group
        self._reader = EntryReader(mapping, settings.charset, "")
        self._narrowing = Narrowing(mapping, settings.valid_filter, settings.charset)
        self._numbers = number_columns(mapping)
        self._at_once = asyncio.Semaphore(max(1, settings.pool_size // 2))

    async def read(self, wanted: Wanted) -> KeyList:
        """The places of everybody who matches."""
        collector = Collector(wanted.directions, self._settings.max_keys)
        cut = False
        async with self._at_once, asyncio.timeout(LONGEST * self._settings.timeout):
            members = await self._group.everybody() if self._group is not None else None
            for condition, validity in self._parts(wanted):
                cut |= await self._read(_Part(wanted, condition, validity, members), collector)
        return await collector.finish(cut)

    async def _read(self, part: _Part, collector: Collector) -> bool:
        rest = self._narrowing.narrow(part.condition).rest
        test = predicate(
            rest, numbers=self._numbers, first_only=[self._mapping.key_column], absent_is_empty=True
        )
        attributes = self._attributes(part.wanted, rest)
        cut = False
        for portion in portions(part.condition):
            expression = self._expression(portion)
            if expression != NOBODY:
                cut |= await self._server.collect(
                    self._settings.base_dn,
                    expression,
                    attributes,
                    lambda page: collector.add([*self._places(page, part, test)]),
                )
        return cut

    def _parts(self, wanted: Wanted) -> list[tuple[Condition, Validity]]:
        """The condition; twice where validity is asked of each entry, which only the directory can tell."""
        if not self._settings.valid_filter or "validity" not in wanted.fields:
            return [(wanted.condition, Validity.VALID)]
        parts = wanted.condition.parts if isinstance(wanted.condition, And) else (wanted.condition,)
        return [
            (And((*parts, HasValidity(frozenset({validity})))), validity)
            for validity in (Validity.VALID, Validity.INVALID)
        ]

    def _expression(self, condition: Condition) -> str:
        narrowed = self._narrowing.narrow(condition)
        present = f"({self._mapping.key_column}=*)"
        return all_of([present, narrowed.filter, self._settings.always_filter])

    def _attributes(self, wanted: Wanted, rest: Condition) -> Sequence[str]:
        rows = [row for name in wanted.fields if (row := self._row(name))]
        valid = [self._mapping.valid_column] if self._mapping.valid_column else []
        columns = [self._mapping.key_column, *(row.column for row in rows), *sorted(columns_of(rest)), *valid]
        return unique(columns)

    def _places(self, page: Sequence[Entry], part: _Part, test: Test) -> Iterator[Place]:
        rows = [(name, self._row(name)) for name in part.wanted.fields]
        for entry in page:
            key = self._reader.key(entry)
            if not key or (part.members is not None and self._name(entry, key) not in part.members):
                continue
            validity = self._validity(entry, part.validity)
            if test(self._reader.values(entry), validity):
                texts = [self._text(entry, name, row, validity) for name, row in rows]
                if part.wanted.folded:
                    texts = [_sortable(text, row) for text, (_, row) in zip(texts, rows, strict=True)]
                yield (*texts, _fold(key), key)

    def _name(self, entry: Entry, key: str) -> str:
        return self._group.name(entry, key) if self._group is not None else key

    def _text(self, entry: Entry, name: str, row: FieldMapping | None, validity: Validity) -> str:
        if name == "validity":
            return str(validity.value)
        return first(self._reader.value(entry, row.column)) or "" if row is not None else ""

    def _row(self, name: str) -> FieldMapping | None:
        row = self._mapping.field(name)
        return None if row is None or row.is_dynamic or name == "validity" else row

    def _validity(self, entry: Entry, known: Validity) -> Validity:
        column = self._mapping.valid_column
        if self._settings.valid_filter or column is None:
            return known
        return Validity.of(first(self._reader.value(entry, column)))


def _sortable(text: str, row: FieldMapping | None) -> str:
    return number_text(text) if row is not None and row.type is FieldType.INT else _fold(text)
