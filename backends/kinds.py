"""The kinds of store by name: which model reads their configuration, and how they are opened."""

from __future__ import annotations

from collections.abc import Mapping

from backends.ldap.config import LdapLoginConfig, LdapSourceConfig
from backends.sql.config import DatabaseLoginConfig, SqlCustomersConfig, SqlSourceConfig

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


def backend_of(url: str) -> str | None:
    """The backend that an address means, by its scheme."""
    return SCHEMES.get(url.partition(":")[0])
