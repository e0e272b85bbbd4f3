"""Writing customer users and customers: one record at a time, each write all or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from backends import registries
from backends.changes import Note
from backends.errors import SourceUnavailable
from backends.model import Record, Validity, Value
from backends.registries import Unstorable

if TYPE_CHECKING:
    from backends.sql.database import Database, Session

R = TypeVar("R", bound=Record)

__all__ = [
    "Carry",
    "Conflict",
    "Missing",
    "NoTickets",
    "RegistrySession",
    "Taken",
    "Together",
    "Unfinished",
    "Unstorable",
    "Values",
    "Writer",
]

Values = Mapping[str, Value | Validity]
"""What is to be stored, by GraphQL name: `validity` is a Validity, `listedCustomerIds` a tuple; None empties."""


class RegistrySession(Protocol):
    """A session of the registry while a record is being renamed; it also reaches the other databases.

    What is done in any of them counts only if all of it can be done, and is committed in an order that makes a
    repetition finish what a crash has cut off.
    """

    apart: bool
    """Whether the record's own database is another one, which is committed after the registry."""

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """All rows of a statement in the registry."""
        ...

    async def execute(self, sql: str, args: Sequence[Any] = ()) -> int:
        """How many rows a statement in the registry matched."""
        ...

    async def beside(self, database: Database) -> Session:
        """The session of another database within the same write."""
        ...

    def afterwards(self, step: Step) -> None:
        """Have a step run in a transaction of its own once everything counts; its failure does no harm."""
        ...


class Taken(registries.Taken):
    """Another record has the value of `field` already."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is taken")
        self.field = field


class Conflict(Exception):
    """The stored record is not the one that was to be changed; raised by checks, and where keys are not unique."""


class Missing(Exception):
    """There is no record with this key."""


class NoTickets(Exception):
    """The registry has no tables of tickets."""


class Unfinished(SourceUnavailable):
    """The registry has the new name and the source has not: the same write, repeated, finishes it."""


Step = Callable[["Session"], Awaitable[None]]
"""Something to be done in the registry."""

Carry = Callable[[RegistrySession], Awaitable[None]]
"""What a change takes along in the registry; repeating it changes nothing. Functions of a Session will do."""


Claim = Callable[[], Awaitable[None]]
"""Looks once more whether names are free, while no other gateway can take them; what it raises undoes the write."""


class Together(Protocol):
    """Writes of several records that count together: each database has one transaction for all of them."""

    steps: list[Step]
    """What comes afterwards."""


class Writer(Protocol[R]):
    """Creates and changes the records of one store.

    A key finds the record that a look-up of the same key finds, and no other. Where the store shares its database
    with the registry, all of a write is one transaction. Where it does not, both transactions are open, every
    statement has run before the first commit, and the registry commits first: the record is found under its old key
    until the very end, so that whoever repeats the write after a crash finds it there, and `carry` finds done what was
    done. In the other order the old key would be gone, with nobody left to carry the rest along. Raises Taken,
    Missing, Unstorable, Conflict, SourceUnavailable, and what `check` raises; nothing was written then, save for
    Unfinished. With `together`, all that counts only when the writes around it do.
    """

    async def create(
        self,
        values: Values,
        password_hash: str | None = None,
        *,
        claim: Claim | None = None,
        together: Together | None = None,
        note: Note | None = None,
    ) -> R:
        """A new record; what is not given is empty, and valid."""
        ...

    async def update(
        self,
        key: str,
        changes: Values,
        *,
        seen: R | None = None,
        check: Callable[[R], None] | None = None,
        claim: Claim | None = None,
        carry: Carry | None = None,
        together: Together | None = None,
        note: Note | None = None,
    ) -> R:
        """The record with these changes; `check` sees it as stored, locked, before anything is written.

        `seen` is the record as it was read a moment ago: where it still is so, a store may write without reading again.
        """
        ...

    async def set_password(
        self, key: str, hashed: str, *, instead_of: str | None = None, note: Note | None = None
    ) -> None:
        """Store a hash; the times of the record stay (CU-38). With `instead_of` only in the place of that one."""
        ...

    async def password_of(self, key: str) -> str | None:
        """The stored hash; None without record or hash."""
        ...
