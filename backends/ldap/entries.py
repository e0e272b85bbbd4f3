"""Entries as rows of the mapping: decoded, with the few translations that directories need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backends.evaluate import Values
from backends.mapping import RecordMapping, first
from backends.model import Value

_SMTP = re.compile(r"^SMTP:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the server gave it; attribute names are in lower case."""

    dn: str
    values: Mapping[str, tuple[bytes, ...]]


class EntryReader:
    """Reads the values of a mapping's columns from entries."""

    def __init__(self, mapping: RecordMapping, charset: str, translate_manager_to: str) -> None:
        self._mapping = mapping
        self._charset = charset
        self._translated = frozenset({"manager"}) if translate_manager_to else frozenset()
        self.attributes = unique(mapping.columns)

    def key(self, entry: Entry) -> str:
        """The login; empty for an entry that is nobody's."""
        return first(self.value(entry, self._mapping.key_column)) or ""

    def value(self, entry: Entry, column: str) -> Value:
        """None where the attribute is absent, a tuple where it has several values; bytes that make no sense are �."""
        name = column.lower()
        texts = tuple(value.decode(self._charset, "replace") for value in entry.values.get(name, ()) if value)
        if name == "targetaddress":
            texts = tuple(_SMTP.sub("", text) for text in texts)
        return texts[0] if len(texts) == 1 else texts or None

    def values(self, entry: Entry) -> Values:
        """The values of `entry` by column."""
        return lambda column: self.value(entry, column)

    def row(self, entry: Entry, managers: Mapping[str, str]) -> tuple[Value, ...]:
        """Values in the order of the mapping's columns; DNs of managers become what `managers` says (LDAP-25)."""
        return tuple(
            self._shown(self.value(entry, column), column, managers) for column in self._mapping.columns
        )

    def managers(self, entries: Iterable[Entry]) -> list[str]:
        """The DNs of managers to translate, each once."""
        columns = [column for column in self._mapping.columns if column.lower() in self._translated]
        named = [first(self.value(entry, column)) for entry in entries for column in columns]
        return list(dict.fromkeys(dn for dn in named if dn))

    def _shown(self, value: Value, column: str, managers: Mapping[str, str]) -> Value:
        return managers.get(first(value) or "") if column.lower() in self._translated else value


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Attribute names, each once, whatever its case."""
    return tuple({name.lower(): name for name in reversed(list(names))}.values())[::-1]
