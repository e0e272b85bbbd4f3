"""Records survive a cache that holds text."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from backends.envelope import decode_customer, decode_customer_user, encode, fingerprint, namespace
from backends.mapping import FieldType
from backends.model import Customer, CustomerUser, ServedFrom, Validity, Value
from tests.builders import a_mapping

VALUES: tuple[Value, ...] = ("Åse", 7, 2**70, ("a", "b"), None, "", (), '\ud800 {"x": [1]}')


def full(kind: type[Any]) -> dict[str, Any]:
    """A value other than the default for each field."""
    values: dict[str, Any] = {field.name: f"{field.name} ä😀" for field in dataclasses.fields(kind)}
    del values["served_from"], values["withheld"]
    return values | {
        "validity": Validity.INVALID_TEMPORARILY,
        "created_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        "changed_at": datetime(1970, 1, 1, tzinfo=UTC),
        "custom": {f"custom{place}": value for place, value in enumerate(VALUES)},
        "stored": VALUES,
    }


def test_a_customer_user_comes_back_as_it_was() -> None:
    user = CustomerUser(**full(CustomerUser) | {"listed_customer_ids": ("A", "B;C")})
    assert decode_customer_user(through_json(encode(user))) == user


def test_a_customer_comes_back_as_it_was() -> None:
    customer = Customer(**full(Customer))
    assert decode_customer(through_json(encode(customer))) == customer


def test_no_field_is_left_out() -> None:
    user = CustomerUser(**full(CustomerUser) | {"listed_customer_ids": ("A",)})
    assert encode(user).keys() == {field.name for field in dataclasses.fields(CustomerUser)} - {
        "served_from",
        "withheld",
    }


def test_what_is_empty_is_not_written_and_comes_back_empty() -> None:
    user = CustomerUser(login="ada", source_key="one")
    assert encode(user) == {"login": "ada", "source_key": "one"}
    assert decode_customer_user(through_json(encode(user))) == user


def test_what_comes_back_is_hashable_where_it_was_and_holds_no_list() -> None:
    user = CustomerUser(login="ada", source_key="one", stored=(("a", "b"),), listed_customer_ids=("A",))
    back = decode_customer_user(through_json(encode(user)))
    assert (back.stored, back.listed_customer_ids) == ((("a", "b"),), ("A",))
    assert hash(back) == hash(user)


def test_it_says_that_it_comes_out_of_the_cache() -> None:
    assert decode_customer({"customer_id": "A", "source_key": "one"}).served_from is ServedFrom.CACHE


@pytest.mark.parametrize(
    "junk", [{}, {"login": "ada"}, {"login": "ada", "source_key": "one", "shoe_size": 42}]
)
def test_what_no_record_can_be_made_of_is_refused(junk: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        decode_customer_user(junk)


def test_the_fingerprint_follows_the_mapping() -> None:
    mapping = a_mapping()
    assert fingerprint(mapping) == fingerprint(a_mapping())
    field = dataclasses.replace(mapping.fields[0], type=FieldType.INT)
    changed = (
        a_mapping(fields=(field, *mapping.fields[1:])),
        a_mapping(key_column="uid"),
        a_mapping(case_sensitive=True),
        a_mapping(time_zone=timezone(timedelta(hours=1))),
    )
    assert len({fingerprint(other) for other in (mapping, *changed)}) == 5


def test_the_fingerprint_does_not_follow_what_a_mapping_worked_out() -> None:
    mapping = a_mapping()
    before = fingerprint(mapping)
    mapping.column_index("login")
    assert fingerprint(mapping) == before


def test_the_namespace_names_the_source_and_may_name_its_place() -> None:
    assert namespace(a_mapping("one")).split(":")[2] == "one"
    assert namespace(a_mapping(), "postgresql://a/x") != namespace(a_mapping(), "postgresql://b/x")


def through_json(data: dict[str, Any]) -> dict[str, Any]:
    """As Redis would give it back."""
    back: dict[str, Any] = json.loads(json.dumps(data))
    return back
