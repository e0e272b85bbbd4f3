"""Enums of the contract: most are those of the records, under the contract's names."""

from __future__ import annotations

import enum

import strawberry

from backends.filters import Operator as FilterOperator
from backends.mapping import FieldType
from backends.model import Membership, ServedFrom, SourceKind, SourceStatus, Validity
from resolvers.lists import Policy as SourceErrorPolicy

__all__ = [
    "CountPrecision",
    "CustomerOrderField",
    "CustomerUserOrderField",
    "FieldType",
    "FilterOperator",
    "Membership",
    "OrderDirection",
    "SearchMode",
    "ServedFrom",
    "SourceErrorPolicy",
    "SourceKind",
    "SourceStatus",
    "Validity",
]

for _enum in (FieldType, Membership, ServedFrom, SourceKind, SourceStatus, Validity):
    strawberry.enum(_enum)
strawberry.enum(FilterOperator, name="FilterOperator")
strawberry.enum(SourceErrorPolicy, name="SourceErrorPolicy")


@strawberry.enum
class CountPrecision(enum.Enum):
    """Whether a number is all there is."""

    EXACT = "exact"
    AT_LEAST = "at_least"


@strawberry.enum
class SearchMode(enum.Enum):
    """How a search text is read."""

    OTOBO = "otobo"
    WORDS = "words"


@strawberry.enum
class OrderDirection(enum.Enum):
    """Up or down."""

    ASC = "asc"
    DESC = "desc"


@strawberry.enum
class CustomerUserOrderField(enum.Enum):
    """The standard fields that a list can be ordered by; `build_schema` adds the mapped custom ones."""

    LOGIN = "login"
    TITLE = "title"
    FIRST_NAME = "firstName"
    LAST_NAME = "lastName"
    EMAIL = "email"
    CUSTOMER_ID = "customerId"
    PHONE = "phone"
    FAX = "fax"
    MOBILE = "mobile"
    STREET = "street"
    ZIP = "zip"
    CITY = "city"
    COUNTRY = "country"
    COMMENT = "comment"
    VALIDITY = "validity"
    CHANGED_AT = "changedAt"


@strawberry.enum
class CustomerOrderField(enum.Enum):
    """The fields that a list of customers can be ordered by."""

    CUSTOMER_ID = "customerId"
    NAME = "name"
    CITY = "city"
    COUNTRY = "country"
    CHANGED_AT = "changedAt"
