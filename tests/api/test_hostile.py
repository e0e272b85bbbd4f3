"""Whatever is typed into an argument, over all kinds of store: it means itself, or is refused with a code (S1, S2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpx
import pytest

from backends.order import fold
from tests.api.four_stores import ask
from tests.hostile import corpus

VICTIM = "shared"
TEXTS = corpus(VICTIM)
BATCH = 25
"""Questions of one document, which may have 30 aliases."""

ARGUMENTS = {
    "login": "customerUser(login: $t) { login }",
    "logins": 'customerUsersByLogin(logins: [$t, "nobody"]) { login }',
    "search": "customerUsers(search: $t) { totalCount nodes { login } }",
    "words": "customerUsers(search: $t, searchMode: WORDS) { nodes { login } }",
    "filter.login": "customerUsers(filter: {login: $t}) { totalCount nodes { login } }",
    "filter.email": "customerUsers(filter: {email: $t}) { nodes { login } }",
    "filter.customerIds": "customerUsers(filter: {customerIds: [$t]}) { nodes { login } }",
    "filter.excludeLogins": "customerUsers(filter: {excludeLogins: [$t]}, first: 1) { nodes { login } }",
    "filter.fields": 'customerUsers(filter: {fields: [{name: "lastName", values: [$t]}]}) { nodes { login } }',
    "filter.fields equals": 'customerUsers(filter: {fields: [{name: "room", values: [$t], operator: EQUALS}]}) { nodes { login } }',
    "filter.fields name": "customerUsers(filter: {fields: [{name: $t, values: []}]}) { nodes { login } }",
    "filter.sources": "customerUsers(filter: {sources: [$t]}) { nodes { login } }",
    "after": "customerUsers(after: $t, first: 1) { nodes { login } }",
    "source": 'customerUser(login: "shared", source: $t) { login }',
    "customerId": "customer(customerId: $t) { name }",
    "customers": "customers(search: $t) { totalCount nodes { name } }",
    "id": "node(id: $t) { id }",
    "by": "customerUserCounts(by: $t) { nodes { value } }",
    "counts": 'customerUserCounts(by: "customerId", search: $t) { nodes { value } }',
    "customers by id": "customers(filter: {customerIds: [$t]}) { nodes { name } }",
    "customers by field": 'customers(filter: {fields: [{name: "city", values: [$t]}]}) { nodes { name } }',
    "customers after": "customers(after: $t, first: 1) { nodes { name } }",
    "ids": "nodes(ids: [$t]) { id }",
    "duplicates after": "duplicateLogins(after: $t) { edges { login } }",
    "service": "service(name: $t) { name }",
    "members": 'customer(customerId: "ACME") { customerUsers(after: $t, filter: {login: $t}) { nodes { login } } }',
    "group": "group(name: $t) { name }",
    "hasPermission": 'customerUser(login: "shared") { hasPermission(group: $t, permission: RO) }',
}
"""Questions with a text in each place, by the argument."""

REFUSALS = {"BAD_USER_INPUT", "CURSOR_INVALID"}


WHOLE = {"login", "filter.email", "filter.customerIds", "filter.fields equals", "customerId"}
"""Arguments that are compared as a whole."""
KNOWN = {fold(VICTIM), "ada"}
"""Who is there under one of the texts, in whatever spelling."""


@pytest.mark.parametrize("argument", ARGUMENTS)
async def test_s1_s2_a_hostile_text_means_itself_or_is_refused(
    four_stores: httpx.AsyncClient, argument: str
) -> None:
    type_ = "ID" if argument in ("id", "ids") else "String"
    for texts in batches(text for text in TEXTS if text and fold(text) not in KNOWN):
        answer = await ask_all(four_stores, ARGUMENTS[argument], texts, type_)
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= REFUSALS, f"{argument}: {answer['errors']}"
        if argument in WHOLE:
            assert [one for one in answer["data"].values() if one not in (None, {"nodes": []})] == []


async def ask_all(
    client: httpx.AsyncClient, question: str, texts: Sequence[str], type_: str = "String"
) -> dict[str, Any]:
    """One answer to the question about each text."""
    places = range(len(texts))
    head = ", ".join(f"$t{place}: {type_}!" for place in places)
    body = " ".join(f"a{place}: {question.replace('$t', f'$t{place}')}" for place in places)
    variables = {f"t{place}": text for place, text in enumerate(texts)}
    return await ask(client, f"query({head}) {{ {body} }}", **variables)


def batches(texts: Iterable[str]) -> Iterator[Sequence[str]]:
    """The texts, as many at once as one document may ask for."""
    left = list(texts)
    while left:
        yield left[:BATCH]
        left = left[BATCH:]


async def test_a_lone_surrogate_is_no_text_and_is_refused_at_the_door(four_stores: httpx.AsyncClient) -> None:
    for body in (
        r'{"query": "{ __typename }", "variables": {"t": "\ud800"}}',
        r'{"query": "{ a(b: \"\ud800\") }"}',
    ):
        answer = await four_stores.post(
            "/graphql", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400
        assert "JSON" in answer.text
    spelled = await ask(four_stores, r'{ customerUser(login: "\ud800") { login } }')
    assert spelled["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
