"""The object types. Fields without a resolver are read off the records of `backends.model`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from backends import labels, model
from backends.errors import GatewayError
from backends.mapping import RecordMapping
from backends.source import Health
from backends.source import Source as SourceRecord
from resolvers import customer_users, customers, effective, groups, preferences, services, sources, tickets
from resolvers.context import Batch, RequestContext
from resolvers.decisions import on_fresh_records
from resolvers.permissions import PermissionContext
from resolvers.viewer import Scope
from schema import ids
from schema.connections import CustomerUserConnection
from schema.enums import FieldType, Membership, ServedFrom, SourceKind, SourceStatus, Validity
from schema.fields import Asked, Each, computed, reading, related, relation
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
HELD = on_fresh_records(effective.held_by_users)
"""The same without the reasons."""
PERMISSIONS = on_fresh_records(effective.permissions_of_users)
REASONS = frozenset({"grants"})

LOGIN, CUSTOMER_ID = frozenset({"login"}), frozenset({"customer_id"})
ADDITIONAL = frozenset({"login", "source_key"})
CUSTOMER = frozenset({"customer_id", "source_key"})
IDS = frozenset({"login", "customer_id", "listed_customer_ids", "source_key", "served_from", "withheld"})
"""What says to which customers somebody belongs, and how well that is known."""


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

    @computed
    @staticmethod
    def selection(root: Any) -> list[SelectionOption] | None:
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
    health: SourceHealth = relation(sources.health_of, requires=Scope.SURVEY)

    @computed
    @staticmethod
    def position(root: Any) -> int:
        return int(root.place) + 1

    @computed
    @staticmethod
    def fields(root: Any) -> list[FieldDefinition]:
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
    customer_ids: list[str] | None = relation(customer_users.customer_ids_of, reads=IDS)
    additional_customer_ids: list[str] | None = relation(customer_users.additional_customer_ids_of, reads=IDS)
    customer: Customer | None = relation(customer_users.customer_of, reads=CUSTOMER, narrows=True)
    customers: list[Customer] | None = relation(customer_users.customers_of, reads=IDS)
    attributes: list[Attribute] | None = relation(customer_users.attributes_of)
    shadowed_sources: list[Source] | None = relation(customer_users.shadowed_sources_of)
    groups: list[GroupGrant] | None = relation(groups.grants_of_users, reads=LOGIN)
    accessible_customers: list[AccessibleCustomer] | None = relation(
        on_fresh_records(effective.accessible_customers_of), reads=IDS
    )
    preferences: list[Preference] | None = relation(preferences.preferences_of, reads=LOGIN)
    ticket_dynamic_fields: list[DynamicFieldValue] | None = relation(tickets.ticket_fields_of)
    assigned_services: list[Service] | None = relation(services.assigned_to, reads=LOGIN)
    services: list[Service] | None = relation(services.in_effect_of, reads=LOGIN)

    @reading(IDS)
    @staticmethod
    def effective_permissions(
        context: PermissionContext = PermissionContext.SAME_CUSTOMER,
    ) -> list[EffectivePermission] | None:
        return Asked(EFFECTIVE, (context,), brief=HELD, rest=REASONS)  # type: ignore[return-value]

    @reading(IDS)
    @staticmethod
    def has_permission(
        group: str,
        permission: PermissionKey,
        context: PermissionContext | None = UNSET,
    ) -> bool | None:
        whose, key = context or PermissionContext.SAME_CUSTOMER, permission.value
        return Asked(PERMISSIONS, (whose,), lambda held: key in held.get(group, ()))  # type: ignore[return-value]

    @computed
    @staticmethod
    def source(root: Any, request: RequestContext) -> Source:
        return customer_users.find_source(request, root)  # type: ignore[return-value]

    @computed
    @staticmethod
    def writable(root: Any, request: RequestContext) -> bool:
        return customer_users.find_source(request, root).writable

    @related
    @staticmethod
    def full_name(request: RequestContext) -> str:
        return _text(request, labels.full_name, customer_users.full_names_of)  # type: ignore[return-value]

    @related
    @staticmethod
    def label(request: RequestContext) -> str:
        return _text(request, labels.label, customer_users.labels_of)  # type: ignore[return-value]

    @computed
    @staticmethod
    def version(root: Any, request: RequestContext) -> str:
        return request.services.seal.version(root.stored)

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
    groups: list[CustomerGroupGrant] | None = relation(groups.grants_of_customers, reads=CUSTOMER_ID)

    @reading(CUSTOMER_ID)
    @staticmethod
    def effective_permissions(
        context: PermissionContext = PermissionContext.SAME_CUSTOMER,
    ) -> list[EffectivePermission] | None:
        return Asked(  # type: ignore[return-value]
            effective.effective_of_customers, (context,), brief=effective.held_by_customers, rest=REASONS
        )

    @computed
    @staticmethod
    def label(root: Any, request: RequestContext) -> str:
        return labels.label(request.customers.mapping(root.source_key), root)

    @computed
    @staticmethod
    def writable(root: Any, request: RequestContext) -> bool:
        return request.customers.source(root.source_key).writable

    @computed
    @staticmethod
    def version(root: Any, request: RequestContext) -> str:
        return request.services.seal.version(root.stored)

    @reading(CUSTOMER_ID)
    @staticmethod
    def customer_users(
        filter: CustomerUserFilter | None = UNSET,
        membership: list[Membership] | None = UNSET,
        first: int | None = 100,
        after: str | None = UNSET,
    ) -> CustomerUserConnection | None:
        kinds = frozenset(membership) if isinstance(membership, list) else None
        asked = (filter or CustomerUserFilter()).asked()
        return Asked(customer_users.of_customers, (asked, kinds, first, after or None))  # type: ignore[return-value]

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, model.Customer)


@strawberry.type
class Viewer:
    name: str
    roles: list[str]
    customer_user: CustomerUser | None = relation(customer_users.behind)


SURVEYED = frozenset({"Source", "Group", "Service"})
"""Types whose records are looked up by those alone who may look over everything."""


def _text(
    request: RequestContext, text: Callable[[RecordMapping, Any], str], with_dynamic_fields: Batch
) -> Asked | Each:
    """A text that is made of the record, and of dynamic fields where the mapping of some source wants them."""
    if any(source.mapping.dynamic_labels for source in request.users.sources):
        return Asked(with_dynamic_fields)
    mapping = request.users.mapping
    return Each(lambda user: text(mapping(user.source_key), user))


async def node(context: RequestContext, id_: str) -> object | None:
    """The record that an id of ours stands for, from the source it names; None for any other text."""
    found = ids.decode(id_)
    if found is None or (found.type in SURVEYED and Scope.SURVEY not in context.viewer.scopes):
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
