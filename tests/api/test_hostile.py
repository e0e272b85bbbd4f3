"""Whatever is typed into an argument, over all kinds of store: it means itself, or is refused with a code (S1, S2)."""

from __future__ import annotations

import httpx
import pytest

from tests.api.four_stores import ask

TEXTS = [
    "%", "_", "\\", "*", "(", ")", "\0", "'", '"', "a" * 10_000, "%%%", "__", "a\\",
    "') OR 1=1 --", "*)(uid=*", "*)(|(objectClass=*)", "\\2a", "\r\n", "\t", "[a-z]", "a%b_c", "𝕳𝖆𝖓𝖘", "İı", "ß", "\u200b",
    "&&", "||", "+", "!", "AND", "(a", "a)", "()", "((((", "!!!!", "\x01\x02\x03", "${HOME}", "{{7*7}}", "%00", "null",
]  # fmt: skip

ARGUMENTS = {
    "login": "query($t: String!) { found: customerUser(login: $t) { login } }",
    "logins": 'query($t: String!) { found: customerUsersByLogin(logins: [$t, "nobody"]) { login } }',
    "search": "query($t: String!) { found: customerUsers(search: $t) { totalCount nodes { login } } }",
    "words": "query($t: String!) { found: customerUsers(search: $t, searchMode: WORDS) { nodes { login } } }",
    "filter.login": "query($t: String!) { found: customerUsers(filter: {login: $t}) { totalCount nodes { login } } }",
    "filter.email": "query($t: String!) { found: customerUsers(filter: {email: $t}) { nodes { login } } }",
    "filter.customerIds": "query($t: String!) { found: customerUsers(filter: {customerIds: [$t]}) { nodes { login } } }",
    "filter.excludeLogins": (
        "query($t: String!) { found: customerUsers(filter: {excludeLogins: [$t]}, first: 1) { nodes { login } } }"
    ),
    "filter.fields": (
        'query($t: String!) { found: customerUsers(filter: {fields: [{name: "lastName", values: [$t]}]})'
        " { nodes { login } } }"
    ),
    "filter.fields equals": (
        'query($t: String!) { found: customerUsers(filter: {fields: [{name: "room", values: [$t],'
        " operator: EQUALS}]}) { nodes { login } } }"
    ),
    "filter.fields name": (
        "query($t: String!) { found: customerUsers(filter: {fields: [{name: $t, values: []}]}) { nodes { login } } }"
    ),
    "filter.sources": "query($t: String!) { found: customerUsers(filter: {sources: [$t]}) { nodes { login } } }",
    "after": "query($t: String!) { found: customerUsers(after: $t, first: 1) { nodes { login } } }",
    "source": 'query($t: String!) { found: customerUser(login: "shared", source: $t) { login } }',
    "customerId": "query($t: String!) { found: customer(customerId: $t) { name } }",
    "customers": "query($t: String!) { found: customers(search: $t) { totalCount nodes { name } } }",
    "id": "query($t: ID!) { found: node(id: $t) { id } }",
    "by": "query($t: String!) { found: customerUserCounts(by: $t) { nodes { value } } }",
    "counts": (
        'query($t: String!) { found: customerUserCounts(by: "customerId", search: $t) { nodes { value } } }'
    ),
    "group": "query($t: String!) { found: group(name: $t) { name } }",
    "hasPermission": (
        'query($t: String!) { found: customerUser(login: "shared") { hasPermission(group: $t, permission: RO) } }'
    ),
}

CODES = {"BAD_USER_INPUT", "CURSOR_INVALID"}


@pytest.mark.parametrize("argument", ARGUMENTS)
async def test_s1_s2_a_hostile_text_means_itself_or_is_refused(
    four_stores: httpx.AsyncClient, argument: str
) -> None:
    for text in TEXTS:
        answer = await ask(four_stores, ARGUMENTS[argument], t=text)
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= CODES, f"{argument} = {text[:20]!r}: {answer}"


async def test_s1_s2_a_login_finds_its_bearer_and_nobody_else(four_stores: httpx.AsyncClient) -> None:
    for text in TEXTS:
        answer = await ask(four_stores, ARGUMENTS["login"], t=text)
        assert answer["data"]["found"] is None, text[:20]


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
