"""The mutations whose inputs a configuration extends: made anew for each schema."""

# Annotations are evaluated here: they name types that exist inside a function only.

from typing import Any

import strawberry

from resolvers.viewer import Scope
from resolvers.writing import customer_users, customers, passwords
from resolvers.writing.findings import Refused
from schema.fields import Info, root
from schema.mutation import Mutation
from schema.payloads import CustomerPayload, CustomerUserPayload, UserError, payload
from schema.record_inputs import RecordInputs
from schema.types import CustomerUser


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
        try:
            made = await customer_users.create(info.context, inputs.new_user(input))
        except Refused as refused:
            return CreateCustomerUserPayload(user_errors=list(refused.errors))  # type: ignore[arg-type]
        return CreateCustomerUserPayload(
            user_errors=[],
            customer_user=made.user,  # type: ignore[arg-type]
            generated_password=made.generated_password,
        )

    async def update_customer_user(info: Info, input: update_user) -> CustomerUserPayload | None:  # type: ignore[valid-type]
        writing = customer_users.update(info.context, inputs.user_changes(input))
        return await payload(info.context, CustomerUserPayload, "customer_user", writing)

    async def set_customer_user_password(
        info: Info, input: SetCustomerUserPasswordInput
    ) -> SetCustomerUserPasswordPayload | None:
        try:
            done = await passwords.set_password(info.context, input.login, input.password or None)
        except Refused as refused:
            return SetCustomerUserPasswordPayload(user_errors=list(refused.errors))  # type: ignore[arg-type]
        return SetCustomerUserPasswordPayload(
            user_errors=[],
            customer_user=done.user,  # type: ignore[arg-type]
            generated_password=done.generated_password,
        )

    async def create_customer(info: Info, input: create_company) -> CustomerPayload | None:  # type: ignore[valid-type]
        return await _customer(customers.create(info.context, inputs.new_customer(input)))

    async def update_customer(info: Info, input: update_company) -> CustomerPayload | None:  # type: ignore[valid-type]
        return await _customer(customers.update(info.context, inputs.customer_changes(input)))

    resolvers = (
        create_customer_user,
        update_customer_user,
        set_customer_user_password,
        create_customer,
        update_customer,
    )
    members = {resolver.__name__: root(Scope.WRITE)(resolver) for resolver in resolvers}
    return strawberry.type(type("Mutation", (Mutation,), members), name="Mutation")


async def _customer(writing: Any) -> CustomerPayload:
    try:
        changed = await writing
    except Refused as refused:
        return CustomerPayload(user_errors=list(refused.errors))  # type: ignore[arg-type]
    return CustomerPayload(
        user_errors=[], customer=changed.customer, unchanged_logins=list(changed.unchanged_logins)
    )
