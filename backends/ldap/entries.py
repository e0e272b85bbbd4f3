"""Entries as rows of the mapping: decoded, with the few translations that directories need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from backends.evaluate import Values
from backends.ldap.ber import Entry
from backends.mapping import RecordMapping, first
from backends.model import Value

ADDRESS = "targetaddress"
_SMTP = re.compile(r"^SMTP:", re.IGNORECASE)


class EntryReader:
    """Reads the values of a mapping's columns from entries."""

    def __init__(self, mapping: RecordMapping, charset: str, translate_manager_to: str) -> None:
        self._mapping = mapping
        self._key = mapping.key_column.lower()
        self._charset = charset
        self._translated = frozenset({"manager"}) if translate_manager_to else frozenset()
        self.attributes = unique(mapping.columns)

    def key(self, entry: Entry) -> str:
        """The login; empty for an entry that is nobody's."""
        values = entry.values.get(self._key)
        return (first(self._read(self._key, values)) or "") if values else ""

    def value(self, entry: Entry, column: str) -> Value:
        """None where the attribute is absent, a tuple where it has several values; bytes that make no sense are �."""
        name = column.lower()
        values = entry.values.get(name)
        return self._read(name, values) if values else None

    def values(self, entry: Entry) -> Values:
        """The values of `entry` by column."""
        return lambda column: self.value(entry, column)

    def row(
        self, entry: Entry, managers: Mapping[str, str], columns: Sequence[str] | None = None
    ) -> tuple[Value, ...]:
        """Values in the order of the columns, else the mapping's; DNs of managers become what is said (LDAP-25)."""
        names = _lowered(self._mapping.columns if columns is None else tuple(columns))
        charset, read = self._charset, self._read
        row = tuple(
            [
                None
                if not some
                else some[0].decode(charset, "replace") or None
                if len(some) == 1 and name != ADDRESS
                else read(name, some)
                for name, some in zip(names, map(entry.values.get, names), strict=True)
            ]
        )
        if self._translated.isdisjoint(names):
            return row
        pairs = zip(names, row, strict=True)
        return tuple(
            managers.get(first(value) or "") if name in self._translated else value for name, value in pairs
        )

    def managers(self, entries: Iterable[Entry]) -> list[str]:
        """The DNs of managers to translate, each once."""
        if not self._translated:
            return []
        columns = [column for column in self._mapping.columns if column.lower() in self._translated]
        named = [first(self.value(entry, column)) for entry in entries for column in columns]
        return list(dict.fromkeys(dn for dn in named if dn))

    def _read(self, name: str, values: tuple[bytes, ...]) -> Value:
        if name == ADDRESS:
            texts = tuple(_SMTP.sub("", value.decode(self._charset, "replace")) for value in values if value)
        elif len(values) == 1:
            return values[0].decode(self._charset, "replace") or None
        else:
            texts = tuple(value.decode(self._charset, "replace") for value in values if value)
        return texts[0] if len(texts) == 1 else texts or None


@lru_cache(maxsize=64)
def _lowered(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(column.lower() for column in columns)


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Attribute names, each once, whatever its case."""
    return tuple({name.lower(): name for name in reversed(list(names))}.values())[::-1]
