"""Upserts: mutations that make or change customer users by login."""

# Annotations are evaluated here: they name types that exist inside a function only.

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import strawberry

from backends.errors import BadUserInput
from resolvers.context import RequestContext
from resolvers.writing import upserts
from resolvers.writing.findings import Refused
from resolvers.writing.idempotency import once
from resolvers.writing.upserts import Bulk, BulkErrorPolicy, Row, Upserted, UpsertResult
from schema.fields import Info
from schema.payloads import UserError
from schema.record_inputs import RecordInputs
from schema.types import CustomerUser

MOST_ROWS = 100

strawberry.enum(UpsertResult)
strawberry.enum(BulkErrorPolicy)


@strawberry.type
class UpsertCustomerUserPayload:
    user_errors: list[UserError]
    customer_user: CustomerUser | None = None
    result: UpsertResult | None = None


@strawberry.type
class UpsertCustomerUsersPayload:
    user_errors: list[UserError]
    rows: list[UpsertCustomerUserPayload] = strawberry.field(default_factory=list)
    written: int = 0


def upsert_resolvers(inputs: RecordInputs) -> Sequence[Callable[..., Any]]:
    """Both mutations, with the inputs of one configuration."""
    one = inputs.upsert_user
    many = _many(one)

    async def upsert_customer_user(info: Info, input: one) -> UpsertCustomerUserPayload | None:  # type: ignore[valid-type]
        row = inputs.row(input)

        async def call() -> Bulk:
            try:
                return Bulk((await upserts.upsert(info.context, row),))
            except Refused as refused:
                return Bulk((Upserted(errors=refused.errors),))

        bulk = await _bulk(info.context, row.key, row, call)
        return _payload(bulk.rows[0] if bulk.rows else Upserted(errors=bulk.errors))

    async def upsert_customer_users(info: Info, input: many) -> UpsertCustomerUsersPayload | None:  # type: ignore[valid-type]
        given: Any = input
        rows = _rows(inputs, given.rows)
        together = given.error_policy is BulkErrorPolicy.REJECT_ALL
        write = upserts.upsert_all if together else upserts.upsert_rows
        key = given.idempotency_key if isinstance(given.idempotency_key, str) else None
        bulk = await _bulk(info.context, key, [together, *rows], lambda: write(info.context, rows))
        done = (UpsertResult.CREATED, UpsertResult.UPDATED)
        errors: Any = bulk.errors
        return UpsertCustomerUsersPayload(
            user_errors=list(errors),
            rows=[_payload(row) for row in bulk.rows],
            written=sum(row.result in done for row in bulk.rows),
        )

    return upsert_customer_user, upsert_customer_users


def _many(row: Any) -> Any:
    """The input of many rows."""
    members = {"error_policy": BulkErrorPolicy.REJECT_ROWS, "idempotency_key": strawberry.UNSET}
    annotations = {"rows": list[row], "error_policy": BulkErrorPolicy, "idempotency_key": str | None}
    name = "UpsertCustomerUsersInput"
    made = type(name, (), {**members, "__annotations__": annotations, "__module__": __name__})
    return strawberry.input(made, name=name)


def _rows(inputs: RecordInputs, given: Sequence[Any]) -> list[Row]:
    if len(given) > MOST_ROWS:
        message = f"input.rows takes at most {MOST_ROWS} entries, not {len(given)}."
        raise BadUserInput(message, argument="rows")
    return [inputs.row(row) for row in given]


async def _bulk(
    context: RequestContext, key: str | None, given: object, call: Callable[[], Awaitable[Bulk]]
) -> Bulk:
    try:
        bulk = await once(context, key, given, call)
    except Refused as refused:
        return Bulk(errors=refused.errors)
    finally:
        context.renew()
    rows = [replace(row, user=await context.shown(row.user)) for row in bulk.rows]
    return replace(bulk, rows=tuple(rows))


def _payload(row: Upserted) -> UpsertCustomerUserPayload:
    user: Any = row.user
    errors: list[Any] = list(row.errors)
    return UpsertCustomerUserPayload(user_errors=errors, customer_user=user, result=row.result)
