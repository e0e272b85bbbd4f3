"""A page of columns alone says what the page of records says, whatever the store and the question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from backends.cells import Columns
from backends.directory import Directory
from backends.errors import SourceUnavailable
from backends.ldap.backend import LdapBackend
from backends.memory_registry import MemoryPreferences, MemoryRegistry, MemoryRelations
from backends.memory_stores import MemoryGroups, MemoryServices
from backends.model import Customer, CustomerUser, Validity
from backends.protocol import Backend
from backends.records import Grant, Group, Service
from backends.registries import DEFAULT_LOGIN
from backends.source import Source
from backends.sql.backend import SqlBackend
from resolvers import customer_users
from resolvers.context import RequestContext, Services
from resolvers.cursors import Seal
from resolvers.customer_users import UserList
from resolvers.permissions import PermissionPolicy
from resolvers.viewer import Viewer
from schema.build import KundengraphSchema, build_schema
from tests.builders import (
    COMPANIES,
    CUSTOM_FIELDS,
    USER_FIELDS,
    a_customer_mapping,
    a_customer_memory_of,
    a_customer_row,
    a_mapping,
)
from tests.contract.stores import TABLES, Store, Tables, World
from tests.laws.desks import Failing

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
    "relations": f"""nodes {{ {FIELDS}
        customerIds additionalCustomerIds customer {{ name city }} customers {{ customerId }}
        groups {{ group {{ name validity }} permissions }} services {{ name }} assignedServices {{ name }}
        preferences {{ key value }} accessibleCustomers {{ customer {{ customerId }} direct }}
        why: effectivePermissions {{ group {{ name }} permissions grants {{ origin customerId }} }}
        effectivePermissions {{ group {{ name }} permissions }}
        hasPermission(group: "sales", permission: RO) }} pageInfo {{ endCursor }}""",
    "one relation": "nodes { groups { group { id } } } edges { node { city } }",
    "relations of edges": "edges { node { login services { name } } cursor }",
}
COMPANY = (
    "name city",
    "id customerId street zip country url comment validity createdAt changedAt sourceKey __typename",
    "groups { permissions context }",
    "effectivePermissions { permissions }",
    "label version",
)
RELATIONS = (
    "customerIds",
    "additionalCustomerIds",
    "customer { name }",
    "customers { city }",
    "groups { permissions }",
    "services { name }",
    "assignedServices { name }",
    "preferences { key }",
    "accessibleCustomers { direct }",
    "effectivePermissions { permissions }",
    "effectivePermissions { grants { customerId } }",
    'hasPermission(group: "sales", permission: RW)',
)
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


@pytest.mark.parametrize("part", RELATIONS)
async def test_a_relation_reads_no_more_than_it_says(store: Store, part: str) -> None:
    world = await store.people()
    text = f"{{ customerUsers(filter: {{{EVERYBODY}}}) {{ nodes {{ {part} }} }} }}"
    assert await _answer(COMPILED, world, text) == await _answer(INTERPRETED, world, text)


@pytest.mark.parametrize("store", TABLES, indirect=True)
@pytest.mark.parametrize(
    "part",
    (
        "customerId groups { context permissions }",
        "effectivePermissions { permissions grants { origin } }",
        "name city customerUsers { nodes { login customerIds } }",
    ),
)
async def test_relations_of_customers_read_no_more_than_they_say(store: Store, part: str) -> None:
    assert isinstance(store, Tables)
    world, companies = await store.people(), await store.companies(COMPANIES)
    text = f"{{ customers {{ nodes {{ {part} }} }} }}"
    found = await _answer(COMPILED, world, text, companies)
    assert found == await _answer(INTERPRETED, world, text, companies)


@pytest.mark.parametrize("store", TABLES, indirect=True)
@pytest.mark.parametrize("part", COMPANY)
async def test_customers_of_users_are_read_by_the_columns_that_are_shown(store: Store, part: str) -> None:
    assert isinstance(store, Tables)
    world, companies = await store.people(), await store.companies(COMPANIES)
    for text in (
        f"{{ customerUsers(filter: {{{EVERYBODY}}}) {{ nodes {{ login customer {{ {part} }} }} }} }}",
        f"{{ customerUsers(filter: {{{EVERYBODY}}}) {{ nodes {{ customer {{ {part} }} customers {{ {part} }} }} }} }}",
    ):
        for _ in range(2):
            found = await _answer(COMPILED, world, text, companies)
            assert found == await _answer(INTERPRETED, world, text, companies)


@pytest.mark.parametrize("store", TABLES, indirect=True)
async def test_a_silent_source_of_customers_is_told_for_each_user(store: Store) -> None:
    assert isinstance(store, Tables)
    world, companies = await store.people(), await store.companies(COMPANIES)
    silent: Any = Failing(
        companies.backend, dict.fromkeys(("get_many", "narrow"), SourceUnavailable("companies"))
    )
    text = f"{{ customerUsers(filter: {{{EVERYBODY}}}) {{ nodes {{ customer {{ name }} }} }} }}"
    answers: list[Any] = []
    for schema in (COMPILED, INTERPRETED):
        result: Any = await schema.execute(
            text, context_value=_context(world, replace(companies, backend=silent))
        )
        answers.append((result.data, [error.formatted for error in result.errors]))
    assert answers[0] == answers[1] and answers[0][1]


async def _answer(
    schema: KundengraphSchema, world: World[CustomerUser], text: str, companies: World[Customer] | None = None
) -> bytes:
    result: Any = await schema.execute(text, context_value=_context(world, companies))
    assert not result.errors
    return orjson.dumps(result.data)


def _context(world: World[CustomerUser], companies: World[Customer] | None = None) -> RequestContext:
    source = Source(world.mapping.source_key, "People", 0, world.backend, world.mapping)
    mapping = companies.mapping if companies else a_customer_mapping()
    rows = [a_customer_row(one, city=one.lower()) for one in ("ACME", "HUBER", "NORD")]
    known: Backend[Customer] = companies.backend if companies else a_customer_memory_of(rows, mapping)
    customers = Source("customer_company", "Customers", 0, known, mapping)
    some = world.keys[::2]
    groups = MemoryGroups(
        [Group(1, "users"), Group(2, "sales"), Group(3, "Zoo", None, Validity.INVALID), Group(4, "apes")],
        [
            *(
                Grant(2 + place % 3, ("ro", "rw", "none")[place % 3], login)
                for place, login in enumerate(some)
            ),
            *(Grant(4, "rw", login) for login in some[::3]),
            *(Grant(2, "ro", None, one, SAME) for one in ("ACME", "huber", "NORD")),
            *(Grant(4, "ro", None, one, SAME) for one in ("ACME", "HUBER")),
        ],
    )
    offers = MemoryServices(
        [Service(1, "Web"), Service(2, "Mail"), Service(3, "Fax", None, Validity.INVALID)],
        [(DEFAULT_LOGIN, 1), *((login, 1 + place % 3) for place, login in enumerate(some))],
    )
    services = Services(
        Directory([source]),
        Directory([customers]),
        MemoryRegistry(relations=MemoryRelations([(login, "NORD") for login in some[::4]])),
        Seal("k" * 32),
        groups=groups,
        offers=offers,
        preferences=MemoryPreferences({login: {"UserLanguage": "de"} for login in some}),
        policy=PermissionPolicy(True, ("ro", "rw"), ("users",), ("apes",), SAME, ""),
    )
    return RequestContext(services, Viewer.named("test", ("reader",)))


SAME = "Ticket::CustomerID::Same"
