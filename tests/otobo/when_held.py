"""Small questions about a situation in which groups or services are asked for."""

from __future__ import annotations

from tests.otobo.blocks import truthy
from tests.otobo.grants import OTHER, SAME, SHIPPED, Grants
from tests.otobo.offers import DEFAULT
from tests.otobo.oracle import Record
from tests.otobo.situations import Situation

NAMES = {
    "GroupMemberList": "UserID",
    "PermissionCheck": "UserID",
    "GroupContextCustomers": "CustomerUserID",
    "EffectivePermissions": "ID",
    "CustomerUserServiceMemberList": "CustomerUserLogin",
}
"""Where each method names the customer user."""
BY_LOGIN = frozenset(NAMES)
TEXTS = frozenset({*NAMES.values(), "GroupName", "Type", "CustomerID"})


def login(case: Situation) -> str:
    """The login that is asked for, if any."""
    value = case.args.get(NAMES[case.call.method])
    return "" if value is None else str(value)


def person(case: Situation) -> Record | None:
    """Who has that login."""
    return case.oracle.owner(login(case), case.oracle.users)


def is_nobody(case: Situation) -> bool:
    """Nobody has the login."""
    return login(case) not in ("", DEFAULT) and person(case) is None


def is_spelled_otherwise(case: Situation) -> bool:
    """The login is stored in another spelling."""
    found = person(case)
    return found is not None and found.key != login(case)


def names_zero(case: Situation) -> bool:
    """Something is called 0, which Perl takes for nothing."""
    return any(str(case.args.get(name)) == "0" for name in TEXTS)


def is_raw(case: Situation) -> bool:
    """Stored rows alone are wanted."""
    return truthy(case.args.get("RawPermissions"))


def asks_for_holders(case: Situation) -> bool:
    """Everybody who holds a key in a group is wanted, with groups in use."""
    return _by_group(case) and not is_raw(case) and Grants(case.oracle).enabled


def is_without_groups(case: Situation) -> bool:
    """Members of a group are wanted where groups are not in use."""
    return _by_group(case) and not Grants(case.oracle).enabled


def has_other_key(case: Situation) -> bool:
    """The permission key is not configured."""
    return case.args.get("Type") not in (None, *Grants(case.oracle).keys)


def has_other_context(case: Situation) -> bool:
    """The context is not configured, under whichever name."""
    grants, value = Grants(case.oracle), case.args.get("Context")
    return value not in (None, "", grants.context(SAME), grants.context(OTHER), SHIPPED[SAME])


def is_no_customer(case: Situation) -> bool:
    """No source holds the customer."""
    key = case.args.get("CustomerID")
    return key not in (None, "") and case.oracle.owner(str(key), case.oracle.companies) is None


def is_customer_spelled_otherwise(case: Situation) -> bool:
    """The customer ID is stored in another spelling."""
    key = case.args.get("CustomerID")
    found = case.oracle.owner(str(key), case.oracle.companies) if key not in (None, "") else None
    return found is not None and found.key != key


def has_invalid_services_alone(case: Situation) -> bool:
    """Services are assigned, and none of them is valid."""
    grants, found = Grants(case.oracle), person(case)
    assigned = grants.assigned("customer_user_login", found.key) if found else []
    return bool(assigned) and not grants.services.keys() & set(assigned)


def has_default_among_logins(case: Situation) -> bool:
    """The reserved login is among those of a service."""
    service = case.args.get("ServiceID")
    return truthy(service) and DEFAULT in Grants(case.oracle).assigned("service_id", str(service))


def _by_group(case: Situation) -> bool:
    mine = "UserID" if case.call.method == "GroupMemberList" else "CustomerID"
    return case.args.get(mine) in (None, "")
