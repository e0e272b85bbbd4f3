"""Names of fields, lists of customer IDs, and records made from rows."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from backends.mapping import FieldType, RecordMapping, first, split_customer_ids
from backends.model import CustomerUser, Validity, Value
from backends.names import graphql_name
from tests.builders import (
    CUSTOM_FIELDS,
    USER_FIELDS,
    a_customer_mapping,
    a_customer_row,
    a_directory_mapping,
    a_field,
    a_mapping,
    a_row,
    entry_of,
)


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("UserRoom", "room"),
        ("UserSMIMECertificate", "smimeCertificate"),
        ("UserManager", "manager"),
        ("UserCostCenter2", "costCenter2"),
        ("DynamicField_PreferredLanguage", "preferredLanguage"),
        ("DynamicField_cost_center", "costCenter"),
        ("CustomerCompanyVATNumber", "vatNumber"),
        ("CustomerCompanyZIP", "zip"),
        ("User", "user"),
        ("Abteilung", "abteilung"),
    ],
)
def test_a_variable_loses_its_prefix_and_takes_lower_camel_case(variable: str, name: str) -> None:
    assert graphql_name(variable) == name


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("ACME", ("ACME",)),
        ("  ACME  ", ("ACME",)),
        ("ACME;NORD", ("ACME", "NORD")),
        (" ACME ; NORD ", ("ACME", "NORD")),
        ("A,B;C|D", ("A,B", "C|D")),
        ("A|B,C", ("A|B", "C")),
        ("A|B", ("A", "B")),
        ("A;;B;", ("A", "B")),
        ("A;B;A", ("A", "B")),
        (" ; ", ()),
        ("", ()),
        (None, ()),
        (7, ("7",)),
        ((), ()),
        (("A;B",), ("A", "B")),
        (("A;B", " C ", "A;B", ""), ("A;B", "C")),
    ],
)
def test_a_list_of_customer_ids_is_split_at_the_first_separator_that_occurs(
    value: Value, ids: tuple[str, ...]
) -> None:
    """MULTI-2, MULTI-4: `;` before `,` before `|`, trimmed, without repeats and empty IDs."""
    assert split_customer_ids(value) == ids


def test_a_record_carries_every_mapped_value_and_custom_fields_by_name() -> None:
    """MAP-3, MAP-8."""
    user = user_of(
        a_row("zoe", title="Dr.", room="A 1", floor=-3, customer_ids="B;C", comments="", valid_id=3)
    )
    assert (user.login, user.title, user.first_name, user.last_name) == ("zoe", "Dr.", "Ada", "Lovelace")
    assert (user.email, user.customer_id, user.comment, user.phone) == ("zoe@example.org", "ACME", "", None)
    assert user.listed_customer_ids == ("B", "C")
    assert user.custom == {"listedCustomerIds": "B;C", "room": "A 1", "floor": -3}
    assert user.validity is Validity.INVALID_TEMPORARILY
    assert user.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_empty_and_missing_stay_apart() -> None:
    """LDAP-22, MAP-7."""
    user = user_of(a_row(title=None, city="", room="", floor=None))
    assert (user.title, user.city) == (None, "")
    assert (user.custom["room"], user.custom["floor"]) == ("", None)


@pytest.mark.parametrize("stored", [None, 9, "", "x", 0])
def test_a_validity_that_is_missing_or_unknown_reads_invalid(stored: Value) -> None:
    assert user_of(a_row(valid_id=stored)).validity is Validity.INVALID


def test_everybody_is_valid_where_the_table_has_no_validity() -> None:
    mapping = a_mapping(valid_column=None, has_validity=False, fields=USER_FIELDS[:-1])
    assert user_of(a_row(valid_id=2), mapping).validity is Validity.VALID


def test_times_are_read_in_the_zone_of_the_source() -> None:
    """OVR-7."""
    mapping = a_mapping(time_zone=ZoneInfo("Europe/Berlin"))
    user = user_of(a_row(change_time="2026-07-01 12:00:00", create_time="never"), mapping)
    assert user.changed_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert user.created_at is None


def test_a_foreign_table_has_no_times() -> None:
    """SRC-6."""
    user = user_of(a_row(), a_mapping(audited=False))
    assert (user.created_at, user.changed_at) == (None, None)


def test_no_record_knows_the_passwords_column() -> None:
    assert "pw" not in a_mapping().columns


def test_a_column_mapped_twice_is_read_once_and_feeds_both_fields() -> None:
    """MAP-6."""
    mapping = a_mapping(fields=(*USER_FIELDS, a_field("UserNick", "login"), a_field("UserNick", "title")))
    assert len(set(mapping.columns)) == len(mapping.columns)
    assert user_of(a_row("ada"), mapping).custom == {"nick": "ada"}


def test_a_number_that_is_none_reads_null() -> None:
    mapping = a_mapping(fields=(*USER_FIELDS, *CUSTOM_FIELDS))
    assert user_of(a_row(floor="ground"), mapping).custom["floor"] is None
    assert user_of(a_row(floor="0"), mapping).custom["floor"] == 0


def test_a_numeric_login_is_text_to_its_readers() -> None:
    """SRC-12."""
    mapping = a_mapping(fields=(a_field("UserLogin", "login", FieldType.INT),))
    assert mapping.key_is_number
    assert user_of(a_row(7), mapping).login == "7"


def test_a_directorys_first_value_counts_and_its_list_of_customers_may_be_several() -> None:
    """LDAP-21."""
    mapping = a_directory_mapping()
    entry = entry_of(a_row("ada", city="")) | {
        "mail": ("a@x", "b@x"),
        "o": ("A", "B;C"),
        "roomNumber": ("1", "2"),
    }
    row = [entry.get(column) for column in mapping.columns]
    user = mapping.customer_user(row, Validity.INVALID)
    assert (user.email, user.city, user.validity) == ("a@x", None, Validity.INVALID)
    assert user.listed_customer_ids == ("A", "B;C")
    assert first(()) is None


def test_a_customer_is_made_of_its_row() -> None:
    """MAP-4."""
    mapping = a_customer_mapping()
    row = a_customer_row("NORD", name=None, url="https://x", valid_id=2)
    customer = mapping.customer([row[column] for column in mapping.columns])
    assert (customer.customer_id, customer.name, customer.url) == ("NORD", "", "https://x")
    assert customer.validity is Validity.INVALID
    assert customer.custom == {}
    assert customer.changed_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def user_of(row: dict[str, Value], mapping: RecordMapping | None = None) -> CustomerUser:
    """The record made of a row."""
    mapping = mapping or a_mapping(fields=(*USER_FIELDS, *CUSTOM_FIELDS))
    return mapping.customer_user([row[column] for column in mapping.columns])
