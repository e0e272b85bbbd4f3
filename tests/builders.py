"""Mappings, rows and a small world of people for tests: whatever a test does not name is unremarkable."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backends.mapping import FieldMapping, FieldType, RecordMapping, SearchRules
from backends.memory import MemoryBackend
from backends.model import Customer, CustomerUser, Value
from backends.names import CUSTOMER_NAMES, USER_NAMES, graphql_name

Columns = Mapping[str, Value]
"""One row as stored: column → value."""

_RULES = {rule.name for rule in dataclasses.fields(SearchRules)}


def a_field(variable: str, column: str, type_: FieldType = FieldType.STRING, **changes: Any) -> FieldMapping:
    """One mapping row, named as the configuration would name it."""
    name = USER_NAMES.get(variable) or CUSTOMER_NAMES.get(variable)
    field = FieldMapping(name or graphql_name(variable), variable, column, type=type_)
    return dataclasses.replace(field, **changes)


USER_FIELDS = (
    a_field("UserTitle", "title"),
    a_field("UserFirstname", "first_name", required=True),
    a_field("UserLastname", "last_name", required=True),
    a_field("UserLogin", "login", required=True),
    a_field("UserEmail", "email", required=True),
    a_field("UserCustomerID", "customer_id", required=True),
    a_field("UserPhone", "phone"),
    a_field("UserFax", "fax"),
    a_field("UserMobile", "mobile"),
    a_field("UserStreet", "street"),
    a_field("UserZip", "zip"),
    a_field("UserCity", "city"),
    a_field("UserCountry", "country"),
    a_field("UserComment", "comments"),
    a_field("ValidID", "valid_id", FieldType.INT, required=True),
)
"""The shipped mapping of customer users, without the password's row (MAP-3)."""

CUSTOM_FIELDS = (
    a_field("UserCustomerIDs", "customer_ids"),
    a_field("UserRoom", "room"),
    a_field("UserFloor", "floor", FieldType.INT),
)
"""Rows that a site may add: further customer IDs (MULTI-2), a text and a number."""

CUSTOMER_FIELDS = (
    a_field("CustomerID", "customer_id", required=True),
    a_field("CustomerCompanyName", "name", required=True),
    a_field("CustomerCompanyStreet", "street"),
    a_field("CustomerCompanyZIP", "zip"),
    a_field("CustomerCompanyCity", "city"),
    a_field("CustomerCompanyCountry", "country"),
    a_field("CustomerCompanyURL", "url"),
    a_field("CustomerCompanyComment", "comments"),
    a_field("ValidID", "valid_id", FieldType.INT, required=True),
)
"""The shipped mapping of customers (MAP-4)."""

DIRECTORY_ATTRIBUTES: Mapping[str, str] = {
    "login": "uid",
    "title": "title",
    "first_name": "givenName",
    "last_name": "sn",
    "email": "mail",
    "customer_id": "departmentNumber",
    "customer_ids": "o",
    "phone": "telephoneNumber",
    "mobile": "mobile",
    "street": "street",
    "zip": "postalCode",
    "city": "l",
    "comments": "description",
    "room": "roomNumber",
    "floor": "employeeNumber",
}
"""Which attribute of an inetOrgPerson holds what a table has in a column."""

DIRECTORY_FIELDS = tuple(
    dataclasses.replace(field, column=DIRECTORY_ATTRIBUTES[field.column])
    for field in (*USER_FIELDS, *CUSTOM_FIELDS)
    if field.column in DIRECTORY_ATTRIBUTES
)


def a_mapping(key: str = "customer_user", **changes: Any) -> RecordMapping:
    """The mapping of a standard customer_user table; search rules may be named among the changes."""
    mapping = RecordMapping(
        source_key=key,
        fields=USER_FIELDS,
        key_column="login",
        customer_id_column="customer_id",
        valid_column="valid_id",
        has_validity=True,
        password_column="pw",
        list_columns=("first_name", "last_name", "email"),
        name_columns=("title", "first_name", "last_name"),
        search=SearchRules(
            columns=("login", "first_name", "last_name", "customer_id"), post_master_columns=("email",)
        ),
    )
    return _changed(mapping, changes)


def a_customer_mapping(key: str = "customer_company", **changes: Any) -> RecordMapping:
    """The mapping of a standard customer_company table."""
    mapping = RecordMapping(
        source_key=key,
        fields=CUSTOMER_FIELDS,
        key_column="customer_id",
        customer_id_column="customer_id",
        valid_column="valid_id",
        has_validity=True,
        list_columns=("customer_id", "name"),
        search=SearchRules(columns=("customer_id", "name")),
    )
    return _changed(mapping, changes)


