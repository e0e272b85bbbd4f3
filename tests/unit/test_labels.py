"""How people are called: names and labels (CU-9, SRCH-16, SRCH-17, COMP-6)."""

from __future__ import annotations

import time

import pytest

from backends.labels import full_name, label
from backends.mapping import FieldType, RecordMapping
from backends.model import CustomerUser, Value
from tests.builders import (
    USER_FIELDS,
    a_customer_mapping,
    a_customer_memory_of,
    a_customer_row,
    a_field,
    a_mapping,
    a_memory_of,
    a_row,
)

COLUMNS = ("first_name", "last_name", "email")


async def _only(mapping: RecordMapping, columns: dict[str, Value]) -> CustomerUser:
    return (await a_memory_of([a_row("ada", **columns)], mapping).get_many(["ada"]))["ada"]


async def _label(*values: Value) -> str:
    mapping = a_mapping()
    columns = dict(zip(COLUMNS, values, strict=False))
    record = await _only(mapping, {"last_name": None, "email": None, **columns})
    return label(mapping, record)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (("Jane", "Doe", "jane@acme.example"), '"Jane Doe" <jane@acme.example>'),
        ((None, "", "jane@acme.example"), "jane@acme.example"),
        (("Jane", "Doe", "jane@localhost"), "Jane Doe jane@localhost"),
        (("Jane", "Doe", None), "Jane Doe"),
        (("Jane", "", "a@b.c"), '"Jane" <a@b.c>'),
        (('Jane "JD"', "Doe", "a@b.c"), '"Jane "JD" Doe" <a@b.c>'),
        (("Jane", "x@y.z", "Doe"), "Jane x@y.z Doe"),
        (("Jane", "Doe\nJunior\r\n", "a@b.c"), '"Jane Doe Junior " <a@b.c>'),
        (("Jane", "Doe", "@b.c"), "Jane Doe @b.c"),
        (("Jane", "Doe", "a@b."), "Jane Doe a@b."),
        (("Jane", "Doe", "a@.c"), "Jane Doe a@.c"),
        (("Jane", "Doe", "a@@c.d"), '"Jane Doe" <a@@c.d>'),
        (("Jane", "Doe", "a@b.c "), '"Jane Doe" <a@b.c>'),
        ((None, None, None), ""),
    ],
)
async def test_a_closing_address_is_set_apart_from_the_name(values: tuple[Value, ...], wanted: str) -> None:
    assert await _label(*values) == wanted


async def test_a_hostile_label_costs_no_more_than_its_length() -> None:
    began = time.process_time()
    await _label("a", "@." * 20_000, "x")
    assert time.process_time() - began < 1


async def test_a_name_joins_what_is_there() -> None:
    mapping = a_mapping(name_join=", ", name_columns=("last_name", "title", "first_name"))
    record = await _only(mapping, {"last_name": "Lovelace", "title": ""})
    assert full_name(mapping, record) == "Lovelace, Ada"


async def test_dynamic_fields_in_names_and_labels_are_shown_as_people_read_them() -> None:
    mapping = a_mapping(
        fields=(*USER_FIELDS, a_field("DynamicField_Team", "Team", FieldType.DYNAMIC_FIELD)),
        list_columns=("first_name", "Team"),
        name_columns=("Team", "last_name"),
    )
    record = await _only(mapping, {})
    assert label(mapping, record, {"Team": ("Engines", "Poetry")}) == "Ada Engines Poetry"
    assert full_name(mapping, record, {}) == "Lovelace"


async def test_a_customer_is_called_by_what_is_configured_and_never_as_an_address() -> None:
    mapping = a_customer_mapping()
    row = a_customer_row("ACME", name="Acme info@acme.example")
    customer = (await a_customer_memory_of([row], mapping).get_many(["ACME"]))["ACME"]
    assert label(mapping, customer) == "ACME Acme info@acme.example"
