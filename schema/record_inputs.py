"""Inputs that make and change customer users and customers; a configuration's custom fields belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry import UNSET

from backends.mapping import FieldMapping, FieldType
from backends.model import Validity
from backends.names import CUSTOMER_ATTRIBUTES, USER_ATTRIBUTES
from resolvers.writing.customer_users import NewUser, UserChanges
from resolvers.writing.customers import CustomerChanges, NewCustomer
from resolvers.writing.fields import Given
from resolvers.writing.upserts import Row


def _inputs(attributes: Mapping[str, str], key: str) -> Mapping[str, str]:
    """Mapped fields by the attributes of inputs; the key is given apart from them."""
    return {one: name for name, one in attributes.items() if name != key} | {"validity": "validity"}


USER_FIELDS, CUSTOMER_FIELDS = _inputs(USER_ATTRIBUTES, "login"), _inputs(CUSTOMER_ATTRIBUTES, "customerId")
"""Attributes of the inputs of customer users and customers, and the mapped fields that they are."""


class CreateCustomerUser:
    """The contract's part of CreateCustomerUserInput."""

    login: str
    first_name: str
    last_name: str
    email: str
    customer_id: str
    adopt_relations: bool = False
    source: str | None = UNSET
    title: str | None = UNSET
    password: str | None = UNSET
    phone: str | None = UNSET
    fax: str | None = UNSET
    mobile: str | None = UNSET
    street: str | None = UNSET
    zip: str | None = UNSET
    city: str | None = UNSET
    country: str | None = UNSET
    comment: str | None = UNSET
    validity: Validity = Validity.VALID


class UpdateCustomerUser:
    """The contract's part of UpdateCustomerUserInput."""

    login: str
    adopt_relations: bool = False
    if_version: str | None = UNSET
    new_login: str | None = UNSET
    title: str | None = UNSET
    first_name: str | None = UNSET
    last_name: str | None = UNSET
    email: str | None = UNSET
    customer_id: str | None = UNSET
    phone: str | None = UNSET
    fax: str | None = UNSET
    mobile: str | None = UNSET
    street: str | None = UNSET
    zip: str | None = UNSET
    city: str | None = UNSET
    country: str | None = UNSET
    comment: str | None = UNSET
    validity: Validity | None = UNSET


class UpsertCustomerUser:
    """The contract's part of UpsertCustomerUserInput."""

    login: str
    source: str | None = UNSET
    idempotency_key: str | None = UNSET
    if_version: str | None = UNSET
    title: str | None = UNSET
    first_name: str | None = UNSET
    last_name: str | None = UNSET
    email: str | None = UNSET
    customer_id: str | None = UNSET
    phone: str | None = UNSET
    fax: str | None = UNSET
    mobile: str | None = UNSET
    street: str | None = UNSET
    zip: str | None = UNSET
    city: str | None = UNSET
    country: str | None = UNSET
    comment: str | None = UNSET
    validity: Validity | None = UNSET


class CreateCustomer:
    """The contract's part of CreateCustomerInput."""

    customer_id: str
    name: str
    adopt_relations: bool = False
    source: str | None = UNSET
    street: str | None = UNSET
    zip: str | None = UNSET
    city: str | None = UNSET
    country: str | None = UNSET
    url: str | None = UNSET
    comment: str | None = UNSET
    validity: Validity = Validity.VALID


class UpdateCustomer:
    """The contract's part of UpdateCustomerInput."""

    customer_id: str
    adopt_relations: bool = False
    if_version: str | None = UNSET
    new_customer_id: str | None = UNSET
    name: str | None = UNSET
    street: str | None = UNSET
    zip: str | None = UNSET
    city: str | None = UNSET
    country: str | None = UNSET
    url: str | None = UNSET
    comment: str | None = UNSET
    validity: Validity | None = UNSET


