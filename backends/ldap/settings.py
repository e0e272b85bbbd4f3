"""What the configuration says of one directory, checked as far as safety depends on it."""

from __future__ import annotations

import codecs
import importlib.util
from dataclasses import dataclass, field
from typing import Literal

Tls = Literal["none", "start_tls", "ldaps"]
Scope = Literal["base", "one", "sub"]


class LdapMissing(RuntimeError):
    """The driver for directories is not installed, or a library that it needs."""

    def __init__(self) -> None:
        super().__init__(
            "A source asks for a directory, but the driver is missing: install kundengraph[ldap]; to build it,"
            " Debian needs the packages libldap2-dev and libsasl2-dev."
        )


def require_driver() -> None:
    """Raise LdapMissing unless the driver is installed; nothing is imported."""
    if importlib.util.find_spec("bonsai") is None:
        raise LdapMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSettings:
    """One directory: where it is, who we are there, which entries are ours. Times are in seconds."""

    key: str
    """Key of the source, for errors."""
    host: str
    base_dn: str
    port: int = 389
    tls: Tls = "none"
    ca_file: str = ""
    """PEM file of the authorities to trust; empty for the system's."""
    scope: Scope = "sub"
    bind_dn: str = ""
    """Empty for an anonymous bind."""
    bind_password: str = field(default="", repr=False)
    always_filter: str = ""
    valid_filter: str = ""
    group_dn: str = ""
    group_attribute: str = "memberUid"
    translate_manager_to: str = ""
    charset: str = "utf-8"
    page_size: int = 500
    pool_size: int = 10
    timeout: float = 5.0
    """For one call, whatever it takes: a connection, the bind, several searches."""
    cache_ttl: float = 120.0
    """How long a list of keys is fresh; it serves as long again while a new one is read."""
    max_keys: int = 200_000

    def __post_init__(self) -> None:
        if self.bind_dn and not self.bind_password.strip(" \t\r\n"):
            raise ValueError("bind_dn without bind_password: an empty password would bind as nobody")
        if "\0" in self.bind_dn + self.bind_password:
            raise ValueError("bind_dn and bind_password cannot hold NUL")
        try:
            codecs.lookup(self.charset)
        except LookupError:
            raise ValueError(f"charset {self.charset!r} is not known") from None
