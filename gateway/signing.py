"""Opening what customer users sign in with: the slots of [[auth.login]], the counter of attempts, the tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from backends.attempts import Counter, MemoryCounter, shared_counter
from backends.breaker import Breaker
from backends.ldap.config import LdapLoginConfig, LdapSourceConfig
from backends.model import CustomerUser
from backends.passwords import Hasher
from backends.slots import DirectorySlot, OwnerSlot, Place, Slot, TableSlot, Watched
from backends.sql.config import DatabaseLoginConfig, SqlSourceConfig
from backends.sql.database import Database
from backends.sql.hashes import StoredHashes
from gateway.auth import customer_viewer
from gateway.config import Config
from gateway.tokens import OwnTokens
from gateway.writes import Databases
from resolvers.login import SigningIn
from resolvers.viewer import Viewer

if TYPE_CHECKING:
    from backends.ldap.binding import Binder


class OpenDatabase(Protocol):
    """Opens the pool of an address, or gives the one that is open already."""

    def __call__(self, url: str, name: str, pool_size: int, timeout: float) -> Database: ...


class Tokens(OwnTokens):
    """Our tokens, and what their bearers are."""

    def viewer(self, user: CustomerUser, expires: datetime | None) -> Viewer:
        return customer_viewer(user, expires)


def open_signing(config: Config, databases: Databases, opened: OpenDatabase, hasher: Hasher) -> SigningIn:
    """Everything that signing in needs; nothing is connected yet."""
    auth = config.auth
    key = auth.signing_key.get_secret_value()
    return SigningIn(
        slots=slots(config, databases, opened, hasher),
        attempts=_counter(config, blake2b(key.encode(), person=b"attempts").digest()),
        issuer=Tokens(key, auth.token_ttl),
        offered=auth.customer_login,
        most=auth.max_login_attempts,
        upgrade=auth.password_upgrade,
    )


def slots(config: Config, databases: Databases, opened: OpenDatabase, hasher: Hasher) -> Sequence[Slot]:
    """The places where passwords are checked, in order."""
    found: list[Slot] = []
    for place, login in enumerate(config.auth.login):
        name = f"login[{place}]"
        if isinstance(login, DatabaseLoginConfig):
            database = opened(config.database_url(login), name, login.pool_size, login.timeout)
            found.append(TableSlot(table_of(login, database), Watched(name, login.timeout), hasher))
        elif isinstance(login, LdapLoginConfig):
            watched = Watched(name, login.timeout)
            found.append(DirectorySlot(directory_of(login, name), watched, hasher, login.user_suffix))
        else:
            found.append(OwnerSlot(_places(config, databases), hasher))
    return found


def table_of(login: DatabaseLoginConfig, database: Database) -> StoredHashes:
    """The hashes of a table."""
    return StoredHashes(database, login.table, login.customer_key, login.password_column)


def directory_of(login: LdapLoginConfig, name: str) -> Binder:
    """Binds against a directory; raises LdapMissing."""
    from backends.ldap.binding import Access, Binder

    by_dn = login.user_attr.upper() == "DN"
    group = login.group_dn if login.access_attr else ""
    return Binder(login.settings(name), Access(login.uid, group, login.access_attr, by_dn=by_dn))


def _places(config: Config, databases: Databases) -> Mapping[str, Place]:
    found = {}
    for source in config.sources:
        watched = Watched(
            source.key, source.timeout, Breaker(source.breaker.failures, source.breaker.seconds)
        )
        if isinstance(source, LdapSourceConfig):
            from backends.ldap.binding import Access, Binder

            found[source.key] = Place(watched, binds=Binder(source.settings(), Access(source.key_column)))
        elif isinstance(source, SqlSourceConfig) and source.password_column:
            hashes = StoredHashes(
                databases["sources", source.key].named(source.key),
                source.table,
                source.key_column,
                source.password_column,
            )
            found[source.key] = Place(watched, hashes=hashes)
    return found


def _counter(config: Config, secret: bytes) -> Counter:
    cache = config.cache
    return shared_counter(cache.url, secret) if cache.backend == "redis" else MemoryCounter()
