"""The entries of one source as customer users, found by login."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from backends.bounded import Bounded
from backends.ldap.ber import Entry
from backends.ldap.entries import EntryReader, unique
from backends.ldap.filters import Narrowing, all_of, any_equal, batches, escaped
from backends.ldap.membership import Membership
from backends.ldap.server import Server
from backends.ldap.settings import LdapSettings
from backends.mapping import RecordMapping, first
from backends.model import CustomerUser, Validity, Value
from backends.order import fold

QUESTIONS = 64
"""Sets of keys whose filter, and whose records, are kept as long as they are asked for."""
RECORDS = 1024
"""Records that are kept as long as their entries come again."""


class Person(NamedTuple):
    """An entry that is somebody, with the login it answers to."""

    key: str
    entry: Entry


class People:
    """Who exists, who is valid and what is shown of them, by a source's settings."""

    def __init__(
        self, mapping: RecordMapping, settings: LdapSettings, server: Server, group: Membership | None
    ) -> None:
        self._mapping = mapping
        self._settings = settings
        self._server = server
        self._group = group
        self._reader = EntryReader(mapping, settings.charset, settings.translate_manager_to)
        self._asked = lru_cache(QUESTIONS)(self._usable)
        self._filter = lru_cache(QUESTIONS)(self._expression)
        self._found: Bounded[tuple[str, ...], tuple[Sequence[Entry], Sequence[Person]]] = Bounded(QUESTIONS)
        """Who was found last by these keys, beside the entries that are it, as long as the same ones come again."""
        self._records: Bounded[object, tuple[Sequence[Person], Mapping[str, CustomerUser]]] = Bounded(
            QUESTIONS
        )
        self._single: Bounded[tuple[int, Validity | None], tuple[object, CustomerUser]] = Bounded(RECORDS)
        self._narrowing = Narrowing(mapping, settings.valid_filter, settings.charset)

    async def have(self, keys: Sequence[str]) -> list[str]:
        """The logins that are one of `keys` by our folding, as stored."""
        return [person.key for person in await self._find(keys, (self._mapping.key_column,), None)]

    async def records(
        self, keys: Sequence[str], wanted: frozenset[Validity] | None = None
    ) -> Mapping[str, CustomerUser]:
        """Records by login as stored, in our order; where `wanted` is given, only those of these validities.

        Of several entries with one login the server's first is taken (LDAP-27).
        """
        people = await self._find(keys, self._reader.attributes, wanted)
        validities = await self._validities(people, wanted)
        managers = await self._managers(people)
        if validities or managers:
            return self._made(people, wanted, validities, managers)
        asked = (tuple(keys), wanted)
        known = self._records.get(asked)
        if known is None or known[0] is not people:
            known = people, self._made(people, wanted, validities, managers)
            self._records.keep(asked, known)
        return known[1]

    def _made(
        self,
        people: Sequence[Person],
        wanted: frozenset[Validity] | None,
        validities: Mapping[str, Validity],
        managers: Mapping[str, str],
    ) -> dict[str, CustomerUser]:
        records: dict[str, CustomerUser] = {}
        for person in people:
            record = self._record(person.entry, managers, validities.get(person.entry.dn))
            if wanted is None or record.validity in wanted:
                records.setdefault(person.key, record)
        return records

    def _record(self, entry: Entry, managers: Mapping[str, str], validity: Validity | None) -> CustomerUser:
        """The record of an entry; of the same values, which are the same object, the same one."""
        key = (id(entry.values), validity)
        known = self._single.get(key)
        if known is not None and not managers:
            return known[1]
        record = self._mapping.customer_user(self._reader.row(entry, managers), validity)
        if not managers:
            self._single.keep(key, (entry.values, record))
        return record

    async def rows(
        self, keys: Sequence[str], columns: Sequence[str], wanted: frozenset[Validity] | None
    ) -> dict[str, tuple[Value, ...]]:
        """The values of `columns`, and nothing else, by login as stored; `wanted` as for records."""
        unasked = wanted is None or bool(self._settings.valid_filter)
        decides = None if unasked else self._mapping.valid_column
        people = await self._find(keys, unique([*columns, decides] if decides else columns), wanted)
        if wanted is not None and decides is not None:
            people = [one for one in people if self._validity(one.entry, decides) in wanted]
        managers = await self._managers(people)
        rows: dict[str, tuple[Value, ...]] = {}
        for person in people:
            rows.setdefault(person.key, self._reader.row(person.entry, managers, columns))
        return rows

    async def _find(
        self, keys: Sequence[str], attributes: Sequence[str], wanted: frozenset[Validity] | None
    ) -> Sequence[Person]:
        """Those who have one of the keys, in our order; the same object as long as nothing about them changes."""
        asked = tuple(keys)
        folded, portions = self._asked(asked)
        among = "" if wanted is None else self._narrowing.validity(wanted)
        parts = [await self._search(some, attributes, among) for some in portions]
        entries = parts[0] if len(parts) == 1 else [entry for part in parts for entry in part]
        known = self._found.get(asked)
        if known is None or known[0] is not entries:
            known = entries, self._people(entries, folded)
            if len(entries) <= RECORDS:
                self._found.keep(asked, known)
        people = known[1]
        if self._group is not None and people:
            members = await self._group.among([(person.entry, person.key) for person in people])
            people = [person for person in people if self._group.name(person.entry, person.key) in members]
        return people

    def _people(self, entries: Sequence[Entry], folded: frozenset[str]) -> Sequence[Person]:
        """The directory compares more loosely than we do, and by any value of the attribute."""
        named = [Person(key, entry) for entry in entries if (key := self._reader.key(entry))]
        people = [person for person in named if fold(person.key) in folded]
        return sorted(people, key=lambda person: (fold(person.key), person.key))

    def _usable(self, keys: tuple[str, ...]) -> tuple[frozenset[str], Sequence[tuple[str, ...]]]:
        """The keys folded, and those that a directory can hold, as many at a time as one filter holds."""
        usable = [
            key for key in dict.fromkeys(keys) if key and escaped(key, self._settings.charset) is not None
        ]
        return frozenset(map(fold, keys)), [tuple(some) for some in batches(usable)]

    def _expression(self, keys: tuple[str, ...], among: str) -> str:
        equal = any_equal(self._mapping.key_column, keys, self._settings.charset)
        return all_of([equal, among, self._settings.always_filter])

    async def _search(self, keys: tuple[str, ...], attributes: Sequence[str], among: str) -> Sequence[Entry]:
        settings = self._settings
        expression = self._filter(keys, among)
        found = await self._server.search(settings.base_dn, settings.scope, expression, attributes)
        if found.cut and len(keys) > 1:
            half = len(keys) // 2
            earlier = await self._search(keys[:half], attributes, among)
            return [*earlier, *await self._search(keys[half:], attributes, among)]
        return found.entries

    async def _validities(
        self, people: Sequence[Person], wanted: frozenset[Validity] | None
    ) -> Mapping[str, Validity]:
        """Validity by DN; empty where the mapping decides."""
        if not self._settings.valid_filter or not people:
            return {}
        sought = {*Validity} if wanted is None else wanted
        known = [validity for validity in (Validity.VALID, Validity.INVALID) if validity in sought]
        if len(known) == 1:
            return {person.entry.dn: known[0] for person in people}
        valid: set[str] = set()
        keys = list(dict.fromkeys(person.key for person in people))
        for some in map(tuple, batches(keys)):
            found = await self._search(some, [self._mapping.key_column], self._settings.valid_filter)
            valid |= {entry.dn for entry in found if self._reader.key(entry)}
        return {
            person.entry.dn: Validity.VALID if person.entry.dn in valid else Validity.INVALID
            for person in people
        }

    def _validity(self, entry: Entry, column: str) -> Validity:
        return Validity.of(first(self._reader.value(entry, column)))

    async def _managers(self, people: Sequence[Person]) -> dict[str, str]:
        """What is shown instead of the DN of each manager; managers that cannot be read are left out."""
        dns = self._reader.managers(person.entry for person in people)
        if not dns:
            return {}
        attribute = self._settings.translate_manager_to
        found = await self._server.read(dns, [attribute])
        shown = {dn: first(self._reader.value(entry, attribute)) for dn, entry in found.items()}
        return {dn: text for dn, text in shown.items() if text}
