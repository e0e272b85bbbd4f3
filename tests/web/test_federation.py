"""The schema as a subgraph: entities by key under the rules of every other field, composed and asked by a real gateway."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from tests.api.serving import LIMITED, MISSING_SOURCE, READER, help_desk, served
from tests.web.packages import WEB, need_node

ENTITIES = """
query($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on CustomerUser { login fullName customer { name } }
    ... on Customer { customerId name }
    ... on Group { name }
    ... on Service { name }
  }
}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("subgraph")
    config = help_desk(folder, server="federation = true")
    with closing(sqlite3.connect(folder / "desk.sqlite")) as desk, desk:
        desk.execute("UPDATE customer_user SET customer_id = 'OTHER' WHERE login = 'grace'")
    with served(create_app(config)) as address:
        yield address


def entities(address: str, *representations: Any, as_: str = READER) -> dict[str, Any]:
    answer = httpx.post(
        f"{address}/graphql",
        json={"query": ENTITIES, "variables": {"representations": representations}},
        headers={"authorization": f"Bearer {as_}"},
    ).json()
    found: dict[str, Any] = answer
    return found


def user(login: object) -> dict[str, Any]:
    return {"__typename": "CustomerUser", "login": login}


def test_entities_come_by_their_keys_in_the_order_asked(address: str) -> None:
    answer = entities(
        address,
        user("grace"),
        {"__typename": "Customer", "customerId": "ACME"},
        user("nobody"),
        {"__typename": "Group", "name": "users"},
        user("ada"),
        user("grace"),
        {"__typename": "Service", "name": "None"},
    )
    assert "errors" not in answer
    found = answer["data"]["_entities"]
    assert [one and one.get("login", one.get("name")) for one in found] == [
        "grace",
        "Acme",
        None,
        "users",
        "ada",
        "grace",
        None,
    ]
    assert found[0] == {
        "__typename": "CustomerUser",
        "login": "grace",
        "fullName": "Grace Hopper",
        "customer": None,
    }
    assert answer["extensions"]["cost"]["cost"] == 7 * 2


def test_what_is_no_representation_is_an_error_in_its_place(address: str) -> None:
    wrong: list[Any] = [
        user(7),
        {"__typename": "Source", "key": "desk"},
        {"login": "ada"},
        "ada",
        user("ada"),
    ]
    answer = entities(address, *wrong)
    assert [(one["path"], one["extensions"]["code"]) for one in answer["errors"]] == [
        (["_entities", place], "BAD_USER_INPUT") for place in range(4)
    ]
    assert answer["data"]["_entities"][4]["login"] == "ada"
    [error] = entities(address, *[{}] * 1001)["errors"]
    assert error["extensions"]["code"] in ("BAD_USER_INPUT", "COST_EXCEEDED")


def seen(answer: dict[str, Any], records: list[dict[str, Any] | None] | None) -> tuple[list[str], list[str]]:
    """What was refused, and which records are there."""
    codes = [one["extensions"]["code"] for one in answer.get("errors", ())]
    return codes, [one["__typename"] if one else "" for one in records or ()]


def test_s13_entities_are_seen_as_everywhere_else(address: str) -> None:
    named = [user("ada"), user("grace"), {"__typename": "Customer", "customerId": "ACME"}]
    alike = """{
      a: customerUser(login: "ada") { __typename }
      b: customerUser(login: "grace") { __typename }
      c: customer(customerId: "ACME") { __typename }
    }"""
    headers = {"authorization": f"Bearer {LIMITED}"}
    plain = httpx.post(f"{address}/graphql", json={"query": alike}, headers=headers).json()
    found = entities(address, *named, as_=LIMITED)
    assert seen(found, (found.get("data") or {}).get("_entities")) == seen(
        plain, list((plain.get("data") or {}).values())
    )
    [error] = entities(address, user("ada"), as_="nobody's key")["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


def test_r1_a_silent_source_is_an_error_in_the_place_of_those_it_may_own(tmp_path: Path) -> None:
    config = help_desk(tmp_path, server="federation = true", sources=MISSING_SOURCE)
    with served(create_app(config)) as address:
        answer = entities(
            address, user("ada"), user("nobody"), {"__typename": "Customer", "customerId": "ACME"}
        )
    assert [one and one["__typename"] for one in answer["data"]["_entities"]] == [
        "CustomerUser",
        None,
        "Customer",
    ]
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["_entities", 1], "SOURCE_UNAVAILABLE")


def test_a_schema_that_is_no_subgraph_has_nothing_of_it(tmp_path: Path) -> None:
    with served(create_app(help_desk(tmp_path))) as address:
        body = {"query": "{ _service { sdl } }"}
        answer = httpx.post(
            f"{address}/graphql", json=body, headers={"authorization": f"Bearer {READER}"}
        ).json()
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.timeout(600)
def test_a_gateway_composes_it_with_another_subgraph_and_asks_both(address: str) -> None:
    need_node()
    queries = [
        "{ newest { number by { fullName customer { name } } customer { name } queue { validity } } }",
        '{ customerUsersByLogin(logins: ["grace", "ada"]) { fullName tickets { number } } }',
    ]
    result = subprocess.run(
        ["node", "federation.mjs", f"{address}/graphql", READER],
        cwd=WEB,
        input=json.dumps(queries),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    newest, by_login = (json.loads(line) for line in result.stdout.splitlines())
    assert newest["data"]["newest"] == [
        {
            "number": 3,
            "by": {"fullName": "Ada Lovelace", "customer": {"name": "Acme"}},
            "customer": {"name": "Acme"},
            "queue": None,
        },
        {
            "number": 5,
            "by": {"fullName": "Grace Hopper", "customer": None},
            "customer": {"name": "Acme"},
            "queue": None,
        },
        {"number": 6, "by": None, "customer": {"name": "Acme"}, "queue": None},
        {"number": 9, "by": None, "customer": None, "queue": {"validity": "VALID"}},
    ]
    assert newest["asked"].count("tickets") == 1
    assert by_login["data"]["customerUsersByLogin"] == [
        {"fullName": "Grace Hopper", "tickets": [{"number": 5}]},
        {"fullName": "Ada Lovelace", "tickets": [{"number": 3}]},
    ]
    assert by_login["asked"] == ["people", "tickets"]
