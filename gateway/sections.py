"""The tables of the configuration that are not sources: server, cache, credentials, limits, groups and the rest."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints

from backends.config import Seconds
from backends.fields import Fault, Settings, can_be_read
from backends.passwords import DEFAULT_COST, LEAST_COST, MOST_COST

ROLES = ("admin", "editor", "reader", "customer")
WRITING_ROLES = ("admin", "editor")
SIGNING_KEY_LENGTH = 32

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Role = Literal["admin", "editor", "reader", "customer"]


def regular_expression(text: str) -> str:
    """A regular expression that compiles."""
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError("is not a regular expression") from error
    return text


def origin(text: str) -> str:
    """A web origin, exactly as browsers send it."""
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", text):
        raise ValueError("is not an origin such as https://app.example.org, without a path")
    return text


def network(text: str) -> str:
    """An address or a network of addresses."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError("is not an address such as 10.0.0.1 or 10.0.0.0/8") from error
    return text


def day(value: object) -> object:
    """A date, or nothing for never."""
    return None if value == "" else value


class ServerConfig(Settings):
    """[server]: where and how the gateway listens."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8080
    path: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._~/-]*$")] = "/graphql"
    graphiql: bool = True
    introspection: bool = True
    cors_origins: tuple[Annotated[str, AfterValidator(origin)], ...] = ()
    max_body_bytes: Count = 1_000_000
    request_timeout: Seconds = 30.0
    drain: Annotated[float, Field(ge=0, le=600)] = 1.0
    trusted_proxies: tuple[Annotated[str, AfterValidator(network)], ...] = ()
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    executor: Literal["compiled", "graphql-core"] = "compiled"
    federation: bool = False

    def faults(self) -> Iterator[Fault]:
        taken = ("/livez", "/readyz", "/metrics", "/graphiql")
        if self.path.rstrip("/") in taken or self.path.startswith("/graphiql/"):
            yield Fault(("path",), "is taken by a page of the gateway's own")


class CacheConfig(Settings):
    """[cache]: where records are remembered."""

    backend: Literal["memory", "redis"] = "memory"
    url: Annotated[str, Field(repr=False)] = ""
    max_entries: Count = 100_000

    def faults(self) -> Iterator[Fault]:
        if self.backend == "redis" and not self.url:
            yield Fault(("url",), "required with redis")
        if not self.url:
            return
        try:
            parts = urlsplit(self.url)
            known = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
        except ValueError:
            known = None
        if not known:
            yield Fault(("url",), "is not an address such as redis://127.0.0.1:6379/0")


class TokenConfig(Settings):
    """[[auth.tokens]]: an API key, of which only the hash is stored."""

    name: str = Field(min_length=1)
    expires: Annotated[date | None, BeforeValidator(day)] = None
    sha256: str = Field(repr=False)
    roles: tuple[Role, ...] = Field(min_length=1)
    customer_ids: tuple[str, ...] = ()
    hidden_fields: tuple[str, ...] = ()

    def faults(self) -> Iterator[Fault]:
        if not re.fullmatch(r"[0-9a-fA-F]{64}", self.sha256):
            yield Fault(("sha256",), "is not 64 hexadecimal digits: `kundengraph token NAME` prints it")


class OidcConfig(Settings):
    """[auth.oidc]: bearer tokens of an identity provider; off without an issuer."""

    issuer: str = ""
    audience: str = ""
    jwks_url: str = ""
    roles_claim: Annotated[str, Field(min_length=1)] = "roles"
    login_claim: Annotated[str, Field(min_length=1)] = "preferred_username"
    customer_ids_claim: str = ""
    second_factor_key: str = ""
    """Read it from `AuthConfig.second_factor_preference`; TOML puts it here, being written below this table."""

    @property
    def enabled(self) -> bool:
        """Whether tokens of an identity provider are accepted."""
        return bool(self.issuer)

    def faults(self) -> Iterator[Fault]:
        if not self.issuer:
            return
        for key, url in (("issuer", self.issuer), ("jwks_url", self.jwks_url)):
            if url and not _is_safe(url):
                yield Fault((key,), "must be an https:// address")
        if not self.audience:
            yield Fault(("audience",), "required with an issuer, lest tokens for others be accepted")


class AuditConfig(Settings):
    """[audit]: where mutations are written down."""

    file: Path | None = None


class LimitsConfig(Settings):
    """[limits]: what one operation may ask for."""

    max_depth: Count = 12
    max_cost: Count = 20_000
    max_aliases: Count = 30
    max_tokens: Count = 2000
    persisted_documents: Path | None = None
    required: bool = False

    def faults(self) -> Iterator[Fault]:
        if self.persisted_documents is None:
            if self.required:
                yield Fault(("persisted_documents",), "required, since only its documents are to run")
        elif not can_be_read(self.persisted_documents, folder=True):
            yield Fault(("persisted_documents",), "is not a folder that can be read")


class GroupsConfig(Settings):
    """[groups]: how permissions are granted."""

    enabled: bool = False
    permissions: tuple[str, ...] = ("ro", "rw")
    always: tuple[str, ...] = ("users",)
    customer_always: tuple[str, ...] = ("users",)
    same_context: str = "Ticket::CustomerID::Same"
    other_context: str = ""

    def faults(self) -> Iterator[Fault]:
        seen: set[str] = set()
        for place, key in enumerate(self.permissions):
            path = ("permissions", place)
            if not re.fullmatch(r"(?!__)[A-Za-z_][A-Za-z0-9_]{0,19}", key, re.ASCII):
                yield Fault(path, "is not a permission: a letter, then letters, digits and _, 20 at most")
            elif key.upper() in seen:
                yield Fault(path, "is there already; in the schema keys are upper case")
            seen.add(key.upper())
        if "rw" not in self.permissions[-1:]:
            yield Fault(("permissions",), "must end with rw, which implies the others")
        if self.other_context and self.other_context == self.same_context:
            yield Fault(("other_context",), "must differ from same_context")


class ServicesConfig(Settings):
    """[services]: which services are in effect."""

    keep_children: bool = False
    defaults: Literal["fallback", "union"] = "fallback"


class EmailConfig(Settings):
    """[email]: which addresses are accepted."""

    check_syntax: bool = True
    reject: Annotated[str, AfterValidator(regular_expression)] = ""


class TicketsConfig(Settings):
    """[tickets]: what a ticket takes over from its customer user."""

    dynamic_fields: dict[str, str] = Field(default_factory=dict)
    """Variable to name of the ticket's dynamic field (DFC-3)."""

    def faults(self) -> Iterator[Fault]:
        for variable, name in self.dynamic_fields.items():
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name, re.ASCII):
                yield Fault(("dynamic_fields", variable), "is not the name of a dynamic field")


