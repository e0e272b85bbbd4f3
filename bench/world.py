"""A help desk large enough to measure: one PostgreSQL with many customer users, made the same on every run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backends.model import SourceKind
from backends.sql.ddl import statements
from gateway.config import Config, loads
from gateway.demo.servers.postgresql import PostgreSQL

NAMES = ("Müller", "Huber", "Çelik", "Ångström", "O'Neill", "Nuñez", "Żak", "Schmidt", "Tanaka", "Groß")
AUDIT = "2026-01-02 03:04:05\t1\t2026-01-02 03:04:05\t1"
CUSTOMERS = 5000

CONFIG = """
[registry]
url = "{url}"

[auth]
signing_key = "{key}"

[[sources]]
key = "customer_user"
timeout = 30.0
cache_ttl = 0
"""


def fill(server: PostgreSQL, users: int) -> None:
    """Make the tables of a registry in the database `bench`, and people in them."""
    server.create_database("bench")
    server.run_sql(";\n".join([*statements(SourceKind.POSTGRESQL), ""]), "bench")
    columns = "login, email, customer_id, first_name, last_name, valid_id, create_time, create_by, change_time, change_by"
    server.run_sql(
        "\n".join([f"COPY customer_user ({columns}) FROM stdin;", *_users(users), "\\.", ""])
        + "\n".join(
            [
                "COPY customer_company (customer_id, name, valid_id, create_time, create_by, change_time, change_by) FROM stdin;",
                *(f"C{number}\tCustomer {number}\t1\t{AUDIT}" for number in range(CUSTOMERS)),
                "\\.",
                "ANALYZE;",
                "",
            ]
        ),
        "bench",
    )


def configuration(server: PostgreSQL) -> Config:
    """One source over that database, without a cache, so that every question reaches it."""
    text = CONFIG.format(url=server.url("bench"), key="k" * 40)
    return loads(text, Path("/etc/kundengraph.toml"), {})


def _users(number: int) -> Iterator[str]:
    for place in range(number):
        name = NAMES[place % len(NAMES)]
        login = f"user{place:06}"
        yield f"{login}\t{login}@bench.example\tC{place % CUSTOMERS}\tFirst{place % 97}\t{name}{place % 1009}\t1\t{AUDIT}"
