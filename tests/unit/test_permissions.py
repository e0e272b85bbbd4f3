"""The truth table of permissions, tests/golden/permissions.toml, and what the policy means by itself."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from backends.model import Validity
from backends.records import Grant, Group
from resolvers.permissions import Origin, PermissionContext, PermissionPolicy, Reason, reasons_for

TABLE = tomllib.loads((Path(__file__).parents[1] / "golden" / "permissions.toml").read_text("utf-8"))
CONTEXTS = {"same": "Ticket::CustomerID::Same", "other": "Ticket::CustomerID::Other", "elsewhere": "Else"}


@pytest.mark.parametrize("case", TABLE["case"], ids=lambda case: case["name"].replace(" ", "-"))
def test_reasons_are_those_of_the_truth_table(case: dict[str, Any]) -> None:
    world = {**TABLE["world"], **case}
    policy = policy_of(case)
    ids = {name: number for number, name in enumerate(world["groups"], start=1)}
    groups = {ids[name]: Group(ids[name], name, None, Validity[of]) for name, of in world["groups"].items()}
    context = PermissionContext[world["context"]]
    grants = [Grant(ids[group], key, login) for login, group, key in case.get("on_logins", ())]
    grants += [
        Grant(ids[group], key, customer_id=customer, context=CONTEXTS[stored])
        for customer, group, stored, key in case.get("on_customers", ())
    ]
    found = reasons_for(world["login"] or None, world["customers"], groups, grants, policy, context)
    expected = {
        ids[group]: [expected_reason(context, *reason) for reason in reasons]
        for group, reasons in case["expected"].items()
    }
    assert {group: Counter(reasons) for group, reasons in found.items()} == {
        group: Counter(reasons) for group, reasons in expected.items()
    }


def policy_of(case: dict[str, Any]) -> PermissionPolicy:
    settings = {**TABLE["world"]["policy"], **case.get("policy", {})}
    found: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }
    return PermissionPolicy(**{"other_context": CONTEXTS["other"], **found})


def expected_reason(
    context: PermissionContext, origin: str, keys: list[str], customer_id: str | None = None
) -> Reason:
    return Reason(Origin[origin], tuple(keys), customer_id, context if customer_id else None)


def test_every_case_cites_its_rules() -> None:
    assert all(case["rules"] and case["name"] for case in TABLE["case"])
    assert len({case["name"] for case in TABLE["case"]}) == len(TABLE["case"])


def test_keys_stand_in_the_configured_order_each_once() -> None:
    policy = PermissionPolicy(keys=("note", "ro", "create", "rw"))
    bits = policy.bits
    assert policy.keys_in(bits, bits["create"] | bits["ro"]) == ("ro", "create")
    assert policy.keys_in(bits, bits["rw"]) == ("note", "ro", "create", "rw")
    assert policy.keys_in(bits, 0) == ()


def test_rw_stands_for_all_keys_where_it_is_not_one_of_them() -> None:
    policy = PermissionPolicy(keys=("note", "ro"))
    assert policy.keys_in(policy.bits, policy.bits["rw"]) == ("note", "ro")


def test_contexts_are_those_that_are_configured_the_default_one_first() -> None:
    same, other = PermissionContext.SAME_CUSTOMER, PermissionContext.OTHER_CUSTOMERS
    assert PermissionPolicy().contexts == (same,)
    policy = PermissionPolicy(same_context="S", other_context="O")
    assert policy.contexts == (same, other)
    assert [policy.read(stored) for stored in ("S", "O", "s", "", None)] == [same, other, None, None, None]
    assert PermissionPolicy(same_context="").read("") is None


def test_the_answer_does_not_depend_on_the_order_of_rows() -> None:
    policy = PermissionPolicy(enabled=True, always=(), customer_always=())
    groups = {1: Group(1, "support"), 2: Group(2, "sales")}
    grants = [
        Grant(1, "ro", "ada"),
        Grant(2, "rw", "ada"),
        Grant(1, "rw", customer_id="ACME", context=policy.same_context),
    ]
    found = [reasons_for("ada", ["ACME"], groups, rows, policy) for rows in (grants, grants[::-1])]
    assert [{group: set(reasons) for group, reasons in one.items()} for one in found] == [
        {
            1: {
                Reason(Origin.DIRECT, ("ro",)),
                Reason(Origin.CUSTOMER, ("ro", "rw"), "ACME", PermissionContext.SAME_CUSTOMER),
            },
            2: {Reason(Origin.DIRECT, ("ro", "rw"))},
        }
    ] * 2
