"""Signing in a customer user."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry import UNSET

from resolvers import login
from resolvers.context import RequestContext
from resolvers.writing.findings import Refused
from schema.payloads import UserError
from schema.types import CustomerUser


@strawberry.input
class CustomerLoginInput:
    login: str
    password: str
    one_time_code: str | None = UNSET

    def __repr__(self) -> str:
        """Nothing of what was typed."""
        return "CustomerLoginInput(…)"


@strawberry.type
class CustomerLoginPayload:
    user_errors: list[UserError]
    token: str | None = None
    expires_at: datetime | None = None
    customer_user: CustomerUser | None = None

    def __repr__(self) -> str:
        """Nothing of the token."""
        return "CustomerLoginPayload(…)"


async def signed_in(context: RequestContext, given: CustomerLoginInput) -> CustomerLoginPayload:
    """The payload: a token, or the one refusal that there is."""
    try:
        outcome = await login.sign_in(context, given.login, given.password, given.one_time_code or None)
    except Refused as refused:
        return CustomerLoginPayload(user_errors=list(refused.errors))  # type: ignore[arg-type]
    finally:
        context.renew()
    return CustomerLoginPayload(
        user_errors=[],
        token=outcome.token,
        expires_at=outcome.expires_at,
        customer_user=await context.shown(outcome.user),
    )
