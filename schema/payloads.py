"""Payloads: the new state, and what was wrong with the input; where something was, nothing was written."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import strawberry

from resolvers.context import RequestContext
from resolvers.writing.findings import Refused, UserErrorCode
from schema.groups import Group, Service
from schema.types import Customer, CustomerUser

strawberry.enum(UserErrorCode)

P = TypeVar("P")


@strawberry.type
class UserError:
    field: list[str] | None
    code: UserErrorCode
    message: str


@strawberry.type
class CustomerUserPayload:
    user_errors: list[UserError]
    customer_user: CustomerUser | None = None


@strawberry.type
class CustomerPayload:
    user_errors: list[UserError]
    customer: Customer | None = None
    unchanged_logins: list[str] = strawberry.field(default_factory=list)


@strawberry.type
class GroupPayload:
    user_errors: list[UserError]
    group: Group | None = None


@strawberry.type
class ServicePayload:
    user_errors: list[UserError]
    service: Service | None = None


@strawberry.type
class DefaultServicesPayload:
    user_errors: list[UserError]
    services: list[Service] = strawberry.field(default_factory=list)


async def payload(context: RequestContext, kind: type[P], name: str, writing: Awaitable[Any]) -> P:
    """The payload of a mutation: its outcome under `name`, or what it found wrong."""
    try:
        outcome = await writing
    except Refused as refused:
        return kind(user_errors=list(refused.errors))  # type: ignore[call-arg]
    finally:
        context.renew()
    shown = outcome if context.sees_all else await context.shown(outcome)
    return kind(user_errors=[], **{name: shown})  # type: ignore[call-arg]
