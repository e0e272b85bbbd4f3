"""What a mutation did, as one record: the audit trail keeps it, the bus tells of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from backends.audit import Line
    from backends.sql.database import Session


class ChangeKind(enum.Enum):
    """What a write did."""

    CREATED = "created"
    UPDATED = "updated"
    RELATIONS_CHANGED = "relations_changed"


class Target(enum.Enum):
    """What kind of thing was written, by the name of its type."""

    CUSTOMER_USER = "CustomerUser"
    CUSTOMER = "Customer"
    GROUP = "Group"
    SERVICE = "Service"
    DEFAULT_SERVICES = "DefaultServices"
    TICKET = "Ticket"


@dataclass(slots=True)  # not frozen, which costs each change a microsecond; nobody alters one
class Change:
    """One mutation that was done: what it changed of what, without any value (EVT-3)."""

    mutation: str
    kind: ChangeKind
    target: Target
    keys: tuple[str, ...]
    """The login, customer ID, name or number; a rename names the old one and then the new one."""
    source_key: str | None
    changed_fields: tuple[str, ...]
    """GraphQL names; empty where everything was as it was to be."""
    at: datetime
    logins: tuple[str, ...] = ()
    """Customer users whose relations changed though they are not the target, or who follow it to a new name."""
    before: str | None = None
    after: str | None = None
    """Keyed hashes of what was stored; those of a record are its versions."""

    @property
    def is_rename(self) -> bool:
        """Whether the target has another key now."""
        return len(self.keys) > 1

    @property
    def name(self) -> str:
        """Kind and key of the target as it is called now."""
        return f"{self.target.value} {self.keys[-1]}" if self.keys else self.target.value

    @property
    def former_name(self) -> str | None:
        """The same before a rename; None where it was none."""
        return f"{self.target.value} {self.keys[0]}" if self.is_rename else None


class Note(Protocol):
    """Told of a write before it counts: what was stored of what it concerns, and what is then."""

    async def __call__(self, session: Session | None, before: object, after: object, /) -> None:
        """The session is that of the registry's transaction, where the write is one; None where it goes elsewhere.

        What a note raises undoes the write.
        """
        ...

    def foretell(self, before: object, after: object, *, here: bool) -> Line | None:
        """The same where the write is one statement, which is about to be sent: `after` is what it is to store.

        `here` is whether that is in the registry's database; the statement must then keep the line that is given, or fail
        where `after` does not come true. Where none is given, the note is then called again, without a session.
        """
        ...

    def unsay(self) -> None:
        """What was foretold was not done."""
        ...
