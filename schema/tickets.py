"""Tickets, as far as customer users are concerned."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from schema.payloads import UserError
from schema.types import DynamicFieldValue


@strawberry.type
class SetTicketCustomerUserPayload:
    user_errors: list[UserError]
    dynamic_fields: list[DynamicFieldValue] = strawberry.field(default_factory=list)


@strawberry.input
class SetTicketCustomerUserInput:
    ticket_id: strawberry.ID
    login: str | None = UNSET
    customer_id: str | None = UNSET
