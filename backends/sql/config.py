"""Configuration of tables: sources of customer users and of customers, the registry, sign-in by a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from backends.config import BreakerConfig, PoolSize, Seconds, StoreConfig, UserSourceConfig
from backends.fields import (
    CUSTOMER_ROWS,
    RESERVED_CUSTOMER_NAMES,
    USER_ROWS,
    Fault,
    KeyPath,
    Settings,
    with_columns,
)
from backends.mapping import FieldMapping, RecordMapping
from backends.names import CUSTOMER_NAMES

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
TABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$"
COLUMN = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
SCHEMES = ("postgresql", "mariadb", "sqlite")

SqlBackendName = Literal["postgresql", "mariadb", "sqlite"]
Table = Annotated[str, StringConstraints(pattern=TABLE)]
Column = Annotated[str, StringConstraints(pattern=COLUMN)]
PasswordHash = Literal["bcrypt", "sha2", "sha512"]


def known_zone(name: str) -> str:
    """A time zone that exists."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is not a time zone such as Europe/Berlin") from error
    return name


class SqlStoreConfig(StoreConfig):
    """The keys that every table has."""

    column_pattern = IDENTIFIER
    column_word = "column"

    backend: SqlBackendName
    table: Table
    foreign: bool = False
    valid: str = "valid_id"
    search_case_sensitive: bool = False

    @cached_property
    def valid_column(self) -> str | None:
        """Column of the validity: as `valid` says, or else as its mapping row says; None: all are valid."""
        said = self._said("valid", "ValidID")
        if said is None:
            return self.valid if self.standard_fields else None
        return said or None

    def own_columns(self) -> Iterator[tuple[KeyPath, str]]:
        yield from super().own_columns()
        yield ("valid",), self.valid

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield from url_faults(self.url, self.backend)
        row = self._given_column("ValidID")
        if "valid" in self.model_fields_set and self.valid and row and row != self.valid:
            yield Fault(("valid",), "and the mapping row of ValidID must name the same column")

    def _mapping(self, time_zone: tzinfo, **of_users: Any) -> RecordMapping:
        """The mapping; without `valid` nothing is filtered by validity, even if a row reads it (SRCH-4)."""
        read = next((row.column for row in self.rows if row.variable == "ValidID"), None)
        return RecordMapping(
            source_key=self.key,
            fields=self.rows,
            key_column=self.key_column,
            valid_column=read or self.valid_column,
            has_validity=self.valid_column is not None,
            audited=not self.foreign,
            list_columns=self.columns_of("list_fields"),
            time_zone=time_zone,
            **of_users,
        )


class SqlSourceConfig(SqlStoreConfig, UserSourceConfig):
    """A table of customer users."""

    template = USER_ROWS

    table: Table = "customer_user"
    customer_key: str = "login"
    customer_id: str = "customer_id"
    list_fields: tuple[str, ...] = ("first_name", "last_name", "email")
    name_fields: tuple[str, ...] = ("title", "first_name", "last_name")
    search_fields: tuple[str, ...] = ("login", "first_name", "last_name", "customer_id")
    post_master_search_fields: tuple[str, ...] = ("email",)
    unique_email: bool = True
    customer_must_exist: bool = True
    auto_login_prefix: str = ""
    password_hash: PasswordHash = "bcrypt"

    @cached_property
    def password_column(self) -> str | None:
        """Where hashes are: as the row UserPassword says; `pw` in a table that is OTOBO's own (MAP-9)."""
        given = self._given_column("UserPassword")
        if given is None:
            return "pw" if self.standard_fields and not self.foreign else None
        return given or None

    def standard_rows(self) -> list[FieldMapping]:
        moved = {
            "UserLogin": self.key_column,
            "UserCustomerID": self.customer_id_column,
            "ValidID": self.valid_column,
        }
        return with_columns(USER_ROWS, moved)

    def mapping(self, time_zone: tzinfo = UTC) -> RecordMapping:
        return self._mapping(
            time_zone,
            customer_id_column=self.customer_id_column,
            password_column=self.password_column,
            name_columns=self.columns_of("name_fields"),
            name_join=self.name_join,
            search=self.search_rules(
                case_sensitive=self.search_case_sensitive,
                post_master=self.columns_of("post_master_search_fields"),
            ),
            customer_support=self.customer_support,
            exclude_primary_customer_id=self.exclude_primary_customer_id,
        )


