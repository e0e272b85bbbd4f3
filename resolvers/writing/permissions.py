"""Grants on customer users and customers, from either side; each replaces what it names, and only that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from backends.changes import ChangeKind, Target
from backends.limits import CUSTOMER_GRANT, USER_GRANT
from backends.model import Customer, CustomerUser
from backends.records import Grant, Group
from backends.registries import CustomerGrants, UserGrants
from resolvers.context import RequestContext
from resolvers.permissions import PermissionContext
from resolvers.writing import findings
from resolvers.writing.deeds import Deed, recorded
from resolvers.writing.findings import Findings, Path, UserErrorCode


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
    _once(noted, wishes, "group", {})
    _fit(noted, findings.keys(found), USER_GRANT["login"])
    noted.check()
    user = found["login",]
    grants = [
        UserGrants(user.login, groups[path].id, stored_keys(wish.permissions))
        for path, wish in _by_path(wishes, "group")
    ]
    deed = _deed("setCustomerUserGroups", Target.CUSTOMER_USER, user.login, user.source_key)
    async with recorded(context, deed) as note:
        await context.services.groups.set_user_grants(grants, note)
    return user


async def set_group_customer_users(context: RequestContext, group: str, wishes: Sequence[Wish]) -> Group:
    """Replace the direct grants on one group of the customer users named.

    What is left to a login that nobody has any more can be taken away.
    """
    noted = Findings()
    found = await findings.groups(context, {("group",): group}, noted)
    left = await _left(context, found.values(), _by_path(wishes, "login"), lambda grant: grant.login)
    names = {path: name for path, name in _names(wishes, "login").items() if path not in left}
    logins = {**left, **findings.keys(await findings.users(context, names, noted))}
    _once(noted, wishes, "login", logins)
    _fit(noted, {path: login for path, login in logins.items() if path not in left}, USER_GRANT["login"])
    noted.check()
    grants = [
        UserGrants(logins[path], found["group",].id, stored_keys(wish.permissions))
        for path, wish in _by_path(wishes, "login")
    ]
    concerned = tuple(one.login for one in grants)
    async with recorded(
        context, _deed("setGroupCustomerUsers", Target.GROUP, group, logins=concerned)
    ) as note:
        await context.services.groups.set_user_grants(grants, note)
    return found["group",]


async def set_customer_groups(context: RequestContext, customer_id: str, wishes: Sequence[Wish]) -> Customer:
    """Replace the grants of one customer on the groups and contexts named."""
    noted = Findings()
    found = await findings.customers(context, {("customerId",): customer_id}, noted)
    groups = await findings.groups(context, _names(wishes, "group"), noted)
    _once(noted, wishes, "group", {})
    _contexts(context, noted, wishes)
    _fit(noted, findings.keys(found), CUSTOMER_GRANT["customer_id"])
    noted.check()
    customer = found["customerId",]
    grants = [
        _customer_grants(context, customer.customer_id, groups[path], wish)
        for path, wish in _by_path(wishes, "group")
    ]
    deed = _deed("setCustomerGroups", Target.CUSTOMER, customer.customer_id, customer.source_key)
    async with recorded(context, deed) as note:
        await context.services.groups.set_customer_grants(grants, note)
    return customer


async def set_group_customers(context: RequestContext, group: str, wishes: Sequence[Wish]) -> Group:
    """Replace the grants on one group of the customers and contexts named.

    What is left to a customer that is not there any more can be taken away.
    """
    noted = Findings()
    found = await findings.groups(context, {("group",): group}, noted)
    left = await _left(
        context, found.values(), _by_path(wishes, "customerId"), lambda grant: grant.customer_id
    )
    names = {path: name for path, name in _names(wishes, "customerId").items() if path not in left}
    ids = {**left, **findings.keys(await findings.customers(context, names, noted))}
    _once(noted, wishes, "customerId", ids)
    _contexts(context, noted, wishes)
    _fit(noted, {path: one for path, one in ids.items() if path not in left}, CUSTOMER_GRANT["customer_id"])
    noted.check()
    grants = [
        _customer_grants(context, ids[path], found["group",], wish)
        for path, wish in _by_path(wishes, "customerId")
    ]
    async with recorded(context, _deed("setGroupCustomers", Target.GROUP, group)) as note:
        await context.services.groups.set_customer_grants(grants, note)
    return found["group",]


def stored_keys(keys: Sequence[str]) -> tuple[str, ...]:
    """What is stored for these keys: rw alone where it is among them, since it stands for all (PERM-4)."""
    return ("rw",) if "rw" in keys else tuple(dict.fromkeys(keys))


def _deed(
    mutation: str, target: Target, key: str, source_key: str | None = None, logins: tuple[str, ...] = ()
) -> Deed:
    kind = ChangeKind.RELATIONS_CHANGED
    return Deed(mutation, kind, target, key, ("groups",), source_key, logins=logins)


def _by_path(wishes: Sequence[Wish], name: str) -> list[tuple[Path, Wish]]:
    return [(("grants", str(place), name), wish) for place, wish in enumerate(wishes)]


def _names(wishes: Sequence[Wish], name: str) -> dict[Path, str]:
    return {path: wish.name for path, wish in _by_path(wishes, name)}


def _customer_grants(context: RequestContext, customer_id: str, group: Group, wish: Wish) -> CustomerGrants:
    stored = context.services.policy.stored(wish.context)
    return CustomerGrants(customer_id, group.id, stored, stored_keys(wish.permissions))


async def _left(
    context: RequestContext,
    groups: Collection[Group],
    wishes: Sequence[tuple[Path, Wish]],
    whose: Callable[[Grant], str | None],
) -> Mapping[Path, str]:
    """Whom everything is taken away that they have in the group: it does not matter who knows them."""
    emptied = {path: wish.name for path, wish in wishes if not wish.permissions}
    if not emptied:
        return {}
    grants = await context.services.groups.grants_in([one.id for one in groups])
    held = {whose(one) for one in grants}
    if context.is_limited:  # what nobody has is in nobody's rows, unless it is one of its customers
        scope = (await context.sight()).scope
        held = {one.customer_id for one in grants if whose(one) == one.customer_id}
        held.intersection_update(scope.customer_ids if scope else ())
    return {path: name for path, name in emptied.items() if name in held}


def _once(noted: Findings, wishes: Sequence[Wish], name: str, keys: Mapping[Path, str]) -> None:
    """Note whom or what is named twice in one context, in whatever spelling."""
    meant = {path: (keys.get(path, wish.name), wish.context) for path, wish in _by_path(wishes, name)}
    noted.named_twice(_names(wishes, name), meant)


def _contexts(context: RequestContext, noted: Findings, wishes: Sequence[Wish]) -> None:
    for place, wish in enumerate(wishes):
        if not context.services.policy.stored(wish.context):
            path = ("grants", str(place), "context")
            noted.add(path, UserErrorCode.INVALID, f"{wish.context.name} is not configured.")


def _fit(noted: Findings, keys: Mapping[Path, str], most: int) -> None:
    for path, key in keys.items():
        noted.too_long(path, key, most)
