"""Who asks: name, roles, and how far they reach."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from backends.errors import GatewayError


class Scope(enum.Enum):
    """What a role may do, in words that fields ask for."""

    READ = "read"
    SURVEY = "survey"
    WRITE = "write"
    GRANT = "grant"
    SELF = "self"


ROLES: Mapping[str, frozenset[Scope]] = {
    "reader": frozenset({Scope.READ, Scope.SURVEY}),
    "editor": frozenset({Scope.READ, Scope.SURVEY, Scope.WRITE}),
    "admin": frozenset({Scope.READ, Scope.SURVEY, Scope.WRITE, Scope.GRANT}),
    "customer": frozenset({Scope.READ, Scope.SELF}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller of one request; without roles it may ask for nothing."""

    name: str
    roles: tuple[str, ...] = ()
    scopes: frozenset[Scope] = frozenset()
    known: bool = True
    """Whether a credential was given and accepted."""
    complaint: str = "send a token in the Authorization header"
    """What a caller without credential is told to do."""
    customer_ids: tuple[str, ...] = ()
    """Rows: only these customers, their users and their relations; empty: all."""
    login: str | None = None
    """The customer user that the caller is; set for whoever has the role customer."""
    hidden_fields: frozenset[str] = frozenset()
    """GraphQL names of mapped fields that the caller may not read, filter or order by."""
    expires: datetime | None = None
    """When the credential ends, in UTC; None: it does not."""
    trouble: GatewayError | None = None
    """Why it cannot be told now whether the credential is good."""
    rows: tuple[object, ...] | None = field(init=False, repr=False, compare=False)
    """What its rows depend on; None: it sees all. Cursors are bound to it."""

    def __post_init__(self) -> None:
        ids = sorted(set(self.customer_ids))
        rows = (self.login, *ids) if self.is_customer else tuple(ids) or None
        object.__setattr__(self, "rows", rows)

    def __hash__(self) -> int:
        """By name alone: callers are looked up with each request, and few share a name."""
        return hash(self.name)

    @property
    def is_customer(self) -> bool:
        """Whether the caller is a customer user, and nothing more."""
        return Scope.SELF in self.scopes and Scope.SURVEY not in self.scopes

    @classmethod
    def named(cls, name: str, roles: Iterable[str]) -> Viewer:
        """A caller with a credential."""
        return cls(name, tuple(roles), scopes_of(roles))

    @classmethod
    def anonymous(cls, roles: Iterable[str]) -> Viewer:
        """A caller without one."""
        return cls("anonymous", tuple(roles), scopes_of(roles), known=False)

    @classmethod
    def refused(cls) -> Viewer:
        """A caller whose credential is not accepted: may do nothing, not even what anonymous callers may."""
        return cls("anonymous", known=False, complaint="the one that was sent is not accepted")

    @classmethod
    def unsettled(cls, trouble: GatewayError) -> Viewer:
        """A caller whose credential may be good, which cannot be told while something is silent: may do nothing."""
        return cls("anonymous", known=False, trouble=trouble)


def scopes_of(roles: Iterable[str]) -> frozenset[Scope]:
    """All that these roles may do together."""
    return frozenset().union(*(ROLES[role] for role in roles))
