"""Configuration of directories: sources of customer users, and sign-in by a bind."""

from __future__ import annotations

import codecs
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from backends.config import Lifetime, PoolSize, Seconds, UserSourceConfig
from backends.fields import DIRECTORY_ROWS, Fault, KeyPath, Settings, can_be_read, with_columns
from backends.ldap.settings import LdapSettings
from backends.mapping import FieldMapping, RecordMapping

ATTRIBUTE = re.compile(r"([A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+)(;[A-Za-z0-9-]+)*", re.ASCII)


def attribute(name: str) -> str:
    """An attribute description by RFC 4512, or nothing."""
    if name and not ATTRIBUTE.fullmatch(name):
        raise ValueError("is not an attribute's name")
    return name


def filter_text(text: str) -> str:
    """A filter in its brackets, or nothing (LDAP-9)."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth < 0 or (depth == 0 and place < len(text) - 1):
            break
    else:
        if not text or (depth == 0 and text.startswith("(") and len(text) > 4):
            return text
    raise ValueError("is not one filter in brackets, such as (objectClass=person)")


def distinguished_name(text: str) -> str:
    """Something of the form attribute=value, or nothing: the server has the last word."""
    if text and not re.match(r"\s*([A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+)\s*=", text):
        raise ValueError("is not a name such as ou=users,o=example")
    return text


def text_codec(name: str) -> str:
    """A character set that Python knows."""
    try:
        known = codecs.lookup(name)
    except LookupError as error:
        raise ValueError("is not a character set") from error
    if not known._is_text_encoding:
        raise ValueError("is not a character set")
    return known.name


Attribute = Annotated[str, AfterValidator(attribute)]
FilterText = Annotated[str, AfterValidator(filter_text)]
Name = Annotated[str, AfterValidator(distinguished_name)]
Charset = Annotated[str, AfterValidator(text_codec)]


class DirectoryConfig(Settings):
    """How a directory is reached; certificates are always verified."""

    url: Annotated[str, Field(repr=False)] = ""
    start_tls: bool = False
    ca_file: Path | None = None
    base_dn: Name
    bind_dn: Annotated[str, Field(repr=False)] = ""
    bind_password: SecretStr = SecretStr("")

    @property
    def sends_passwords_in_clear(self) -> bool:
        """Whether a bind would cross a network without TLS (S4)."""
        parts = urlsplit(self.url)
        return parts.scheme == "ldap" and not self.start_tls and not _is_loopback(parts.hostname or "")

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield from url_faults(self.url)
        if self.url.startswith("ldaps:") and self.start_tls:
            yield Fault(("start_tls",), "is not for ldaps://, which has TLS from the start")
        password = self.bind_password.get_secret_value()
        if self.bind_dn and not password.strip():
            yield Fault(
                ("bind_password",), "required, since bind_dn is given: without it the bind is anonymous"
            )
        if "\0" in self.bind_dn + password:
            yield Fault(("bind_dn",), "cannot hold NUL, nor can bind_password")
        if password and not self.bind_dn:
            yield Fault(("bind_dn",), "required, since bind_password is given")
        if self.ca_file is not None and not can_be_read(self.ca_file):
            yield Fault(("ca_file",), "is not a file that can be read")


class LdapSourceConfig(DirectoryConfig, UserSourceConfig):
    """A directory of customer users; always read-only (SRC-19)."""

    template = DIRECTORY_ROWS
    column_pattern = ATTRIBUTE
    column_word = "attribute"

    backend: Literal["ldap"]
    read_only: bool = True
    scope: Literal["base", "one", "sub"] = "sub"
    always_filter: FilterText = "(objectClass=inetOrgPerson)"
    valid_filter: FilterText = ""
    group_dn: Name = ""
    group_attribute: Attribute = "memberUid"
    translate_manager_to: Attribute = ""
    charset: Charset = "utf-8"
    page_size: Annotated[int, Field(ge=1, le=100_000)] = 500
    customer_key: str = "uid"
    customer_id: str = "mail"
    list_fields: tuple[str, ...] = ("cn", "mail")
    name_fields: tuple[str, ...] = ("givenname", "sn")
    search_fields: tuple[str, ...] = ("uid", "cn", "mail")
    search_prefix: str = ""
    post_master_search_fields: tuple[str, ...] = ("mail",)
    cache_ttl: Lifetime = 120.0
    timeout: Seconds = 5.0

    @property
    def writable(self) -> bool:
        return False

    @cached_property
    def password_column(self) -> None:
        """A directory checks passwords by a bind; none is read."""
        return

    def standard_rows(self) -> list[FieldMapping]:
        moved: dict[str, str | None] = {
            "UserLogin": self.key_column,
            "UserCustomerID": self.customer_id_column,
        }
        return with_columns(DIRECTORY_ROWS, moved)

    def mapping(self, time_zone: tzinfo = UTC) -> RecordMapping:
        valid = next((row.column for row in self.rows if row.variable == "ValidID"), None)
        rules = self.search_rules(post_master=self.columns_of("post_master_search_fields"))
        if not self.columns_of("search_fields"):
            rules = replace(rules, columns=(self.key_column,))
        return RecordMapping(
            source_key=self.key,
            fields=self.rows,
            key_column=self.key_column,
            customer_id_column=self.customer_id_column,
            valid_column=valid,
            has_validity=bool(self.valid_filter or valid),
            audited=False,
            list_columns=self.columns_of("list_fields"),
            name_columns=self.columns_of("name_fields"),
            name_join=self.name_join,
            search=rules,
            customer_support=self.customer_support,
            exclude_primary_customer_id=self.exclude_primary_customer_id,
            time_zone=time_zone,
        )

    def settings(self) -> LdapSettings:
        """What the driver of directories is told."""
        parts = urlsplit(self.url)
        return LdapSettings(
            key=self.key,
            host=parts.hostname or "",
            port=parts.port or (636 if parts.scheme == "ldaps" else 389),
            tls="ldaps" if parts.scheme == "ldaps" else "start_tls" if self.start_tls else "none",
            ca_file=str(self.ca_file or ""),
            base_dn=self.base_dn,
            scope=self.scope,
            bind_dn=self.bind_dn,
            bind_password=self.bind_password.get_secret_value(),
            always_filter=self.always_filter,
            valid_filter=self.valid_filter,
            group_dn=self.group_dn,
            group_attribute=self.group_attribute,
            translate_manager_to=self.translate_manager_to,
            charset=self.charset,
            page_size=self.page_size,
            pool_size=self.pool_size,
            timeout=self.timeout,
            cache_ttl=self.cache_ttl,
        )

    def is_password_column(self, column: str) -> bool:
        return column.lower().partition(";")[0] in ("userpassword", "unicodepwd", "2.5.4.35")

    def own_columns(self) -> Iterator[tuple[KeyPath, str]]:
        yield from super().own_columns()
        yield ("translate_manager_to",), self.translate_manager_to

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if not self.read_only:
            yield Fault(("read_only",), "a directory is always read-only")
        for place, row in enumerate(self.fields):
            if row.variable == "UserPassword" and row.column:
                yield Fault(("fields", place, "column"), "a directory's passwords are never read")


class LdapLoginConfig(DirectoryConfig):
    """Passwords are checked by a bind (ALDAP-1)."""

    backend: Literal["ldap"]
    uid: Annotated[Attribute, Field(min_length=1)] = "uid"
    user_suffix: str = ""
    always_filter: FilterText = ""
    group_dn: Name = ""
    access_attr: Attribute = "memberUid"
    user_attr: Attribute = "DN"
    timeout: Seconds = 5.0
    pool_size: PoolSize = 10

    def settings(self, name: str) -> LdapSettings:
        """What the driver of directories is told; errors carry `name`."""
        parts = urlsplit(self.url)
        return LdapSettings(
            key=name,
            host=parts.hostname or "",
            port=parts.port or (636 if parts.scheme == "ldaps" else 389),
            tls="ldaps" if parts.scheme == "ldaps" else "start_tls" if self.start_tls else "none",
            ca_file=str(self.ca_file or ""),
            base_dn=self.base_dn,
            bind_dn=self.bind_dn,
            bind_password=self.bind_password.get_secret_value(),
            always_filter=self.always_filter,
            pool_size=self.pool_size,
            timeout=self.timeout,
        )


def url_faults(url: str) -> Iterator[Fault]:
    """What is wrong with a directory's address; the address itself is never repeated."""
    if not url:
        yield Fault(("url",), "required")
        return
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        yield Fault(("url",), "is not an address such as ldaps://ldap.example.org:636")
        return
    if parts.scheme not in ("ldap", "ldaps"):
        yield Fault(("url",), "must begin with ldap:// or ldaps://")
    elif not parts.hostname:
        yield Fault(("url",), "must name a host")
    elif parts.username or parts.password:
        yield Fault(("url",), "credentials belong in bind_dn and bind_password")
    elif parts.path.strip("/") or parts.query or parts.fragment:
        yield Fault(("url",), "names host and port only; the rest has keys of its own, such as base_dn")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
