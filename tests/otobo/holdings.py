"""What is expected of questions about groups and services, worked out from the stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.otobo.blocks import truthy
from tests.otobo.grants import OTHER, SAME, SHIPPED, Grants, by_upper_name
from tests.otobo.offers import DEFAULT, UNKNOWN
from tests.otobo.oracle import Oracle, Record
from tests.otobo.outcomes import Outcome, Refused
from tests.otobo.permissions import cells, on, shaped

Args = Mapping[str, Any]
NOBODY: Mapping[str, str] = {}
MISSING = Refused("GRAPHQL_VALIDATION_FAILED")


def group_members(oracle: Oracle, args: Args) -> Outcome:
    """Groups of the user that the login means, or everybody who holds a key (PERM-18)."""
    grants, raw = Grants(oracle), truthy(args.get("RawPermissions"))
    if args.get("UserID") in (None, ""):
        name = grants.groups.get(str(args["GroupID"]), "")
        found = grants.in_group(str(args["GroupID"]), args["Type"], raw=raw)
        return shaped(dict.fromkeys(found, name), args["Result"])
    record = _user(oracle, args["UserID"])
    if record is None:
        return shaped(NOBODY, args["Result"])
    held = grants.direct(record.key, args["Type"]) if raw else grants.of_user(record, args["Type"])
    return shaped({group: grants.groups[group] for group in held}, args["Result"])


def group_customers(oracle: Oracle, args: Args) -> Outcome:
    """Groups of the customer that the ID means, or customers as stored."""
    grants, slot = Grants(oracle), _slot(oracle, args.get("Context"))
    if args.get("CustomerID") in (None, ""):
        name = grants.groups.get(str(args["GroupID"]), "")
        found = grants.customers_in(str(args["GroupID"]), args["Type"], slot)
        return shaped(dict.fromkeys(found, name), args["Result"])
    record = oracle.owner(str(args["CustomerID"]), oracle.companies)
    if record is None:
        return shaped(NOBODY, args["Result"])
    held = grants.of_customer(record.key, args["Type"], slot)
    return shaped({group: grants.groups[group] for group in held}, args["Result"])


def permission_check(oracle: Oracle, args: Args) -> Outcome:
    """Whether the user that the login means holds the key."""
    grants, record = Grants(oracle), _user(oracle, args["UserID"])
    held = grants.of_user(record, args["Type"]) if record else ()
    return "1" if any(grants.groups[group] == args["GroupName"] for group in held) else "0"


def accessible_customers(oracle: Oracle, args: Args) -> Outcome:
    """Customers within reach."""
    record = _user(oracle, args["CustomerUserID"])
    own, more = Grants(oracle).reached(record) if record else (set(), set())
    return dict(Grants(oracle).valid_customers(own | more))


def matrix(oracle: Oracle, args: Args) -> Outcome:
    """The two tables of the admin page, for somebody who exists."""
    grants, record = Grants(oracle), _user(oracle, args["ID"])
    if record is None:
        return {}
    if not grants.enabled:
        return {"shown": "0", "types": [], "groups": [], "customers": []}
    held = {key: grants.of_user(record, key) for key in grants.keys}
    own, more = grants.reached(record)
    rows = {group: grants.groups[group] for group in set().union(*held.values())}
    return {
        "shown": "1",
        "types": grants.keys,
        "groups": [
            {"id": group, "name": name, "permissions": {key: on(group in held[key]) for key in grants.keys}}
            for group, name in by_upper_name(rows)
        ],
        "customers": [
            {
                "id": key,
                "name": label,
                "access": cells(oracle.settings, direct=key in own, indirect=key in more),
            }
            for key, label in grants.valid_customers(own | more).items()
        ],
    }


def service_members(oracle: Oracle, args: Args) -> Outcome:
    """Services of the user that the login means; the defaults only where nothing at all is assigned (SVC-6)."""
    grants, service = Grants(oracle), str(args.get("ServiceID"))
    if truthy(args.get("ServiceID")):
        logins = grants.assigned("service_id", service) if service in grants.services else ()
        found = {login: service for login in logins if login != DEFAULT}
    else:
        ids = _services(grants, args)
        found = {one: grants.services[one] for one in ids if one in grants.services}
    if args["Result"] == "HASH":
        return found
    return list(found.values()) if args["Result"] == "Name" else list(found)


def _services(grants: Grants, args: Args) -> list[str]:
    login, column = args.get("CustomerUserLogin"), "customer_user_login"
    with_defaults = args.get("DefaultServices") is None or truthy(args["DefaultServices"])
    if login in (None, "") and not (with_defaults and truthy(grants.settings.get(UNKNOWN))):
        raise MISSING
    defaults = grants.assigned(column, DEFAULT)
    if login in (None, "", DEFAULT):
        return defaults
    record = _user(grants.oracle, login)
    own = grants.assigned(column, record.key) if record else []
    return own or (defaults if record and with_defaults else [])


def _user(oracle: Oracle, login: object) -> Record | None:
    return oracle.owner(str(login), oracle.users)


def _slot(oracle: Oracle, value: object) -> str:
    grants = Grants(oracle)
    if value in (None, "", grants.context(SAME), SHIPPED[SAME]):
        return SAME
    if value in (grants.context(OTHER), SHIPPED[OTHER]):
        return OTHER
    raise MISSING


HOLDINGS: Mapping[str, Callable[[Oracle, Args], Outcome]] = {
    "GroupMemberList": group_members,
    "GroupCustomerList": group_customers,
    "PermissionCheck": permission_check,
    "GroupContextCustomers": accessible_customers,
    "EffectivePermissions": matrix,
    "CustomerUserServiceMemberList": service_members,
}
