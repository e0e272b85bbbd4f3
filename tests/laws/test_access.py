"""Walls between customers: whatever is asked by whomever, the answer is what a naive oracle shows this caller (S13, S21)."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.filters import FieldCondition, Operator
from backends.model import Validity
from backends.order import OrderTerm
from resolvers.asked import UserFilter
from resolvers.context import RequestContext
from resolvers.policies import CustomerPolicy
from schema import ids
from schema.build import build_schema
from schema.limits import Limits
from tests.builders import a_customer_mapping, a_mapping
from tests.laws.access_world import COMPANIES, LOGINS, Caller, Rights, a_company, counts
from tests.laws.oracle import Found
from tests.laws.worlds import Asked, lawful, patient

pytestmark = patient

PLACES = a_company(0).people
SCHEMA = build_schema(
    [a_mapping(place.key, **place.rules) for place in PLACES],
    [a_customer_mapping("c0"), a_customer_mapping("c1")],
    limits=Limits(20, 10**6, 1000, 10**5),
)
ROLES = ("reader", "scoped reader", "scoped admin", "hidden", "customer", "colleague")
USER = "login source { key } customerId customerIds additionalCustomerIds customers { customerId }"
PAGE = f"edges {{ cursor node {{ {USER} city firstName }} }} pageInfo {{ hasNextPage endCursor }} totalCount"


def a_caller(role: str, draw: random.Random) -> Caller:
    """Somebody with the role, limited to some customers."""
    some = tuple(draw.sample((*COMPANIES, "NOWHERE"), draw.randint(1, 3)))
    match role:
        case "reader":
            return Caller(("reader",))
        case "scoped reader":
            return Caller(("reader",), some)
        case "scoped admin":
            return Caller(("admin",), some)
        case "hidden":
            hidden = frozenset({"city", "firstName"})
            return Caller(("reader",), some if draw.random() < 0.7 else (), hidden)
        case _:
            return Caller(("customer",), login=draw.choice(LOGINS), colleagues=role == "colleague")


async def answer(context: RequestContext, query: str, **variables: Any) -> tuple[Any, list[Any]]:
    """Data and errors."""
    result = await SCHEMA.execute(query, variable_values=variables, context_value=context)
    return result.data, [(error.path, (error.extensions or {}).get("code")) for error in result.errors or ()]


def shown(rights: Rights, one: Found) -> dict[str, Any]:
    """The oracle's words for one row."""
    hidden = rights.caller.hidden
    related = sorted(customer for login, customer in rights.world.relations if login == one.login)
    found = [rights.customer(each) for each in rights.shown_ids(one)]
    return {
        "login": one.login,
        "source": {"key": rights.world.people[one.place].key},
        "customerId": rights.primary(one),
        "customerIds": rights.shown_ids(one),
        "additionalCustomerIds": [each for each in related if rights.ids is None or rights.names(one, each)],
        "customers": [{"customerId": each} for each in dict.fromkeys(filter(None, found))],
        "city": None if "city" in hidden else one.row["city"],
        "firstName": None if "firstName" in hidden else one.row["first_name"],
    }


async def lists_are_the_oracles(rights: Rights, context: RequestContext, draw: random.Random) -> None:
    """Pages, cursors and totals, with random filters, words and orders."""
    asked = _asked(rights, draw)
    query = (
        "query($search: String, $filter: CustomerUserFilter, $order: [CustomerUserOrder!], $after: String)"
        f"{{ list: customerUsers(search: $search, filter: $filter, orderBy: $order, first: 3, after: $after) {{ {PAGE} }} }}"
    )
    wanted = [shown(rights, one) for one in rights.listed(asked)]
    found: list[Any] = []
    after = None
    while True:
        data, errors = await answer(context, query, **_variables(asked), after=after)
        page = data["list"]
        nodes = [edge["node"] for edge in page["edges"]]
        hidden = [
            (["list", "edges", place, "node", name], "FORBIDDEN")
            for place in range(len(nodes))
            for name in ("city", "firstName")
            if name in rights.caller.hidden
        ]
        assert sorted(errors, key=str) == sorted(hidden, key=str)
        found += nodes
        assert page["totalCount"] == len(wanted)
        assert len(nodes) == min(3, len(wanted) - len(found) + len(nodes)), "a page is full"
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == wanted