def a_directory_mapping(key: str = "directory", **changes: Any) -> RecordMapping:
    """The mapping of a directory of inetOrgPerson entries, whose valid filter decides validity (LDAP-10)."""
    mapping = RecordMapping(
        source_key=key,
        fields=DIRECTORY_FIELDS,
        key_column="uid",
        customer_id_column="departmentNumber",
        has_validity=True,
        audited=False,
        list_columns=("givenName", "sn", "mail"),
        name_columns=("title", "givenName", "sn"),
        search=SearchRules(
            columns=("uid", "givenName", "sn", "departmentNumber"), post_master_columns=("mail",)
        ),
    )
    return _changed(mapping, changes)


def _row(defaults: Columns, columns: Columns) -> dict[str, Value]:
    if unknown := columns.keys() - defaults.keys():
        raise KeyError(f"no such column: {', '.join(sorted(unknown))}")
    return {**defaults, **columns}


def a_row(login: Value = "ada", **columns: Value) -> dict[str, Value]:
    """A row of a customer_user table with room, floor and customer_ids; `first_name` and so on replace values."""
    row: dict[str, Value] = {
        "login": login,
        "email": f"{login}@example.org",
        "customer_id": "ACME",
        "pw": None,
        "title": None,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": None,
        "fax": None,
        "mobile": None,
        "street": None,
        "zip": None,
        "city": None,
        "country": None,
        "comments": None,
        "valid_id": 1,
        "create_time": "2026-01-02 03:04:05",
        "create_by": 1,
        "change_time": "2026-01-02 03:04:05",
        "change_by": 1,
        "customer_ids": None,
        "room": None,
        "floor": None,
    }
    return _row(row, columns)


def a_customer_row(customer_id: str = "ACME", **columns: Value) -> dict[str, Value]:
    """A row of a customer_company table."""
    row: dict[str, Value] = {
        "customer_id": customer_id,
        "name": f"{customer_id} Inc.",
        "street": None,
        "zip": None,
        "city": None,
        "country": None,
        "url": None,
        "comments": None,
        "valid_id": 1,
        "create_time": "2026-01-02 03:04:05",
        "create_by": 1,
        "change_time": "2026-01-02 03:04:05",
        "change_by": 1,
    }
    return _row(row, columns)


def a_memory_of(rows: Iterable[Columns], mapping: RecordMapping | None = None) -> MemoryBackend[CustomerUser]:
    """A store of customer users in memory."""
    mapping = mapping or a_mapping()
    return MemoryBackend(mapping, list(rows), mapping.customer_user)


def a_customer_memory_of(
    rows: Iterable[Columns], mapping: RecordMapping | None = None
) -> MemoryBackend[Customer]:
    """A store of customers in memory."""
    mapping = mapping or a_customer_mapping()
    return MemoryBackend(mapping, list(rows), mapping.customer)


def _person(login: str, first: str | None, last: str | None, customer: str | None, **more: Value) -> Columns:
    """One of the people, with an address that a directory can hold."""
    address = f"{login if login.isascii() else login.encode().hex()}@example.org"
    return a_row(login, first_name=first, last_name=last, customer_id=customer, **{"email": address, **more})


_LONG = "lang " * 60 + "Ende"


def _dated(place: int, row: Columns) -> Columns:
    """A row with times that depend on its place, some of them the same as others'."""
    created = f"2025-{place % 12 + 1:02}-03 04:05:06"
    return {**row, "create_time": created, "change_time": f"2026-01-{31 - place % 9} 23:59:5{place % 3}"}


