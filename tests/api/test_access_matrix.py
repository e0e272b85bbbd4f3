"""Every field and mutation of the schema with every role: a new one without an entry here fails (S13, S14)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
)

from backends.fields import HIDEABLE_CUSTOMER_FIELDS, HIDEABLE_USER_FIELDS
from resolvers.context import RequestContext
from resolvers.viewer import Viewer
from schema.access import required
from schema.build import build_schema
from schema.hiding import HIDEABLE
from schema.types import SURVEYED
from tests.api.limits_desk import Desk, a_customer, a_viewer, opened
from tests.builders import a_customer_mapping, a_customer_row, a_mapping, a_row
from tests.unit.counted import Relations, customers_in, directory_of, users_in

ALL = frozenset({"nobody", "customer", "reader", "editor", "admin"})
KNOWN = ALL - {"nobody"}
STAFF = KNOWN - {"customer"}
WRITERS = frozenset({"editor", "admin"})
ADMINS = frozenset({"admin"})

ROOTS = {
    "Query": {
        "viewer": KNOWN,
        **dict.fromkeys(("node", "nodes", "customerUser", "customerUsersByLogin", "customerUsers"), KNOWN),
        **dict.fromkeys(("customer", "customers"), KNOWN),
        **dict.fromkeys(("sources", "group", "groups", "service", "services", "defaultServices"), STAFF),
        **dict.fromkeys(("duplicateLogins", "customerUserCounts"), STAFF),
        "auditEntries": ADMINS,
    },
    "Subscription": {"customerUserChanged": KNOWN},
    "Mutation": {
        "customerLogin": ALL,
        **dict.fromkeys(("updateCustomerUser", "setCustomerUserPassword"), WRITERS | {"customer"}),
        **dict.fromkeys(("createCustomerUser", "upsertCustomerUser", "upsertCustomerUsers"), WRITERS),
        **dict.fromkeys(("createCustomer", "updateCustomer"), WRITERS),
        **dict.fromkeys(("setCustomerUserPreferences", "setTicketCustomerUser"), WRITERS),
        **dict.fromkeys(("setCustomerUserCustomers", "updateCustomerMembers"), ADMINS),
        **dict.fromkeys(("setCustomerUserGroups", "setGroupCustomerUsers"), ADMINS),
        **dict.fromkeys(("setCustomerGroups", "setGroupCustomers"), ADMINS),
        **dict.fromkeys(("setCustomerUserServices", "updateServiceCustomerUsers"), ADMINS),
        **dict.fromkeys(("createGroup", "updateGroup", "createService", "updateService"), ADMINS),
        "setDefaultServices": ADMINS,
    },
}
"""Who may ask for each root field."""

SHARED = {"createGroup", "updateGroup", "createService", "updateService", "setDefaultServices"}
"""Mutations of what all customers share: not for whoever is limited to some."""

SURVEYS = {
    ("Source", "health"),
    ("Group", "customerUsers"),
    ("Group", "customers"),
    ("Group", "effectiveCustomerUsers"),
    ("Service", "customerUsers"),
}
"""Fields below the root that customers may not ask for."""

FIELDS = {
    "CustomerUser": "id login title firstName lastName email phone fax mobile street zip city country comment validity"
    " customerId createdAt changedAt servedFrom customerIds additionalCustomerIds customer customers attributes"
    " shadowedSources groups accessibleCustomers preferences ticketDynamicFields assignedServices services"
    " effectivePermissions hasPermission source writable fullName label version",
    "Customer": "id customerId name street zip city country url comment validity sourceKey createdAt changedAt attributes"
    " groups effectivePermissions label writable version customerUsers",
    "Source": "id key name kind readOnly writable health position fields",
    "SourceHealth": "status latencyMs checkedAt message",
    "SourceReport": "status servedFrom elapsedMs message source",
    "FieldDefinition": "name variable label required type readOnly visible selection",
    "SelectionOption": "value label",
    "Attribute": "name variable label value values",
    "Preference": "key value",
    "DynamicFieldValue": "name value",
    "Group": "id name comment validity customerUsers customers effectiveCustomerUsers",
    "GroupGrant": "group permissions",
    "CustomerGroupGrant": "group context permissions",
    "EffectivePermission": "group permissions grants",
    "EffectiveGrant": "origin permissions context customerId customer",
    "AccessibleCustomer": "customer direct indirect",
    "Service": "id name comment validity parent isDefault customerUsers",
    "GroupCustomerUserConnection": "edges totalCount pageInfo",
    "GroupCustomerUserEdge": "cursor login permissions node",
    "GroupCustomerConnection": "edges totalCount pageInfo",
    "GroupCustomerEdge": "cursor customerId context permissions node",
    "ServiceCustomerUserConnection": "edges totalCount pageInfo",
    "ServiceCustomerUserEdge": "cursor login node",
    "CustomerUserConnection": "edges nodes pageInfo totalCount totalCountPrecision sources",
    "CustomerUserEdge": "cursor node membership",
    "CustomerConnection": "edges nodes totalCount pageInfo",
    "CustomerEdge": "cursor node",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "DuplicateLoginConnection": "edges totalCount pageInfo sources",
    "DuplicateLoginEdge": "cursor login sources",
    "AuditEntryConnection": "edges nodes pageInfo",
    "AuditEntryEdge": "cursor node",
    "AuditEntry": "at actor mutation target formerTarget logins sourceKey changedFields requestId",
    "CustomerUserChange": "kind login changedFields at customerUser",
    "CustomerUserCounts": "nodes precision sources",
    "CustomerUserCount": "value count",
    "Viewer": "name roles customerUser",
    "UserError": "field code message",
    "CustomerLoginPayload": "userErrors token expiresAt customerUser",
    "CustomerUserPayload": "userErrors customerUser",
    "CustomerPayload": "userErrors customer unchangedLogins",
    "GroupPayload": "userErrors group",
    "ServicePayload": "userErrors service",
    "DefaultServicesPayload": "userErrors services",
    "SetTicketCustomerUserPayload": "userErrors dynamicFields",
    "CreateCustomerUserPayload": "userErrors customerUser generatedPassword",
    "SetCustomerUserPasswordPayload": "userErrors customerUser generatedPassword",
    "UpsertCustomerUserPayload": "userErrors customerUser result",
    "UpsertCustomerUsersPayload": "userErrors rows written",
}
"""Every field below the root. Before you add one: does it tell of customers out of scope, or of a hidden field?"""

SCHEMA: GraphQLSchema = build_schema([a_mapping()], [a_customer_mapping()])._schema


def viewers() -> dict[str, Viewer]:
    """One caller of each role."""
    staff = {role: a_viewer(role) for role in ("reader", "editor", "admin")}
    return {"nobody": Viewer.anonymous(()), "customer": a_customer("ada"), **staff}


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with opened(Path(tmp_path_factory.mktemp("matrix"))) as found:
        yield found


def objects() -> Iterator[GraphQLObjectType]:
    for type_ in SCHEMA.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("_"):
            yield type_


def test_every_field_of_the_schema_is_in_the_matrix() -> None:
    known = {name: set(fields.split()) for name, fields in FIELDS.items()}
    known |= {name: set(fields) for name, fields in ROOTS.items()}
    assert {type_.name: set(type_.fields) for type_ in objects()} == known


def test_s13_fields_below_the_root_ask_for_what_the_matrix_says() -> None:
    for type_ in objects():
        for name, field in type_.fields.items():
            if type_.name not in ROOTS:
                wanted = "SURVEY" if (type_.name, name) in SURVEYS else "READ"
                assert [scope.name for scope in required(field) or ()] == [wanted], (type_.name, name)


@pytest.mark.parametrize("role", sorted(ALL))
@pytest.mark.parametrize("root", sorted(ROOTS))
async def test_s13_each_role_reaches_the_root_fields_of_the_matrix(desk: Desk, root: str, role: str) -> None:
    type_: Any = SCHEMA.type_map[root]
    for name, field in type_.fields.items():
        _, errors = await desk.answer(viewers()[role], document(root, name, field))
        refused = {code for _, code in errors} & {"FORBIDDEN", "UNAUTHENTICATED"}
        if name == "customerLogin":
            refused -= {"FORBIDDEN"}  # where signing in is off, it is for everybody
        may = role in ROOTS[root][name]
        assert refused == (set() if may else {"UNAUTHENTICATED" if role == "nobody" else "FORBIDDEN"}), name


async def test_a24_what_all_share_is_not_for_admins_of_some_customers(desk: Desk) -> None:
    type_: Any = SCHEMA.type_map["Mutation"]
    for name, field in type_.fields.items():
        viewer = a_viewer("admin", customer_ids=("ACME",))
        _, errors = await desk.answer(viewer, document("Mutation", name, field))
        assert ("FORBIDDEN" in {code for _, code in errors}) is (name in SHARED), name


async def test_s13_customers_are_refused_surveys_below_the_root_before_anything_runs(desk: Desk) -> None:
    for type_name, name in sorted(SURVEYS):
        type_: Any = SCHEMA.type_map[type_name]
        inner = f"fragment inner on {type_name} {{ {selected(name, type_.fields[name])} }}"
        query = f'query {{ node(id: "x") {{ ... on {type_name} {{ ...inner }} }} }} {inner}'
        assert await desk.answer(viewers()["customer"], query) == (None, [(None, "FORBIDDEN")])
        assert await desk.answer(viewers()["reader"], query) == ({"node": None}, [])


async def test_s13_ids_of_what_only_staff_looks_over_stand_for_nothing_to_a_customer(desk: Desk) -> None:
    reader, customer = viewers()["reader"], viewers()["customer"]
    data, _ = await desk.answer(reader, "{ groups { id } sources { id } }")
    known = [one["id"] for some in data.values() for one in some]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    found, errors = await desk.answer(reader, query, ids=known)
    assert {one["__typename"] for one in found["nodes"]} == SURVEYED - {"Service"}
    assert await desk.answer(customer, query, ids=known) == ({"nodes": [None] * len(known)}, errors)


def test_s13_exactly_fields_that_may_be_null_can_be_hidden() -> None:
    for name, configured in (("CustomerUser", HIDEABLE_USER_FIELDS), ("Customer", HIDEABLE_CUSTOMER_FIELDS)):
        type_: Any = SCHEMA.type_map[name]
        hideable = {one for one, field in type_.fields.items() if HIDEABLE in field.extensions}
        assert hideable == {
            one for one, field in type_.fields.items() if not isinstance(field.type, GraphQLNonNull)
        }
        assert configured & set(type_.fields) <= hideable


@pytest.mark.parametrize(
    ("type_name", "parent"),
    [("CustomerUser", 'customerUser(login: "ada")'), ("Customer", 'customer(customerId: "ACME")')],
)
async def test_s13_each_hidden_field_is_null_with_an_error_at_its_path(
    desk: Desk, type_name: str, parent: str
) -> None:
    type_: Any = SCHEMA.type_map[type_name]
    for name, field in type_.fields.items():
        query = f"{{ it: {parent} {{ {selected(name, field)} }} }}"
        viewer = a_viewer("reader", hidden_fields=frozenset({name}))
        data, errors = await desk.answer(viewer, query)
        if HIDEABLE in field.extensions:
            assert (data, errors) == ({"it": {name: None}}, [(["it", name], "FORBIDDEN")])
        else:
            assert errors == []


HIDDEN = [
    "title",
    "firstName",
    "lastName",
    "email",
    "customerId",
    "phone",
    "fax",
    "mobile",
    "street",
    "zip",
    "city",
    "country",
    "comment",
]


@pytest.mark.parametrize("name", [*HIDDEN, "changedAt"])
async def test_s13_a_hidden_field_is_not_asked_about(desk: Desk, name: str) -> None:
    viewer, all_ = a_viewer("reader", hidden_fields=frozenset({name})), a_viewer("reader")
    upper = "".join(f"_{sign}" if sign.isupper() else sign.upper() for sign in name)
    questions = [f"{{ customerUsers(orderBy: [{{field: {upper}}}]) {{ totalCount }} }}"]
    if name in HIDDEN:
        condition = f'{{fields: [{{name: "{name}", values: ["*"]}}]}}'
        questions += [
            f'{{ customerUserCounts(by: "{name}") {{ precision }} }}',
            f"{{ customerUsers(filter: {condition}) {{ totalCount }} }}",
            f'{{ customerUserCounts(by: "login", filter: {condition}) {{ precision }} }}',
            f'{{ customer(customerId: "ACME") {{ customerUsers(filter: {condition}) {{ totalCount }} }} }}',
        ]
    if name in ("city", "country"):
        condition = f'{{fields: [{{name: "{name}", values: ["*"]}}]}}'
        questions += [
            f"{{ customers(filter: {condition}) {{ totalCount }} }}",
            f"{{ customers(orderBy: [{{field: {upper}}}]) {{ totalCount }} }}",
        ]
    if name == "email":
        questions.append('{ customerUsers(filter: {email: "ada@acme.example"}) { totalCount } }')
    if name == "customerId":
        questions.append('{ customerUsers(filter: {customerIds: ["ACME"]}) { totalCount } }')
    for query in questions:
        assert {code for _, code in (await desk.answer(viewer, query))[1]} == {"FORBIDDEN"}, query
        assert (await desk.answer(all_, query))[1] == [], query


async def test_s13_hidden_fields_are_in_no_label_name_search_or_attribute(desk: Desk) -> None:
    query = (
        '{ customerUser(login: "ada") { label fullName attributes { name } }'
        ' found: customerUsers(search: "lovelace") { totalCount } login: customerUsers(search: "ada") { totalCount } }'
    )
    data, errors = await desk.answer(
        a_viewer("reader", hidden_fields=frozenset({"lastName", "email"})), query
    )
    assert errors == []
    assert data == {
        "customerUser": {"label": "Ada", "fullName": "Ada", "attributes": []},
        "found": {"totalCount": 0},
        "login": {"totalCount": 1},
    }


async def test_s13_who_sees_some_customers_learns_nothing_of_the_others_by_lists_of_them(desk: Desk) -> None:
    viewer = a_viewer("reader", customer_ids=("ACME",))
    query = '{ customerUser(login: "max") { customerId customerIds customer { name } customers { customerId } label } }'
    assert await desk.answer(viewer, query) == (
        {
            "customerUser": {
                "customerId": None,
                "customerIds": ["ACME"],
                "customer": None,
                "customers": [{"customerId": "ACME"}],
                "label": '"Max L" <max@nord.example>',
            }
        },
        [],
    )


async def test_a4_a_cursor_of_one_scope_is_none_in_another(desk: Desk) -> None:
    lists = (
        "customerUsers(first: 1{}) {{ pageInfo {{ endCursor }} }}",
        "customers(first: 1{}) {{ pageInfo {{ endCursor }} }}",
    )
    scopes = [
        a_viewer("reader"),
        a_viewer("reader", customer_ids=("ACME",)),
        a_viewer("reader", customer_ids=("NORD",)),
    ]
    scopes += [a_customer("ada"), a_customer("grace")]
    for one in lists:
        ends = []
        for viewer in scopes:
            data, _ = await desk.answer(viewer, "{ it: " + one.format("") + " }")
            ends.append(data["it"]["pageInfo"]["endCursor"])
        for place, viewer in enumerate(scopes):
            for other, end in enumerate(ends):
                _, errors = await desk.answer(viewer, "{ it: " + one.format(f', after: "{end}"') + " }")
                assert errors == ([] if place == other else [(["it"], "CURSOR_INVALID")])


async def test_r21_an_unlimited_caller_pays_nothing_and_a_limited_one_a_question(desk: Desk) -> None:

    relations = Relations({"ada": ["ACME"]})
    services = replace(
        desk.stack.services,
        users=directory_of(users_in([a_row("ada")])),
        customers=directory_of(customers_in([a_customer_row("ACME")])),
        registry=relations,
    )
    query = "{ customerUsers { nodes { login } totalCount } customers { nodes { name } totalCount } }"
    for viewer, asked in (
        (a_viewer("admin"), []),
        (a_viewer("reader", customer_ids=("ACME",)), ["logins_of"]),
    ):
        relations.asked.clear()
        result = await desk.schema.execute(query, context_value=RequestContext(services, viewer))
        assert not result.errors
        assert relations.asked == asked


def document(root: str, name: str, field: GraphQLField) -> str:
    """The least that can be asked of a root field."""
    return f"{root.lower()} {{ {selected(name, field)} }}"


def selected(name: str, field: GraphQLField) -> str:
    """The field with what it must be given, and the least that can be selected of it."""
    given = [f"{key}: {dummy(one.type)}" for key, one in field.args.items() if needed(one)]
    inner = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    return f"{name}{'(' + ', '.join(given) + ')' if given else ''}{inner}"


def needed(argument: Any) -> bool:
    return isinstance(argument.type, GraphQLNonNull) and not argument.default_value


def dummy(type_: Any) -> str:
    """A value that fits, and means nobody."""
    if isinstance(type_, GraphQLNonNull):
        return dummy(type_.of_type)
    if isinstance(type_, GraphQLList):
        return "[]"
    if isinstance(type_, GraphQLInputObjectType):
        some = [f"{key}: {dummy(one.type)}" for key, one in type_.fields.items() if needed(one)]
        return "{" + ", ".join(some) + "}"
    if isinstance(type_, GraphQLEnumType):
        return str(next(iter(type_.values)))
    return {"Int": "1", "Boolean": "true"}.get(type_.name, '"login"')