async def look_ups_are_the_oracles(rights: Rights, context: RequestContext, draw: random.Random) -> None:
    """By login, by several logins, by id, and by a source that is named."""
    names = [*LOGINS, "ADA", "nobody", ""]
    query = f"query($logins: [String!]!) {{ found: customerUsersByLogin(logins: $logins) {{ {USER} }} }}"
    data, errors = await answer(context, query, logins=names)
    assert not errors
    assert data["found"] == [_record(rights, rights.seen(login)) for login in names]
    login, place = draw.choice(LOGINS), draw.choice(rights.world.people)
    query = (
        f"query($login: String!, $key: String!, $id: ID!) {{ named: customerUser(login: $login, source: $key) {{ {USER} }}"
        f" node(id: $id) {{ ... on CustomerUser {{ {USER} }} }} one: customerUser(login: $login) {{ {USER} }} }}"
    )
    data, errors = await answer(
        context, query, login=login, key=place.key, id=ids.encode("CustomerUser", place.key, login)
    )
    assert not errors
    assert data["one"] == _record(rights, rights.seen(login))
    assert data["node"] == data["named"]
    if rights.ids is not None:
        owner = rights.seen(login)
        its = owner is not None and rights.world.people[owner.place].key == place.key
        assert data["named"] == (_record(rights, owner) if its else None)


async def customers_are_the_oracles(rights: Rights, context: RequestContext, draw: random.Random) -> None:
    """Lists, look-ups and members of customers."""
    query = (
        "{ list: customers { nodes { customerId customerUsers { nodes { login } totalCount } } totalCount } "
        + " ".join(
            f'c{number}: customer(customerId: "{one}") {{ customerId }}'
            for number, one in enumerate(COMPANIES)
        )
        + "}"
    )
    data, errors = await answer(context, query)
    assert not errors
    rows = sorted((one for _, one in rights.customer_rows()), key=lambda one: (one.lower(), one))
    members = {one: rights.members(one) for one in rows}
    assert data["list"] == {
        "nodes": [
            {
                "customerId": one,
                "customerUsers": {
                    "nodes": [{"login": login} for login in members[one]],
                    "totalCount": len(members[one]),
                },
            }
            for one in rows
        ],
        "totalCount": len(rows),
    }
    for number, one in enumerate(COMPANIES):
        known = rights.customer(one)
        assert data[f"c{number}"] == (known and {"customerId": known})


async def surveys_are_the_oracles(rights: Rights, context: RequestContext, draw: random.Random) -> None:
    """Counts by value, groups and services with their members, and logins that are held twice."""
    query = (
        '{ counts: customerUserCounts(by: "customerId", filter: {validity: [VALID, INVALID, INVALID_TEMPORARILY]}) { nodes { value count } }'
        " groups { name customerUsers { totalCount edges { login node { login } } } customers { totalCount edges { customerId } }"
        " effectiveCustomerUsers(permission: RW) { totalCount edges { login } } }"
        " services { name customerUsers(first: 1) { totalCount edges { login } pageInfo { hasNextPage } } }"
        " duplicateLogins { edges { login } } }"
    )
    data, errors = await answer(context, query)
    if rights.caller.roles == ("customer",):
        assert data is None
        assert {code for _, code in errors} == {"FORBIDDEN"}
        return
    assert not errors
    everybody = rights.everybody()
    found = {node["value"]: node["count"] for node in data["counts"]["nodes"]}
    assert found == counts([rights.primary(one) for one in everybody])
    for number, group in enumerate(data["groups"], 1):
        users, customers = group["customerUsers"], group["customers"]
        assert [edge["login"] for edge in users["edges"]] == rights.granted(number)
        assert users["totalCount"] == len(rights.granted(number))
        assert [edge["customerId"] for edge in customers["edges"]] == rights.granted_customers(number)
        assert customers["totalCount"] == len(rights.granted_customers(number))
        held = group["effectiveCustomerUsers"]
        assert [edge["login"] for edge in held["edges"]] == rights.holders(number)
        assert held["totalCount"] == len(rights.holders(number))
    for number, service in enumerate(data["services"], 1):
        wanted = rights.assigned(number)
        users = service["customerUsers"]
        assert [edge["login"] for edge in users["edges"]] == wanted[:1]
        assert users["totalCount"] == len(wanted)
        assert users["pageInfo"]["hasNextPage"] is (len(wanted) > 1)
    twice = {edge["login"] for edge in data["duplicateLogins"]["edges"]}
    assert twice <= {one.login for one in everybody}


async def rights_name_no_other_customer(rights: Rights, context: RequestContext, draw: random.Random) -> None:
    """What people hold is the truth, but customers through whom they hold it are named within the rows alone."""
    query = (
        "{ customerUsers { nodes { login customer { customerId } effectivePermissions { group { name } grants { origin customerId"
        " customer { customerId } } } accessibleCustomers { customer { customerId } } } } }"
    )
    data, errors = await answer(context, query)
    assert not errors
    for node in data["customerUsers"]["nodes"]:
        (one,) = [each for each in rights.everybody() if each.login == node["login"]]
        held = {
            group
            for number, group in ((1, "one"), (2, "two"))
            if (number, one.login) in rights.world.on_logins
            or {(number, each) for each in rights.true_ids(one)} & rights.world.on_customers
        }
        assert {each["group"]["name"] for each in node["effectivePermissions"]} == held
        grants = [grant for each in node["effectivePermissions"] for grant in each["grants"]]
        named = {grant["customerId"] for grant in grants if grant["customerId"]}
        assert named <= set(rights.shown_ids(one))
        seen = {customer for _, customer in rights.customer_rows()}
        assert {grant["customer"]["customerId"] for grant in grants if grant["customer"]} <= seen
        assert {each["customer"]["customerId"] for each in node["accessibleCustomers"]} <= seen
        assert node["customer"] is None or node["customer"]["customerId"] in seen