PEOPLE: Sequence[Columns] = tuple(
    _dated(place, row)
    for place, row in enumerate(
        (
            _person(
                "ada", "Ada", "Lovelace", "ACME", title="Countess", city="London", room="A 1.02", floor=1
            ),
            _person("Zoe", "Zoë", "Adler", "ACME", city="Zürich", room="a 1.02", floor=2),
            _person("zora", "Zora", "adler", "acme", city="zug", room="", floor=10),
            _person("zoe2", "Zoe", "Adler", "ACME-2", city="Zurich", floor=-5),
            # case variants of one login, and one that a blank-padding collation takes for it
            _person("Franz", "Franz", "Huber", "HUBER", floor=3, customer_ids="ACME;NORD"),
            _person("franz", "franz", "huber", "HUBER", floor=3, customer_ids="NORD, ACME ,SUED"),
            _person("FRANZ", "FRANZ", "HUBER", "huber", valid_id=2, customer_ids="A;B,C|D"),
            _person("franz ", "Franz", "Huber ", "HUBER ", valid_id=3),
            _person(" franz", " Franz", " Huber", " HUBER", customer_ids="ACME|NORD|ACME"),
            # letters beyond ASCII
            _person("müller", "Jürgen", "Müller", "MÜLLER", title="Dr.", city="München", floor=4),
            _person("MÜLLER", "JÜRGEN", "MÜLLER", "müller", city="MÜNCHEN", floor=4),
            _person("muller", "Jurgen", "Muller", "MULLER", city="Munchen", floor=4),
            _person("groß", "Fritz", "Groß", "STRASSE", street="Große Straße 1", city="Gießen"),
            _person("gross", "Fritz", "Gross", "STRAßE", street="Grosse Strasse 1", city="Giessen"),
            _person("åse", "Åse", "Ångström", "NORD", city="Århus", country="Danmark"),
            _person("ase", "Ase", "Angstrom", "nord", city="Aarhus", country="danmark"),
            _person("öz", "Özlem", "Öztürk", "NORD", country="Türkiye", valid_id=None),
            _person("éva", "Éva", "Évard", "SUED", country="Magyarország", valid_id=9),
            _person("łukasz", "Łukasz", "Żółć", "SUED", city="Łódź"),
            _person("иван", "Иван", "Иванов", "МИР", city="Москва"),
            _person("ИВАН2", "ИВАН", "ИВАНОВ", "мир", city="МОСКВА"),
            _person("σοφία", "Σοφία", "Παπαδοπούλου", "ΕΛΛ", city="Αθήνα"),
            _person("😀", "Smiley", "😀 Grin", "EMOJI", comments="👩‍💻 works"),
            _person("😀x", "Smiley", "😁 Grin", "EMOJI"),
            _person("山田", "太郎", "山田", "日本", city="東京"),
            # what patterns, filters and statements are made of
            _person("o'neil", "Shaun", "O'Neil", "O'CO", email="o'neil@x.org", comments='it\'s "quoted"'),
            _person("100%", "100%", "Percent", "50%", comments="100% sure"),
            _person("1000", "1000", "Number", "500", zip="01067", floor=1000),
            _person("a_b", "a_b", "Underscore", "A_B", comments="snake_case"),
            _person("axb", "axb", "Letter", "AXB", comments="snakexcase"),
            _person("a\\b", "a\\b", "Backslash", "A\\B", comments="C:\\temp\\"),
            _person("a*b", "a*b", "Star", "A*B", comments="five *"),
            _person("*", "*", "*", "*"),
            _person("(uid=*)", "(uid=*)", "Bracket", "(A)", comments=")(objectClass=*)"),
            _person("a&&b", "a&&b", "a||b", "R&D", comments="!important & [brackets] {braces}"),
            _person(
                '"q"', '"q"', "'; DROP TABLE x; --", "Q", comments="`tick` <tag> #hash ,comma; semicolon"
            ),
            # missing, empty, blank and long
            _person("nothing", None, None, None, email=None, zip=None),
            _person("empty", "", "", "", email="", title="", city="", street="", room="", comments=""),
            _person("blank", " ", "  ", " ", city=" ", room=" "),
            _person("long" + "g" * 180, "Long", _LONG, "LONG", comments=_LONG, floor=2147483647),
            _person(
                "ada.two",
                "Ada",
                "Lovelace",
                "ACME",
                title="countess",
                valid_id=2,
                floor=0,
                customer_ids="ACME",
            ),
            _person(
                "ada-three",
                "Ada",
                "Lovelace",
                "ACME",
                email="ADA@example.org",
                valid_id=3,
                customer_ids=" ; ",
            ),
            _person("ada@example.org", "Ada", "", "ACME", email="ada@example.org", customer_ids="AC|ME"),
        )
    )
)
"""Forty-three people who are hard to tell apart, hard to sort or hard to quote."""

RARE = "İı"
"""Letters whose small form is not the same in every store (design, section 7)."""

TURKISH: Sequence[Columns] = (
    _person("İpek", "İpek", "Işık", "TR", city="İzmir"),
    _person("ipek", "ipek", "ışık", "TR", city="izmir"),
    _person("IPEK2", "IPEK", "ISIK", "TR", city="IZMIR"),
    _person("ıpek3", "ıpek", "isik", "TR", city="ızmir"),
)
"""People with the letters of RARE: paged through everywhere, but not in the same order."""

COMPANIES: Sequence[Columns] = (
    a_customer_row("ACME", name="Acme & Söhne", city="Zürich", country="Schweiz", url="https://acme.example"),
    a_customer_row("acme-2", name="ACME zwei", city="zug"),
    a_customer_row("NORD", name="Nordlicht", city="Kiel", valid_id=2),
    a_customer_row("A_B", name="100% (Unterstrich)", city=""),
    a_customer_row("MÜLLER", name="Müller", valid_id=None),
    a_customer_row("O'CO", name="O'Neil & Co", comments="it's"),
)
"""Customers of the people above."""


def entry_of(row: Columns) -> dict[str, Value]:
    """The attributes under which a directory holds a row of the table: what is empty there is absent here."""
    return {
        attribute: None if row[column] == "" else row[column]
        for column, attribute in DIRECTORY_ATTRIBUTES.items()
    }


def _changed(mapping: RecordMapping, changes: Mapping[str, Any]) -> RecordMapping:
    rules = {name: value for name, value in changes.items() if name in _RULES}
    others = {name: value for name, value in changes.items() if name not in _RULES}
    if rules:
        others["search"] = dataclasses.replace(others.get("search", mapping.search), **rules)
    return dataclasses.replace(mapping, **others)
