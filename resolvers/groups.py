"""What the fields of groups mean: groups, grants as stored, and who has one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backends.model import Customer, CustomerUser, Validity
from backends.records import Grant, Group
from resolvers.context import RequestContext
from resolvers.keyed import KeyedConnection, KeyedEdge, KeyedList
from resolvers.lists import page_size
from resolvers.permissions import PermissionContext


@dataclass(frozen=True, slots=True)
class GroupGrant:
    """The keys that are stored for one group, and for a customer in one context."""

    group: Group
    permissions: tuple[str, ...]
    context: PermissionContext | None = None


async def by_name(context: RequestContext, name: str) -> Group | None:
    """The group with exactly this name."""
    return next((one for one in await context.services.groups.groups() if one.name == name), None)


async def listed(context: RequestContext, validity: frozenset[Validity]) -> Sequence[Group]:
    """Groups of these validities, by upper-cased name."""
    return _by_name(one for one in await context.services.groups.groups() if one.validity in validity)


async def grants_of_users(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[GroupGrant]]:
    """Direct grants as stored, invalid groups included; keys that are not configured are not shown (PERM-2)."""
    store = context.services.groups
    groups, grants = await asyncio.gather(
        all_groups(context), store.user_grants([user.login for user in users])
    )
    return [_stored(context, groups, [one for one in grants if one.login == user.login]) for user in users]


async def grants_of_customers(
    context: RequestContext, customers: Sequence[Customer]
) -> Sequence[Sequence[GroupGrant]]:
    """Grants on each customer as stored, by group and context."""
    store = context.services.groups
    groups, grants = await asyncio.gather(
        all_groups(context), store.customer_grants([one.customer_id for one in customers])
    )
    return [
        _stored(context, groups, [one for one in grants if one.customer_id == customer.customer_id])
        for customer in customers
    ]


async def users_with_grants(
    context: RequestContext, group: Group, first: int | None, after: str | None
) -> KeyedConnection:
    """Logins with a direct grant in the group, by login; some may belong to nobody any more."""
    store = context.services.groups
    wanted = KeyedList("Group.customerUsers", group.id, page_size(first), after)
    logins = await store.logins_in(group.id, wanted.last(context, 1)[0], wanted.limit)
    grants = by_login(await store.user_grants(logins))
    edges = [
        KeyedEdge(
            (login,), _keys(context, (one for one in grants.get(login, ()) if one.group_id == group.id))
        )
        for login in logins
    ]
    return wanted.connection(context, edges)


async def customers_with_grants(
    context: RequestContext, group: Group, first: int | None, after: str | None
) -> KeyedConnection:
    """Customers with a grant in the group, by customer ID and context."""
    store = context.services.groups
    wanted = KeyedList("Group.customers", group.id, page_size(first), after)
    customer_id, stored = wanted.last(context, 2)
    position = None if customer_id is None or stored is None else (customer_id, stored)
    pairs = await store.customers_in(group.id, position, wanted.limit)
    grants = await store.customer_grants(sorted({one for one, _ in pairs}))
    edges = []
    for one, context_value in pairs:
        rows = [
            grant
            for grant in grants
            if (grant.customer_id, grant.context, grant.group_id) == (one, context_value, group.id)
        ]
        read = context.services.policy.read(context_value)
        if read is not None:
            edges.append(KeyedEdge((one, context_value), _keys(context, rows), read))
    return wanted.connection(context, edges)


async def all_groups(context: RequestContext) -> Mapping[int, Group]:
    """All groups by id."""
    return {one.id: one for one in await context.services.groups.groups()}


def _stored(
    context: RequestContext, groups: Mapping[int, Group], grants: Sequence[Grant]
) -> Sequence[GroupGrant]:
    held: dict[tuple[int, str | None], list[Grant]] = {}
    for grant in grants:
        held.setdefault((grant.group_id, grant.context), []).append(grant)
    found = []
    for (group_id, stored), rows in held.items():
        whose = context.services.policy.read(stored)
        keys = _keys(context, rows)
        if group_id in groups and keys and (stored is None or whose is not None):
            found.append(GroupGrant(groups[group_id], keys, whose))
    return sorted(
        found, key=lambda one: (one.group.name.upper(), one.context is PermissionContext.OTHER_CUSTOMERS)
    )


def _keys(context: RequestContext, grants: Iterable[Grant]) -> tuple[str, ...]:
    held = {grant.key for grant in grants}
    return tuple(key for key in context.services.policy.keys if key in held)


def by_login(grants: Iterable[Grant]) -> Mapping[str, Sequence[Grant]]:
    """Grants by whom they are on."""
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        if grant.login is not None:
            found.setdefault(grant.login, []).append(grant)
    return found


def by_customer(grants: Iterable[Grant]) -> Mapping[str, Sequence[Grant]]:
    """Grants by whom they are on."""
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        if grant.customer_id is not None:
            found.setdefault(grant.customer_id, []).append(grant)
    return found


def _by_name(groups: Iterable[Group]) -> Sequence[Group]:
    return sorted(groups, key=lambda one: (one.name.upper(), one.name))


async def count_customers(context: RequestContext, connections: Sequence[KeyedConnection]) -> Sequence[int]:
    """How many customers have a grant in each group."""
    counts = await context.services.groups.count_customers([one.anchor for one in connections])
    return [counts.get(one.anchor, 0) for one in connections]
