"""What signing in costs whom (S8), as ratios of medians within one run."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from backends.errors import SourceUnavailable
from backends.model import SourceKind
from backends.passwords import hash_password
from backends.sql.ddl import statements
from bench.promises.finding import Finding
from gateway.config import Config, loads
from gateway.demo.servers.postgresql import PostgreSQL, start_postgresql
from gateway.demo.servers.slapd import Slapd, start_slapd
from gateway.stack import Stack
from resolvers.context import RequestContext
from resolvers.login import authenticate
from resolvers.viewer import Viewer

SAMPLES = 200
COST = 9
BOUND = 0.05
PASSWORD = "right password"

HEAD = """
[registry]
url = "{url}"

[auth]
signing_key = "{key}"
bcrypt_cost = {cost}
max_login_attempts = 0
"""
TABLE = '[[sources]]\nkey = "table"\n'
DIRECTORY = """
[[sources]]
key = "ldap"
url = "{url}"
base_dn = "ou=people,{suffix}"
bind_dn = "{dn}"
bind_password = "{password}"
customer_id = "mail"
"""
DEAD = '[[sources]]\nkey = "dead"\nurl = "sqlite:////nowhere/at/all.sqlite"\n'
TREE = """\
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=ada,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ada
cn: Ada
sn: Ada
mail: ada@example.org
userPassword: right password
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody who is refused."""

    name: str
    login: str
    password: str


WRONG = Attempt("wrong password", "ada", "wrong")
OTHERS = (Attempt("unknown login", "ghost", "wrong"), Attempt("empty password", "ada", ""))
IN_TABLE = (
    WRONG,
    *OTHERS,
    Attempt("invalid, right password", "former", PASSWORD),
    Attempt("weak hash, wrong password", "weak", "wrong"),
    Attempt("no password stored", "none", "wrong"),
)
IN_DIRECTORY = (WRONG, *OTHERS)


def prepare(server: PostgreSQL) -> None:
    """A registry with a few people."""
    people = {
        "ada": (hash_password(PASSWORD, cost=COST), 1),
        "former": (hash_password(PASSWORD, cost=COST), 2),
        "weak": (hash_password(PASSWORD, "sha2"), 1),
        "none": ("", 1),
    }
    rows = [
        "INSERT INTO customer_user (login, pw, email, customer_id, first_name, last_name, valid_id, create_time,"
        f" create_by, change_time, change_by) VALUES ('{login}', '{stored}', '{login}@x', 'C', 'F', 'L', {valid},"
        " '2026-01-01', 1, '2026-01-01', 1)"
        for login, (stored, valid) in people.items()
    ]
    server.create_database("promises")
    server.run_sql(";\n".join([*statements(SourceKind.POSTGRESQL), *rows, ""]), "promises")


def configured(server: PostgreSQL, sources: str) -> Config:
    """The configuration over these sources."""
    text = HEAD.format(url=server.url("promises"), key="k" * 32, cost=COST) + sources
    return loads(text, Path("/promises.toml"), {})


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Stack]:
    """Everything open while the block runs."""
    stack = Stack(config)
    try:
        yield stack
    finally:
        await stack.close()


async def medians(config: Config, attempts: Sequence[Attempt], samples: int) -> dict[str, float]:
    """Seconds of each attempt, in turns, in the middle; the first rounds do not count."""
    times: dict[str, list[float]] = {one.name: [] for one in attempts}
    async with opened(config) as stack:
        for turn in range(samples + 10):
            for one in attempts if turn % 2 else reversed(attempts):
                context = RequestContext(stack.services, Viewer.anonymous(()))
                begun = time.perf_counter()
                with suppress(SourceUnavailable):
                    if await authenticate(context, one.login, one.password) is not None:
                        raise RuntimeError(f"{one.name} got in")
                if turn >= 10:
                    times[one.name].append(time.perf_counter() - begun)
    return {name: statistics.median(some) for name, some in times.items()}


async def measure(samples: int) -> dict[str, dict[str, float]]:
    """The medians of each kind of store."""
    with start_postgresql() as server, start_slapd(TREE) as slapd:
        prepare(server)
        directory = _directory(slapd)
        return {
            "table": await medians(configured(server, TABLE), IN_TABLE, samples),
            "directory": await medians(configured(server, directory), IN_DIRECTORY, samples),
            "table before a directory": await medians(
                configured(server, TABLE + directory), IN_TABLE, samples
            ),
            "table beside a dead source": await medians(configured(server, TABLE + DEAD), IN_TABLE, samples),
        }


def findings(samples: int = SAMPLES) -> Iterator[Finding]:
    """The ratios to a wrong password."""
    for place, found in asyncio.run(measure(samples)).items():
        usual = found[WRONG.name]
        for name, seconds in found.items():
            ratio = seconds / usual
            yield Finding("S8", f"{place}: {name}, to {WRONG.name}", ratio, "", abs(ratio - 1) < BOUND)


def _directory(slapd: Slapd) -> str:
    return DIRECTORY.format(url=slapd.url, suffix=slapd.suffix, dn=slapd.rootdn, password=slapd.rootpw)
