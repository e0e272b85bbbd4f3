"""The private servers of a run, and the configurations by which Kundengraph reads them."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from bench.world import PLACES, fill, ldif, small_file, small_script
from gateway.demo.servers import mariadb, slapd
from gateway.demo.servers.postgresql import PostgreSQL, start_postgresql
from gateway.demo.servers.process import Server

S = TypeVar("S", bound=Server)

TOKEN = "bench-" + secrets.token_urlsafe(16)

HEAD = """
[server]
executor = "{executor}"
graphiql = false

[registry]
url = "{registry}"

[auth]
signing_key = "{key}"

[[auth.tokens]]
name = "bench"
sha256 = "{digest}"
roles = ["editor"]

[groups]
enabled = true
always = []
customer_always = []
"""

GREAT = """
[[sources]]
key = "customer_user"
search_fields = ["login", "first_name", "last_name"]
timeout = 30.0
cache_ttl = {ttl}

[[customers]]
key = "customer_company"
cache_ttl = {ttl}
"""

SMALL = """
[[sources]]
key = "place{place}"
url = "{url}"
table = "{table}"
read_only = true
foreign = true
standard_fields = false
valid = ""
list_fields = ["first_name", "last_name"]
name_fields = ["first_name", "last_name"]
search_fields = ["login", "first_name", "last_name"]
post_master_search_fields = ["email"]
timeout = 30.0
cache_ttl = @TTL@
fields = [
    {{ variable = "UserLogin", label = "Login", column = "login" }},
    {{ variable = "UserEmail", label = "Email", column = "email" }},
    {{ variable = "UserCustomerID", label = "Customer", column = "customer_id" }},
    {{ variable = "UserFirstname", label = "First", column = "first_name" }},
    {{ variable = "UserLastname", label = "Last", column = "last_name" }},
    {{ variable = "UserCity", label = "City", column = "city" }},
]
"""

DIRECTORY = """
[[sources]]
key = "place{place}"
backend = "ldap"
url = "{url}"
base_dn = "ou=place{place},dc=example,dc=org"
bind_dn = "{user}"
bind_password = "{password}"
customer_id = "departmentNumber"
timeout = 30.0
cache_ttl = @TTL@
fields = [{{ variable = "UserCity", label = "City", column = "l" }}]
"""

IN_POSTGRESQL, IN_MARIADB, IN_SQLITE, IN_LDAP = (0, 1, 2), (3, 4), (5, 6), (7, 8, 9)
assert len(IN_POSTGRESQL + IN_MARIADB + IN_SQLITE + IN_LDAP) == PLACES
TTL = 60
"""Seconds for which sources are remembered unless a configuration says otherwise; keys of directories too."""


class Stores:
    """Everything that is asked, on the processor `cpu`; the ten sources only where `ten` says so."""

    def __init__(self, folder: Path, users: int, cpu: int | None, *, ten: bool) -> None:
        self._folder = folder
        self._cpu = cpu
        self._stack = ExitStack()
        try:
            self.postgresql: PostgreSQL = self._started(start_postgresql)
            fill(self.postgresql, users)
            self._small = self._ten() if ten and missing() is None else ""
        except BaseException:
            self.close()
            raise

    @property
    def dsn(self) -> str:
        """The great help desk, as peers reach it."""
        return self.postgresql.url("bench")

    @property
    def has_ten(self) -> bool:
        """Whether the ten sources are there."""
        return bool(self._small)

    def configuration(
        self, name: str, *, executor: str = "compiled", ttl: int = 0, ten: bool = False
    ) -> Path:
        """Write a configuration; the great help desk as one source, or the ten."""
        head = HEAD.format(
            executor=executor,
            registry=self.dsn,
            key="k" * 40,
            digest=hashlib.sha256(TOKEN.encode()).hexdigest(),
        )
        path = self._folder / f"{name}.toml"
        path.touch(mode=0o600)
        path.write_text(head + (self._small.replace("@TTL@", str(ttl)) if ten else GREAT.format(ttl=ttl)))
        return path

    def close(self) -> None:
        """Stop the servers and throw their data away."""
        self._stack.close()

    def _ten(self) -> str:
        self.postgresql.create_database("small")
        tables = []
        for place in IN_POSTGRESQL:
            table = f"people{place}"
            self.postgresql.run_sql(_renamed(place, table) + _ORDERED.format(table=table), "small")
            tables.append(SMALL.format(place=place, url=self.postgresql.url("small"), table=table))
        maria = self._started(mariadb.start_mariadb)
        for place in IN_MARIADB:
            maria.run_sql(_renamed(place, f"people{place}"), "gw")
            tables.append(SMALL.format(place=place, url=maria.url(), table=f"people{place}"))
        for place in IN_SQLITE:
            file = self._folder / f"people{place}.sqlite"
            small_file(file, place)
            tables.append(SMALL.format(place=place, url=f"sqlite:///{file}", table="people"))
        directory = self._started(lambda: slapd.start_slapd(ldif(IN_LDAP)))
        for place in IN_LDAP:
            tables.append(
                DIRECTORY.format(
                    place=place,
                    url=directory.url,
                    user=directory.rootdn,
                    password=directory.rootpw,
                )
            )
        return "".join(tables)

    def _started(self, start: Callable[[], S]) -> S:
        """Start a server with its children where the load is, away from what is measured."""
        before = os.sched_getaffinity(0)
        server = start()
        self._stack.callback(server.stop)
        if self._cpu is not None and self._cpu in before:
            os.sched_setaffinity(server.pid, {self._cpu})
            for task in Path(f"/proc/{server.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {self._cpu})
        return server


def missing() -> str | None:
    """Why the ten sources cannot be had here, in a line; None where they can."""
    reasons: Sequence[str | None] = (mariadb.available(), slapd.available())
    return next((reason for reason in reasons if reason), None)


_ORDERED = 'CREATE INDEX ON {table} (lower(login) COLLATE "C", login COLLATE "C");'


def _renamed(place: int, table: str) -> str:
    return small_script(place).replace("people", table, 1).replace("INTO people ", f"INTO {table} ")
