"""One row of a mapping as the configuration writes it, the standard rows, and the names that are taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from backends.mapping import FieldMapping, FieldType
from backends.names import CUSTOMER_NAMES, USER_NAMES, graphql_name

KeyPath = tuple[str | int, ...]

PASSWORD = re.compile(r"(password|pw)\d*$", re.IGNORECASE)


class Fault(NamedTuple):
    """One thing in the configuration that cannot be, and where."""

    path: KeyPath
    sentence: str


class Settings(BaseModel):
    """A frozen table of the configuration that takes no unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False, str_max_length=10_000
    )

    def faults(self) -> Iterator[Fault]:
        """What is wrong beyond the single values, with paths from here."""
        yield from ()


class FieldConfig(Settings):
    """One row of the mapping; for a known variable, what is left out stays as in its standard row."""

    variable: str
    label: str = ""
    column: str = ""
    """Where the value is; empty takes a standard field away."""
    name: str = ""
    required: bool = False
    visible: bool = True
    read_only: bool = False
    type: Literal["var", "int", "dynamic_field"] = "var"
    selection: dict[str, str] = {}

    @property
    def removes(self) -> bool:
        """Whether the row says that the source lacks this field."""
        return "column" in self.model_fields_set and not self.column

    @property
    def is_dynamic(self) -> bool:
        """Whether the value lives in the registry: by its type, or by its variable where no type is given."""
        given = "type" in self.model_fields_set
        return self.type == "dynamic_field" if given else self.variable.startswith("DynamicField_")

    def over(self, standard: FieldMapping | None, names: Mapping[str, str]) -> FieldMapping:
        """The row laid over the standard row of its variable."""
        given = self.model_fields_set
        base = standard or FieldMapping(name="", variable=self.variable, column="")
        type_ = FieldType.DYNAMIC_FIELD if self.is_dynamic else FieldType(self.type)
        return FieldMapping(
            name=names.get(self.variable) or self.name or graphql_name(self.variable),
            variable=self.variable,
            column=self.column or base.column or (self._stem if self.is_dynamic else ""),
            label=self.label or base.label or self._stem,
            type=base.type if standard and "type" not in given else type_,
            required=self.required if "required" in given else base.required,
            visible=self.visible if "visible" in given else base.visible,
            read_only=self.read_only if "read_only" in given else base.read_only,
            selection=tuple(self.selection.items()) or None,
        )

    @property
    def _stem(self) -> str:
        return re.sub(r"^(User|CustomerCompany|DynamicField_)(?=.)", "", self.variable)


def is_password(variable: str) -> bool:
    """Whether a variable is named like a password (MAP-9, MAP-11)."""
    return PASSWORD.search(variable) is not None


def can_be_read(path: Path, *, folder: bool = False) -> bool:
    """Whether a file, or a folder, is there; a name that no file can have is none."""
    try:
        return path.is_dir() if folder else path.is_file()
    except (OSError, ValueError):
        return False


def enum_name(name: str) -> str:
    """`firstName` becomes `FIRST_NAME`, its spelling in enums."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def standard_row(variable: str, label: str, column: str, *, required: bool = False) -> FieldMapping:
    """A row as OTOBO ships it; customer ID and validity are not shown (MAP-3, MAP-4)."""
    return FieldMapping(
        name=USER_NAMES.get(variable) or CUSTOMER_NAMES[variable],
        variable=variable,
        column=column,
        label=label,
        type=FieldType.INT if variable == "ValidID" else FieldType.STRING,
        required=required,
        visible=variable not in ("UserCustomerID", "CustomerID", "ValidID"),
    )


def with_columns(rows: tuple[FieldMapping, ...], columns: Mapping[str, str | None]) -> list[FieldMapping]:
    """The rows, with other columns for some variables, or none."""
    return [replace(row, column=columns.get(row.variable, row.column) or "") for row in rows]


USER_ROWS = (
    standard_row("UserTitle", "Title or salutation", "title"),
    standard_row("UserFirstname", "Firstname", "first_name", required=True),
    standard_row("UserLastname", "Lastname", "last_name", required=True),
    standard_row("UserLogin", "Username", "login", required=True),
    standard_row("UserEmail", "Email", "email", required=True),
    standard_row("UserCustomerID", "CustomerID", "customer_id", required=True),
    standard_row("UserPhone", "Phone", "phone"),
    standard_row("UserFax", "Fax", "fax"),
    standard_row("UserMobile", "Mobile", "mobile"),
    standard_row("UserStreet", "Street", "street"),
    standard_row("UserZip", "Zip", "zip"),
    standard_row("UserCity", "City", "city"),
    standard_row("UserCountry", "Country", "country"),
    standard_row("UserComment", "Comment", "comments"),
    standard_row("ValidID", "Valid", "valid_id", required=True),
)
"""Columns of a table of customer users (MAP-3); the password's stands apart."""

