"""A gateway over six sources, a registry and a Redis, each behind a proxy of its own that misbehaves when told to."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from backends.model import SourceKind
from backends.sql.ddl import statements
from gateway.app import create_app
from gateway.config import Config, loads
from gateway.demo.servers.mariadb import MariaDB, start_mariadb
from gateway.demo.servers.postgresql import PostgreSQL, start_postgresql
from gateway.demo.servers.redis import Redis, start_redis
from gateway.demo.servers.slapd import Slapd, start_slapd
from tests.api.callers import ADMIN, EDITOR, READER, Gateway
from tests.api.offices import AGENT, a_company, a_ticket, fill_file, person
from tests.api.serving import digest, served
from tests.faults.proxy import Fault, Proxy, Weather
from tests.servers import tls_files
from tests.sql.renames import AUDIT

SUFFIX = "dc=example,dc=org"
SQL = ("postgresql", "mariadb", "sqlite")
LDAP = ("ldap", "starttls", "ldaps")
SOURCES = (*SQL, *LDAP)
"""Keys of the sources in their order; each is named for how it is reached."""
PROXIED = tuple(key for key in SOURCES if key != "sqlite")
SILENCES = ("TIMEOUT", "UNAVAILABLE", "CIRCUIT_OPEN")
EACH = 5
"""People of each source, beside one whom all have."""
TIMEOUT = 0.4

TOML = """
[server]
request_timeout = {request_timeout}

[cache]
backend = "{cache}"
url = "{redis}"

[registry]
url = "{registry}"
user_id = 7
timeout = {timeout}
breaker = {breaker}

[auth]
signing_key = "{signing_key}"
customer_login = true

[groups]
enabled = true

