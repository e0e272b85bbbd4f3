"""The world as its stores want it: rows of the registry's tables, of the CRM's, and LDIF. No I/O."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from gateway.demo import stories
from gateway.demo.people import BEGINNING, Person
from gateway.demo.servers.slapd import SUFFIX
from gateway.demo.stories import Store
from gateway.demo.world import World

Cell = str | int | datetime | None
Row = Sequence[Cell]
Attributes = Mapping[str, str | tuple[str, ...] | None]

SUPPORT_TIER = 11
TICKET_FIELDS = {12: "CustomerLogin", 13: "CustomerPhone", 14: "CustomerRoom"}
QUEUE = 10
"""What a group's number and this add up to is its queue's."""
TICKET = 2026070110000000

MAIN_COLUMNS = {
    "login": "login",
    "email": "email",
    "customer_id": "customer_id",
    "title": "title",
    "first_name": "first_name",
    "last_name": "last_name",
    "phone": "phone",
    "fax": "fax",
    "mobile": "mobile",
    "street": "street",
    "zip": "zip",
    "city": "city",
    "country": "country",
    "comments": "comment",
    "valid_id": "validity",
    "create_time": "created",
    "change_time": "changed",
}
CRM_COLUMNS = {
    "account": "login",
    "given": "first_name",
    "family": "last_name",
    "mail": "email",
    "org": "customer_id",
    "orgs": "further",
    "tel": "phone",
    "cell": "mobile",
    "town": "city",
    "land": "country",
    "room_no": "room",
    "floor": "floor",
    "active": "validity",
}

BIND_DN = f"cn=kundengraph,{SUFFIX}"
PEOPLE_DN = f"ou=people,{SUFFIX}"

CRM_TABLE = """\
CREATE TABLE people (
    account TEXT NOT NULL PRIMARY KEY,
    given TEXT NOT NULL,
    family TEXT NOT NULL,
    mail TEXT NOT NULL,
    org TEXT NOT NULL,
    orgs TEXT NOT NULL DEFAULT '',
    tel TEXT,
    cell TEXT,
    town TEXT,
    land TEXT,
    room_no TEXT,
    floor INTEGER,
    active INTEGER NOT NULL DEFAULT 1
)"""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for one table."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


def registry(world: World) -> Iterator[Table]:
    """Everything the registry holds beside customer users, in an order that foreign keys allow."""
    yield _customers(world)
    yield from _groups(world)
    yield from _grants(world)
    yield _audited("customer_user_customer", "user_id customer_id", world.additional_customers)
    yield from _services(world)
    yield _table("customer_preferences", "user_id preferences_key preferences_value", world.preferences)
    yield from _dynamic_fields(world)
    yield _tickets(world)


def main_people(world: World) -> Table:
    """The rows of OTOBO's own table of customer users."""
    values = attrgetter(*MAIN_COLUMNS.values())
    rows = [(*values(person), 1, 1) for person in world.people[Store.MAIN]]
    return Table("customer_user", (*MAIN_COLUMNS, "create_by", "change_by"), rows)


def crm_people(world: World) -> Table:
    """The rows of the CRM, in its own layout."""
    values = attrgetter(*CRM_COLUMNS.values())
    return Table("people", tuple(CRM_COLUMNS), [values(person) for person in world.people[Store.CRM]])


def ldif(world: World, bind_password: str) -> str:
    """The directory: its people, and an account that may read them."""
    organisation: Attributes = {"objectClass": ("dcObject", "organization"), "o": "Demo", "dc": "example"}
    account: Attributes = {
        "objectClass": ("organizationalRole", "simpleSecurityObject"),
        "cn": "kundengraph",
        "userPassword": bind_password,
    }
    entries = [
        _entry(SUFFIX, organisation),
        _entry(BIND_DN, account),
        _entry(PEOPLE_DN, {"objectClass": "organizationalUnit", "ou": "people"}),
    ]
    return "\n".join([*entries, *map(_directory_entry, world.people[Store.LDAP])])


def _customers(world: World) -> Table:
    rows: list[Row] = []
    for place, firm in enumerate(world.companies, 1):
        street = f"{firm.culture.streets[place % len(firm.culture.streets)]} {place}"
        address = (street, firm.city.zip, firm.city.name, firm.culture.country)
        url = f"https://www.{firm.domain}.example"
        rows.append((firm.customer_id, firm.name, *address, url, firm.comment, firm.validity))
    return _audited(
        "customer_company", "customer_id name street zip city country url comments valid_id", rows
    )


