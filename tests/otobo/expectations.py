"""What is expected of each method, worked out by the oracle."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from backends.order import fold
from tests.otobo.blocks import truthy
from tests.otobo.compare import split_ids
from tests.otobo.holdings import HOLDINGS
from tests.otobo.oracle import Oracle, Record, mapped
from tests.otobo.outcomes import Outcome, Refused
from tests.otobo.questions import Questions

Args = Mapping[str, Any]
SECRET = re.compile(r"User(Token|LastPw|Password|Pw|GoogleAuthenticatorSecretKey|LoginFailed)", re.IGNORECASE)
AUDIT = {"CreateTime": "create_time", "ChangeTime": "change_time"}


def expected(oracle: Oracle, method: str, args: Args) -> Outcome:
    """The outcome of a call by our rules."""
    try:
        return EXPECTATIONS[method](oracle, args)
    except Refused as refused:
        return refused


def _user(oracle: Oracle, login: object) -> Record | None:
    return oracle.owner(_required(login), oracle.users)


def _customer(oracle: Oracle, key: object) -> Record | None:
    return oracle.owner(_required(key), oracle.companies)


def _required(value: object) -> str:
    if value is None:
        raise Refused("GRAPHQL_VALIDATION_FAILED")
    return str(value)


def user_hash(oracle: Oracle, args: Args) -> Outcome:
    """A customer user with its company below it."""
    record = _user(oracle, args.get("User"))
    if record is None:
        return {}
    found: dict[str, Any] = {}
    if record.block.has_companies and oracle.settings.get("CustomerCompany"):
        company = oracle.owner(record.attribute("UserCustomerID") or "", oracle.companies)
        if company is not None:
            found = _hash(company) | {"CustomerCompanyValidID": company.valid}
    found |= _hash(record)
    found |= {"UserID": record.key, "UserMailString": oracle.label(record)}
    found |= {"UserFullname": oracle.full_name(record) or None}
    for row in record.block.rows:
        if row.is_dynamic:
            values = list(oracle.dynamic(record, row.column))
            found[row.variable] = values if len(values) > 1 else values[0] if values else None
    if found.get("UserCustomerIDs") is not None:
        found["UserCustomerIDs"] = split_ids(found["UserCustomerIDs"])
    return {key: value for key, value in found.items() if value not in (None, [])}


def company_hash(oracle: Oracle, args: Args) -> Outcome:
    """A company."""
    record = _customer(oracle, args.get("Name") or args.get("CustomerID"))
    found = _hash(record) if record else {}
    return {key: value for key, value in found.items() if value is not None}


def customer_ids(oracle: Oracle, args: Args) -> Outcome:
    """All customer IDs."""
    record = _user(oracle, args.get("User"))
    return oracle.customer_ids(record) if record else []


def customer_name(oracle: Oracle, args: Args) -> Outcome:
    """The name that the owner's source gives."""
    record = _user(oracle, args.get("UserLogin"))
    return (oracle.full_name(record) or None) if record else None


def member_list(oracle: Oracle, args: Args) -> Outcome:
    """Relations of a login as stored, or of a customer's customer users that exist, by login."""
    if args.get("CustomerUserID") not in (None, ""):
        record = _user(oracle, args["CustomerUserID"])
        return oracle.related("user_id", record.key) if record else []
    if args.get("CustomerUserID") == "" and not args.get("CustomerID"):
        return []
    customer = _customer(oracle, args.get("CustomerID") or None)
    logins = oracle.related("customer_id", customer.key) if customer else []
    owners = [oracle.owner(login, oracle.users, partial=True) for login in logins]
    return sorted({owner.key for owner in owners if owner}, key=lambda login: (fold(login), login))


def customer_id_list(oracle: Oracle, args: Args) -> Outcome:
    """Primary customer IDs of customer users that no earlier source hides."""
    return Questions(oracle).primary_ids(args)


def preferences(oracle: Oracle, args: Args) -> Outcome:
    """Preferences of the login as stored, without secrets."""
    record = _user(oracle, args.get("UserID"))
    found = oracle.preferences(record.key) if record else {}
    return {key: value for key, value in found.items() if not SECRET.match(key)}


def source_list(oracle: Oracle, args: Args) -> Outcome:
    """Read-only is what cannot be written (SRC-18)."""
    wanted = args.get("ReadOnly")
    return {
        block.slot: block.settings.get("Name") or block.slot
        for block in oracle.users
        if wanted is None or (block.is_directory or truthy(block.settings.get("ReadOnly"))) is truthy(wanted)
    }


def no_field(oracle: Oracle, args: Args) -> Outcome:
    """A password is no field."""
    return {}


def _hash(record: Record) -> dict[str, Any]:
    """Mapped attributes, times and source."""
    found: dict[str, Any] = {row.variable: value for row, value in mapped(record)}
    if record.block.row("ValidID"):
        found["ValidID"] = _stored_validity(record)
    if record.block.audited:
        found |= {name: (record.first(column) or "").replace("T", " ") for name, column in AUDIT.items()}
    return found | {"Source": record.block.slot}


def _stored_validity(record: Record) -> str:
    stored = record.attribute("ValidID")
    return stored if stored in ("1", "2", "3") else "2"


EXPECTATIONS: Mapping[str, Callable[[Oracle, Args], Outcome]] = {
    "CustomerSearch": lambda oracle, args: Questions(oracle).search(args),
    "CustomerSearchDetail": lambda oracle, args: Questions(oracle).detail(args),
    "CustomerCompanyList": lambda oracle, args: Questions(oracle, company=True).search(args),
    "CustomerCompanySearchDetail": lambda oracle, args: Questions(oracle, company=True).detail(args),
    "CustomerUserDataGet": user_hash,
    "CustomerCompanyGet": company_hash,
    "CustomerIDs": customer_ids,
    "CustomerName": customer_name,
    "CustomerUserCustomerMemberList": member_list,
    "CustomerSourceList": source_list,
    "CustomerIDList": customer_id_list,
    "GetPreferences": preferences,
    "GetFieldConfig": no_field,
    **HOLDINGS,
}
