"""A help desk whose customer users sign in: people with every kind of stored password, and short ways to ask."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from backends.model import SourceKind
from backends.passwords import hash_password
from backends.sql import ddl
from gateway.app import create_app
from gateway.config import Config, loads
from tests.api.serving import NOW, digest

READER, ADMIN = "key-of-a-reader", "key-of-an-admin"
PASSWORD = "right password"
ANSWER = "token expiresAt customerUser { login } userErrors { field code message }"
LOGIN = f"mutation($input: CustomerLoginInput!) {{ customerLogin(input: $input) {{ {ANSWER} }} }}"
REFUSED = {
    "token": None,
    "expiresAt": None,
    "customerUser": None,
    "userErrors": [
        {"field": None, "code": "INVALID", "message": "Login, password or one-time code is wrong."}
    ],
}
VIEWER = "{ viewer { name roles } }"

TOML = """
[server]
{server}

[registry]
url = "{registry}"

[auth]
signing_key = "{key}"
bcrypt_cost = 9
{auth}

[[auth.tokens]]
name = "reader"
sha256 = "{reader}"
roles = ["reader"]

[[auth.tokens]]
name = "admin"
sha256 = "{admin}"
roles = ["admin"]

{login}

{sources}
"""
SOURCE = """
[[sources]]
key = "desk"
"""
PEOPLE: Mapping[str, tuple[str, int]] = {
    "ada": (hash_password(PASSWORD, "bcrypt", 9), 1),
    "Grace": (hash_password(PASSWORD, "sha2"), 1),
    "former": (hash_password(PASSWORD, "bcrypt", 9), 2),
    "nobody.yet": ("", 1),
}
"""Login to stored password and validity."""


def rows(people: Mapping[str, tuple[str, int]] = PEOPLE) -> list[str]:
    """Statements that make these customer users."""
    return [
        "INSERT INTO customer_user (login, pw, email, customer_id, first_name, last_name, valid_id, create_time,"
        f" create_by, change_time, change_by) VALUES ('{login}', '{stored}', '{login}@acme.example', 'ACME', 'F',"
        f" 'L', {valid}, '{NOW}', 1, '{NOW}', 1)"
        for login, (stored, valid) in people.items()
    ]


def filled(folder: Path, people: Mapping[str, tuple[str, int]] = PEOPLE, name: str = "desk") -> Path:
    """A file with a registry and these people."""
    file = folder / f"{name}.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for statement in [*ddl.statements(SourceKind.SQLITE), *rows(people)]:
            connection.execute(statement)
        connection.execute("COMMIT")
    return file


def configured(
    folder: Path,
    *,
    registry: str = "sqlite:///desk.sqlite",
    server: str = "",
    auth: str = "",
    login: str = "",
    sources: str = SOURCE,
    key: str = "k" * 32,
) -> Config:
    """The configuration over what is filled."""
    text = TOML.format(
        server=server,
        registry=registry,
        key=key,
        auth=auth,
        login=login,
        sources=sources,
        reader=digest(READER),
        admin=digest(ADMIN),
    )
    return loads(text, folder / "kundengraph.toml", {})


@dataclass
class Door:
    """A running gateway, and customer users before it."""

    client: httpx.AsyncClient
    app: Starlette

    async def answer(
        self, query: str, token: str = "", headers: Mapping[str, str] | None = None, **variables: Any
    ) -> dict[str, Any]:
        """The whole answer."""
        sent = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables}
        response = await self.client.post("/graphql", json=body, headers={**sent, **(headers or {})})
        found: dict[str, Any] = response.json()
        return found

    async def login(self, login: str, password: str, code: str | None = None, token: str = "") -> Any:
        """The payload of customerLogin, or the code of the error."""
        given = {"login": login, "password": password, "oneTimeCode": code}
        answer = await self.answer(LOGIN, token, input=given)
        if "errors" in answer:
            return answer["errors"][0]["extensions"]["code"]
        return answer["data"]["customerLogin"]

    async def token(self, login: str, password: str = PASSWORD) -> str:
        """The token of somebody who signs in."""
        payload = await self.login(login, password)
        assert payload["userErrors"] == []
        token: str = payload["token"]
        return token

    async def who(self, token: str) -> Any:
        """Name and roles of the bearer, or the code of the error."""
        answer = await self.answer(VIEWER, token)
        if "errors" in answer:
            return answer["errors"][0]["extensions"]["code"]
        viewer = answer["data"]["viewer"]
        return viewer["name"], viewer["roles"]


@asynccontextmanager
async def door(config: Config) -> AsyncIterator[Door]:
    """The gateway while the block runs."""
    app = create_app(config)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
    ):
        yield Door(client, app)
