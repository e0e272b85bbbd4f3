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

    def __post_init__(self) -> None:
        """null takes away, as "" does."""
        self.login = "" if self.login is None else self.login
        self.customer_id = "" if self.customer_id is None else self.customer_id
