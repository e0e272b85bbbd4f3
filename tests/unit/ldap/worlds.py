"""A mapping and a reader of filters, for tests without a server."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backends.mapping import FieldMapping, FieldType, RecordMapping, SearchRules

FIELDS = (
    FieldMapping("login", "UserLogin", "uid"),
    FieldMapping("firstName", "UserFirstname", "givenName"),
    FieldMapping("lastName", "UserLastname", "sn"),
    FieldMapping("email", "UserEmail", "mail"),
    FieldMapping("customerId", "UserCustomerID", "departmentNumber"),
    FieldMapping("listedCustomerIds", "UserCustomerIDs", "o"),
    FieldMapping("phone", "UserPhone", "telephoneNumber"),
    FieldMapping("room", "UserRoom", "roomNumber"),
    FieldMapping("desk", "UserDesk", "employeeNumber", type=FieldType.INT),
    FieldMapping("manager", "UserManager", "manager"),
)

MAPPING = RecordMapping(
    source_key="people",
    fields=FIELDS,
    key_column="uid",
    customer_id_column="departmentNumber",
    has_validity=True,
    audited=False,
    list_columns=("cn", "mail"),
    search=SearchRules(columns=("uid", "cn", "mail"), list_limit=250, post_master_columns=("mail",)),
)


def with_field(field: FieldMapping) -> RecordMapping:
    """The mapping with one more row."""
    return replace(MAPPING, fields=(*FIELDS, field))


@dataclass(frozen=True)
class Item:
    """One comparison of a filter: the literal texts between its wildcards."""

    attribute: str
    pieces: tuple[bytes, ...]


Tree = Item | tuple[str, tuple["Tree", ...]]


def parsed(text: str) -> Tree:
    """Read a filter by RFC 4515, strictly; anything else is a ValueError."""
    tree, end = _filter(text, 0)
    if end != len(text):
        raise ValueError(f"left over: {text[end:]!r}")
    return tree


def _filter(text: str, place: int) -> tuple[Tree, int]:
    if text[place] != "(":
        raise ValueError(f"no bracket at {place} of {text!r}")
    sign = text[place + 1]
    if sign not in "&|!":
        end = text.index(")", place)
        return _item(text[place + 1 : end]), end + 1
    parts: list[Tree] = []
    place += 2
    while text[place] == "(":
        part, place = _filter(text, place)
        parts.append(part)
    if text[place] != ")" or (sign == "!" and len(parts) != 1):
        raise ValueError(f"no end at {place} of {text!r}")
    return (sign, tuple(parts)), place + 1


def _item(text: str) -> Item:
    attribute, equals, value = text.partition("=")
    if not equals or not attribute.replace("-", "").isalnum():
        raise ValueError(text)
    return Item(attribute, tuple(_literal(piece) for piece in value.split("*")))


def _literal(text: str) -> bytes:
    data = bytearray()
    place = 0
    while place < len(text):
        character = text[place]
        if character == "\\":
            data += bytes.fromhex(text[place + 1 : place + 3])
            place += 3
            continue
        if character in "()*\0" or not character.isascii():
            raise ValueError(f"not escaped: {character!r}")
        data += character.encode()
        place += 1
    return bytes(data)
