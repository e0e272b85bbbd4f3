"""The root of all writing."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from resolvers.viewer import Scope
from resolvers.writing import groups, permissions, preferences, relations, services, tickets
from schema import relation_inputs as given
from schema.fields import Info, root
from schema.inputs import listed
from schema.login import CustomerLoginInput, CustomerLoginPayload, signed_in
from schema.payloads import (
    CustomerPayload,
    CustomerUserPayload,
    DefaultServicesPayload,
    GroupPayload,
    ServicePayload,
    payload,
)
from schema.tickets import SetTicketCustomerUserInput, SetTicketCustomerUserPayload


@strawberry.type
class Mutation:
    @root(requires=None)
    @staticmethod
    async def customer_login(info: Info, input: CustomerLoginInput) -> CustomerLoginPayload | None:
        return await signed_in(info, input)

    @root(Scope.WRITE)
    @staticmethod
    async def set_customer_user_preferences(
        info: Info, input: given.SetCustomerUserPreferencesInput
    ) -> CustomerUserPayload | None:
        values = [
            (one.key, None if one.value is UNSET else one.value)
            for one in listed(input.preferences, "preferences")
        ]
        writing = preferences.set_customer_user_preferences(info.context, input.login, values)
        return await payload(info.context, CustomerUserPayload, "customer_user", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def set_customer_user_customers(
        info: Info, input: given.SetCustomerUserCustomersInput
    ) -> CustomerUserPayload | None:
        ids = given.entries(input.customer_ids, "customerIds")
        writing = relations.set_customer_user_customers(info.context, input.login, ids)
        return await payload(info.context, CustomerUserPayload, "customer_user", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def update_customer_members(
        info: Info, input: given.UpdateCustomerMembersInput
    ) -> CustomerPayload | None:
        add, remove = given.entries(input.add, "add"), given.entries(input.remove, "remove")
        writing = relations.update_customer_members(info.context, input.customer_id, add, remove)
        return await payload(info.context, CustomerPayload, "customer", writing)

    @root(Scope.GRANT, everybody=True)
    @staticmethod
    async def create_group(info: Info, input: given.CreateGroupInput) -> GroupPayload | None:
        return await payload(
            info.context, GroupPayload, "group", groups.create_group(info.context, given.created(input))
        )

    @root(Scope.GRANT, everybody=True)
    @staticmethod
    async def update_group(info: Info, input: given.UpdateGroupInput) -> GroupPayload | None:
        writing = groups.update_group(info.context, input.name, given.updated(input))
        return await payload(info.context, GroupPayload, "group", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def set_customer_user_groups(
        info: Info, input: given.SetCustomerUserGroupsInput
    ) -> CustomerUserPayload | None:
        wishes = [one.wish() for one in listed(input.grants, "grants")]
        writing = permissions.set_customer_user_groups(info.context, input.login, wishes)
        return await payload(info.context, CustomerUserPayload, "customer_user", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def set_group_customer_users(
        info: Info, input: given.SetGroupCustomerUsersInput
    ) -> GroupPayload | None:
        wishes = [one.wish() for one in listed(input.grants, "grants")]
        writing = permissions.set_group_customer_users(info.context, input.group, wishes)
        return await payload(info.context, GroupPayload, "group", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def set_customer_groups(info: Info, input: given.SetCustomerGroupsInput) -> CustomerPayload | None:
        wishes = [one.wish() for one in listed(input.grants, "grants")]
        writing = permissions.set_customer_groups(info.context, input.customer_id, wishes)
        return await payload(info.context, CustomerPayload, "customer", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def set_group_customers(info: Info, input: given.SetGroupCustomersInput) -> GroupPayload | None:
        wishes = [one.wish() for one in listed(input.grants, "grants")]
        writing = permissions.set_group_customers(info.context, input.group, wishes)
        return await payload(info.context, GroupPayload, "group", writing)

    @root(Scope.GRANT, everybody=True)
    @staticmethod
    async def create_service(info: Info, input: given.CreateServiceInput) -> ServicePayload | None:
        writing = services.create_service(info.context, given.created(input))
        return await payload(info.context, ServicePayload, "service", writing)

    @root(Scope.GRANT, everybody=True)
    @staticmethod
    async def update_service(info: Info, input: given.UpdateServiceInput) -> ServicePayload | None:
        writing = services.update_service(info.context, input.name, given.updated(input))
        return await payload(info.context, ServicePayload, "service", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def set_customer_user_services(
        info: Info, input: given.SetCustomerUserServicesInput
    ) -> CustomerUserPayload | None:
        names = given.entries(input.services, "services")
        writing = services.set_customer_user_services(info.context, input.login, names)
        return await payload(info.context, CustomerUserPayload, "customer_user", writing)

    @root(Scope.GRANT)
    @staticmethod
    async def update_service_customer_users(
        info: Info, input: given.UpdateServiceCustomerUsersInput
    ) -> ServicePayload | None:
        add, remove = given.entries(input.add, "add"), given.entries(input.remove, "remove")
        writing = services.update_service_customer_users(info.context, input.service, add, remove)
        return await payload(info.context, ServicePayload, "service", writing)

    @root(Scope.GRANT, everybody=True)
    @staticmethod
    async def set_default_services(
        info: Info, input: given.SetDefaultServicesInput
    ) -> DefaultServicesPayload | None:
        names = given.entries(input.services, "services")
        writing = services.set_default_services(info.context, names)
        return await payload(info.context, DefaultServicesPayload, "services", writing)

    @root(Scope.WRITE)
    @staticmethod
    async def set_ticket_customer_user(
        info: Info, input: SetTicketCustomerUserInput
    ) -> SetTicketCustomerUserPayload | None:
        login = None if input.login is UNSET else input.login
        customer_id = None if input.customer_id is UNSET else input.customer_id
        writing = tickets.set_customer_user(info.context, str(input.ticket_id), login, customer_id)
        return await payload(info.context, SetTicketCustomerUserPayload, "dynamic_fields", writing)
