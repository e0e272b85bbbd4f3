"""Why a store could not be reached, in words for its administrator; nothing of a driver's message is repeated."""

from __future__ import annotations

import socket
import sqlite3
import ssl
from collections.abc import Iterator

from backends.ldap.faults import NoSuchEntry

REFUSED_USER = "the user or its password is refused"
NO_DATABASE = "there is no database of that name"
NO_TABLE = "there is no table of that name"
NO_RIGHT = "the user may not read it"

_BY_NAME = {
    "InvalidPasswordError": REFUSED_USER,
    "InvalidAuthorizationSpecificationError": REFUSED_USER,
    "AuthenticationError": REFUSED_USER,
    "InvalidCatalogNameError": NO_DATABASE,
    "UndefinedTableError": NO_TABLE,
    "InvalidSchemaNameError": NO_TABLE,
    "InsufficientPrivilegeError": NO_RIGHT,
    "InsufficientAccess": NO_RIGHT,
    "TooManyConnectionsError": "it takes no more connections",
    "CannotConnectNowError": "it is starting up or shutting down",
}
"""Errors of drivers, which need not be installed."""

_BY_NUMBER = {
    1044: NO_RIGHT,
    1045: REFUSED_USER,
    1049: NO_DATABASE,
    1142: NO_RIGHT,
    1146: NO_TABLE,
    1698: REFUSED_USER,
    2003: "nothing answers at that address",
    2005: "the host's name is not known",
}
"""Errors of MariaDB."""


def reason_of(error: BaseException) -> str:
    """The first cause that says something."""
    for cause in _causes(error):
        if said := _said(cause):
            return said
    return "it refused, or gave no answer that makes sense"


def _said(error: BaseException) -> str | None:
    if said := _BY_NAME.get(type(error).__name__):
        return said
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted, or not for this host"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    if isinstance(error, ConnectionError):
        return "nothing answers at that address"
    if isinstance(error, NoSuchEntry):
        return "base_dn is not there, or the user may not see it"
    if isinstance(error, sqlite3.Error):
        return "it is not a SQLite database that can be used"
    number = error.args[0] if error.args else None
    return _BY_NUMBER.get(number) if isinstance(number, int) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, the deepest first; a group's members count as causes."""
    chain: list[BaseException] = []
    waiting = [error]
    while waiting and len(chain) < 50:
        one = waiting.pop(0)
        if one in chain:
            continue
        chain.append(one)
        members = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        waiting += [cause for cause in (one.__cause__, one.__context__, *members) if cause is not None]
    yield from reversed(chain)