CUSTOMER_ROWS = (
    standard_row("CustomerID", "CustomerID", "customer_id", required=True),
    standard_row("CustomerCompanyName", "Customer", "name", required=True),
    standard_row("CustomerCompanyStreet", "Street", "street"),
    standard_row("CustomerCompanyZIP", "Zip", "zip"),
    standard_row("CustomerCompanyCity", "City", "city"),
    standard_row("CustomerCompanyCountry", "Country", "country"),
    standard_row("CustomerCompanyURL", "URL", "url"),
    standard_row("CustomerCompanyComment", "Comment", "comments"),
    standard_row("ValidID", "Valid", "valid_id", required=True),
)
"""Columns of a table of customers (MAP-4)."""

DIRECTORY_ROWS = (
    standard_row("UserTitle", "Title or salutation", "title"),
    standard_row("UserFirstname", "Firstname", "givenname", required=True),
    standard_row("UserLastname", "Lastname", "sn", required=True),
    standard_row("UserLogin", "Username", "uid", required=True),
    standard_row("UserEmail", "Email", "mail", required=True),
    standard_row("UserCustomerID", "CustomerID", "mail", required=True),
    standard_row("UserPhone", "Phone", "telephonenumber"),
    standard_row("UserComment", "Comment", "description"),
    *(
        standard_row(row.variable, row.label, "")
        for row in USER_ROWS
        if row.variable
        in ("UserFax", "UserMobile", "UserStreet", "UserZip", "UserCity", "UserCountry", "ValidID")
    ),
)
"""Attributes of a directory, as OTOBO's example maps them; the other variables have none to start with."""

HIDEABLE_USER_FIELDS = frozenset(
    {
        "title",
        "firstName",
        "lastName",
        "email",
        "phone",
        "fax",
        "mobile",
        "street",
        "zip",
        "city",
        "country",
        "comment",
        "customerId",
        "customerIds",
        "additionalCustomerIds",
        "listedCustomerIds",
        "customer",
        "customers",
        "groups",
        "effectivePermissions",
        "hasPermission",
        "accessibleCustomers",
        "services",
        "assignedServices",
        "preferences",
        "attributes",
        "ticketDynamicFields",
        "shadowedSources",
        "createdAt",
        "changedAt",
    }
)
"""Fields of CustomerUser in the contract that may be null."""

FIXED_USER_FIELDS = frozenset(
    {"id", "login", "source", "writable", "fullName", "label", "validity", "servedFrom", "version"}
)
"""Fields of CustomerUser in the contract that are never null."""

HIDEABLE_CUSTOMER_FIELDS = frozenset({"street", "zip", "city", "country", "url", "comment"})
"""Mapped fields of Customer in the contract that may be null."""

_INPUT_FIELDS = frozenset({"adoptRelations", "ifVersion", "newLogin", "password", "idempotencyKey"})

RESERVED_USER_NAMES = HIDEABLE_USER_FIELDS | FIXED_USER_FIELDS | _INPUT_FIELDS
RESERVED_CUSTOMER_NAMES = frozenset(
    {
        "id",
        "customerId",
        "name",
        "street",
        "zip",
        "city",
        "country",
        "url",
        "comment",
        "validity",
        "label",
        "sourceKey",
        "writable",
        "customerUsers",
        "groups",
        "effectivePermissions",
        "attributes",
        "createdAt",
        "changedAt",
        "version",
        "source",
        "adoptRelations",
        "ifVersion",
        "newCustomerId",
        "servedFrom",
    }
)
