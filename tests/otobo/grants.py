"""What the stores say of groups and services, judged naively."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from tests.otobo.blocks import truthy
from tests.otobo.oracle import Oracle, Record
from tests.otobo.worlds import Entry

SAME, OTHER = "001-CustomerID-same", "100-CustomerID-other"
SHIPPED = {SAME: "Ticket::CustomerID::Same", OTHER: "Ticket::CustomerID::Other"}


class Grants:
    """Who holds what, by rows and settings alone."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.settings = oracle.settings
        self.enabled = truthy(self.settings.get("CustomerGroupSupport"))
        self.keys = [str(one) for one in self.settings["System::Customer::Permission"]]

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """Valid groups, id to name."""
        rows = self.oracle.world.query("SELECT id, name FROM groups_table WHERE valid_id = 1")
        return {row["id"][0]: row["name"][0] for row in rows}

    def context(self, slot: str) -> str | None:
        """How a context is stored, where it is configured."""
        contexts = self.settings.get("CustomerGroupPermissionContext") or {}
        found: str | None = (contexts.get(slot) or {}).get("Value")
        return found

    def direct(self, login: str, key: str) -> set[str]:
        """Groups with a row for the login."""
        return self._granted(self._user_rows, "user_id", login, key)

    def of_customer(self, customer_id: str, key: str, slot: str = SAME) -> set[str]:
        """Groups of a customer in a context, and always-groups in the default one (PERM-14)."""
        if not self.enabled:
            return set(self.groups)
        rows = [row for row in self._customer_rows if row["permission_context"][0] == self.context(slot)]
        always = self._named("CustomerGroupCompanyAlwaysGroups") if slot == SAME else set()
        return self._granted(rows, "customer_id", customer_id, key) | always

    def of_user(self, record: Record, key: str) -> set[str]:
        """Groups of a customer user (PERM-8)."""
        if not self.enabled:
            return set(self.groups)
        own = self.direct(record.key, key) | self._named("CustomerGroupAlwaysGroups")
        return own.union(*(self.of_customer(one, key) for one in self.oracle.customer_ids(record)))

    def in_group(self, group_id: str, key: str, *, raw: bool) -> set[str]:
        """Logins that hold a key in a group, the true inverse of the above; raw: as stored (PERM-12, PERM-18)."""
        if group_id not in self.groups:
            return set()
        if raw:
            logins = {row["user_id"][0] for row in self._user_rows}
            owners = {login: self.oracle.owner(login, self.oracle.users) for login in logins}
            shown = {login for login, owner in owners.items() if owner is None or owner.valid == "1"}
            return {login for login in shown if group_id in self.direct(login, key)}
        users = [one for one in self._users if one.valid == "1"]
        return {one.key for one in users if group_id in self.of_user(one, key)}

    def customers_in(self, group_id: str, key: str, slot: str) -> set[str]:
        """Customers with a row for a group in a context."""
        rows = [row for row in self._customer_rows if row["permission_context"][0] == self.context(slot)]
        ids = {row["customer_id"][0] for row in rows}
        return {one for one in ids if group_id in self._granted(rows, "customer_id", one, key)}

    def reached(self, record: Record) -> tuple[set[str], set[str]]:
        """Customers within reach, direct and indirect (PERM-20)."""
        own = set(self.oracle.customer_ids(record))
        if not self.enabled or not self.context(OTHER):
            return own, set()
        opened = set().union(*(self.of_customer(one, "ro", OTHER) for one in own))
        return own, set().union(*(self.customers_in(group, "ro", SAME) for group in opened))

    def valid_customers(self, ids: Collection[str]) -> Mapping[str, str]:
        """Those of the ids that are valid customers, with their labels."""
        found = {one: self.oracle.owner(one, self.oracle.companies) for one in sorted(ids)}
        return {
            key: self.oracle.label(one)
            for key, one in found.items()
            if one and one.valid == "1" and one.key == key
        }

    @cached_property
    def services(self) -> Mapping[str, str]:
        """Valid services, id to name."""
        rows = self.oracle.world.query("SELECT id, name FROM service WHERE valid_id = 1")
        return {row["id"][0]: row["name"][0] for row in rows}

    def assigned(self, column: str, value: str) -> list[str]:
        """Services of a login, or logins of a service, whether valid or not."""
        rows = self.oracle.world.query("SELECT customer_user_login, service_id FROM service_customer_user")
        other = "service_id" if column == "customer_user_login" else "customer_user_login"
        return sorted({row[other][0] for row in rows if row[column] == (value,)})

    @cached_property
    def _users(self) -> list[Record]:
        users = self.oracle.users
        found = [one for block in users for one in self.oracle.records(block) or ()]
        return [one for one in found if not self.oracle.is_hidden(one, users)]

    @cached_property
    def _user_rows(self) -> list[Entry]:
        return list(self.oracle.world.query("SELECT * FROM group_customer_user WHERE permission_value = 1"))

    @cached_property
    def _customer_rows(self) -> list[Entry]:
        return list(self.oracle.world.query("SELECT * FROM group_customer WHERE permission_value = 1"))

    def _granted(self, rows: Collection[Entry], column: str, value: str, key: str) -> set[str]:
        found = {
            row["group_id"][0]
            for row in rows
            if row[column] == (value,)
            and row["permission_key"][0] in (key, "rw")
            and row["permission_key"][0] in self.keys
        }
        return found & set(self.groups)

    def _named(self, setting: str) -> set[str]:
        names = self.settings.get(setting) or ()
        return {group for group, name in self.groups.items() if name in names}


def by_upper_name(names: Mapping[str, str]) -> Any:
    """Groups in the order of the admin page (EFF-1)."""
    return sorted(names.items(), key=lambda item: (item[1].upper(), item[1]))
