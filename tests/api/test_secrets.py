"""What never leaves: passwords and their hashes, the secrets of the configuration; and where nobody is connected to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from gateway.app import create_app, schema_of
from gateway.config import ConfigError, loads
from tests.api.serving import READER, digest, help_desk
from tests.api.test_hostile import ARGUMENTS
from tests.committed import example

CANARY = "canary-5d1f7c20aa"
PASSWORDS = ("password", "pw", "hash", "crypt")
MAY_NAME_ONE = {
    "CreateCustomerUserInput.password",
    "CreateCustomerUserPayload.generatedPassword",
    "CustomerLoginInput.password",
    "Mutation.setCustomerUserPassword",
    "SetCustomerUserPasswordInput.currentPassword",
    "SetCustomerUserPasswordInput.password",
    "SetCustomerUserPasswordPayload.generatedPassword",
}


def test_s10_no_type_has_a_place_for_a_stored_password() -> None:
    named = set()
    for name, type_ in schema_of(example())._schema.type_map.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            named |= {f"{name}.{field}" for field in type_.fields if holds_password(field)}
        elif isinstance(type_, GraphQLEnumType):
            named |= {f"{name}.{value}" for value in type_.values if holds_password(value)}
    assert named <= MAY_NAME_ONE


def holds_password(name: str) -> bool:
    return any(word in name.lower() for word in PASSWORDS)


@pytest.mark.parametrize("name", ["password", "pw", "UserPassword", "userPassword", "customer_user.pw", "PW"])
@pytest.mark.parametrize(
    "question",
    [
        "customerUserCounts(by: $n) { nodes { value } }",
        'customerUsers(filter: {fields: [{name: $n, values: ["*"]}]}) { nodes { login } }',
        "customerUsers(filter: {fields: [{name: $n, values: [], operator: EMPTY}]}) { totalCount }",
    ],
)
async def test_s10_nobody_counts_or_searches_by_a_password(tmp_path: Path, name: str, question: str) -> None:
    async with a_desk(tmp_path) as client:
        body = {"query": f"query($n: String!) {{ {question} }}", "variables": {"n": name}}
        answer = (await client.post("/graphql", json=body)).json()
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_s18_no_input_makes_the_gateway_connect_anywhere(tmp_path: Path) -> None:
    callers = 0

    async def called(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal callers
        callers += 1
        writer.close()

    async with await asyncio.start_server(called, "127.0.0.1", 0) as server, a_desk(tmp_path) as client:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        texts = [
            frame.format(place)
            for frame in (
                "{}",
                "http://{}/",
                "https://{}/x",
                "ldap://{}/dc=x??sub",
                "postgresql://u@{}/x",
                "redis://{}",
            )
        ]
        for argument, question in ARGUMENTS.items():
            for text in texts:
                type_ = "ID" if argument in ("id", "ids") else "String"
                body = {"query": f"query($t: {type_}!) {{ {question} }}", "variables": {"t": text}}
                headers = {"referer": f"http://{place}/", "x-forwarded-host": place, "host": place}
                assert (await client.post("/graphql", json=body, headers=headers)).status_code == 200
    assert callers == 0


def a_desk(folder: Path) -> httpx.AsyncClient:
    """A caller of a small help desk who may read."""
    headers = {"authorization": f"Bearer {READER}"}
    transport = httpx.ASGITransport(create_app(help_desk(folder)))
    return httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers)


KEY = f"""
[[auth.tokens]]
name = "reader"
sha256 = "{digest(READER)}"
roles = ["reader"]
"""
SECRETIVE = f"""
[registry]
url = "postgresql://otobo:{CANARY}@127.0.0.1:1/otobo"

[cache]
backend = "redis"
url = "redis://:{CANARY}@127.0.0.1:1/0"

[auth]
signing_key = "{CANARY}-{CANARY}"

[[sources]]
key = "database"
url = "mariadb://u:{CANARY}@127.0.0.1:1/x"
timeout = 0.5

[[sources]]
key = "directory"
backend = "ldap"
url = "ldap://127.0.0.1:1"
base_dn = "o=x"
bind_dn = "cn={CANARY},o=x"
bind_password = "{CANARY}"
timeout = 0.5
"""


def test_s19_a_configuration_shows_no_secret_however_it_is_shown() -> None:
    config = loads(SECRETIVE, Path("/etc/kundengraph.toml"), {})
    assert CANARY not in repr(config)
    with pytest.raises(ConfigError) as caught:
        loads(SECRETIVE + "colour = 1\n[server]\nport = 'x'\n", Path("/etc/kundengraph.toml"), {})
    assert CANARY not in f"{caught.value}{caught.value!r}"


def test_s19_check_shows_no_secret_of_stores_that_refuse(tmp_path: Path) -> None:
    (tmp_path / "kundengraph.toml").write_text(SECRETIVE)
    command = [
        str(Path(sys.executable).with_name("kundengraph")),
        "check",
        str(tmp_path / "kundengraph.toml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "directory" in done.stdout
    assert CANARY not in done.stdout + done.stderr


async def test_s19_answers_and_logs_of_an_outage_show_no_secret(capfd: pytest.CaptureFixture[str]) -> None:
    app = create_app(loads(SECRETIVE + KEY, Path("/etc/kundengraph.toml"), {}))
    transport, headers = httpx.ASGITransport(app), {"authorization": f"Bearer {READER}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers) as client,
    ):
        query = '{ customerUser(login: "a") { login } customerUsers { nodes { login } sources { message } } groups { name } }'
        texts = [(await client.post("/graphql", json={"query": query})).text]
        texts += [(await client.get(path)).text for path in ("/readyz", "/metrics", "/livez")]
    assert "SOURCE_UNAVAILABLE" in texts[0]
    assert CANARY not in "".join((*texts, *capfd.readouterr()))
