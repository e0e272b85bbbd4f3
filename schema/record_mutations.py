"""The mutations whose inputs a configuration extends: made anew for each schema."""

# Annotations are evaluated here: they name types that exist inside a function only.

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from resolvers.context import RequestContext
from resolvers.viewer import Scope
from resolvers.writing import customer_users, customers, passwords
from resolvers.writing.customer_users import Created
from resolvers.writing.customers import ChangedCustomer
from resolvers.writing.findings import Refused
from resolvers.writing.passwords import PasswordSet
from schema.fields import Info, root
from schema.mutation import Mutation
from schema.payloads import CustomerPayload, CustomerUserPayload, UserError, payload
from schema.record_inputs import RecordInputs
from schema.types import CustomerUser
from schema.upserts import upsert_resolvers

P = TypeVar("P")
W = TypeVar("W")


@strawberry.type
class CreateCustomerUserPayload:
    user_errors: list[UserError]
    customer_user: CustomerUser | None = None
    generated_password: str | None = None


@strawberry.type
class SetCustomerUserPasswordPayload:
    user_errors: list[UserError]
    customer_user: CustomerUser | None = None
    generated_password: str | None = None


@strawberry.input
class SetCustomerUserPasswordInput:
    login: str
    password: str | None = strawberry.UNSET
    current_password: str | None = strawberry.UNSET


def mutation_type(inputs: RecordInputs) -> Any:
    """The root of all writing, with the inputs of one configuration."""
    create_user, update_user = inputs.create_user, inputs.update_user
    create_company, update_company = inputs.create_customer, inputs.update_customer

    async def create_customer_user(info: Info, input: create_user) -> CreateCustomerUserPayload | None:  # type: ignore[valid-type]
        making = customer_users.create(info.context, inputs.new_user(input))
        return await _payload(info.context, CreateCustomerUserPayload, making, _with_password)

    async def update_customer_user(info: Info, input: update_user) -> CustomerUserPayload | None:  # type: ignore[valid-type]
        writing = customer_users.update(info.context, inputs.user_changes(input))
        return await payload(info.context, CustomerUserPayload, "customer_user", writing)

    async def set_customer_user_password(
        info: Info, input: SetCustomerUserPasswordInput
    ) -> SetCustomerUserPasswordPayload | None:
        setting = passwords.set_password(
            info.context, input.login, input.password or None, input.current_password or None
        )
        return await _payload(info.context, SetCustomerUserPasswordPayload, setting, _with_password)

    async def create_customer(info: Info, input: create_company) -> CustomerPayload | None:  # type: ignore[valid-type]
        making = customers.create(info.context, inputs.new_customer(input))
        return await _payload(info.context, CustomerPayload, making, _with_logins)

    async def update_customer(info: Info, input: update_company) -> CustomerPayload | None:  # type: ignore[valid-type]
        writing = customers.update(info.context, inputs.customer_changes(input))
        return await _payload(info.context, CustomerPayload, writing, _with_logins)

    resolvers = (
        create_customer_user,
        update_customer_user,
        set_customer_user_password,
        create_customer,
        update_customer,
        *upsert_resolvers(inputs),
    )
    own = (update_customer_user, set_customer_user_password)
    members = {
        resolver.__name__: root((Scope.WRITE, Scope.SELF) if resolver in own else Scope.WRITE)(resolver)
        for resolver in resolvers
    }
    return strawberry.type(type("Mutation", (Mutation,), members), name="Mutation")


async def _payload(
    context: RequestContext, kind: type[P], writing: Awaitable[W], members: Callable[[W], dict[str, Any]]
) -> P:
    """The payload of a mutation whose outcome has several members."""
    try:
        outcome = await writing
    except Refused as refused:
        return kind(user_errors=list(refused.errors))  # type: ignore[call-arg]
    finally:
        context.renew()
    shown = {name: await context.shown(value) for name, value in members(outcome).items()}
    return kind(user_errors=[], **shown)  # type: ignore[call-arg]


def _with_password(outcome: Created | PasswordSet) -> dict[str, Any]:
    return {"customer_user": outcome.user, "generated_password": outcome.generated_password}


def _with_logins(outcome: ChangedCustomer) -> dict[str, Any]:
    return {"customer": outcome.customer, "unchanged_logins": list(outcome.unchanged_logins)}
