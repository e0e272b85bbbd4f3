"""The records of the registry: groups, grants, services."""

from __future__ import annotations

from collections.abc import Sequence
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


class Held(NamedTuple):
    """Grants on logins as they are stored, beside the groups that they name."""

    groups: Sequence[Group]
    rows: Sequence[tuple[int, str, str]]
    """Group, key and login; a group that is not among the others is none."""


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
