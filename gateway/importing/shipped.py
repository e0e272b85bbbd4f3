"""What an OTOBO system is set to before its `Kernel/Config.pm` says anything else."""

from __future__ import annotations

from typing import Any

Entry = tuple[str, str, str, int, int, str]

USER_MAP: tuple[Entry, ...] = (
    ("UserTitle", "Title or salutation", "title", 1, 0, "var"),
    ("UserFirstname", "Firstname", "first_name", 1, 1, "var"),
    ("UserLastname", "Lastname", "last_name", 1, 1, "var"),
    ("UserLogin", "Username", "login", 1, 1, "var"),
    ("UserPassword", "Password", "pw", 0, 0, "var"),
    ("UserEmail", "Email", "email", 1, 1, "var"),
    ("UserCustomerID", "CustomerID", "customer_id", 0, 1, "var"),
    ("UserPhone", "Phone", "phone", 1, 0, "var"),
    ("UserFax", "Fax", "fax", 1, 0, "var"),
    ("UserMobile", "Mobile", "mobile", 1, 0, "var"),
    ("UserStreet", "Street", "street", 1, 0, "var"),
    ("UserZip", "Zip", "zip", 1, 0, "var"),
    ("UserCity", "City", "city", 1, 0, "var"),
    ("UserCountry", "Country", "country", 1, 0, "var"),
    ("UserComment", "Comment", "comments", 1, 0, "var"),
    ("ValidID", "Valid", "valid_id", 0, 1, "int"),
)
CUSTOMER_MAP: tuple[Entry, ...] = (
    ("CustomerID", "CustomerID", "customer_id", 0, 1, "var"),
    ("CustomerCompanyName", "Customer", "name", 1, 1, "var"),
    ("CustomerCompanyStreet", "Street", "street", 1, 0, "var"),
    ("CustomerCompanyZIP", "Zip", "zip", 1, 0, "var"),
    ("CustomerCompanyCity", "City", "city", 1, 0, "var"),
    ("CustomerCompanyCountry", "Country", "country", 1, 0, "var"),
    ("CustomerCompanyURL", "URL", "url", 1, 0, "var"),
    ("CustomerCompanyComment", "Comment", "comments", 1, 0, "var"),
    ("ValidID", "Valid", "valid_id", 0, 1, "int"),
)
DAY = 86_400


def settings() -> dict[str, Any]:
    """OTOBO's own values of the settings that a configuration is made from (MAP-3, MAP-4, settings.md)."""
    return {
        "CustomerUser": _users(),
        "CustomerCompany": _customers(),
        "CustomerGroupSupport": 0,
        "CustomerGroupAlwaysGroups": ["users"],
        "CustomerGroupCompanyAlwaysGroups": ["users"],
        "CustomerGroupPermissionContext": {"001-CustomerID-same": {"Value": "Ticket::CustomerID::Same"}},
        "System::Customer::Permission": ["ro", "rw"],
        "CheckEmailAddresses": 1,
        "CheckEmailInvalidAddress": r"@(example)\.(..|...)$",
    }


def _users() -> dict[str, Any]:
    return {
        "Name": "Database Backend",
        "Module": "Kernel::System::CustomerUser::DB",
        "Params": {"Table": "customer_user", "ForeignDB": 0, "SearchCaseSensitive": 0},
        "CustomerKey": "login",
        "CustomerID": "customer_id",
        "CustomerValid": "valid_id",
        "CustomerUserListFields": ["first_name", "last_name", "email"],
        "CustomerUserSearchFields": ["login", "first_name", "last_name", "customer_id"],
        "CustomerUserSearchPrefix": "*",
        "CustomerUserSearchSuffix": "*",
        "CustomerUserSearchListLimit": 250,
        "CustomerUserPostMasterSearchFields": ["email"],
        "CustomerUserNameFields": ["title", "first_name", "last_name"],
        "CustomerUserEmailUniqCheck": 1,
        "CustomerCompanySupport": 1,
        "CacheTTL": DAY,
        "Selections": {},
        "Map": _rows(USER_MAP),
    }


def _customers() -> dict[str, Any]:
    return {
        "Name": "Database Backend",
        "Module": "Kernel::System::CustomerCompany::DB",
        "Params": {"Table": "customer_company", "ForeignDB": 0, "SearchCaseSensitive": 0},
        "CustomerCompanyKey": "customer_id",
        "CustomerCompanyValid": "valid_id",
        "CustomerCompanyListFields": ["customer_id", "name"],
        "CustomerCompanySearchFields": ["customer_id", "name"],
        "CustomerCompanySearchPrefix": "*",
        "CustomerCompanySearchSuffix": "*",
        "CustomerCompanySearchListLimit": 250,
        "CacheTTL": DAY,
        "Map": _rows(CUSTOMER_MAP),
    }


def _rows(entries: tuple[Entry, ...]) -> list[list[Any]]:
    return [[*entry, "", 0] for entry in entries]
