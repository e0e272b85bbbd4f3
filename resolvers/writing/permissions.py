"""Grants on customer users and customers, from either side; each replaces what it names, and only that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.model import Customer, CustomerUser
from backends.records import Group
from backends.registries import CustomerGrants, UserGrants
from resolvers.context import RequestContext
from resolvers.permissions import PermissionContext
from resolvers.writing import findings
from resolvers.writing.findings import Findings, Path, UserErrorCode

LONGEST_LOGIN = 100
"""What the tables of grants and relations can hold (DB-6)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One entry of a list of grants: whom or what it names, in which context, and the keys."""

    name: str
    permissions: tuple[str, ...]
    context: PermissionContext = PermissionContext.SAME_CUSTOMER


async def set_customer_user_groups(
    context: RequestContext, login: str, wishes: Sequence[Wish]
) -> CustomerUser:
    """Replace the direct grants of one customer user on the groups named."""
    noted = Findings()
    found = await findings.users(context, {("login",): login}, noted)
    groups = await findings.groups(context, _names(wishes, "group"), noted)
    _once(noted, wishes, "group")
    _fits(noted, ("login",), login)
    noted.check()
    user = found["login",]
    await context.services.groups.set_user_grants(
        [
            UserGrants(user.login, groups[path].id, stored_keys(wish.permissions))
            for path, wish in _by_path(wishes, "group")
        ]
    )
    return user


async def set_group_customer_users(context: RequestContext, group: str, wishes: Sequence[Wish]) -> Group:
    """Replace the direct grants on one group of the customer users named."""
    noted = Findings()
    found = await findings.groups(context, {("group",): group}, noted)
    users = await findings.users(context, _names(wishes, "login"), noted)
    _once(noted, wishes, "login")
    for path, wish in _by_path(wishes, "login"):
        _fits(noted, path, wish.name)
    noted.check()
    await context.services.groups.set_user_grants(
        [
            UserGrants(users[path].login, found["group",].id, stored_keys(wish.permissions))
            for path, wish in _by_path(wishes, "login")
        ]
    )
    return found["group",]


async def set_customer_groups(context: RequestContext, customer_id: str, wishes: Sequence[Wish]) -> Customer:
    """Replace the grants of one customer on the groups and contexts named."""
    noted = Findings()
    found = await findings.customers(context, {("customerId",): customer_id}, noted)
    groups = await findings.groups(context, _names(wishes, "group"), noted)
    _once(noted, wishes, "group")
    _contexts(context, noted, wishes)
    noted.check()
    customer = found["customerId",]
    await context.services.groups.set_customer_grants(
        [
            CustomerGrants(
                customer.customer_id,
                groups[path].id,
                context.services.policy.stored(wish.context),
                stored_keys(wish.permissions),
            )
            for path, wish in _by_path(wishes, "group")
        ]
    )
    return customer


async def set_group_customers(context: RequestContext, group: str, wishes: Sequence[Wish]) -> Group:
    """Replace the grants on one group of the customers and contexts named."""
    noted = Findings()
    found = await findings.groups(context, {("group",): group}, noted)
    customers = await findings.customers(context, _names(wishes, "customerId"), noted)
    _once(noted, wishes, "customerId")
    _contexts(context, noted, wishes)
    noted.check()
    await context.services.groups.set_customer_grants(
        [
            CustomerGrants(
                customers[path].customer_id,
                found["group",].id,
                context.services.policy.stored(wish.context),
                stored_keys(wish.permissions),
            )
            for path, wish in _by_path(wishes, "customerId")
        ]
    )
    return found["group",]


def stored_keys(keys: Sequence[str]) -> tuple[str, ...]:
    """What is stored for these keys: rw alone where it is among them, since it stands for all (PERM-4)."""
    return ("rw",) if "rw" in keys else tuple(dict.fromkeys(keys))


def _by_path(wishes: Sequence[Wish], name: str) -> list[tuple[Path, Wish]]:
    return [(("grants", str(place), name), wish) for place, wish in enumerate(wishes)]


def _names(wishes: Sequence[Wish], name: str) -> dict[Path, str]:
    return {path: wish.name for path, wish in _by_path(wishes, name)}


def _once(noted: Findings, wishes: Sequence[Wish], name: str) -> None:
    seen: set[tuple[str, PermissionContext]] = set()
    for path, wish in _by_path(wishes, name):
        if (wish.name, wish.context) in seen:
            noted.add(path, UserErrorCode.INVALID, f"{wish.name} is named twice.")
        seen.add((wish.name, wish.context))


def _contexts(context: RequestContext, noted: Findings, wishes: Sequence[Wish]) -> None:
    for place, wish in enumerate(wishes):
        if not context.services.policy.stored(wish.context):
            path = ("grants", str(place), "context")
            noted.add(path, UserErrorCode.INVALID, f"{wish.context.name} is not configured.")


def _fits(noted: Findings, path: Path, login: str) -> None:
    if len(login) > LONGEST_LOGIN:
        message = f"Longer than {LONGEST_LOGIN} characters: such a login cannot hold grants."
        noted.add(path, UserErrorCode.INVALID, message)
