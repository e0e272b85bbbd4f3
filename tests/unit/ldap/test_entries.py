"""Entries become rows: decoded, never failing, with the few translations that directories need."""

from __future__ import annotations

from backends.ldap.ber import Entry
from backends.ldap.entries import EntryReader, unique
from backends.ldap.membership import normal_dn
from backends.mapping import FieldMapping
from tests.unit.ldap.worlds import MAPPING, with_field


def entry(**values: bytes | tuple[bytes, ...]) -> Entry:
    """An entry; names are given in lower case, as connections give them."""
    return Entry(
        "uid=x,dc=x",
        {name: value if isinstance(value, tuple) else (value,) for name, value in values.items()},
    )


READER = EntryReader(MAPPING, "utf-8", "")


def test_attributes_are_found_whatever_their_case() -> None:
    assert READER.value(entry(givenname="Jürgen".encode()), "givenName") == "Jürgen"
    assert READER.value(entry(givenname="Jürgen".encode()), "GIVENNAME") == "Jürgen"


def test_an_absent_or_empty_attribute_is_none() -> None:
    assert READER.value(entry(), "mail") is None
    assert READER.value(entry(mail=b""), "mail") is None
    assert READER.value(entry(mail=()), "mail") is None


def test_several_values_are_a_tuple_and_the_first_login_counts() -> None:
    assert READER.value(entry(mail=(b"a@x", b"b@x")), "mail") == ("a@x", "b@x")
    assert READER.key(entry(uid=(b"ada", b"lovelace"))) == "ada"
    assert READER.key(entry(cn=b"no login")) == ""


def test_values_are_decoded_by_the_charset_and_nonsense_is_marked() -> None:
    latin = EntryReader(MAPPING, "iso-8859-1", "")
    assert latin.value(entry(sn=b"M\xfcller"), "sn") == "Müller"
    assert latin.value(entry(sn="Müller".encode()), "sn") == "MÃ¼ller"
    assert READER.value(entry(sn=b"M\xfcller"), "sn") == "M\ufffdller"
    assert READER.value(entry(photo=b"\xff\xd8\x00"), "photo") == "\ufffd\ufffd\x00"


def test_numbers_and_truth_values_stay_as_they_were_written() -> None:
    assert READER.value(entry(roomnumber=b"007"), "roomNumber") == "007"
    assert READER.value(entry(cn=b"TRUE"), "cn") == "TRUE"


def test_a_target_address_loses_its_protocol() -> None:
    for spelled in (b"SMTP:ada@x.org", b"smtp:ada@x.org", b"ada@x.org"):
        assert READER.value(entry(targetaddress=spelled), "targetAddress") == "ada@x.org"
    assert READER.value(entry(mail=b"SMTP:ada@x.org"), "mail") == "SMTP:ada@x.org"


def test_a_row_runs_in_the_order_of_the_mapping() -> None:
    row = READER.row(entry(uid=b"ada", sn=b"Lovelace", mail=(b"a@x", b"b@x")), {})
    assert dict(zip(MAPPING.columns, row, strict=True)) == dict.fromkeys(MAPPING.columns) | {
        "uid": "ada",
        "sn": "Lovelace",
        "mail": ("a@x", "b@x"),
    }


def test_a_manager_is_translated_where_asked_and_missing_ones_are_none() -> None:
    translating = EntryReader(MAPPING, "utf-8", "cn")
    place = MAPPING.column_index("manager")
    people = [
        entry(manager=b"uid=boss,dc=x"),
        entry(manager=b"uid=gone,dc=x"),
        entry(),
        entry(manager=b"uid=boss,dc=x"),
    ]
    assert translating.managers(people) == ["uid=boss,dc=x", "uid=gone,dc=x"]
    shown = [translating.row(person, {"uid=boss,dc=x": "The Boss"})[place] for person in people]
    assert shown == ["The Boss", None, None, "The Boss"]
    assert READER.managers(people) == []
    assert READER.row(people[0], {})[place] == "uid=boss,dc=x"


def test_attributes_are_asked_for_once_whatever_their_case() -> None:
    mapping = with_field(FieldMapping("nickname", "UserNickname", "GIVENNAME"))
    asked = EntryReader(mapping, "utf-8", "").attributes
    assert len(asked) == len({name.lower() for name in asked}) == len(mapping.columns) - 1
    assert unique(["uid", "UID", "mail"]) == ("uid", "mail")


def test_one_dn_has_one_spelling() -> None:
    spelled = normal_dn("uid=ada,ou=people,dc=example,dc=org")
    assert normal_dn("UID=Ada, OU=People,DC=example , dc=org") == spelled
    assert normal_dn("uid=ada;ou=people;dc=example;dc=org") == spelled
    assert (
        normal_dn(r"cn=Comma\, Jr.,dc=x")
        == normal_dn(r"cn=Comma\2C Jr.,dc=x")
        == normal_dn('cn="Comma, Jr.",dc=x')
    )
    assert normal_dn(r"cn=J\C3\BCrgen,dc=x") == normal_dn("cn=Jürgen,dc=x")
    assert normal_dn("a=1+b=2,dc=x") == normal_dn("b=2+a=1,dc=x")


def test_different_dns_stay_different() -> None:
    pairs = [
        (r"cn=a\,dc=x", "cn=a,dc=x"),
        ("cn=ab,dc=x", "cn=a b,dc=x"),
        (r"cn=a\+b=c,dc=x", "cn=a+b=c,dc=x"),
        ("uid=ada,dc=x", "uid=ada,dc=x,dc=x"),
    ]
    for one, other in pairs:
        assert normal_dn(one) != normal_dn(other)