def _groups(world: World) -> Iterator[Table]:
    groups = [(group.id, group.name, group.comment, group.validity) for group in world.groups]
    yield _audited("groups_table", "id name comments valid_id", groups)
    columns = (
        "id name group_id valid_id system_address_id salutation_id signature_id follow_up_id follow_up_lock"
    )
    queues = [
        (QUEUE + group.id, group.name, group.id, group.validity, 1, 1, 1, 1, 0) for group in world.groups
    ]
    yield _audited("queue", columns, queues)


def _grants(world: World) -> Iterator[Table]:
    number = {group.name: group.id for group in world.groups}
    to_users = [(login, number[group], key, 1) for login, group, key in world.user_grants]
    yield _audited("group_customer_user", "user_id group_id permission_key permission_value", to_users)
    yield _audited(
        "group_customer",
        "customer_id group_id permission_key permission_value permission_context",
        [
            (customer, number[group], key, 1, context)
            for customer, group, key, context in world.customer_grants
        ],
    )


def _services(world: World) -> Iterator[Table]:
    number = {name: place for place, name in enumerate(world.services, 1)}
    valid = {name: 2 if name in stories.INVALID_SERVICES else 1 for name in world.services}
    yield _audited("service", "id name valid_id", [(number[name], name, valid[name]) for name in number])
    assigned = [(login, number[name], BEGINNING, 1) for login, name in world.assigned_services]
    yield _table("service_customer_user", "customer_user_login service_id create_time create_by", assigned)


def _dynamic_fields(world: World) -> Iterator[Table]:
    rows: list[Row] = [(SUPPORT_TIER, "SupportTier", "Support tier", 1, "CustomerUser")]
    rows += [(number, name, name, number, "Ticket") for number, name in TICKET_FIELDS.items()]
    yield _audited(
        "dynamic_field",
        "id name label field_order object_type field_type config valid_id",
        [(*row, "Text", "---\nDefaultValue: ''\n", 1) for row in rows],
    )
    tiers = list(enumerate(world.support_tiers, 1))
    objects = [(number, login, "CustomerUser") for number, (login, _) in tiers]
    yield _table("dynamic_field_obj_id_name", "object_id object_name object_type", objects)
    values = [(SUPPORT_TIER, number, tier, 0, 0) for number, (_, tier) in tiers]
    yield _table("dynamic_field_value", "field_id object_id value_text index_value index_set", values)


def _tickets(world: World) -> Table:
    queue = {group.name: QUEUE + group.id for group in world.groups}
    customer = {p.login: p.customer_id for store in reversed(Store) for p in world.people[store]}
    columns = "tn title queue_id customer_user_id customer_id ticket_priority_id ticket_state_id"
    ones = "ticket_lock_id type_id user_id responsible_user_id"
    zeros = "timeout until_time escalation_time escalation_update_time escalation_response_time"
    return _audited(
        "ticket",
        f"{columns} {ones} {zeros} escalation_solution_time",
        [
            (str(TICKET + place), title, queue[group], login, customer[login], 3, 1, *[1] * 4, *[0] * 6)
            for place, (title, login, group) in enumerate(world.tickets, 1)
        ],
    )


def _table(name: str, columns: str, rows: Iterable[Row]) -> Table:
    return Table(name, tuple(columns.split()), list(rows))


def _audited(name: str, columns: str, rows: Iterable[Row]) -> Table:
    audit = (BEGINNING, 1, BEGINNING, 1)
    return _table(
        name, f"{columns} create_time create_by change_time change_by", [(*row, *audit) for row in rows]
    )


def _directory_entry(person: Person) -> str:
    attributes = {
        "objectClass": "inetOrgPerson",
        "uid": person.login,
        "cn": f"{person.first_name} {person.last_name}",
        "givenName": person.first_name,
        "sn": person.last_name,
        "mail": person.email,
        "departmentNumber": person.customer_id,
        "telephoneNumber": person.phone,
        "mobile": person.mobile,
        "l": person.city,
        "roomNumber": person.room,
        "employeeType": "active" if person.validity == 1 else "left",
    }
    return _entry(f"uid={person.login},{PEOPLE_DN}", attributes)


def _entry(dn: str, attributes: Attributes) -> str:
    lines = [_line("dn", dn)]
    for name, value in attributes.items():
        values = value if isinstance(value, tuple) else (value,)
        lines += [_line(name, each) for each in values if each]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    if value.isascii() and value.isprintable() and value[0] not in " :<" and value[-1] != " ":
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"
