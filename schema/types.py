"""The object types. Fields without a resolver are read off the records of `backends.model`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from backends import labels, model
from backends.errors import GatewayError
from backends.source import Health
from backends.source import Source as SourceRecord
from resolvers import customer_users, customers, effective, groups, preferences, services, sources, tickets
from resolvers.context import RequestContext
from resolvers.decisions import on_fresh_records
from resolvers.permissions import PermissionContext
from schema import ids
from schema.connections import CustomerUserConnection
from schema.enums import FieldType, Membership, ServedFrom, SourceKind, SourceStatus, Validity
from schema.fields import Info, load, relation
from schema.groups import (
    AccessibleCustomer,
    CustomerGroupGrant,
    EffectivePermission,
    GroupGrant,
    PermissionKey,
    Service,
)
from schema.inputs import CustomerUserFilter
from schema.node import Node

EFFECTIVE = on_fresh_records(effective.effective_of_users)
HELD = on_fresh_records(effective.permissions_of_users)


@strawberry.type
class SelectionOption:
    value: str
    label: str


@strawberry.type
class FieldDefinition:
    name: str
    variable: str
    label: str
    required: bool
    type: FieldType
    read_only: bool
    visible: bool

    @strawberry.field
    @staticmethod
    def selection(root: strawberry.Parent[Any]) -> list[SelectionOption] | None:
        options = sources.selection_of(root)
        return (
            None if options is None else [SelectionOption(value=value, label=text) for value, text in options]
        )


@strawberry.type
class SourceHealth:
    status: SourceStatus
    latency_ms: float | None
    checked_at: datetime | None
    message: str | None

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, Health)


@strawberry.type
class Source(Node):
    key: str
    name: str
    kind: SourceKind
    read_only: bool
    writable: bool
    health: SourceHealth = relation(sources.health_of)

    @strawberry.field
    @staticmethod
    def position(root: strawberry.Parent[Any]) -> int:
        return int(root.place) + 1

    @strawberry.field
    @staticmethod
    def fields(root: strawberry.Parent[Any]) -> list[FieldDefinition]:
        return list(root.mapping.fields)

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, SourceRecord)


@strawberry.type
class Attribute:
    name: str
    variable: str
    label: str
    value: str | None
    values: list[str]


@strawberry.type
class Preference:
    key: str
    value: str | None


@strawberry.type
class DynamicFieldValue:
    name: str
    value: str | None


@strawberry.type
class CustomerUser(Node):
    login: str
    title: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    fax: str | None
    mobile: str | None
    street: str | None
    zip: str | None
    city: str | None
    country: str | None
    comment: str | None
    validity: Validity
    customer_id: str | None
    created_at: datetime | None
    changed_at: datetime | None
    served_from: ServedFrom
    customer_ids: list[str] | None = relation(customer_users.customer_ids_of)
    additional_customer_ids: list[str] | None = relation(customer_users.additional_customer_ids_of)
    customer: Customer | None = relation(customer_users.customer_of)
    customers: list[Customer] | None = relation(customer_users.customers_of)
    attributes: list[Attribute] | None = relation(customer_users.attributes_of)
    shadowed_sources: list[Source] | None = relation(customer_users.shadowed_sources_of)
    groups: list[GroupGrant] | None = relation(groups.grants_of_users)
    accessible_customers: list[AccessibleCustomer] | None = relation(
        on_fresh_records(effective.accessible_customers_of)
    )
    preferences: list[Preference] | None = relation(preferences.preferences_of)
    ticket_dynamic_fields: list[DynamicFieldValue] | None = relation(tickets.ticket_fields_of)
    assigned_services: list[Service] | None = relation(services.assigned_to)
    services: list[Service] | None = relation(services.in_effect_of)

    @strawberry.field
    @staticmethod
    async def effective_permissions(
        root: strawberry.Parent[Any],
        info: Info,
        context: PermissionContext = PermissionContext.SAME_CUSTOMER,
    ) -> list[EffectivePermission] | None:
        return await load(info.context, EFFECTIVE, root, context)  # type: ignore[no-any-return]

    @strawberry.field
    @staticmethod
    async def has_permission(
        root: strawberry.Parent[Any],
        info: Info,
        group: str,
        permission: PermissionKey,
        context: PermissionContext | None = UNSET,
    ) -> bool | None:
        whose = context or PermissionContext.SAME_CUSTOMER
        held = await load(info.context, HELD, root, whose)
        return permission.value in held.get(group, ())

    @strawberry.field
    @staticmethod
    def source(root: strawberry.Parent[Any], info: Info) -> Source:
        return customer_users.find_source(info.context, root)  # type: ignore[return-value]

    @strawberry.field
    @staticmethod
    def writable(root: strawberry.Parent[Any], info: Info) -> bool:
        return customer_users.find_source(info.context, root).writable

    @strawberry.field
    @staticmethod
    def full_name(root: strawberry.Parent[Any], info: Info) -> str:
        mapping = info.context.users.mapping(root.source_key)
        if mapping.dynamic_labels:
            return load(info.context, customer_users.full_names_of, root)  # type: ignore[return-value]
        return labels.full_name(mapping, root)

    @strawberry.field
    @staticmethod
    def label(root: strawberry.Parent[Any], info: Info) -> str:
        mapping = info.context.users.mapping(root.source_key)
        if mapping.dynamic_labels:
            return load(info.context, customer_users.labels_of, root)  # type: ignore[return-value]
        return labels.label(mapping, root)

    @strawberry.field
    @staticmethod
    def version(root: strawberry.Parent[Any], info: Info) -> str:
        return info.context.services.seal.version(root.stored)

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, model.CustomerUser)


@strawberry.type
class Customer(Node):
    customer_id: str
    name: str
    street: str | None
    zip: str | None
    city: str | None
    country: str | None
    url: str | None
    comment: str | None
    validity: Validity
    source_key: str
    created_at: datetime | None
    changed_at: datetime | None
    attributes: list[Attribute] | None = relation(customers.attributes_of)
    groups: list[CustomerGroupGrant] | None = relation(groups.grants_of_customers)

    @strawberry.field
    @staticmethod
    async def effective_permissions(
        root: strawberry.Parent[Any],
        info: Info,
        context: PermissionContext = PermissionContext.SAME_CUSTOMER,
    ) -> list[EffectivePermission] | None:
        return await load(info.context, effective.effective_of_customers, root, context)  # type: ignore[no-any-return]

    @strawberry.field
    @staticmethod
    def label(root: strawberry.Parent[Any], info: Info) -> str:
        return labels.label(info.context.customers.mapping(root.source_key), root)

    @strawberry.field
    @staticmethod
    def writable(root: strawberry.Parent[Any], info: Info) -> bool:
        return info.context.customers.source(root.source_key).writable

    @strawberry.field
    @staticmethod
    def version(root: strawberry.Parent[Any], info: Info) -> str:
        return info.context.services.seal.version(root.stored)

    @strawberry.field
    @staticmethod
    async def customer_users(
        root: strawberry.Parent[Any],
        info: Info,
        filter: CustomerUserFilter | None = UNSET,
        membership: list[Membership] | None = UNSET,
        first: int | None = 100,
        after: str | None = UNSET,
    ) -> CustomerUserConnection | None:
        kinds = frozenset(membership) if isinstance(membership, list) else None
        asked = (filter or CustomerUserFilter()).asked()
        return await load(info.context, customer_users.of_customers, root, asked, kinds, first, after or None)  # type: ignore[no-any-return]

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, model.Customer)


@strawberry.type
class Viewer:
    name: str
    roles: list[str]

    @strawberry.field
    @staticmethod
    def customer_user(root: strawberry.Parent[Any]) -> CustomerUser | None:
        return None


async def node(context: RequestContext, id_: str) -> object | None:
    """The record that an id of ours stands for, from the source it names; None for any other text."""
    found = ids.decode(id_)
    if found is None:
        return None
    if found.type == "Source":
        return next((source for source in context.users.sources if source.key == found.source_key), None)
    if found.type == "CustomerUser" and found.source_key in {one.key for one in context.users.sources}:
        return await customer_users.by_login(context, found.key, found.source_key)
    if found.type == "Group":
        return await groups.by_name(context, found.key)
    if found.type == "Service":
        return await services.by_name(context, found.key)
    if found.type == "Customer" and found.source_key in {one.key for one in context.customers.sources}:
        return await customers.by_id(context, found.key, found.source_key)
    return None


async def node_or_error(context: RequestContext, id_: str) -> Any:
    """The same for one of several ids: its error stands in its place."""
    try:
        return await node(context, id_)
    except GatewayError as error:
        return error
