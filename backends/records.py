"""The records of the registry: groups, grants, services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backends.model import Validity


@dataclass(frozen=True, slots=True)
class Group:
    """A permission group."""

    id: int
    name: str
    comment: str | None = None
    validity: Validity = Validity.VALID

    @property
    def is_valid(self) -> bool:
        """Whether it grants anything (PERM-8)."""
        return self.validity is Validity.VALID


class Grant(NamedTuple):
    """One stored row: on a login, or on a customer in a context (PERM-1); a tuple, since a list of users has thousands."""

    group_id: int
    key: str
    login: str | None = None
    customer_id: str | None = None
    context: str | None = None
    """The context as stored."""


KeySets = Mapping[int, int]
"""By group a set of keys, each of which is a bit."""


class Held(NamedTuple):
    """Grants as they are stored, beside the groups that they name; those of a group that is not there count no more."""

    groups: Sequence[Group]
    on_logins: Mapping[str, KeySets]
    on_customers: Mapping[str, KeySets]


@dataclass(frozen=True, slots=True)
class Service:
    """A service; its name is the whole path, joined by `::` (SVC-11)."""

    id: int
    name: str
    comment: str | None = None
    validity: Validity = Validity.VALID

    @property
    def is_valid(self) -> bool:
        """Whether it can be in effect."""
        return self.validity is Validity.VALID

    @property
    def parent_name(self) -> str | None:
        """Name of the service above it."""
        return self.name.rpartition("::")[0] or None