class SqlCustomersConfig(SqlStoreConfig):
    """A table of customers."""

    names = CUSTOMER_NAMES
    reserved = RESERVED_CUSTOMER_NAMES
    template = CUSTOMER_ROWS
    key_variable = "CustomerID"
    must_map = ("CustomerID",)

    table: Table = "customer_company"
    customer_key: str = "customer_id"
    list_fields: tuple[str, ...] = ("customer_id", "name")
    search_fields: tuple[str, ...] = ("customer_id", "name")

    @property
    def writable(self) -> bool:
        """Whether customers can be created and changed here."""
        return not self.read_only

    def standard_rows(self) -> list[FieldMapping]:
        return with_columns(CUSTOMER_ROWS, {"CustomerID": self.key_column, "ValidID": self.valid_column})

    def mapping(self, time_zone: tzinfo = UTC) -> RecordMapping:
        return self._mapping(
            time_zone,
            customer_id_column=self.key_column,
            search=self.search_rules(case_sensitive=self.search_case_sensitive),
        )


class DatabaseConfig(Settings):
    """A database of its own: its address, connections and patience."""

    url: Annotated[str, Field(repr=False)] = "postgresql://otobo@127.0.0.1/otobo"
    pool_size: PoolSize = 10
    timeout: Seconds = 5.0
    breaker: BreakerConfig = BreakerConfig()

    @property
    def backend(self) -> SqlBackendName:
        """The kind of database, as the address says."""
        scheme = self.url.partition(":")[0]
        return scheme if scheme in SCHEMES else "postgresql"  # type: ignore[return-value]

    def faults(self) -> Iterator[Fault]:
        if not self.url:
            yield Fault(("url",), "required")
        yield from url_faults(self.url, None)


class RegistryConfig(DatabaseConfig):
    """[registry]: the database of relations, groups, services, preferences and tickets."""

    user_id: Annotated[int, Field(ge=1, le=2_147_483_647)] = 1
    groups_table: Column = "groups_table"
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """How create_time and change_time are written."""
        return ZoneInfo(self.time_zone)


class DatabaseLoginConfig(Settings):
    """Passwords are checked against a table (AUTH-9)."""

    backend: Literal["database"]
    url: Annotated[str, Field(repr=False)] = ""
    table: Table = "customer_user"
    customer_key: Column = "login"
    password_column: Column = "pw"
    pool_size: PoolSize = 10
    timeout: Seconds = 2.0

    kind: ClassVar[str] = "database"

    def faults(self) -> Iterator[Fault]:
        yield from url_faults(self.url, None)


def url_faults(url: str, backend: str | None) -> Iterator[Fault]:
    """What is wrong with a database's address; the address itself is never repeated."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        yield Fault(("url",), "is not an address such as postgresql://user@host:5432/database")
        return
    if parts.scheme not in SCHEMES:
        yield Fault(("url",), "must begin with postgresql://, mariadb:// or sqlite:///")
    elif backend and parts.scheme != backend:
        yield Fault(("url",), f"must begin with {backend}://, as backend says")
    elif parts.scheme == "sqlite":
        if ":memory:" in url or "mode=memory" in url:
            yield Fault(("url",), "must name a file: what is in memory is each connection's own")
        elif parts.netloc or not parts.path.strip("/"):
            yield Fault(("url",), "names no file: sqlite:///path, or sqlite:////path from the root")
    elif not parts.hostname or not parts.path.strip("/"):
        yield Fault(("url",), f"must name a host and a database: {parts.scheme}://user@host/database")
