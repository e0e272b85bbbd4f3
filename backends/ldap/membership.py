"""Who is a member of the group that a source is restricted to (LDAP-20)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backends.ldap.ber import Entry
from backends.ldap.filters import any_equal, batches
from backends.ldap.server import Server
from backends.ldap.settings import LdapSettings
from backends.order import fold

_NAMED_BY_DN = frozenset({"member", "uniquemember", "roleoccupant"})
"""Attributes that hold DNs of members; others, such as memberUid, hold logins."""


class Membership:
    """Which entries a group names. Groups are searched below `group_dn`, in the scope of the source."""

    def __init__(self, settings: LdapSettings, server: Server) -> None:
        self._base = settings.group_dn
        self._attribute = settings.group_attribute
        self._by_dn = settings.group_attribute.lower() in _NAMED_BY_DN
        self._charset = "utf-8" if self._by_dn else settings.charset
        self._server = server

    def name(self, entry: Entry, key: str) -> str:
        """How a group names this entry: by the login as spelled, or by the DN in one spelling."""
        return normal_dn(entry.dn) if self._by_dn else key

    async def among(self, entries: Sequence[tuple[Entry, str]]) -> frozenset[str]:
        """The names of members, asked of the groups that name any of these entries, given with their logins."""
        names = [entry.dn if self._by_dn else key for entry, key in entries]
        groups = [
            await self._named(any_equal(self._attribute, some, self._charset)) for some in batches(names)
        ]
        return frozenset().union(*groups)

    async def everybody(self) -> frozenset[str]:
        """The names of all members."""
        return await self._named(f"({self._attribute}=*)")

    async def _named(self, expression: str) -> frozenset[str]:
        groups: list[Entry] = []

        def take(page: Sequence[Entry]) -> bool:
            groups.extend(page)
            return True

        await self._server.collect(self._base, expression, [self._attribute], take)
        names: set[str] = set()
        for group in groups:
            part: Entry | None = group
            while part is not None:
                names |= self._names(part)
                part = await self._next_part(part)
        return frozenset(names)

    def _names(self, group: Entry) -> set[str]:
        attribute = self._attribute.lower()
        values = [
            value.decode(self._charset, "replace")
            for name, several in group.values.items()
            if name == attribute or name.startswith(f"{attribute};range=")
            for value in several
        ]
        return set(map(normal_dn, values)) if self._by_dn else set(values)

    async def _next_part(self, group: Entry) -> Entry | None:
        """More of a large group: Active Directory gives members in portions, named by their range."""
        ranged = re.compile(rf"{re.escape(self._attribute.lower())};range=\d+-(\d+)")
        last = next((found[1] for name in group.values if (found := ranged.fullmatch(name))), None)
        if last is None:
            return None
        parts = await self._server.read([group.dn], [f"{self._attribute};range={int(last) + 1}-*"])
        return parts.get(group.dn)


def normal_dn(dn: str) -> str:
    """One spelling for each DN: no case, no blanks around separators, escapes only where they must be."""
    return ",".join("+".join(sorted(map(_part, _split(rdn, "+")))) for rdn in _split(dn, ",;"))


def _part(part: str) -> str:
    attribute, _, value = part.partition("=")
    return f"{attribute.strip().lower()}={fold(_unescaped(value))}"


def _split(text: str, separators: str) -> Sequence[str]:
    """Cut `text` at separators that are neither escaped nor quoted."""
    return re.findall(rf'((?:\\.|"(?:\\.|[^"\\])*"|[^{separators}\\"])+)', text, re.DOTALL)


def _unescaped(value: str) -> str:
    """The value itself, with the characters that separate escaped again in one way."""
    value = re.sub(r"^\s+|(?<!\\)\s+$", "", value)
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    data = re.sub(
        rb"\\([0-9a-fA-F]{2})|\\(.)",
        lambda match: bytes.fromhex(match[1].decode()) if match[1] else match[2],
        value.encode("utf-8", "surrogatepass"),
        flags=re.DOTALL,
    )
    return re.sub(r"([,+=\\])", r"\\\1", data.decode("utf-8", "replace"))
