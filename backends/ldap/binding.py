"""Checking a password by a bind (ALDAP-2), on a connection of its own: one of the pool's would end up as the user's."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from backends.conditions import is_storable
from backends.ldap.faults import NoSuchEntry, faults_as_ours
from backends.ldap.filters import NOBODY, all_of, equals
from backends.ldap.relay import trust
from backends.ldap.schema import base_exists
from backends.ldap.server import Server
from backends.ldap.settings import LdapMissing, LdapSettings, require_driver
from backends.model import Finding, Inspection


@dataclass(frozen=True, slots=True)
class Access:
    """Who is found by a login, and which group it must be in; an empty `group_dn` asks for none."""

    uid: str
    group_dn: str = ""
    access_attr: str = ""
    by_dn: bool = True
    """Whether the group names members by their DN, or else by their login."""


class Binder:
    """Finds the entry of a login and binds as it; raises LdapMissing at once where the driver is not installed."""

    def __init__(self, settings: LdapSettings, access: Access) -> None:
        require_driver()
        self._settings = settings
        self._access = access
        self._server = Server(settings)
        self._turns = asyncio.Semaphore(settings.pool_size)
        self._context: ssl.SSLContext | None = None

    async def verify(self, login: str, password: str | None) -> bool:
        """Whether the directory lets the only entry of this login bind with the password.

        Whoever is not to bind, for want of an entry, membership or password, costs a connection as well: our own.
        """
        settings = self._settings
        with faults_as_ours(settings.key):
            async with asyncio.timeout(settings.timeout), self._turns:
                dn = await self._dn(login)
                member = await self._is_member(dn or settings.base_dn, login)
                if dn is None or not member or not password or not is_storable(password):
                    await self._bound(settings.bind_dn, settings.bind_password)
                    return False
                return await self._bound(dn, password)

    async def ping(self) -> None:
        """Return when the directory answers, whether the base exists or not."""
        with faults_as_ours(self._settings.key):
            async with asyncio.timeout(self._settings.timeout):
                await base_exists(self._server, self._settings)

    async def inspect(self) -> Inspection:
        """Whether the entries that the searches start from are there, for `check`."""
        with faults_as_ours(self._settings.key):
            async with asyncio.timeout(self._settings.timeout):
                if not await base_exists(self._server, self._settings):
                    return Inspection(None, [Finding("base_dn", None)])
                if self._access.group_dn and not await self._exists(self._access.group_dn):
                    return Inspection(None, [Finding("group_dn", None)])
        return Inspection(None)

    async def close(self) -> None:
        """Give back all connections."""
        await self._server.close()

    async def _dn(self, login: str) -> str | None:
        """The entry of this login; none where several answer to it."""
        settings = self._settings
        named = equals(self._access.uid, login, settings.charset) if login else NOBODY
        expression = all_of([named, settings.always_filter])
        found = await self._server.search(settings.base_dn, settings.scope, expression, ["1.1"])
        return found.entries[0].dn if len(found.entries) == 1 and found.entries[0].dn else None

    async def _is_member(self, dn: str, login: str) -> bool:
        access = self._access
        if not access.group_dn:
            return True
        named = equals(access.access_attr, dn if access.by_dn else login) if login else NOBODY
        return bool((await self._server.search(access.group_dn, "sub", named, ["1.1"])).entries)

    async def _exists(self, dn: str) -> bool:
        try:
            await self._server.search(dn, "base", "(objectClass=*)", ["1.1"])
        except NoSuchEntry:
            return False
        return True

    async def _bound(self, dn: str, password: str) -> bool:
        try:
            from backends.ldap import connection
        except ImportError as error:
            raise LdapMissing from error
        if self._context is None:
            self._context = trust(self._settings)
        return await connection.binds(self._settings, self._context, dn, password)
