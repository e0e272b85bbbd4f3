"""What a directory's schema says about mapped attributes, for `check`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from backends.ldap.faults import NoSuchEntry
from backends.ldap.server import Server
from backends.ldap.settings import LdapSettings
from backends.mapping import RecordMapping
from backends.model import Finding

_POINTER, _TYPES = "subschemaSubentry", "attributeTypes"
_NAMES = re.compile(r"\bNAME\s+(?:'([^']+)'|\(([^)]*)\))")


async def base_exists(server: Server, settings: LdapSettings) -> bool:
    """Whether the directory has the entry under which all searches run."""
    try:
        await server.search(settings.base_dn, "base", "(objectClass=*)", ["1.1"])
    except NoSuchEntry:
        return False
    return True


async def unknown_attributes(
    server: Server, settings: LdapSettings, mapping: RecordMapping
) -> Sequence[Finding] | None:
    """Mapped attributes that the schema lacks; None where the schema cannot be read."""
    names = await _known(server, settings.base_dn)
    if not names:
        return None
    wanted = [*mapping.columns, *mapping.search.columns, *mapping.search.post_master_columns]
    wanted += [mapping.customer_id_column] if mapping.customer_id_column else []
    wanted += [settings.translate_manager_to] if settings.translate_manager_to else []
    wanted += [settings.group_attribute] if settings.group_dn else []
    return [Finding(name, None) for name in dict.fromkeys(wanted) if _plain(name) not in names]


async def _known(server: Server, base_dn: str) -> frozenset[str]:
    found = await server.search(base_dn, "base", "(objectClass=*)", [_POINTER])
    pointers = [value for entry in found.entries for value in entry.values.get(_POINTER.lower(), ())]
    if not pointers:
        return frozenset()
    schema = await server.search(pointers[0].decode(), "base", "(objectClass=subschema)", [_TYPES])
    texts = [
        value.decode("utf-8", "replace")
        for entry in schema.entries
        for value in entry.values.get(_TYPES.lower(), ())
    ]
    return frozenset(name.lower() for name in _names(texts))


def _names(types: Iterable[str]) -> Iterable[str]:
    for text in types:
        for one, several in _NAMES.findall(text):
            yield from [one] if one else re.findall(r"'([^']+)'", several)


def _plain(name: str) -> str:
    """The attribute without options such as `;lang-de`."""
    return name.partition(";")[0].lower()
