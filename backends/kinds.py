"""The kinds of store by name: which model reads their configuration, and how they are opened.

Drivers are imported when something is opened: a file can be read without them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from backends.ldap.config import LdapLoginConfig, LdapSourceConfig
from backends.mapping import RecordMapping
from backends.model import Customer, CustomerUser
from backends.protocol import Backend
from backends.registry import Registry
from backends.sql.config import DatabaseLoginConfig, RegistryConfig, SqlCustomersConfig, SqlSourceConfig

if TYPE_CHECKING:
    from backends.sql.database import Database

SourceConfig = SqlSourceConfig | LdapSourceConfig
LoginConfig = DatabaseLoginConfig | LdapLoginConfig

SOURCES: Mapping[str, type[SqlSourceConfig] | type[LdapSourceConfig]] = {
    "postgresql": SqlSourceConfig,
    "mariadb": SqlSourceConfig,
    "sqlite": SqlSourceConfig,
    "ldap": LdapSourceConfig,
}
"""Models of sources of customer users."""

CUSTOMERS: Mapping[str, type[SqlCustomersConfig]] = {
    "postgresql": SqlCustomersConfig,
    "mariadb": SqlCustomersConfig,
    "sqlite": SqlCustomersConfig,
}
"""Models of sources of customers."""

SCHEMES: Mapping[str, str] = {
    "postgresql": "postgresql",
    "mariadb": "mariadb",
    "sqlite": "sqlite",
    "ldap": "ldap",
    "ldaps": "ldap",
}
"""Which backend an address means."""


OpenDatabase = Callable[[SqlSourceConfig | SqlCustomersConfig], "Database"]
"""How a table's database is opened."""


def backend_of(url: str) -> str | None:
    """The backend that an address means, by its scheme."""
    return SCHEMES.get(url.partition(":")[0])


def open_registry(config: RegistryConfig, ticket_fields: Collection[str] = ()) -> Registry:
    """The registry, not yet connected; `ticket_fields` are dynamic fields that its tickets shall have."""
    from backends.sql.database import open_database
    from backends.sql.registry import SqlRegistry

    database = open_database(config.url, name="registry", pool_size=config.pool_size, timeout=config.timeout)
    return SqlRegistry(database, config.groups_table, ticket_fields)


def open_source(
    config: SourceConfig, mapping: RecordMapping, database: OpenDatabase | None = None
) -> Backend[CustomerUser]:
    """The bare driver of a source of customer users, not yet connected; a table is read through `database`.

    Without it a pool of its own is opened, and the url must be there.
    """
    if isinstance(config, LdapSourceConfig):
        from backends.ldap.backend import LdapBackend

        return LdapBackend(mapping, config.settings())
    from backends.sql.backend import SqlBackend

    return SqlBackend(mapping, (database or _own_database)(config), config.table, mapping.customer_user)


def open_customers(
    config: SqlCustomersConfig, mapping: RecordMapping, database: OpenDatabase | None = None
) -> Backend[Customer]:
    """The same for a source of customers."""
    from backends.sql.backend import SqlBackend

    return SqlBackend(mapping, (database or _own_database)(config), config.table, mapping.customer)


def _own_database(config: SqlSourceConfig | SqlCustomersConfig) -> Database:
    from backends.sql.database import open_database

    return open_database(
        config.url,
        name=config.key,
        pool_size=config.pool_size,
        timeout=config.timeout,
        read_only=config.read_only,
    )
