"""A page of columns alone says what the page of records says, whatever the store and the question."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from backends.cells import Columns
from backends.directory import Directory
from backends.ldap.backend import LdapBackend
from backends.model import CustomerUser
from backends.source import Source
from backends.sql.backend import SqlBackend
from resolvers import customer_users
from resolvers.context import RequestContext
from resolvers.customer_users import UserList
from schema.build import KundengraphSchema, build_schema
from tests.builders import CUSTOM_FIELDS, USER_FIELDS, a_mapping
from tests.contract.stores import Store, World
from tests.laws.worlds import context_of

MAPPING = a_mapping(fields=(*USER_FIELDS, *CUSTOM_FIELDS))
COMPILED, INTERPRETED = build_schema([MAPPING]), build_schema([MAPPING], compiled=False)
FIELDS = (
    "login id title firstName lastName email phone fax mobile street zip city country comment validity customerId"
    " createdAt changedAt servedFrom room __typename"
)
EVERYBODY = "validity: [VALID, INVALID, INVALID_TEMPORARILY]"
PARTS = {
    "nodes": f"nodes {{ {FIELDS} }}",
    "one field": "nodes { city }",
    "nothing of them": "nodes { __typename } pageInfo { hasNextPage }",
    "edges": f"edges {{ cursor membership __typename node {{ {FIELDS} }} }}",
    "edge alone": "edges { node { login } } pageInfo { endCursor }",
    "twice": "a: nodes { login } b: nodes { city } c: edges { x: cursor y: cursor } pageInfo { startCursor }",
    "reports": "nodes { login } sources { status source { key } } totalCount",
    "records": "nodes { login version room floor }",
}
ASKED = (
    f"filter: {{{EVERYBODY}}}",
    f"filter: {{{EVERYBODY}}}, orderBy: [{{field: CITY, direction: DESC}}, {{field: CHANGED_AT}}]",
    'search: "a", orderBy: [{field: LAST_NAME}]',
    'search: "nobody at all"',
)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("limit", [1000, 4])
async def test_cells_say_what_records_say(store: Store, part: str, limit: int) -> None:
    world = await store.people(list_limit=limit)
    for asked in ASKED:
        for first in (0, 3, 50):
            after = ""
            for _ in range(2):  # the second page too, and code that is made at the first
                text = f"{{ customerUsers({asked}, first: {first}{after}) {{ {PARTS[part]} }} }}"
                found = await _answer(COMPILED, world, text)
                assert found == await _answer(INTERPRETED, world, text), text
                cursor = (orjson.loads(found)["customerUsers"].get("pageInfo") or {}).get("endCursor")
                after = f', after: "{cursor}"' if cursor else ""


async def test_tables_and_directories_give_columns_alone(world: World[CustomerUser]) -> None:
    columns = Columns(frozenset({"login", "city"}))
    page = await customer_users.page(_context(world), UserList(columns=columns))
    assert (page.listing.cells is not None) is isinstance(world.backend, SqlBackend | LdapBackend)


async def _answer(schema: KundengraphSchema, world: World[CustomerUser], text: str) -> bytes:
    result: Any = await schema.execute(text, context_value=_context(world))
    assert not result.errors
    return orjson.dumps(result.data)


def _context(world: World[CustomerUser]) -> RequestContext:
    source = Source(world.mapping.source_key, "People", 0, world.backend, world.mapping)
    return context_of(Directory([source]))