class SigningConfig(Settings):
    """The keys of [auth] that sign callers in."""

    anonymous: tuple[Role, ...] = ()
    customer_login: bool = True
    token_ttl: Annotated[int, Field(ge=1, le=31_536_000)] = 3600
    signing_key: SecretStr = SecretStr("")
    max_login_attempts: Annotated[int, Field(ge=0)] = 10
    password_upgrade: bool = False
    bcrypt_cost: Annotated[int, Field(ge=LEAST_COST, le=MOST_COST)] = DEFAULT_COST
    customer_sees_colleagues: bool = False
    customer_may_edit: tuple[str, ...] = ()
    second_factor_key: str = ""

    def faults(self) -> Iterator[Fault]:
        for place, role in enumerate(self.anonymous):
            if role in WRITING_ROLES:
                yield Fault(("anonymous", place), "a caller without credential never gets a writing role")
            elif role == "customer":
                yield Fault(("anonymous", place), "customer is for customer users who signed in")
        key = self.signing_key.get_secret_value()
        if not key:
            yield Fault(("signing_key",), "required to serve: it seals cursors and tokens")
        elif len(key.encode()) < SIGNING_KEY_LENGTH:
            yield Fault(("signing_key",), f"is too short: {SIGNING_KEY_LENGTH} characters at least")


def _is_safe(url: str) -> bool:
    """Whether an address is https, or plain on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "http" and host:
        return host in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "https" and bool(host)
