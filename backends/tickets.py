"""Tickets, as far as customer users are concerned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class TicketStore(Protocol):
    """Reads and sets the customer user of tickets; raises NoTickets where there are no tables for them."""

    async def ticket(self, ticket_id: int) -> tuple[str | None, str | None] | None:
        """Customer ID and login of the ticket; None where there is none with this id."""
        ...

    async def set_customer(
        self, ticket_id: int, login: str | None, customer_id: str | None, dynamic: Mapping[str, str]
    ) -> Sequence[str]:
        """Set what is given, write one history entry, and fill dynamic fields by name, all or nothing (TKT-11).

        Returns the names of fields that tickets do not have (DFC-4).
        """
        ...
