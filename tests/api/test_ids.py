"""Ids: opaque, of one record each, and worth nothing once they are altered (A2)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from tests.api.serving import READER, help_desk, served

IDS = '{ customerUser(login: "ada") { id source { id } customer { id } } other: customerUser(login: "grace") { id } }'


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {READER}"}
    with (
        served(create_app(help_desk(tmp_path_factory.mktemp("ids")))) as address,
        httpx.Client(base_url=address, headers=headers) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def known(client: httpx.Client) -> dict[str, str]:
    """The id of each record, by what it is."""
    data = ask(client, IDS)["data"]
    ada = data["customerUser"]
    return {
        "CustomerUser": ada["id"],
        "Source": ada["source"]["id"],
        "Customer": ada["customer"]["id"],
        "other": data["other"]["id"],
    }


def ask(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/graphql", json={"query": query, "variables": variables}).json()
    return found


def nodes(client: httpx.Client, ids: list[str]) -> list[Any]:
    """What the ids stand for."""
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    found: list[Any] = ask(client, query, ids=ids)["data"]["nodes"]
    return found


def test_a2_an_id_leads_back_to_its_record(client: httpx.Client, known: dict[str, str]) -> None:
    kinds = ["CustomerUser", "Source", "Customer"]
    found = nodes(client, [known[kind] for kind in kinds])
    assert found == [{"__typename": kind, "id": known[kind]} for kind in kinds]


def test_a2_a_login_is_no_id(client: httpx.Client) -> None:
    assert nodes(client, ["ada", "ACME", "desk", "CustomerUser:ada", "", " ", "1"]) == [None] * 7


def test_a2_a_damaged_id_is_null_and_never_another_record(
    client: httpx.Client, known: dict[str, str]
) -> None:
    own = known["CustomerUser"]
    altered = {own[:place] + sign + own[place + 1 :] for place in range(len(own)) for sign in "aZ0_="}
    altered |= {own[:-1], own + "A", own + "=", " " + own, own.swapcase(), own * 2}
    damaged = sorted(altered - {own})
    for start in range(0, len(damaged), 100):
        for one in nodes(client, damaged[start : start + 100]):
            assert one is None or one["id"] == own  # base64 has several spellings


def test_a2_an_id_that_is_put_together_from_others_is_null(
    client: httpx.Client, known: dict[str, str]
) -> None:
    texts = [base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in known.values()]
    swapped = [
        base64.urlsafe_b64encode(one[: len(one) // 2] + two[len(two) // 2 :])
        for one in texts
        for two in texts
    ]
    ours = set(known.values())
    for one in nodes(client, [text.decode().rstrip("=") for text in swapped]):
        assert one is None or one["id"] in ours


def test_a2_a_hundred_ids_may_be_asked_at_once_and_no_more(
    client: httpx.Client, known: dict[str, str]
) -> None:
    assert len(nodes(client, [known["CustomerUser"]] * 100)) == 100
    answer = ask(client, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[known["other"]] * 101)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
