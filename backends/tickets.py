"""Tickets, as far as customer users are concerned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from backends.changes import Note

Given = str | tuple[str, ...] | None
"""A value for a dynamic field; None and empty texts are no value."""


class TicketStore(Protocol):
    """Whose a ticket is; raises NoTickets where there are no tables for them (TKT-11)."""

    async def ticket(self, ticket_id: int) -> tuple[str | None, str | None] | None:
        """Customer ID and login of the ticket; None where there is none with this id."""
        ...

    async def unknown_fields(self, names: Collection[str]) -> Sequence[str]:
        """Those of `names` that are no valid dynamic field of tickets, in their order."""
        ...

    async def set_customer(
        self,
        ticket_id: int,
        login: str | None,
        customer_id: str | None,
        dynamic: Mapping[str, Given],
        note: Note | None = None,
    ) -> Sequence[str]:
        """Set what is not None, write one history entry, and fill dynamic fields by name, all or nothing.

        Returns the names of fields that were left alone: there is none, or it cannot hold the value (DFC-4).
        Raises Missing, Unstorable.
        """
        ...
