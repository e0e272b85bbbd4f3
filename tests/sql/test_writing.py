"""Writing records: what OTOBO would find in the row, one record and no other, all or nothing."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backends.mapping import FieldType, RecordMapping
from backends.model import Customer, CustomerUser, SourceKind, Validity
from backends.passwords import hash_password, verify
from backends.sql.database import Database
from backends.sql.failures import DuplicateKey
from backends.sql.writer import SqlWriter
from backends.sql.writing import Stamp
from backends.writers import Conflict, Missing, Taken, Unstorable, Values, Writer
from tests.builders import CUSTOM_FIELDS, USER_FIELDS, a_customer_mapping, a_field, a_mapping
from tests.sql.renames import NOW, NOW_TEXT, STAMP, Clock, Place, dump, place_at
from tests.sql.renames import places as places

NEW: Values = {
    "login": "newp",
    "email": "newp@mut.test",
    "customerId": "CO-1",
    "firstName": "New",
    "lastName": "Person",
    "validity": Validity.VALID,
}


@pytest.fixture
async def place(places: tuple[str, str]) -> AsyncIterator[Place]:
    """Registry and source in one database."""
    place = place_at(places[0], places[0])
    await place.reset()
    yield place
    await place.close()


@pytest.fixture
def users(place: Place) -> Writer[CustomerUser]:
    """Writes customer users."""
    return place.users()


@pytest.fixture
def customers(place: Place) -> Writer[Customer]:
    """Writes customers."""
    return place.customers()


def a_writer(
    place: Place, mapping: RecordMapping, stamp: Stamp = STAMP, **given: Any
) -> SqlWriter[CustomerUser]:
    """A writer of another mapping, or at another time."""
    options = {"table": "customer_user", "password_column": "pw", "registry": place.registry, **given}
    return SqlWriter(mapping, place.source, record=mapping.customer_user, stamp=stamp, **options)


async def row_of(database: Database, login: str) -> dict[str, Any]:
    """The row with this login, as text."""
    rows = [
        row for row in (await dump(database, ["customer_user"]))["customer_user"] if row["login"] == login
    ]
    assert len(rows) == 1
    return dict(rows[0])


async def test_a_new_customer_user_is_the_row_that_otobo_writes(
    users: Writer[CustomerUser], place: Place
) -> None:
    made = await users.create(NEW)
    assert (made.login, made.email, made.validity) == ("newp", "newp@mut.test", Validity.VALID)
    assert made.created_at == NOW.replace(microsecond=0)
    assert await row_of(place.source, "newp") == {  # S6-add-018
        "login": "newp",
        "email": "newp@mut.test",
        "customer_id": "CO-1",
        "pw": None,
        "title": "",
        "first_name": "New",
        "last_name": "Person",
        "phone": "",
        "fax": "",
        "mobile": "",
        "street": "",
        "zip": "",
        "city": "",
        "country": "",
        "comments": "",
        "valid_id": "1",
        "create_time": NOW_TEXT,
        "create_by": "1",
        "change_time": NOW_TEXT,
        "change_by": "1",
        "customer_ids": "",
    }


async def test_a_password_is_stored_with_the_new_record(users: Writer[CustomerUser]) -> None:
    await users.create(NEW, hash_password("sécret pw", cost=9))
    assert verify(await users.password_of("NEWP") or "", "sécret pw")


async def test_texts_are_stored_as_they_are(users: Writer[CustomerUser], place: Place) -> None:
    values = {
        "login": "neü 😀",
        "firstName": 'N"ew',
        "lastName": "\\back",
        "city": "%s ? $1",
        "comment": "a\nb'",
    }
    made = await users.create({**NEW, **values})
    assert (made.login, made.first_name, made.last_name) == ("neü 😀", 'N"ew', "\\back")
    assert (made.city, made.comment) == ("%s ? $1", "a\nb'")
    spaced = await users.create({**NEW, "login": " spaced "})
    assert spaced.login == " spaced "
    assert (await row_of(place.source, " spaced "))["login"] == " spaced "


async def test_zero_is_a_text_like_any_other(users: Writer[CustomerUser], place: Place) -> None:
    await users.create({**NEW, "zip": "0"})
    assert (await row_of(place.source, "newp"))["zip"] == "0"


async def test_times_are_those_of_the_configured_zone(place: Place) -> None:
    zone = ZoneInfo("Europe/Berlin")
    stamp = Stamp(user_id=1, time_zone=zone, now=lambda: NOW)
    made = await a_writer(place, a_mapping(time_zone=zone), stamp).create(NEW)
    assert (await row_of(place.source, "newp"))["create_time"] == "2026-03-29 03:30:15"
    assert made.created_at == NOW.replace(microsecond=0)


async def test_an_update_writes_what_changes_and_says_when(users: Writer[CustomerUser], place: Place) -> None:
    before = await row_of(place.source, "amy")
    made = await users.update(
        "amy", {"city": "Bonn", "phone": None, "validity": Validity.INVALID_TEMPORARILY}
    )
    assert (made.city, made.phone, made.validity) == ("Bonn", "", Validity.INVALID_TEMPORARILY)
    assert await row_of(place.source, "amy") == before | {
        "city": "Bonn",
        "phone": "",
        "valid_id": "3",
        "change_time": NOW_TEXT,
    }


async def test_an_update_that_changes_nothing_writes_nothing(
    users: Writer[CustomerUser], place: Place
) -> None:
    before = await place.tables()
    made = await users.update("amy", {"email": "amy@mut.test", "validity": Validity.VALID})
    assert made.login == "amy"
    await users.update("amy", {})
    assert await place.tables() == before


async def test_a_key_finds_the_record_that_a_look_up_finds(place: Place, users: Writer[CustomerUser]) -> None:
    made = await users.update("AMY", {"city": "Bonn"})
    assert (made.login, made.city) == ("amy", "Bonn")
    await users.set_password("AMY", "x" * 64)
    assert await users.password_of("aMy") == "x" * 64
    strict = a_writer(place, a_mapping(case_sensitive=True))
    with pytest.raises(Missing):
        await strict.update("AMY", {"city": "Köln"})
    with pytest.raises(Missing):
        await strict.set_password("AMY", "x" * 64)
    assert await strict.password_of("AMY") is None
    assert (await row_of(place.source, "amy"))["city"] == "Bonn"


async def test_of_two_spellings_only_the_one_meant_is_changed(place: Place) -> None:
    rename = "UPDATE customer_user SET login = 'AMY' WHERE login = 'ben'"
    if place.source.dialect.kind is SourceKind.MARIADB:
        with pytest.raises(DuplicateKey):  # the column takes them for one: there is nobody to confuse
            await place.source.execute(rename)
        return
    await place.source.execute(rename)
    users = place.users()
    await users.update("AMY", {"city": "one"})
    await users.update("amy", {"city": "two"})
    await users.update("Amy", {"city": "three"})
    assert (await row_of(place.source, "AMY"))["city"] == "three"
    assert (await row_of(place.source, "amy"))["city"] == "two"


async def test_a_login_is_data_and_never_a_pattern(users: Writer[CustomerUser], place: Place) -> None:
    before = await place.tables()
    for login in ("%", "a_y", "*", "amy' OR '1'='1", "", "a\0my", "\ud800"):
        with pytest.raises(Missing):
            await users.update(login, {"city": "X"})
        with pytest.raises(Missing):
            await users.set_password(login, "x" * 64)
        assert await users.password_of(login) is None
    assert await place.tables() == before


@pytest.mark.parametrize("login", ["amy", "AMY", "Amy"])
async def test_a_login_that_exists_in_any_case_is_taken(
    users: Writer[CustomerUser], place: Place, login: str
) -> None:
    before = await place.tables()
    with pytest.raises(Taken) as caught:
        await users.create({**NEW, "login": login})
    assert caught.value.field == "login"
    with pytest.raises(Taken) as caught:
        await users.update("ben", {"login": login})
    assert caught.value.field == "login"
    assert await place.tables() == before


async def test_a_unique_key_of_the_table_is_the_last_word(place: Place) -> None:
    writer = a_writer(place, a_mapping(case_sensitive=True))
    with pytest.raises(Taken) as caught:
        await writer.create({**NEW, "login": "amy"})
    assert caught.value.field == "login"


async def test_customers_keep_null_what_is_not_given(customers: Writer[Customer], place: Place) -> None:
    values: Values = {
        "customerId": "NEW",
        "name": "New Co",
        "url": "u",
        "zip": "",
        "validity": Validity.VALID,
    }
    made = await customers.create(values)
    assert (made.customer_id, made.name) == ("NEW", "New Co")
    rows = (await dump(place.source, ["customer_company"]))["customer_company"]
    assert [row for row in rows if row["customer_id"] == "NEW"] == [  # S6-compadd-013
        {
            "customer_id": "NEW",
            "name": "New Co",
            "street": None,
            "zip": "",
            "city": None,
            "country": None,
            "url": "u",
            "comments": None,
            "valid_id": "1",
            "create_time": NOW_TEXT,
            "create_by": "1",
            "change_time": NOW_TEXT,
            "change_by": "1",
        }
    ]
    await customers.update("NEW", {"url": None, "city": ""})
    made = await customers.update("new", {"name": "Newer"})
    assert (made.name, made.url, made.city) == ("Newer", None, "")


async def test_the_name_of_a_customer_is_taken_once(customers: Writer[Customer], place: Place) -> None:
    before = await place.tables()
    with pytest.raises(Taken) as caught:
        await customers.create({"customerId": "CO-3", "name": "Company 1"})
    assert caught.value.field == "name"
    with pytest.raises(Taken) as caught:
        await customers.update("CO-2", {"name": "Company 1", "city": "X"})
    assert caught.value.field == "name"
    with pytest.raises(Taken) as caught:
        await customers.create({"customerId": "co-1", "name": "Other"})
    assert caught.value.field == "customerId"
    assert await place.tables() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", ""),
        ("login", "<DEFAULT>"),
        ("login", "x" * 192),
        ("email", "x" * 151),
        ("customerId", "x" * 151),
        ("title", "ä" * 51),
        ("firstName", "😀" * 101),
        ("comment", "x" * 251),
        ("city", "a\0b"),
        ("city", "\udc80"),
        ("validity", "yes"),
        ("validity", 40_000),
        ("nothing", "x"),
        ("listedCustomerIds", ("A;B", "C")),
        ("listedCustomerIds", (" A",)),
        ("listedCustomerIds", ("A", "A")),
        ("city", ("Bonn", "Köln")),
    ],
)
async def test_what_no_column_could_hold_is_refused_by_its_field(
    users: Writer[CustomerUser], place: Place, field: str, value: Any
) -> None:
    before = await place.tables()
    with pytest.raises(Unstorable) as caught:
        await users.create({**NEW, field: value})
    assert caught.value.field == field
    with pytest.raises(Unstorable) as caught:
        await users.update("amy", {field: value})
    assert caught.value.field == field
    assert await place.tables() == before


async def test_what_just_fits_is_stored(users: Writer[CustomerUser]) -> None:
    made = await users.create({**NEW, "login": "ü" * 191, "firstName": "😀" * 100, "comment": "x" * 250})
    assert len(made.login) == 191
    assert made.first_name == "😀" * 100


async def test_a_hash_that_does_not_fit_is_refused(users: Writer[CustomerUser], place: Place) -> None:
    for write in (users.set_password("amy", "x" * 129), users.create(NEW, "x" * 129)):
        with pytest.raises(Unstorable) as caught:
            await write
        assert caught.value.field == "password"
    writer = a_writer(place, a_mapping(), password_column=None)
    assert await writer.password_of("amy") is None
    with pytest.raises(Unstorable):
        await writer.set_password("amy", "x" * 64)


async def test_a_password_leaves_the_times_of_the_record(users: Writer[CustomerUser], place: Place) -> None:
    before = await row_of(place.source, "amy")
    hashed = hash_password("new", cost=9)
    await users.set_password("amy", hashed)
    assert await row_of(place.source, "amy") == before | {"pw": hashed}  # S6-pw-001
    assert (await users.update("amy", {"city": "X"})).stored.count(hashed) == 0
    assert await users.password_of("ben") is None


async def test_s10_the_password_s_column_is_in_no_other_statement(place: Place) -> None:
    clock = Clock()
    users = place.watched(clock).users()
    await users.create(NEW)
    await users.update("newp", {"city": "X", "login": "newq"})
    assert not [text for text in clock.passed if "pw" in text]
    await users.set_password("newq", "x" * 64)
    await users.password_of("newq")
    assert len([text for text in clock.passed if "pw" in text]) == 2


async def test_several_customer_ids_are_read_as_they_were_written(users: Writer[CustomerUser]) -> None:
    for listed in (("A", "B"), ("A,B",), ("A|B",), ("A",), ("A,B", "C|D"), ()):
        made = await users.update("amy", {"listedCustomerIds": listed})
        assert made.listed_customer_ids == listed
    assert (await users.update("amy", {"listedCustomerIds": "A, B"})).listed_customer_ids == ("A", "B")


async def test_a_column_is_written_once_and_by_its_first_field(place: Place) -> None:
    fields = (*USER_FIELDS, a_field("UserNick", "title"))
    writer = a_writer(place, a_mapping(fields=fields))
    assert (await writer.create({**NEW, "nick": "Dr."})).title == "Dr."
    assert (await writer.update("newp", {"nick": "Prof.", "title": "Prof."})).title == "Prof."
    with pytest.raises(Unstorable) as caught:
        await writer.update("newp", {"nick": "A", "title": "B"})
    assert caught.value.field == "nick"


async def test_s14_a_read_only_field_is_written_at_creation_alone(place: Place) -> None:
    fields = tuple(dataclasses.replace(row, read_only=row.name == "city") for row in USER_FIELDS)
    writer = a_writer(place, a_mapping(fields=fields))
    assert (await writer.create({**NEW, "city": "Bonn"})).city == "Bonn"
    assert (await writer.update("newp", {"city": "Köln", "zip": "1"})).city == "Bonn"


async def test_dynamic_fields_are_no_columns(place: Place) -> None:
    fields = (*USER_FIELDS, a_field("DynamicField_Colour", "Colour", FieldType.DYNAMIC_FIELD))
    writer = a_writer(place, a_mapping(fields=fields))
    await writer.create(NEW)
    with pytest.raises(Unstorable):
        await writer.update("newp", {"colour": "red"})


async def test_a_check_sees_the_stored_record_before_anything_is_written(
    users: Writer[CustomerUser], place: Place
) -> None:
    seen: list[CustomerUser] = []

    def refuse(stored: CustomerUser) -> None:
        seen.append(stored)
        raise Conflict

    before = await place.tables()
    with pytest.raises(Conflict):
        await users.update("AMY", {"city": "X"}, check=refuse)
    assert [(one.login, one.city) for one in seen] == [("amy", None)]
    assert await place.tables() == before


async def test_a12_of_two_writers_who_saw_the_same_version_one_wins(place: Place) -> None:
    users = place.users()
    (seen,) = [await users.update("amy", {})]

    def unchanged(stored: CustomerUser) -> None:
        if stored.stored != seen.stored:
            raise Conflict

    async def write(number: int) -> CustomerUser:
        return await users.update("amy", {"city": f"city {number}"}, check=unchanged)

    ends = await asyncio.gather(*(write(number) for number in range(5)), return_exceptions=True)
    won = [end for end in ends if isinstance(end, CustomerUser)]
    assert len(won) == 1
    assert sum(isinstance(end, Conflict) for end in ends) == 4
    assert (await row_of(place.source, "amy"))["city"] == won[0].city


async def test_of_writers_who_want_the_same_login_one_gets_it(place: Place) -> None:
    users = place.users()
    logins = ["new", "NEW", "New", "nEw", "neW"]
    ends = await asyncio.gather(
        *(users.create({**NEW, "login": login}) for login in logins), return_exceptions=True
    )
    assert len([end for end in ends if isinstance(end, CustomerUser)]) == 1
    assert len([end for end in ends if isinstance(end, Taken) and end.field == "login"]) == 4


async def test_a_failure_of_what_is_carried_undoes_the_update(
    users: Writer[CustomerUser], place: Place
) -> None:
    async def fail(_: object) -> None:
        raise Conflict

    before = await place.tables()
    with pytest.raises(Conflict):
        await users.update("amy", {"login": "eve"}, carry=fail)
    assert await place.tables() == before


async def test_a_foreign_table_of_other_types_is_written_by_them(place: Place) -> None:
    await place.source.execute("DROP TABLE IF EXISTS people")
    number = "INTEGER" if place.source.dialect.kind is SourceKind.SQLITE else "BIGINT"
    await place.source.execute(
        f"CREATE TABLE people (number {number} PRIMARY KEY, mail VARCHAR(50) NOT NULL, company VARCHAR(20), room TEXT,"
        " floor SMALLINT, born DATE, secret VARCHAR(128))"
    )
    fields = (
        a_field("UserLogin", "number", FieldType.INT),
        a_field("UserEmail", "mail"),
        a_field("UserCustomerID", "company"),
        *CUSTOM_FIELDS[1:],
        a_field("UserBorn", "born"),
    )
    mapping = a_mapping(
        fields=fields, key_column="number", customer_id_column="company", valid_column=None, has_validity=False,
        audited=False, password_column="secret", list_columns=("mail",), name_columns=("mail",), columns=("mail",),
        post_master_columns=(),
    )  # fmt: skip
    writer = a_writer(place, mapping, table="people", password_column="secret")
    given: Values = {"login": "17", "email": "a@b.test", "customerId": "C", "floor": 3, "born": "2001-02-03"}
    made = await writer.create(given, "x" * 64)
    assert (made.login, made.custom["floor"], made.custom["room"], made.created_at) == ("17", 3, "", None)
    assert made.custom["born"] == "2001-02-03"
    changed = await writer.update("17", {"floor": None, "room": "r" * 1000, "login": "18"})
    assert (changed.login, changed.custom["floor"], changed.custom["room"]) == ("18", 0, "r" * 1000)
    assert await writer.password_of("18") == "x" * 64
    refused: Values = {"login": "x", "floor": 40_000, "email": "x" * 51}
    for field, value in refused.items():
        with pytest.raises(Unstorable) as caught:
            await writer.update("18", {field: value})
        assert caught.value.field == field
    with pytest.raises(Taken):
        await writer.create({**given, "login": "18"})


async def test_a_table_that_comes_later_is_written(place: Place) -> None:
    users = a_writer(place, a_mapping())
    await place.source.execute("ALTER TABLE customer_user RENAME TO hidden_user")
    try:
        with pytest.raises(Exception, match=r"registry"):
            await users.create(NEW)
    finally:
        await place.source.execute("ALTER TABLE hidden_user RENAME TO customer_user")
    assert (await users.create(NEW)).login == "newp"


async def test_a_customer_mapping_without_validity_is_written_without(place: Place) -> None:
    fields = tuple(row for row in a_customer_mapping().fields if row.name != "validity")
    mapping = a_customer_mapping(fields=fields)
    writer = SqlWriter(
        mapping, place.source, "customer_company", mapping.customer, STAMP, password_column=None,
        registry=place.registry,
    )  # fmt: skip
    made = await writer.create({"customerId": "N", "name": "N"})
    assert made.validity is Validity.VALID
    assert (await writer.update("N", {"validity": Validity.INVALID})).validity is Validity.INVALID
