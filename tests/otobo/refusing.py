"""Which changes are refused here that OTOBO makes, and which made that it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.order import fold
from tests.otobo.blocks import truthy
from tests.otobo.expectations import SECRET
from tests.otobo.offers import DEFAULT
from tests.otobo.oracle import SILENT
from tests.otobo.outcomes import Refused
from tests.otobo.situations import Situation
from tests.otobo.ticket_rules import lacks_ticket_fields

PERSON = {
    "CustomerUserCustomerMemberAdd": "CustomerUserID",
    "CustomerUserServiceMemberAdd": "CustomerUserLogin",
    "GroupMemberAdd": "UID",
}
RELATED = frozenset(PERSON)
CUSTOMER = frozenset({"CustomerUserCustomerMemberAdd", "GroupCustomerAdd"})
KEYS = {
    "CustomerUserAdd": "UserLogin",
    "CustomerUserUpdate": "UserLogin",
    "CustomerCompanyAdd": "CustomerID",
    "CustomerCompanyUpdate": "CustomerID",
}
NAMED = frozenset(KEYS)
COMPANIES = frozenset({"CustomerCompanyAdd", "CustomerCompanyUpdate"})
TICKETS = frozenset({"TicketCreate", "TicketCustomerSet"})
LONGEST_LOGIN = 100
SEEKING = frozenset({"CustomerUserAdd", "CustomerUserUpdate", "SetPassword", *RELATED})
CHANGING = NAMED | RELATED | CUSTOMER | TICKETS | {"SetPassword", "SetPreferences"}


def is_nobody(case: Situation) -> bool:
    """Nobody has the login that gets something."""
    login = str(case.args.get(PERSON[case.call.method]))
    return login != DEFAULT and case.oracle.owner(login, case.oracle.users) is None


def is_no_customer(case: Situation) -> bool:
    """No source holds the customer that gets something."""
    key = case.args.get("CustomerID")
    return key not in (None, "") and case.oracle.owner(str(key), case.oracle.companies) is None


def is_blank_at_an_end(case: Situation) -> bool:
    """The new key begins or ends with a blank."""
    key = str(case.args.get(KEYS[case.call.method]) or "")
    return key != key.strip()


def is_zero(case: Situation) -> bool:
    """The new key is 0."""
    return str(case.args.get(KEYS[case.call.method])) == "0"


def is_too_long(case: Situation) -> bool:
    """The new login is longer than a grant can hold."""
    return len(str(case.args.get(KEYS[case.call.method]) or "")) > LONGEST_LOGIN


def is_taken_in_another_spelling(case: Situation) -> bool:
    """Another record has the customer ID, in whatever spelling and source."""
    key = str(case.args.get("CustomerID"))
    old = (
        str(case.args.get("CustomerCompanyID") or key) if case.call.method == "CustomerCompanyUpdate" else ""
    )
    everybody = (one.key for block in case.oracle.companies for one in case.oracle.records(block) or ())
    return fold(key) != fold(old) and fold(key) in map(fold, everybody)


def lacks_a_required_field(case: Situation) -> bool:
    """A field that the map requires is not given."""
    rows = case.oracle.companies[0].settings["Map"]
    return any(truthy(row[4]) and case.args.get(row[0]) in (None, "") for row in rows)


def is_read_only(case: Situation) -> bool:
    """The source of companies is read-only."""
    slot = str(case.args.get("Source") or "CustomerCompany")
    return any(
        block.slot == slot and truthy(block.settings.get("ReadOnly")) for block in case.oracle.companies
    )


def is_password_zero(case: Situation) -> bool:
    """The password is 0, with which nobody can sign in."""
    return str(case.args.get("PW")) == "0"


def is_forbidden_key(case: Situation) -> bool:
    """The key is an attribute of some map, or a secret."""
    key = str(case.args.get("Key"))
    blocks = [*case.oracle.users, *case.oracle.companies]
    mapped = {row.variable for block in blocks for row in block.rows}
    return key in mapped or key.startswith("CustomerCompany") or bool(SECRET.match(key))


def has_other_key(case: Situation) -> bool:
    """A permission key is given that is not configured."""
    keys = case.oracle.settings["System::Customer::Permission"]
    given = case.args.get("Permission") or {}
    return any(truthy(value) and key not in keys for key, value in given.items())


def lacks_an_id(case: Situation) -> bool:
    """Only the login says who is changed."""
    given, login = case.args.get("ID"), str(case.args.get("UserLogin") or "")
    return given in (None, "") and case.oracle.owner(login, case.oracle.users) is not None


def maps_a_missing_field(case: Situation) -> bool:
    """Tickets do not have some field that is to be filled."""
    return lacks_ticket_fields(case.oracle)


def wanted(case: Situation) -> Any:
    """What comes of a change: refused by our rules, as recorded, or done where OTOBO fails."""
    users = case.oracle.users if case.call.method in SEEKING else ()
    if any(case.oracle.records(block) is None for block in users):
        return SILENT
    if case.call.method in TICKETS and maps_a_missing_field(case):
        return Refused("NOT_FOUND")
    if case.call.refused:
        return "1" if case.call.method == "CustomerUserUpdate" and lacks_an_id(case) else case.recorded
    if case.call.method == "SetPreferences":
        return "0" if is_forbidden_key(case) else case.recorded
    found = any(method == case.call.method and rule(case) for method, rule in REFUSALS)
    return Refused("INVALID") if found else case.recorded


Rule = Callable[[Situation], bool]
BY_RULE: Mapping[Rule, frozenset[str]] = {
    is_nobody: RELATED,
    is_no_customer: CUSTOMER,
    is_blank_at_an_end: NAMED,
    is_zero: NAMED,
    is_too_long: frozenset({"CustomerUserAdd", "CustomerUserUpdate"}),
    is_taken_in_another_spelling: COMPANIES,
    lacks_a_required_field: frozenset({"CustomerCompanyAdd"}),
    is_read_only: COMPANIES,
    has_other_key: frozenset({"GroupMemberAdd"}),
    is_password_zero: frozenset({"SetPassword"}),
}
REFUSALS = [(method, rule) for rule, methods in BY_RULE.items() for method in methods]