QUESTIONS: Sequence[Callable[[Rights, RequestContext, random.Random], Awaitable[None]]] = (
    lists_are_the_oracles,
    lists_are_the_oracles,
    look_ups_are_the_oracles,
    customers_are_the_oracles,
    surveys_are_the_oracles,
    rights_name_no_other_customer,
)


@pytest.mark.parametrize("role", ROLES)
@lawful()
@given(seed=st.integers(0, 2**48))
async def test_s21_every_answer_is_what_the_oracle_shows_this_caller(role: str, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    world, caller = a_company(draw.getrandbits(32)), a_caller(role, draw)
    context = caller.context(world.services(CustomerPolicy(sees_colleagues=caller.colleagues)))
    await draw.choice(QUESTIONS)(Rights(world, caller), context, draw)


@lawful(0.02)
@given(seed=st.integers(0, 2**48))
async def test_s20_callers_of_one_warm_process_share_no_decision(seed: int) -> None:
    """Fifty callers ask the same services one after another what a cold process tells each of them."""
    draw = random.Random(seed)  # noqa: S311
    world = a_company(draw.getrandbits(32))
    query = f"{{ customerUsers {{ {PAGE} }} customers {{ nodes {{ customerId }} totalCount }} }}"
    warm = {one: world.services(CustomerPolicy(sees_colleagues=one)) for one in (False, True)}
    for _ in range(50):
        caller = a_caller(draw.choice(ROLES), draw)
        cold = world.services(CustomerPolicy(sees_colleagues=caller.colleagues))
        assert await answer(caller.context(warm[caller.colleagues]), query) == await answer(
            caller.context(cold), query
        )


def _record(rights: Rights, one: Found | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {name: value for name, value in shown(rights, one).items() if name not in ("city", "firstName")}


def _asked(rights: Rights, draw: random.Random) -> Asked:
    fields = ["customerId", *({"firstName", "city"} - rights.caller.hidden)]
    operators = (Operator.LIKE, Operator.EQUALS, Operator.GREATER_THAN, Operator.EMPTY)
    conditions = []
    if draw.random() < 0.4:
        operator = draw.choice(operators)
        values = (
            ()
            if operator is Operator.EMPTY
            else (draw.choice(("ACME", "N*", "*", "a*", "NORD", "Bern", "")),)
        )
        conditions.append(FieldCondition(draw.choice(sorted(fields)), values, operator))
    wanted = UserFilter(
        login=draw.choice((None, None, "a", "e*")),
        email=draw.choice((None, None, None, "ada@example.org")),
        customer_ids=draw.choice((None, None, ("NORD",), ("ACME", "acme", ""), ())),
        validity=draw.choice((None, frozenset({Validity.VALID}))),
        exclude_logins=draw.choice(((), ("bob",))),
        fields=tuple(conditions),
    )
    words = tuple(
        (draw.random() < 0.3, draw.choice(("a", "NORD", "acme", "Ann", "e*")))
        for _ in range(draw.choice((0, 0, 1, 2)))
    )
    terms = [
        name for name in ("login", "firstName", "city", "customerId") if name not in rights.caller.hidden
    ]
    order = tuple(
        OrderTerm(name, draw.random() < 0.5)
        for name in draw.sample(terms, draw.choice((0, 1, 2)) % len(terms))
    )
    return Asked(order, words, wanted)


def _variables(asked: Asked) -> Mapping[str, Any]:
    enums = {"login": "LOGIN", "firstName": "FIRST_NAME", "city": "CITY", "customerId": "CUSTOMER_ID"}
    wanted = asked.filter
    validity = sorted(one.name for one in wanted.validity or Validity)
    found: dict[str, Any] = {"validity": validity, "excludeLogins": list(wanted.exclude_logins)}
    if wanted.login is not None:
        found["login"] = wanted.login
    if wanted.email is not None:
        found["email"] = wanted.email
    if wanted.customer_ids is not None:
        found["customerIds"] = list(wanted.customer_ids)
    if wanted.fields:
        found["fields"] = [
            {"name": one.name, "values": list(one.values), "operator": one.operator.name}
            for one in wanted.fields
        ]
    order = [
        {"field": enums[one.field], "direction": "DESC" if one.descending else "ASC"} for one in asked.order
    ]
    return {"search": asked.search, "filter": found, "order": order}
