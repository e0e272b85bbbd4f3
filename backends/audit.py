"""The audit trail: one entry for each mutation that was done, to which entries are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from backends.changes import Change, Target

if TYPE_CHECKING:
    from backends.sql.database import Session

MOST_BYTES = 60_000
"""How long the list of concerned logins may be, in JSON."""


@dataclass(slots=True)  # not frozen: one is made for each change
class AuditEntry:
    """Who did what to whom, without any value."""

    at: datetime
    actor: str
    """Name of the credential, or login."""
    mutation: str
    target: str
    """Kind and key, as it is called since."""
    former_target: str | None
    """The same before a rename."""
    logins: tuple[str, ...]
    """Customer users who were concerned though they are not the target."""
    source_key: str | None
    changed_fields: tuple[str, ...]
    request_id: str
    before: str | None
    after: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody and everything that it concerns, by kind and key."""
        former = (self.former_target,) if self.former_target else ()
        return (self.target, *former, *(f"{Target.CUSTOMER_USER.value} {login}" for login in self.logins))

    def concerns(self, login: str) -> bool:
        """Whether it tells of this customer user."""
        return f"{Target.CUSTOMER_USER.value} {login}" in self.names

    @classmethod
    def of(cls, change: Change, actor: str, request_id: str) -> AuditEntry:
        """The entry for a change."""
        return cls(
            change.at,
            actor,
            change.mutation,
            change.name,
            change.former_name,
            change.logins,
            change.source_key,
            change.changed_fields,
            request_id,
            change.before,
            change.after,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in a trail: later entries have higher numbers; `part` says in which file."""

    number: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class Trail:
    """Some entries, newest first, each with its place, and whether older ones follow."""

    entries: Sequence[tuple[Place, AuditEntry]]
    more: bool


@dataclass(slots=True)
class Line:
    """An entry as a row of a table of the registry, for a statement that writes what the entry tells of."""

    table: str
    columns: tuple[str, ...]
    values: Sequence[Any]


class AuditTrail(Protocol):
    """Keeps entries; those that can be read back come newest first."""

    async def prepare(self) -> None:
        """Find out where entries go, before a transaction is open; never raises."""
        ...

    async def within(self, session: Session, entry: AuditEntry) -> bool:
        """Keep an entry in the transaction of what it tells of; False where this trail is kept elsewhere."""
        ...

    def line(self, entry: AuditEntry) -> Line | None:
        """What a statement in the registry's database inserts to keep an entry; None where this trail is elsewhere."""
        ...

    async def keep(self, entry: AuditEntry) -> None:
        """Keep an entry of what counts already; raises when it cannot."""
        ...

    async def read(self, login: str | None, before: Place | None, limit: int) -> Trail:
        """Entries older than a place, of one customer user or of all; raises BadUserInput where none can be read."""
        ...

    async def close(self) -> None:
        """Give back what is open."""
        ...


def listed(logins: Sequence[str]) -> str:
    """The logins as JSON, as many of them as fit."""
    if not logins:
        return "[]"
    text = orjson.dumps(list(logins))
    some = len(logins)
    while len(text) > MOST_BYTES:
        some //= 2
        text = orjson.dumps(list(logins[:some]))
    return text.decode()


def as_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry by the names under which it is written down."""
    return {
        "at": entry.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "actor": entry.actor,
        "mutation": entry.mutation,
        "target": entry.target,
        "formerTarget": entry.former_target,
        "logins": list(entry.logins),
        "sourceKey": entry.source_key,
        "changedFields": list(entry.changed_fields),
        "requestId": entry.request_id,
        "before": entry.before,
        "after": entry.after,
    }


def from_json(found: dict[str, Any]) -> AuditEntry:
    """The entry that was written down; raises KeyError, TypeError or ValueError for anything else."""
    return AuditEntry(
        datetime.fromisoformat(found["at"]),
        str(found["actor"]),
        str(found["mutation"]),
        str(found["target"]),
        found["formerTarget"],
        tuple(found["logins"]),
        found["sourceKey"],
        tuple(found["changedFields"]),
        str(found["requestId"]),
        found["before"],
        found["after"],
    )
