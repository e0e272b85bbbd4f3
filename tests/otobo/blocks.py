"""OTOBO's source blocks as its own modules read them, with the defaults of absent keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.otobo.recording import Settings

PASSWORD = re.compile(r"(password|pw)\d*$", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One row of a map."""

    variable: str
    column: str
    type: str

    @property
    def is_dynamic(self) -> bool:
        """Whether the value is a dynamic field's."""
        return self.type == "dynamic_field"


@dataclass(frozen=True)
class Block:
    """One source block."""

    slot: str
    """`CustomerUser1`."""
    place: int
    settings: Mapping[str, Any]

    @property
    def params(self) -> Mapping[str, Any]:
        """`Params`."""
        found: Mapping[str, Any] = self.settings.get("Params") or {}
        return found

    @property
    def is_directory(self) -> bool:
        """Whether the source is an LDAP directory."""
        return "ldap" in str(self.settings.get("Module", "")).lower()

    @property
    def folded(self) -> bool:
        """Whether comparisons ignore case (SRC-7, LDAP-19)."""
        sensitive = self.params.get("SearchCaseSensitive", self.params.get("CaseSensitive"))
        return self.is_directory or not truthy(sensitive)

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The map without passwords; the first row of an attribute counts."""
        found: dict[str, Row] = {}
        for entry in self.settings.get("Map", ()):
            if not PASSWORD.search(entry[0]):
                found.setdefault(entry[0], Row(entry[0], entry[2], entry[5]))
        return list(found.values())

    def row(self, variable: str) -> Row | None:
        """The row of an attribute."""
        return next((row for row in self.rows if row.variable == variable), None)

    @property
    def key(self) -> str:
        """Column of the login, or of the customer ID."""
        return str(self.settings.get("CustomerKey") or self.settings.get("CustomerCompanyKey"))

    @property
    def is_company(self) -> bool:
        """Whether the block is a company's."""
        return self.slot.startswith("CustomerCompany")

    @property
    def valid_column(self) -> str | None:
        """Column of the validity, where lists are filtered by it."""
        key = "CustomerCompanyValid" if self.is_company else "CustomerValid"
        return self.settings.get(key)

    @property
    def has_companies(self) -> bool:
        """Whether company data are shown on customer users (SRC-20, first half)."""
        return truthy(self.settings.get("CustomerCompanySupport"))

    @property
    def audited(self) -> bool:
        """Whether rows have times (SRC-6, LDAP-29)."""
        return not self.is_directory and not truthy(self.params.get("ForeignDB"))

    def words(self, key: str, default: Sequence[str] = ()) -> Sequence[str]:
        """A list of columns, by the end of its key."""
        prefix = "CustomerCompany" if self.is_company else "CustomerUser"
        return list(self.settings.get(f"{prefix}{key}", default))

    @property
    def label_columns(self) -> Sequence[str]:
        """Parts of the label."""
        default = ("customer_id", "name") if self.is_company else ("first_name", "last_name", "email")
        return self.words("ListFields", () if self.is_directory else default)

    @property
    def affixes(self) -> tuple[str, str]:
        """What is put around every search word."""
        prefix = "CustomerCompany" if self.is_company else "CustomerUser"
        before, after = (self.settings.get(f"{prefix}Search{end}") for end in ("Prefix", "Suffix"))
        return before or "", "*" if after is None else after

    @property
    def list_limit(self) -> int:
        """Rows that a list search shows at most."""
        prefix = "CustomerCompany" if self.is_company else "CustomerUser"
        limit: Any = self.settings.get(f"{prefix}SearchListLimit")
        if truthy(limit):
            return int(limit)
        return 50_000 if self.is_company else 200 if self.is_directory else 250


def user_blocks(settings: Settings) -> Sequence[Block]:
    """The active sources of customer users, in order."""
    return _blocks(settings, "CustomerUser")


def company_blocks(settings: Settings) -> Sequence[Block]:
    """The active sources of companies, in order."""
    return _blocks(settings, "CustomerCompany")


def truthy(value: object) -> bool:
    """Whether Perl takes it for true."""
    return value not in (None, "", 0, "0")


def source_key(slot: str) -> str:
    """The key that `import-otobo` gives to a slot."""
    return slot.replace("CustomerUser", "customer_user").replace("CustomerCompany", "customer_company")


def slot_of(key: str) -> str:
    """The slot behind one of our keys."""
    return key.replace("customer_user", "CustomerUser").replace("customer_company", "CustomerCompany")


def _blocks(settings: Settings, name: str) -> Sequence[Block]:
    slots = [name, *(f"{name}{number}" for number in range(1, 11))]
    active = [slot for slot in slots if settings.get(slot)]
    return [Block(slot, place, settings[slot]) for place, slot in enumerate(active)]
