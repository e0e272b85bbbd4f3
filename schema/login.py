"""Signing in a customer user."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from backends.errors import SourceUnavailable
from backends.model import CustomerUser as Record
from resolvers import login
from resolvers.writing.findings import Refused
from schema.fields import Info
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


async def signed_in(info: Info, given: CustomerLoginInput) -> CustomerLoginPayload:
    """The payload: a token, or the one refusal that there is."""
    context = info.context
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
        customer_user=await _shown(info, outcome.user),
    )


async def _shown(info: Info, user: Record) -> Any:
    """Who signed in; while the registry is silent, which says what may be shown, an error for whoever asks."""
    try:
        return await info.context.shown(user)
    except SourceUnavailable as silent:
        return silent
