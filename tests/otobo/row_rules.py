"""The rules by which the rows that a step changes may differ from those that were recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.otobo.blocks import truthy
from tests.otobo.refusing import CUSTOMER, RELATED
from tests.otobo.situations import Situation


def is_new_login(case: Situation) -> bool:
    """A customer user gets another login."""
    args = case.args
    return case.call.method == "CustomerUserUpdate" and args.get("ID") not in (
        None,
        "",
        args.get("UserLogin"),
    )


def is_new_customer_id(case: Situation) -> bool:
    """A customer gets another ID."""
    old = case.args.get("CustomerCompanyID") or case.args.get("CustomerID")
    return case.call.method == "CustomerCompanyUpdate" and old != case.args.get("CustomerID")


def is_grant(case: Situation) -> bool:
    """A customer user gets what it holds in a group."""
    return case.call.method == "GroupMemberAdd"


def is_relation(case: Situation) -> bool:
    """Something is related that may be related already."""
    return case.call.method in RELATED | CUSTOMER


def is_without_password(case: Situation) -> bool:
    """A customer user is made without a password."""
    return case.call.method == "CustomerUserAdd" and not truthy(case.args.get("UserPassword"))


def is_empty_password(case: Situation) -> bool:
    """The new password is empty."""
    return case.call.method == "SetPassword" and not truthy(case.args.get("PW"))


def is_without_id(case: Situation) -> bool:
    """Only the login says who is changed."""
    return case.call.method == "CustomerUserUpdate" and case.args.get("ID") in (None, "")


def keeps_further_ids(case: Situation) -> bool:
    """The source has lists of customer IDs, and the call none."""
    if case.call.method != "CustomerUserUpdate" or case.args.get("UserCustomerIDs") is not None:
        return False
    owner = case.oracle.owner(str(case.args.get("ID") or case.args.get("UserLogin")), case.oracle.users)
    return owner is not None and owner.block.row("UserCustomerIDs") is not None


ROW_RULES: Sequence[tuple[str, str, Callable[[Situation], bool]]] = (
    ("CU-33, CU-34, EVT-11", "everything follows a new login", is_new_login),
    ("COMP-17, COMP-19, COMP-20", "everything follows a new customer ID, once", is_new_customer_id),
    ("PERM-4", "what is set replaces all keys", is_grant),
    ("SVC-8, PERM-5, MULTI-8", "rows that stay keep their times and spelling", is_relation),
    ("CU-40", "a password is made where none is given", is_without_password),
    ("CU-39", "an empty password is none", is_empty_password),
    ("CU-27", "what is not named stays", keeps_further_ids),
    ("CU-25", "the login says who is changed", is_without_id),
)
"""Ids, what holds instead, and when; which rows are expected then, the model works out."""


def row_rules(case: Situation) -> list[str]:
    """The rules that speak of the rows of a step."""
    return [rules for rules, _, holds in ROW_RULES if holds(case)]
