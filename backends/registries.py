"""What else the registry holds, each as a small protocol: groups and grants, services, relations, preferences.

Reads are batches. Every write is one transaction, all or nothing, and repeating it changes nothing; two writers of
one relation are put in a row, so that the outcome is the one's state or the other's (R17). Comparisons are exact.
Rows that a write leaves as they are keep their times. A write tells its `note`, if it has one, what was stored and is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from backends.changes import Note
from backends.model import Validity
from backends.records import Grant, Group, Held, Service


@dataclass(frozen=True, slots=True)
class UserGrants:
    """All keys that a login is to hold in a group; none takes the grant away (PERM-4)."""

    login: str
    group_id: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CustomerGrants:
    """All keys that a customer is to hold in a group and a context, as stored (PERM-5)."""

    customer_id: str
    group_id: int
    context: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """What a group or service is to be called from now on; None leaves as it is."""

    name: str | None = None
    comment: str | None = None
    validity: Validity | None = None


class Taken(Exception):
    """The name belongs to another group or service already."""


class Unstorable(Exception):
    """A text that no row can hold: too long, no text of a database, or empty where it is to name something."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} cannot be stored")
        self.field = field


class GroupStore(Protocol):
    """Groups, and the grants on logins and customers (PERM-1)."""

    async def groups(self) -> Sequence[Group]:
        """All groups, by name."""
        ...

    async def user_grants(self, logins: Sequence[str]) -> Sequence[Grant]:
        """Rows in force on these logins, invalid groups included."""
        ...

    async def held_by(self, logins: Sequence[str], bits: Mapping[str, int]) -> Held:
        """Rows in force on these logins of keys that have a bit, with their groups: one question."""
        ...

    async def in_force(
        self,
        logins: Sequence[str],
        customer_ids: Sequence[str],
        context: str,
        named: Sequence[str],
        bits: Mapping[str, int],
    ) -> Held:
        """The same, with those on customers in one context, and the groups of these names."""
        ...

    async def customer_grants(self, customer_ids: Sequence[str]) -> Sequence[Grant]:
        """Rows in force on these customers, in every context, invalid groups included."""
        ...

    async def grants_in(self, group_ids: Sequence[int]) -> Sequence[Grant]:
        """All rows in force in these groups, on logins and on customers."""
        ...

    async def logins_in(self, group_id: int, after: str | None, limit: int) -> Sequence[str]:
        """Logins with a grant in the group, by code point, after the one given."""
        ...

    async def customers_in(
        self, group_id: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        """(customer ID, stored context) with a grant in the group, by code point, after the pair given."""
        ...

    async def count_logins(self, group_ids: Sequence[int]) -> Mapping[int, int]:
        """How many logins have a grant in each group."""
        ...

    async def count_customers(self, group_ids: Sequence[int]) -> Mapping[int, int]:
        """How many pairs of customer and context have a grant in each group."""
        ...

    async def set_user_grants(self, grants: Sequence[UserGrants], note: Note | None = None) -> None:
        """Replace each pair's keys by those given."""
        ...

    async def set_customer_grants(self, grants: Sequence[CustomerGrants], note: Note | None = None) -> None:
        """Replace the keys of each customer, group and context by those given."""
        ...

    async def create_group(self, naming: Naming, note: Note | None = None) -> Group:
        """A new group; raises Taken."""
        ...

    async def update_group(self, group_id: int, naming: Naming, note: Note | None = None) -> Group:
        """The group as it is then; raises Taken."""
        ...


DEFAULT_LOGIN = "<DEFAULT>"
"""The reserved login that holds the default services; never shown as a user (SVC-1, SVC-3)."""


class ServiceStore(Protocol):
    """Services, and who is assigned to them (SVC-1)."""

    async def services(self) -> Sequence[Service]:
        """All services, by name."""
        ...

    async def assigned(self, logins: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        """Ids of the services assigned to each login, invalid ones included; logins without any are left out."""
        ...

    async def assigned_services(self, logins: Sequence[str]) -> Mapping[str, Sequence[Service]]:
        """The same as services, by name, without those that are no more: one question."""
        ...

    async def logins_of(self, service_id: int, after: str | None, limit: int) -> Sequence[str]:
        """Logins assigned to the service, by code point, without the reserved one."""
        ...

    async def count_logins(self, service_ids: Sequence[int]) -> Mapping[int, int]:
        """How many logins are assigned to each service, without the reserved one."""
        ...

    async def set_services(self, login: str, service_ids: Sequence[int], note: Note | None = None) -> None:
        """Replace the services assigned to the login."""
        ...

    async def change_members(
        self, service_id: int, add: Sequence[str], remove: Sequence[str], note: Note | None = None
    ) -> None:
        """Assign and take away; a login in neither list is left alone."""
        ...

    async def create_service(self, naming: Naming, note: Note | None = None) -> Service:
        """A new service by its full name; raises Taken."""
        ...

    async def update_service(self, service_id: int, naming: Naming, note: Note | None = None) -> Service:
        """The service as it is then; a new name renames all descendants (SVC-13); raises Taken."""
        ...


class RelationStore(Protocol):
    """Additional customers of customer users (MULTI-7), written."""

    async def set_customers(self, login: str, customer_ids: Sequence[str], note: Note | None = None) -> None:
        """Replace the additional customers of the login."""
        ...

    async def change_members(
        self, customer_id: str, add: Sequence[str], remove: Sequence[str], note: Note | None = None
    ) -> None:
        """Relate and unrelate logins; a login in neither list is left alone."""
        ...


class PreferenceStore(Protocol):
    """Preferences by login (PREF-1)."""

    async def preferences_of(self, logins: Sequence[str]) -> Mapping[str, Mapping[str, str | None]]:
        """All preferences of each login (PREF-4); logins without any are left out."""
        ...

    async def set_preferences(
        self, login: str, values: Mapping[str, str | None], note: Note | None = None
    ) -> None:
        """Set these keys (PREF-2); None removes one (PREF-7)."""
        ...

    async def note(
        self, login: str, key: str, value: Callable[[str | None], str], *, lasting: bool = True
    ) -> None:
        """Put a value made of the stored one in its place, with nobody in between; what `value` raises undoes it.

        What is not lasting costs as much work, and leaves nothing (AUTH-8).
        """
        ...
