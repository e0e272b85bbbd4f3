"""Where customer users and customers are written: one entry for each writable source, and what hangs on their keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Generic, Protocol

from backends.email import EmailRules
from backends.model import Customer, CustomerUser
from backends.once import Once
from backends.passwords import Hasher, HashKind
from backends.protocol import R
from backends.writers import Carry, Together, Writer
from resolvers.writing.turns import Turns


@dataclass(frozen=True, slots=True)
class WritableSource(Generic[R]):
    """A source that is written, and the rules of its configuration."""

    writer: Writer[R]
    unique_email: bool = False
    customer_must_exist: bool = False
    auto_login_prefix: str = ""
    password_hash: HashKind = "bcrypt"
    has_passwords: bool = False


class Relatives(Protocol):
    """What hangs on a login or customer ID in the registry, and is carried along with a rename."""

    def of_user(self, old: str, new: str, old_customer_id: str | None, new_customer_id: str | None) -> Carry:
        """Carries everything of a login, and its tickets to another customer."""
        ...

    def of_customer(self, old: str, new: str) -> Carry:
        """Carries everything of a customer ID."""
        ...

    async def left_of_user(self, login: str, heir: str | None = None) -> Sequence[str]:
        """Tables that hold something under the login; not what a rename of `heir` to it has left there."""
        ...

    async def left_of_customer(self, customer_id: str, heir: str | None = None) -> Sequence[str]:
        """The same for a customer ID."""
        ...


@dataclass(frozen=True, slots=True)
class WriteStores:
    """Everything that writing needs, by source key."""

    users: Mapping[str, WritableSource[CustomerUser]]
    customers: Mapping[str, WritableSource[Customer]]
    relatives: Relatives
    hasher: Hasher
    together: Callable[[Collection[str]], AbstractAsyncContextManager[Together]]
    """Opens one transaction for each database of these sources of customer users."""
    once: Once
    """Where the answers to calls with a key are kept."""
    addresses: EmailRules = field(default_factory=EmailRules)
    turns: Turns = field(default_factory=Turns)
