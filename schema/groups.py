"""Groups, permissions and services, and the connections that start in the registry."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import UNSET

from backends import records
from resolvers import effective, groups, holders, keyed, services
from resolvers.permissions import Origin as PermissionOrigin
from resolvers.permissions import PermissionContext
from schema.connections import PageInfo
from schema.enums import Validity
from schema.fields import Asked, computed, relation, surveyed
from schema.node import Node

if TYPE_CHECKING:
    from schema.types import Customer, CustomerUser

UserNode = Annotated["CustomerUser", strawberry.lazy("schema.types")]
CustomerNode = Annotated["Customer", strawberry.lazy("schema.types")]

strawberry.enum(PermissionOrigin, name="PermissionOrigin")
strawberry.enum(PermissionContext)


@strawberry.enum
class PermissionKey(enum.Enum):
    """The shipped keys; `build_schema` puts the configured ones in their place."""

    RO = "ro"
    RW = "rw"


@strawberry.type
class Group(Node):
    name: str
    comment: str | None
    validity: Validity

    @surveyed
    @staticmethod
    def customer_users(
        first: int | None = 100, after: str | None = UNSET
    ) -> GroupCustomerUserConnection | None:
        return Asked(groups.users_with_grants, (first, after or None))  # type: ignore[return-value]

    @surveyed
    @staticmethod
    def customers(first: int | None = 100, after: str | None = UNSET) -> GroupCustomerConnection | None:
        return Asked(groups.customers_with_grants, (first, after or None))  # type: ignore[return-value]

    @surveyed
    @staticmethod
    def effective_customer_users(
        permission: PermissionKey,
        context: PermissionContext = PermissionContext.SAME_CUSTOMER,
        first: int | None = 100,
        after: str | None = UNSET,
    ) -> GroupCustomerUserConnection | None:
        return Asked(holders.holders_of, (permission.value, context, first, after or None))  # type: ignore[return-value]

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, records.Group)


@strawberry.type
class GroupGrant:
    group: Group
    permissions: list[PermissionKey]


@strawberry.type
class CustomerGroupGrant:
    group: Group
    context: PermissionContext
    permissions: list[PermissionKey]


@strawberry.type
class EffectiveGrant:
    origin: PermissionOrigin
    permissions: list[PermissionKey]
    context: PermissionContext | None
    customer_id: str | None
    customer: CustomerNode | None = relation(effective.customers_of_grants)


@strawberry.type
class EffectivePermission:
    group: Group
    permissions: list[PermissionKey]
    grants: list[EffectiveGrant]


@strawberry.type
class AccessibleCustomer:
    customer: CustomerNode
    direct: bool
    indirect: bool


@strawberry.type
class GroupCustomerUserEdge:
    cursor: str
    login: str
    permissions: list[PermissionKey]
    node: UserNode | None = relation(holders.users_of_edges)


@strawberry.type
class GroupCustomerUserConnection:
    edges: list[GroupCustomerUserEdge]
    total_count: int = relation(holders.count_users)

    @computed
    @staticmethod
    def page_info(root: Any) -> PageInfo:
        return root  # type: ignore[no-any-return]


@strawberry.type
class GroupCustomerEdge:
    cursor: str
    customer_id: str
    context: PermissionContext
    permissions: list[PermissionKey]
    node: CustomerNode | None = relation(keyed.customers_behind)


@strawberry.type
class GroupCustomerConnection:
    edges: list[GroupCustomerEdge]
    total_count: int = relation(groups.count_customers)

    @computed
    @staticmethod
    def page_info(root: Any) -> PageInfo:
        return root  # type: ignore[no-any-return]


@strawberry.type
class Service(Node):
    name: str
    comment: str | None
    validity: Validity
    parent: Service | None = relation(services.parents_of)
    is_default: bool = relation(services.are_defaults)

    @surveyed
    @staticmethod
    def customer_users(
        first: int | None = 100, after: str | None = UNSET
    ) -> ServiceCustomerUserConnection | None:
        return Asked(services.users_of, (first, after or None))  # type: ignore[return-value]

    @classmethod
    def is_type_of(cls, value: object, info: object) -> bool:
        return isinstance(value, records.Service)


@strawberry.type
class ServiceCustomerUserEdge:
    cursor: str
    login: str
    node: UserNode | None = relation(keyed.users_behind)


@strawberry.type
class ServiceCustomerUserConnection:
    edges: list[ServiceCustomerUserEdge]
    total_count: int = relation(services.count_users)

    @computed
    @staticmethod
    def page_info(root: Any) -> PageInfo:
        return root  # type: ignore[no-any-return]
