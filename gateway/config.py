"""The configuration file: read, expanded and checked as a whole, before the first connection."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from backends.config import StoreConfig
from backends.fields import (
    FIXED_USER_FIELDS,
    HIDEABLE_CUSTOMER_FIELDS,
    HIDEABLE_USER_FIELDS,
    Fault,
    KeyPath,
    Settings,
    enum_name,
)
from backends.kinds import CUSTOMERS, SOURCES, LoginConfig, SourceConfig, backend_of
from backends.ldap.config import LdapLoginConfig
from backends.mapping import RecordMapping
from backends.names import CUSTOMER_NAMES, USER_NAMES
from backends.sql.config import DatabaseLoginConfig, RegistryConfig, SqlCustomersConfig
from gateway.reading import Choice, Reader, suggestion
from gateway.sections import (
    AuditConfig,
    CacheConfig,
    EmailConfig,
    GroupsConfig,
    LimitsConfig,
    OidcConfig,
    ServerConfig,
    ServicesConfig,
    SigningConfig,
    TicketsConfig,
    TokenConfig,
)
from resolvers.policies import NEVER_EDITED

MOST_SOURCES = 10


class SourceLoginConfig(Settings):
    """Passwords are checked by the source that owns the login."""

    backend: Literal["source"] = "source"


LOGINS: Mapping[str, type[Settings]] = {
    "source": SourceLoginConfig,
    "database": DatabaseLoginConfig,
    "ldap": LdapLoginConfig,
}


class AuthConfig(SigningConfig):
    """[auth]: who may ask, and how customer users sign in."""

    tokens: tuple[TokenConfig, ...] = ()
    oidc: OidcConfig = OidcConfig()
    login: Annotated[tuple[SourceLoginConfig | LoginConfig, ...], Choice(LOGINS)] = (SourceLoginConfig(),)

    @property
    def second_factor_preference(self) -> str:
        """The preference that holds the TOTP secret; "" where there is no second factor."""
        return self.second_factor_key or self.oidc.second_factor_key

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        if self.second_factor_key and self.oidc.second_factor_key not in ("", self.second_factor_key):
            yield Fault(("oidc", "second_factor_key"), "is given in [auth] as well: keep one of them")
        for key in ("name", "sha256"):
            values = [getattr(token, key).lower() for token in self.tokens]
            for place, value in enumerate(values):
                if (first := values.index(value)) < place:
                    yield Fault(("tokens", place, key), f"is that of tokens[{first}] already")


class Config(Settings):
    """The whole configuration, usable as it is."""

    server: ServerConfig = ServerConfig()
    registry: RegistryConfig = RegistryConfig()
    cache: CacheConfig = CacheConfig()
    auth: AuthConfig = AuthConfig()
    audit: AuditConfig = AuditConfig()
    limits: LimitsConfig = LimitsConfig()
    groups: GroupsConfig = GroupsConfig()
    services: ServicesConfig = ServicesConfig()
    email: EmailConfig = EmailConfig()
    tickets: TicketsConfig = TicketsConfig()
    sources: Annotated[tuple[SourceConfig, ...], Choice(SOURCES)] = ()
    customers: Annotated[tuple[SqlCustomersConfig, ...], Choice(CUSTOMERS)] = ()

    @cached_property
    def source_mappings(self) -> tuple[RecordMapping, ...]:
        """The mappings of `sources`, in their order."""
        return tuple(source.mapping(self.registry.zone) for source in self.sources)

    @cached_property
    def customer_mappings(self) -> tuple[RecordMapping, ...]:
        """The mappings of `customers`, in their order."""
        return tuple(customers.mapping(self.registry.zone) for customers in self.customers)

    def database_url(self, part: SourceConfig | SqlCustomersConfig | DatabaseLoginConfig) -> str:
        """Where a part of the configuration has its data: its own address, or the registry's."""
        return part.url or self.registry.url

    def faults(self) -> Iterator[Fault]:
        for key, sources in (("sources", self.sources), ("customers", self.customers)):
            for place, source in enumerate(sources):
                if not source.url and source.backend not in ("ldap", self.registry.backend):
                    sentence = f"the registry is {self.registry.backend}: a url of its own is required"
                    yield Fault((key, place, "url"), sentence)
            yield from _type_faults(key, sources)
        yield from self._field_faults()

    def _field_faults(self) -> Iterator[Fault]:
        """Fields that credentials name must exist, and be able to be hidden or changed."""
        if not self.sources:
            return
        users = {row.name for source in self.sources for row in source.rows}
        customers = {row.name for source in self.customers for row in source.rows}
        fixed = FIXED_USER_FIELDS | {"name"}
        known = (users | customers | HIDEABLE_USER_FIELDS | HIDEABLE_CUSTOMER_FIELDS) - fixed - {"validity"}
        for place, token in enumerate(self.auth.tokens):
            for index, name in enumerate(token.hidden_fields):
                path: KeyPath = ("auth", "tokens", place, "hidden_fields", index)
                if name in fixed:
                    yield Fault(path, f"{name} is never null and cannot be hidden")
                elif name not in known:
                    yield Fault(path, f"is not a field{suggestion(name, sorted(known))}")
        for index, name in enumerate(self.auth.customer_may_edit):
            if name in NEVER_EDITED:
                yield Fault(("auth", "customer_may_edit", index), f"{name} is never for customers to change")
            elif name not in users | {"password"}:
                sentence = f"is not a mapped field{suggestion(name, sorted(users))}"
                yield Fault(("auth", "customer_may_edit", index), sentence)


