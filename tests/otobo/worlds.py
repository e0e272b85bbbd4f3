"""Fixtures loaded into private real servers, and the gateway in front of them."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from gateway.app import create_app
from gateway.config import Config, loads
from gateway.demo.servers.ports import HOST
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd, start_slapd
from gateway.otobo import dumps, translate
from tests.otobo.recording import Scenario, Settings, filled

SUFFIX = "dc=fed,dc=test"
TOKEN, READER = "recorded-cases", "recorded-reader"
SIGNING_KEY = "a key that seals the cursors of these tests"

Entry = Mapping[str, tuple[str, ...]]
"""A row or directory entry: column or attribute, in lower case, to its values; none where it is NULL or absent."""


@dataclass
class Servers:
    """The servers that all scenarios share; a directory is started for each LDIF file."""

    postgresql: PostgreSQL
    directories: dict[str, Slapd] = field(default_factory=dict)

    def directory(self, ldif: str) -> Slapd:
        """The server that holds the entries of `ldif`."""
        if ldif not in self.directories:
            self.directories[ldif] = start_slapd(ldif, anonymous_read=True, suffix=SUFFIX, size_limit="500")
        return self.directories[ldif]

    def stop(self) -> None:
        """Stop the directories; the database server belongs to the session."""
        for server in self.directories.values():
            server.stop()


class World:
    """One scenario's data in real stores."""

    def __init__(self, scenario: Scenario, servers: Servers) -> None:
        self.scenario = scenario
        self._servers = servers
        self._loaded = False
        self._rows: dict[tuple[object, ...], Sequence[Entry]] = {}

    @cached_property
    def databases(self) -> Mapping[str, str]:
        """The databases by their names in the recording, created and filled."""
        made = {}
        for name in self.scenario.fixtures["databases"]:
            database = f"{self.scenario.name}_{name}_{secrets.token_hex(4)}".lower()
            self._servers.postgresql.create_database(database)
            self._servers.postgresql.run_sql(self.script(name), database)
            made[name] = database
        return made

    def script(self, name: str) -> str:
        """What fills a database."""
        file = self.scenario.fixtures["databases"][name]
        files = ["schema.sql", "base.sql", file] if name == "main" else [file]
        return "SET time zone 'UTC';\n" + "\n".join(self.scenario.fixture(one) for one in files)

    @cached_property
    def places(self) -> Mapping[str, str]:
        """What the placeholders in settings stand for."""
        server, ldif = self._servers.postgresql, self.scenario.fixtures["directory"]
        directory = self._servers.directory(self.scenario.fixture(ldif)) if ldif else None
        return {
            **{f"db:{name}": database for name, database in self.databases.items()},
            "pg_host": HOST,
            "pg_port": str(server.port),
            "pg_user": "postgres",
            "pg_password": server.password,
            "ldap_host": HOST,
            "ldap_port": str(directory.port if directory else 1),
        }

    def settings(self, variant: str) -> Settings:
        """The settings of a variant, with the addresses of the stores."""
        settings: Settings = filled(self.scenario.settings(variant), self.places)
        return settings

    def config(self, variant: str) -> Config:
        """What `import-otobo` makes of the settings, with a credential for the runner."""
        translation = translate(self.settings(variant), self._servers.postgresql.url(self.databases["main"]))
        translation.config["auth"]["tokens"] = [_credential(TOKEN, "admin"), _credential(READER, "reader")]
        translation.config["auth"]["bcrypt_cost"] = 9
        for source in translation.config["sources"]:
            if "table" in source:
                source["customer_must_exist"] = False
        translation.config["limits"] = {"max_cost": 1_000_000}
        text = dumps(translation.config, translation.notes)
        return loads(text, Path("recorded.toml"), {"KUNDENGRAPH_SIGNING_KEY": SIGNING_KEY})

    @cached_property
    def names(self) -> Names:
        """Groups and services of the fixtures."""
        tables = ("groups_table", "service")
        found = [self._select(f"SELECT id, name FROM {table}", "main") for table in tables]
        return Names(*({row["id"][0]: row["name"][0] for row in rows} for rows in found))

    def run(self, text: str, database: str = "main") -> str:
        """What a script prints."""
        return self._servers.postgresql.run_sql(
            f"SET client_min_messages = warning; SET time zone 'UTC'; {text}", self.databases[database]
        )

    def query(self, statement: str, database: str = "main") -> Sequence[Entry]:
        """Rows of a statement, each value as text."""
        return self._remembered(("sql", database, statement), lambda: self._select(statement, database))

    def search(self, arguments: Sequence[str]) -> Sequence[Entry]:
        """What ldapsearch finds."""
        return self._remembered(("ldap", *arguments), lambda: _entries(arguments))

    def _select(self, statement: str, database: str) -> Sequence[Entry]:
        text = self._servers.postgresql.run_sql(
            f"SELECT coalesce(json_agg(t), '[]') FROM ({statement}) t", self.databases.get(database, database)
        )
        return [
            {key.lower(): () if value is None else (str(value),) for key, value in row.items()}
            for row in json.loads(text)
        ]

    def _remembered(self, key: tuple[object, ...], find: Any) -> Sequence[Entry]:
        if key not in self._rows:
            self._rows[key] = find()
        return self._rows[key]


@dataclass(frozen=True)
class Names:
    """What the numbers of the recording stand for, which the API does not show."""

    groups: Mapping[str, str]
    services: Mapping[str, str]

    def group_id(self, name: str) -> str:
        """The number of a group."""
        return next(number for number, known in self.groups.items() if known == name)

    def service_id(self, name: str) -> str:
        """The number of a service."""
        return next(number for number, known in self.services.items() if known == name)


@dataclass(frozen=True)
class Reply:
    """What the gateway answered."""

    data: Mapping[str, Any] | None
    code: str | None
    """The code of the first error."""


@dataclass(frozen=True)
class Gateway:
    """The application of one variant, asked as a client would."""

    config: Config
    client: httpx.AsyncClient

    async def ask(self, document: str, variables: Mapping[str, Any], token: str = TOKEN) -> Reply:
        """Send one operation."""
        body, headers = {"query": document, "variables": variables}, {"authorization": f"Bearer {token}"}
        answer = (await self.client.post(self.config.server.path, json=body, headers=headers)).json()
        errors = answer.get("errors") or []
        return Reply(answer.get("data"), errors[0]["extensions"]["code"] if errors else None)


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[Gateway]:
    """The gateway over ASGI while the block runs."""
    app = create_app(config)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
    ):
        yield Gateway(config, client)


def _credential(token: str, role: str) -> dict[str, Any]:
    return {"name": role, "sha256": hashlib.sha256(token.encode()).hexdigest(), "roles": [role]}


def _entries(arguments: Sequence[str]) -> Sequence[Entry]:
    command = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    blocks = re.sub(r"^#.*\n", "", done.stdout, flags=re.MULTILINE).split("\n\n")
    return [_entry(block) for block in blocks if block.strip()]


def _entry(block: str) -> Entry:
    values: dict[str, tuple[str, ...]] = {}
    for line in block.strip().splitlines():
        name, _, value = line.partition(":")
        text = b64decode(value[1:]).decode() if value.startswith(":") else value.removeprefix(" ")
        values[name.lower()] = (*values.get(name.lower(), ()), text)
    return values
