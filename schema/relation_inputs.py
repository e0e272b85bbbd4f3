"""Inputs of the mutations that set relations, groups, services and preferences."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from resolvers.permissions import PermissionContext
from resolvers.writing.permissions import Wish
from resolvers.writing.services import Names
from schema.enums import Validity
from schema.groups import PermissionKey
from schema.inputs import bounded


@strawberry.input
class GroupGrantInput:
    group: str
    permissions: list[PermissionKey]

    def wish(self) -> Wish:
        return Wish(self.group, _keys(self.permissions))


@strawberry.input
class CustomerUserGrantInput:
    login: str
    permissions: list[PermissionKey]

    def wish(self) -> Wish:
        return Wish(self.login, _keys(self.permissions))


@strawberry.input
class CustomerGrantInput:
    customer_id: str
    permissions: list[PermissionKey]
    context: PermissionContext = PermissionContext.SAME_CUSTOMER

    def wish(self) -> Wish:
        return Wish(self.customer_id, _keys(self.permissions), self.context)


@strawberry.input
class CustomerGroupGrantInput:
    group: str
    permissions: list[PermissionKey]
    context: PermissionContext = PermissionContext.SAME_CUSTOMER

    def wish(self) -> Wish:
        return Wish(self.group, _keys(self.permissions), self.context)


@strawberry.input
class SetCustomerUserGroupsInput:
    login: str
    grants: list[GroupGrantInput]


@strawberry.input
class SetGroupCustomerUsersInput:
    group: str
    grants: list[CustomerUserGrantInput]


@strawberry.input
class SetCustomerGroupsInput:
    customer_id: str
    grants: list[CustomerGroupGrantInput]


@strawberry.input
class SetGroupCustomersInput:
    group: str
    grants: list[CustomerGrantInput]


@strawberry.input
class SetCustomerUserCustomersInput:
    login: str
    customer_ids: list[str]


@strawberry.input
class UpdateCustomerMembersInput:
    customer_id: str
    add: list[str] | None = UNSET
    remove: list[str] | None = UNSET


@strawberry.input
class SetCustomerUserServicesInput:
    login: str
    services: list[str]


@strawberry.input
class UpdateServiceCustomerUsersInput:
    service: str
    add: list[str] | None = UNSET
    remove: list[str] | None = UNSET


@strawberry.input
class SetDefaultServicesInput:
    services: list[str]


@strawberry.input
class CreateGroupInput:
    name: str
    comment: str | None = UNSET
    validity: Validity = Validity.VALID


@strawberry.input
class UpdateGroupInput:
    name: str
    new_name: str | None = UNSET
    comment: str | None = UNSET
    validity: Validity | None = UNSET


@strawberry.input
class CreateServiceInput:
    name: str
    comment: str | None = UNSET
    validity: Validity = Validity.VALID


@strawberry.input
class UpdateServiceInput:
    name: str
    new_name: str | None = UNSET
    comment: str | None = UNSET
    validity: Validity | None = UNSET


@strawberry.input
class PreferenceInput:
    key: str
    value: str | None = UNSET


@strawberry.input
class SetCustomerUserPreferencesInput:
    login: str
    preferences: list[PreferenceInput]


def created(given: CreateGroupInput | CreateServiceInput) -> Names:
    """What a new group or service is to be called."""
    return Names(given.name, given.comment or "", given.validity)


def updated(given: UpdateGroupInput | UpdateServiceInput) -> Names:
    """What changes of a group or service: left out stays, null or "" empties."""
    return Names(
        None if given.new_name is UNSET else given.new_name or "",
        None if given.comment is UNSET else given.comment or "",
        given.validity or None,
        no_validity=given.validity is None,
    )


def entries(given: list[str] | None, where: str) -> tuple[str, ...]:
    """An optional list of keys; left out is empty."""
    return bounded(given, where) if isinstance(given, list) else ()


def _keys(permissions: list[PermissionKey]) -> tuple[str, ...]:
    return tuple(one.value for one in permissions)