class ConfigError(Exception):
    """A configuration that cannot be used, with everything that is wrong with it."""

    def __init__(self, file: Path, findings: Sequence[Fault]) -> None:
        super().__init__(file, findings)
        self.file = file
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return explain(self)


def load(path: Path | str, environ: Mapping[str, str] | None = None) -> Config:
    """Read the file at `path`; raises ConfigError with all findings."""
    file = Path(path)
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(file, [Fault((), "is not UTF-8")]) from error
    except OSError as error:
        raise ConfigError(file, [Fault((), f"cannot be read: {error.strerror}")]) from error
    return loads(text, file, environ)


def loads(text: str, file: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read the text of a file that is, or would be, at `file`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, [Fault((), _syntax(str(error)))]) from None
    return config_from(data, file, environ)


def config_from(data: dict[str, Any], file: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read parsed TOML that is, or would be, in `file`."""
    reader = Reader(file.parent, os.environ if environ is None else environ)
    config = _read(reader, reader.expanded(data))
    if config is None or reader.faults:
        raise ConfigError(file, sorted(reader.faults, key=_in_order))
    return config


def explain(error: ConfigError) -> str:
    """The findings for people: one line each, with the path of the key."""
    lines = [
        f"  {_spelled(path)}: {sentence}" if path else f"  {sentence}" for path, sentence in error.findings
    ]
    return "\n".join([f"{error.file.name} is not usable:", *lines])


def _read(reader: Reader, data: dict[str, Any]) -> Config | None:
    registry = reader.settings(RegistryConfig, data.get("registry", {}), ("registry",))
    data.setdefault("customers", [{"key": "customer_company", "name": "Database"}])
    for key in ("sources", "customers"):
        tables = data.get(key, [])
        if isinstance(tables, list):
            _check_list(reader, key, tables)
            for table in tables:
                _add_backend(reader, table, registry.backend if registry else None)
    if registry is None:
        reader.settings(Config, data | {"registry": RegistryConfig()}, ())
        return None
    return reader.settings(Config, data | {"registry": registry}, ())


def _check_list(reader: Reader, key: str, tables: list[Any]) -> None:
    if not tables and key == "sources":
        reader.fault((key,), "required: one to ten [[sources]]")
    if len(tables) > MOST_SOURCES:
        reader.fault((key,), f"{len(tables)} are configured, at most {MOST_SOURCES} are possible")
    keys = [table.get("key") if isinstance(table, dict) else None for table in tables]
    for place, name in enumerate(keys):
        if name is not None and (first := keys.index(name)) < place:
            reader.fault((key, place, "key"), f"is the key of {key}[{first}] already")


def _add_backend(reader: Reader, table: Any, registry: str | None) -> None:
    """Where a table names no backend, its address does, or else the registry's."""
    if isinstance(table, dict) and not {"backend", "backend_file"} & table.keys():
        url = reader.text(table, "url")
        if backend := backend_of(url) if url else registry:
            table["backend"] = backend


def _type_faults(key: str, sources: Sequence[StoreConfig]) -> Iterator[Fault]:
    """One GraphQL field has one type, and one spelling in enums, over all sources."""
    standard = {*USER_NAMES, *CUSTOMER_NAMES}
    seen: dict[str, tuple[str, str, StoreConfig]] = {}
    for place, source in enumerate(sources):
        rows = {row.variable: index for index, row in enumerate(source.fields)}
        for row in source.rows:
            if row.variable in standard:
                continue
            name, type_, first = seen.setdefault(enum_name(row.name), (row.name, row.type.value, source))
            path: KeyPath = (key, place, "fields", rows[row.variable], "column")
            if first is source:
                continue
            if name != row.name:
                yield Fault(path, f"{row.name} differs from {name} in {first.key} in its spelling only")
            elif type_ != row.type.value:
                yield Fault(path, f"{name} is mapped as {row.type.value} here and as {type_} in {first.key}")


def _syntax(message: str) -> str:
    """`line 3, column 5: …` for a TOML error."""
    match = re.fullmatch(r"(.*) \(at (.*)\)", message, re.DOTALL)
    return f"{match[2]}: {match[1][:1].lower()}{match[1][1:]}" if match else message


def _spelled(path: KeyPath) -> str:
    """`sources[1].fields[0].column`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _in_order(fault: Fault) -> tuple[object, ...]:
    """Findings run as the tables of the contract do."""
    tables = list(Config.model_fields)
    head = fault.path[0] if fault.path else ""
    rest = [
        (isinstance(part, str), str(part) if isinstance(part, str) else f"{part:09}") for part in fault.path
    ]
    return (tables.index(str(head)) if head in tables else -1, rest)
