"""Asks one directory server: through the pool, once more where an idle connection had died, never by referral."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.errors import Refused
from backends.ldap.ber import Entry
from backends.ldap.faults import Dead, LdapFault, LimitRefused
from backends.ldap.filters import LARGEST
from backends.ldap.pool import Pool
from backends.ldap.relay import trust
from backends.ldap.settings import LdapMissing, LdapSettings, Scope

if TYPE_CHECKING:
    from backends.ldap.connection import Connection

LARGEST_PAGE = 200
"""Decoding a page is one piece of work: 500 entries hold up the loop for 35 ms, and gain nothing over 200."""


@dataclass(frozen=True, slots=True)
class Found:
    """Entries, and whether the server's limit kept back others."""

    entries: Sequence[Entry]
    cut: bool = False


class Server:
    """Searches of one source."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        self._pool: Pool[Connection] = Pool(self._connect, settings.pool_size, settings.timeout)

    async def search(self, base: str, scope: Scope, expression: str, attributes: Sequence[str]) -> Found:
        """The entries that match, as many as the server gives at once; raises Refused where that asks too much."""
        self._check(expression)

        async def ask(connection: Connection) -> Found:
            entries = await connection.search(base, scope, expression, attributes)
            return Found(entries, connection.limited)

        return await self._pool.run(ask)

    async def read(self, dns: Sequence[str], attributes: Sequence[str]) -> dict[str, Entry]:
        """These entries by the DNs given, without those that do not exist or may not be read."""
        found: dict[str, Entry] = {}

        async def ask(connection: Connection) -> None:
            for dn in dns:
                try:
                    entries = await connection.search(dn, "base", "(objectClass=*)", attributes)
                except Dead:
                    raise
                except LdapFault:
                    continue
                found.update((dn, entry) for entry in entries)

        await self._pool.run(ask)
        return found

    async def collect(
        self, base: str, expression: str, attributes: Sequence[str], take: Callable[[Sequence[Entry]], bool]
    ) -> bool:
        """Give all entries that match to `take`, page by page, until it wants no more; whether the server cut them.

        A page may come twice when a connection dies in between. Raises Refused where that asks too much.
        """
        self._check(expression)
        settings = self._settings

        async def ask(connection: Connection) -> bool:
            pages = connection.pages(
                base, settings.scope, expression, attributes, min(settings.page_size, LARGEST_PAGE)
            )
            async with aclosing(pages):
                async for page in pages:
                    if not take(page):
                        break
            return connection.limited

        try:
            return await self._pool.run(ask)
        except LimitRefused:
            found = await self.search(base, settings.scope, expression, attributes)
            take(found.entries)
            return found.cut

    async def close(self) -> None:
        """Give back all connections."""
        await self._pool.close()

    def _check(self, expression: str) -> None:
        if len(expression) > LARGEST:
            raise Refused(self._settings.key)

    async def _connect(self) -> Connection:
        try:
            from backends.ldap import connection
        except ImportError as error:
            raise LdapMissing from error
        if self._context is None:
            self._context = trust(self._settings)
        dn, password = self._settings.bind_dn, self._settings.bind_password
        return await connection.connect(self._settings, self._context, dn, password)