[tickets.dynamic_fields]
UserFirstname = "First"
{tokens}
{sources}
[[customers]]
key = "companies"
url = "{postgresql}"
timeout = {timeout}
breaker = {breaker}
cache_ttl = {cache_ttl}
"""

EVERY = """
[[sources]]
key = "{key}"
url = "{url}"
timeout = {timeout}
breaker = {breaker}
cache_ttl = {cache_ttl}
stale = {stale}
pool_size = {pool_size}
customer_support = {customer_support}
"""

IN_DIRECTORY = """
base_dn = "ou={key},dc=example,dc=org"
bind_dn = "{bind_dn}"
bind_password = "{bind_password}"
ca_file = "{ca_file}"
start_tls = {start_tls}
customer_id = "businessCategory"
"""


@dataclass(frozen=True, slots=True)
class Servers:
    """The real ones, filled; `folder` has the file of the source `sqlite`."""

    postgresql: PostgreSQL
    mariadb: MariaDB
    slapd: Slapd
    redis: Redis
    folder: Path

    @property
    def file(self) -> Path:
        """The file of the source `sqlite`."""
        return self.folder / "sqlite.sqlite"


@dataclass
class Stage:
    """The servers, and a proxy before each way to them."""

    servers: Servers
    proxies: Mapping[str, Proxy]
    order: tuple[str, ...] = SOURCES
    settings: dict[str, Any] = field(default_factory=dict)

    def config(self, **settings: Any) -> Config:
        """The configuration; what is set here goes over the defaults, for all sources alike."""
        return loads(self.text(**settings), self.servers.folder / "kundengraph.toml", {})

    def text(self, **settings: Any) -> str:
        """The same as a file says it."""
        servers, ca = self.servers, self.servers.slapd.tls
        values: dict[str, Any] = {
            "request_timeout": 10.0,
            "timeout": TIMEOUT,
            "breaker": "{ failures = 1000, seconds = 0.1 }",
            "cache": "memory",
            "redis": f"redis://127.0.0.1:{self.proxies['redis'].port}/0",
            "cache_ttl": 0,
            "stale": 3600,
            "pool_size": 4,
            "customer_support": "true",
            "signing_key": "k" * 32,
            "registry": self._url(servers.postgresql.url("faults"), "registry"),
            "postgresql": self._url(servers.postgresql.url("faults"), "postgresql"),
            "bind_dn": servers.slapd.rootdn,
            "bind_password": servers.slapd.rootpw,
            "ca_file": ca.ca if ca else "",
            **self.settings,
            **settings,
        }
        values["tokens"] = "\n".join(
            f'[[auth.tokens]]\nname = "{role}"\nsha256 = "{digest(key)}"\nroles = ["{role}"]'
            for role, key in {"editor": EDITOR, "admin": ADMIN, "reader": READER}.items()
        )
        values["sources"] = "".join(self._source(key, values) for key in self.order)
        return TOML.format(**values)

    def app(self, **settings: Any) -> Starlette:
        """The application."""
        return create_app(self.config(**settings))

    @asynccontextmanager
    async def gateway(self, **settings: Any) -> AsyncIterator[Gateway]:
        """The application, running within this process."""
        app = self.app(**settings)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stage.test") as client,
        ):
            yield Gateway(client)

    @asynccontextmanager
    async def served(self, **settings: Any) -> AsyncIterator[str]:
        """The address of the application on a real server; what it says to its stores as it ends passes the proxies."""
        serving = ExitStack()
        address = serving.enter_context(served(self.app(**settings)))
        try:
            yield address
        finally:
            await asyncio.to_thread(serving.close)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The file of `sqlite`, of which somebody else is the only reader and writer."""
        with closing(sqlite3.connect(self.servers.file, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")

    @asynccontextmanager
    async def failing(self, key: str, fault: Fault) -> AsyncIterator[None]:
        """A source, the registry or Redis with this trouble; the only one of a file is that it is locked."""
        if key == "sqlite":
            with self.locked():
                yield
            return
        await self.proxies[key].set(fault)
        try:
            yield
        finally:
            await self.proxies[key].set(Fault.NONE)

    def _source(self, key: str, values: Mapping[str, Any]) -> str:
        servers = self.servers
        urls = {
            "postgresql": values["postgresql"],
            "mariadb": self._url(servers.mariadb.url("faults"), "mariadb"),
            "sqlite": f"sqlite:///{servers.file}",
            "ldap": self._url(servers.slapd.url, "ldap"),
            "starttls": self._url(servers.slapd.url, "starttls"),
            "ldaps": self._url(servers.slapd.tls_url, "ldaps"),
        }
        start_tls = str(key == "starttls").lower()
        own = {**values, "key": key, "url": urls[key], "start_tls": start_tls}
        return EVERY.format(**own) + (IN_DIRECTORY.format(**own) if key in LDAP else "")

    def _url(self, url: str, key: str) -> str:
        before, _, after = url.rpartition(":")
        _, slash, path = after.partition("/")
        return f"{before}:{self.proxies[key].port}{slash}{path}"


@contextmanager
def started(folder: Path) -> Iterator[Servers]:
    """Servers with everybody in them."""
    with ExitStack() as stack:
        made = Servers(
            stack.enter_context(start_postgresql()),
            stack.enter_context(start_mariadb()),
            stack.enter_context(start_slapd(directory(), tls_files(folder))),
            stack.enter_context(start_redis()),
            folder,
        )
        fill(made)
        yield made


@asynccontextmanager
async def staged(servers: Servers, weather: Weather | None = None, **settings: Any) -> AsyncIterator[Stage]:
    """The stage with fresh proxies."""
    ports = {
        "registry": servers.postgresql.port,
        "postgresql": servers.postgresql.port,
        "mariadb": servers.mariadb.port,
        "ldap": servers.slapd.port,
        "starttls": servers.slapd.port,
        "ldaps": servers.slapd.tls_port or 0,
        "redis": servers.redis.port,
    }
    async with AsyncExitStack() as stack:
        proxies = {}
        for key, port in ports.items():
            proxies[key] = Proxy(port, weather=weather)
            await proxies[key].start()
            stack.push_async_callback(proxies[key].close)
        yield Stage(servers, proxies, settings=settings)


def people(key: str) -> list[str]:
    """The logins of a source that no other one has."""
    return [f"{key}-{number}" for number in range(EACH)]


def a_person(key: str, login: str) -> str:
    """The statement for one of them."""
    return person(login, "ACME", f"{login}@{key}.test").replace("'F'", f"'{key}'")


def fill(servers: Servers) -> None:
    """Put people into every store, and companies, groups and tickets into the registry."""
    script = [*statements(SourceKind.POSTGRESQL), AGENT, a_company("ACME"), a_company("NORD")]
    script += [a_person("postgresql", login) for login in (*people("postgresql"), "everywhere")]
    script += [
        f"INSERT INTO customer_user_customer (user_id, customer_id, {STAMPS}) VALUES ('{login}', 'NORD', {AUDIT})"
        for login in (*people("postgresql"), *people("mariadb"))
    ]
    script += [
        "INSERT INTO group_customer_user (user_id, group_id, permission_key, permission_value,"
        f" {STAMPS}) VALUES ('{login}', 1, 'rw', 1, {AUDIT})"
        for login in (*people("postgresql"), *people("mariadb"))
    ]
    script += [a_ticket(1, "ACME", "postgresql-0")]
    servers.postgresql.create_database("faults")
    servers.postgresql.run_sql(";\n".join([*script, ""]), "faults")
    servers.mariadb.create_database("faults")
    script = [a_person("mariadb", login) for login in (*people("mariadb"), "everywhere")]
    servers.mariadb.run_sql(";\n".join([*statements(SourceKind.MARIADB), AGENT, *script, ""]), "faults")
    fill_file(servers.file, [], [])
    with closing(sqlite3.connect(servers.file)) as connection, connection:
        for login in (*people("sqlite"), "everywhere"):
            connection.execute(a_person("sqlite", login))


STAMPS = "create_time, create_by, change_time, change_by"


def directory() -> str:
    """The entries of the three directories, which one server holds."""
    entries = [f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: E\ndc: example\n"]
    for key in LDAP:
        entries.append(f"dn: ou={key},{SUFFIX}\nobjectClass: organizationalUnit\nou: {key}\n")
        entries += [
            f"dn: uid={login},ou={key},{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {login}\ncn: {login}\nsn: L\n"
            f"givenName: {key}\nmail: {login}@{key}.test\nbusinessCategory: ACME\nuserPassword: pw\n"
            for login in (*people(key), "everywhere")
        ]
    return "\n".join(entries)