@dataclass(frozen=True, slots=True)
class RecordInputs:
    """The input types of one configuration, and what they mean."""

    create_user: Any
    update_user: Any
    upsert_user: Any
    create_customer: Any
    update_customer: Any
    user_fields: Mapping[str, str]
    customer_fields: Mapping[str, str]
    of_users = ("CreateCustomerUserInput", "UpdateCustomerUserInput", "UpsertCustomerUserInput")

    def new_user(self, given: Any) -> NewUser:
        """What a CreateCustomerUserInput asks for."""
        return NewUser(
            given.login,
            _given(given, self.user_fields),
            given.source or None,
            given.password or None,
            given.adopt_relations,
        )

    def user_changes(self, given: Any) -> UserChanges:
        """What an UpdateCustomerUserInput asks for."""
        return UserChanges(
            given.login,
            _given(given, self.user_fields),
            _emptied(given.new_login),
            _text(given.if_version),
            given.adopt_relations,
        )

    def row(self, given: Any) -> Row:
        """What an UpsertCustomerUserInput asks for."""
        return Row(
            given.login,
            _given(given, self.user_fields),
            given.source or None,
            _text(given.if_version),
            _text(given.idempotency_key),
        )

    def new_customer(self, given: Any) -> NewCustomer:
        """What a CreateCustomerInput asks for."""
        fields = _given(given, self.customer_fields)
        return NewCustomer(given.customer_id, fields, given.source or None, given.adopt_relations)

    def customer_changes(self, given: Any) -> CustomerChanges:
        """What an UpdateCustomerInput asks for."""
        return CustomerChanges(
            given.customer_id,
            _given(given, self.customer_fields),
            _emptied(given.new_customer_id),
            _text(given.if_version),
            given.adopt_relations,
        )


def record_inputs(users: Iterable[FieldMapping], customers: Iterable[FieldMapping]) -> RecordInputs:
    """The inputs with these custom fields; dynamic fields live elsewhere and are not written here (MAP-8)."""
    user_rows = [row for row in users if not row.is_dynamic]
    customer_rows = [row for row in customers if not row.is_dynamic]
    return RecordInputs(
        _input("CreateCustomerUserInput", CreateCustomerUser, user_rows),
        _input("UpdateCustomerUserInput", UpdateCustomerUser, user_rows),
        _input("UpsertCustomerUserInput", UpsertCustomerUser, user_rows),
        _input("CreateCustomerInput", CreateCustomer, customer_rows),
        _input("UpdateCustomerInput", UpdateCustomer, customer_rows),
        {**USER_FIELDS, **{_attribute(row): row.name for row in user_rows}},
        {**CUSTOMER_FIELDS, **{_attribute(row): row.name for row in customer_rows}},
    )


def _input(name: str, base: type, rows: Iterable[FieldMapping]) -> Any:
    annotations: dict[str, Any] = dict(base.__annotations__)
    members: dict[str, Any] = {key: getattr(base, key) for key in annotations if hasattr(base, key)}
    for row in rows:
        annotations[_attribute(row)] = int | None if row.type is FieldType.INT else str | None
        members[_attribute(row)] = strawberry.field(name=row.name, default=UNSET)
    made = type(name, (), {**members, "__annotations__": annotations, "__module__": base.__module__})
    return strawberry.input(made, name=name)


def _attribute(row: FieldMapping) -> str:
    """A Python name that no attribute of the contract has."""
    return f"custom_{row.name}"


def _given(given: Any, fields: Mapping[str, str]) -> Given:
    """What the caller gave, by the names of mapped fields."""
    return {
        fields[attribute]: value
        for attribute, value in vars(given).items()
        if value is not UNSET and attribute in fields
    }


def _text(given: Any) -> str | None:
    """A text as it was given; an empty one is no way to say nothing."""
    return given if isinstance(given, str) else None


def _emptied(given: Any) -> str | None:
    """None where nothing was given; null is the empty text."""
    return None if given is UNSET else given or ""
