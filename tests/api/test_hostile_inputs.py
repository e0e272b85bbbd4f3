"""Whatever is typed into a mutation: it is stored as it is, or refused with a code, and nobody else is touched (S1, S2)."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    get_named_type,
    get_nullable_type,
)

from backends.order import fold
from gateway.app import create_app, schema_of
from gateway.config import loads
from tests.api.callers import CODES
from tests.api.serving import help_desk
from tests.hostile import corpus

ADMIN = "key-of-an-admin"
VICTIM = "ada"
TEXTS = [text for text in corpus(VICTIM) if fold(text.strip()) != VICTIM]
CASES = int(os.environ.get("KUNDENGRAPH_CASES", "0"))
EACH = len(TEXTS) if CASES else 20
"""Texts for each place in an input; where not all of them, the places share them."""
BATCH = 10

MORE = f"""
password_hash = "sha2"  # quick

[[auth.tokens]]
name = "admin"
sha256 = "{hashlib.sha256(ADMIN.encode()).hexdigest()}"
roles = ["admin"]

[groups]
enabled = true
"""
USUAL: Mapping[str, Any] = {
    "login": "grace",
    "customerId": "TARGET",
    "group": "users",
    "service": "Desk",
    "ticketId": "1",
    "email": "grace@acme.example",
}
"""What stands in the other places; the target of a change is never the victim."""


SCHEMA = schema_of(
    loads(
        f"[registry]\nurl = 'sqlite:///desk.sqlite'\n[auth]\nsigning_key = '{'k' * 40}'\n[[sources]]\nkey = 'desk'\n",
        Path("/etc/kundengraph.toml"),
        {},
    )
)._schema
Input = dict[str, Any]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A desk of its own, which an admin may turn upside down."""
    config = help_desk(tmp_path, sources=MORE)
    with closing(sqlite3.connect(tmp_path / "desk.sqlite")) as connection:
        connection.execute(
            "UPDATE customer_company SET customer_id = 'TARGET'"
        )  # the victim keeps what it has
        connection.execute("UPDATE customer_user SET customer_id = 'TARGET' WHERE login = 'grace'")
        connection.commit()
    server = config.server.model_copy(update={"max_body_bytes": 1_000_000})
    app = create_app(config.model_copy(update={"server": server}))
    transport, headers = httpx.ASGITransport(app), {"authorization": f"Bearer {ADMIN}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers) as client,
    ):
        yield client


def mutations() -> Mapping[str, GraphQLInputObjectType]:
    """The input of each mutation."""
    root = SCHEMA.mutation_type
    assert root is not None
    inputs = {name: get_named_type(field.args["input"].type) for name, field in root.fields.items()}
    return {name: type_ for name, type_ in inputs.items() if isinstance(type_, GraphQLInputObjectType)}


@pytest.mark.parametrize("mutation", mutations())
async def test_s1_s2_a_hostile_text_in_an_input_touches_nobody_else(
    desk: httpx.AsyncClient, tmp_path: Path, mutation: str
) -> None:
    before = victim(tmp_path)
    type_ = mutations()[mutation]
    shares = cycle(TEXTS)
    for place in places(type_):
        texts = list(islice(shares, EACH))
        for start in range(0, EACH, BATCH):
            given = [filled(type_, place, text) for text in texts[start : start + BATCH]]
            answer = await send(desk, mutation, type_.name, given)
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            assert codes <= CODES - {"INTERNAL"}, f"{mutation} {place}: {answer}"
    assert victim(tmp_path) == before


TEXT_FIELDS = (
    "title",
    "firstName",
    "lastName",
    "phone",
    "fax",
    "mobile",
    "street",
    "zip",
    "city",
    "country",
    "comment",
)


@pytest.mark.parametrize("field", TEXT_FIELDS)
async def test_s2_a_text_is_read_as_it_was_written(desk: httpx.AsyncClient, field: str) -> None:
    texts = TEXTS[TEXT_FIELDS.index(field) :: len(TEXT_FIELDS)] if not CASES else TEXTS
    for text in texts:
        query = (
            "mutation($input: UpdateCustomerUserInput!) { changed: updateCustomerUser(input: $input)"
            f" {{ userErrors {{ code }} customerUser {{ value: {field} }} }} }}"
        )
        body = {"query": query, "variables": {"input": {"login": "grace", field: text}}}
        changed = (await desk.post("/graphql", json=body)).json()["data"]["changed"]
        refused = [error["code"] for error in changed["userErrors"]]
        assert refused == ["INVALID"] if refused else changed["customerUser"] == {"value": text}, text[:30]


def victim(folder: Path) -> Sequence[Any]:
    """Everything that is stored of the victim."""
    with closing(sqlite3.connect(folder / "desk.sqlite")) as connection:
        return connection.execute("SELECT * FROM customer_user WHERE login = ?", [VICTIM]).fetchall()


async def send(
    client: httpx.AsyncClient, mutation: str, type_: str, given: Sequence[Input]
) -> dict[str, Any]:
    """Several of one mutation, in one document where that is allowed."""
    if mutation == "customerLogin":
        given = given[:1]
    head = ", ".join(f"$i{place}: {type_}!" for place in range(len(given)))
    body = " ".join(
        f"m{place}: {mutation}(input: $i{place}) {{ userErrors {{ code }} }}" for place in range(len(given))
    )
    variables = {f"i{place}": one for place, one in enumerate(given)}
    query = f"mutation({head}) {{ {body} }}"
    content = json.dumps({"query": query, "variables": variables})
    response = await client.post("/graphql", content=content, headers={"content-type": "application/json"})
    assert response.status_code < 500
    found: dict[str, Any] = response.json()
    return found


def places(type_: GraphQLInputObjectType) -> Iterator[tuple[str, ...]]:
    """The paths of all texts and ids in an input, through lists and inputs within."""
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLInputObjectType):
            yield from ((name, *rest) for rest in places(inner))
        elif inner.name in ("String", "ID"):
            yield (name,)


def filled(type_: GraphQLInputObjectType, place: Sequence[str], text: str) -> Input:
    """An input with `text` in one place, and what is usual wherever something must stand."""
    found: Input = {}
    for name, field in type_.fields.items():
        if place and name == place[0]:
            found[name] = _value(field.type, name, place[1:], text)
        elif isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined:
            found[name] = _value(field.type, name, (), USUAL.get(name, f"Usual {name}"))
    return found


def _value(type_: GraphQLInputType, name: str, place: Sequence[str], text: str) -> Any:
    inner = get_nullable_type(type_)
    if isinstance(inner, GraphQLList):
        return [_value(inner.of_type, name, place, text)]
    if isinstance(inner, GraphQLInputObjectType):
        return filled(inner, place, text)
    if isinstance(inner, GraphQLEnumType):
        return next(iter(inner.values))
    return text
