"""Input types, and what they mean to the resolvers."""

from __future__ import annotations

from typing import TypeVar

import strawberry
from strawberry import UNSET

from backends.errors import BadUserInput
from backends.filters import FieldCondition
from backends.order import OrderTerm
from resolvers import asked
from schema.enums import (
    CustomerOrderField,
    CustomerUserOrderField,
    FilterOperator,
    OrderDirection,
    Validity,
)

T = TypeVar("T")

MAX_VALUES = 10_000
"""Entries of any input list at most."""


@strawberry.input
class FieldFilter:
    name: str
    values: list[str]
    operator: FilterOperator = FilterOperator.LIKE

    def asked(self) -> FieldCondition:
        return FieldCondition(self.name, bounded(self.values, "filter.fields.values"), self.operator)


@strawberry.input
class CustomerUserFilter:
    login: str | None = UNSET
    email: str | None = UNSET
    customer_ids: list[str] | None = UNSET
    validity: list[Validity] | None = UNSET
    sources: list[str] | None = UNSET
    exclude_logins: list[str] | None = UNSET
    fields: list[FieldFilter] | None = UNSET

    def asked(self) -> asked.UserFilter:
        return asked.UserFilter(
            login=self.login or None,
            email=self.email or None,
            customer_ids=_optional(self.customer_ids, "filter.customerIds"),
            validity=validities(self.validity),
            sources=_optional(self.sources, "filter.sources"),
            exclude_logins=_optional(self.exclude_logins, "filter.excludeLogins") or (),
            fields=tuple(one.asked() for one in self.fields or ()),
        )


@strawberry.input
class CustomerUserOrder:
    field: CustomerUserOrderField
    direction: OrderDirection = OrderDirection.ASC

    def asked(self) -> OrderTerm:
        return OrderTerm(self.field.value, self.direction is OrderDirection.DESC)


@strawberry.input
class CustomerFilter:
    customer_ids: list[str] | None = UNSET
    validity: list[Validity] | None = UNSET
    fields: list[FieldFilter] | None = UNSET

    def asked(self) -> asked.CustomerFilter:
        return asked.CustomerFilter(
            customer_ids=_optional(self.customer_ids, "filter.customerIds"),
            validity=validities(self.validity),
            fields=tuple(one.asked() for one in self.fields or ()),
        )


@strawberry.input
class CustomerOrder:
    field: CustomerOrderField
    direction: OrderDirection = OrderDirection.ASC

    def asked(self) -> OrderTerm:
        return OrderTerm(self.field.value, self.direction is OrderDirection.DESC)


def validities(given: list[Validity] | None) -> frozenset[Validity]:
    """The validities asked for; VALID alone where nothing is said."""
    return frozenset(given) if isinstance(given, list) else asked.VALID


def _optional(given: list[str] | None, where: str) -> tuple[str, ...] | None:
    return bounded(given, where) if isinstance(given, list) else None


def bounded(given: list[str], where: str) -> tuple[str, ...]:
    """An input list that is not too long (10,000 entries at most)."""
    return tuple(listed(given, where))


def listed(given: list[T], where: str) -> list[T]:
    """An input list that is not too long."""
    if len(given) > MAX_VALUES:
        raise BadUserInput(f"{where} takes at most {MAX_VALUES} entries, not {len(given)}.", argument=where)
    return given
