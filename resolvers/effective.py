"""Permissions in effect: what customer users and customers hold, why, and, the other way round, who holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends.errors import BadUserInput, GatewayError
from backends.filters import Filter, Holders
from backends.model import Customer, CustomerUser, Validity
from backends.order import Order
from backends.records import Grant, Group
from resolvers.context import RequestContext
from resolvers.customer_users import customer_ids_of
from resolvers.groups import all_groups, by_customer, by_login
from resolvers.keyed import KeyedConnection, KeyedEdge, users_behind
from resolvers.lists import Connection, ListRequest, page_size, totals
from resolvers.permissions import Origin, PermissionContext, Reason, keys_of, reasons_for

SAME = PermissionContext.SAME_CUSTOMER

_READING = frozenset({"ro", "rw"})
"""Keys with which one may read: ro, or rw in its place (PERM-20)."""


@dataclass(frozen=True, slots=True)
class EffectiveGrant:
    """One reason, as it is shown."""

    origin: Origin
    permissions: tuple[str, ...]
    customer_id: str | None
    context: PermissionContext | None


@dataclass(frozen=True, slots=True)
class EffectivePermission:
    """What somebody holds in a group, and why."""

    group: Group
    permissions: tuple[str, ...]
    grants: tuple[EffectiveGrant, ...]


@dataclass(frozen=True, slots=True)
class AccessibleCustomer:
    """A customer whose tickets are within reach."""

    customer: Customer
    direct: bool
    indirect: bool


async def effective_of_users(
    context: RequestContext, users: Sequence[CustomerUser], whose: PermissionContext = SAME
) -> Sequence[Sequence[EffectivePermission]]:
    """Everything each user holds (PERM-8): four questions to the registry, however many users there are."""
    ids, groups, direct = await asyncio.gather(
        customer_ids_of(context, users),
        all_groups(context),
        context.services.groups.user_grants([user.login for user in users]),
    )
    through = await context.services.groups.customer_grants(sorted({one for some in ids for one in some}))
    on_login, on_customer = by_login(direct), by_customer(through)
    found = []
    for user, own in zip(users, ids, strict=True):
        grants = [
            *on_login.get(user.login, ()),
            *(grant for one in own for grant in on_customer.get(one, ())),
        ]
        reasons = reasons_for(user.login, own, groups, grants, context.services.policy, whose)
        found.append(_effective(context, groups, reasons))
    return found


async def effective_of_customers(
    context: RequestContext, customers: Sequence[Customer], whose: PermissionContext = SAME
) -> Sequence[Sequence[EffectivePermission]]:
    """Everything each customer gives to those who belong to it (PERM-14)."""
    ids = [one.customer_id for one in customers]
    groups, grants = await asyncio.gather(all_groups(context), context.services.groups.customer_grants(ids))
    on_customer = by_customer(grants)
    return [
        _effective(
            context,
            groups,
            reasons_for(None, [one], groups, on_customer.get(one, ()), context.services.policy, whose),
        )
        for one in ids
    ]


async def permissions_of_users(
    context: RequestContext, users: Sequence[CustomerUser], whose: PermissionContext
) -> Sequence[Mapping[str, frozenset[str]]]:
    """For each user the keys in effect by group name: what `hasPermission` looks into (PERM-19)."""
    found = await effective_of_users(context, users, whose)
    return [{one.group.name: frozenset(one.permissions) for one in some} for some in found]


async def accessible_customers_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[AccessibleCustomer] | GatewayError]:
    """Valid customers within reach: directly, or through a group in the context of other customers (PERM-20)."""
    policy = context.services.policy
    ids = await customer_ids_of(context, users)
    groups = await all_groups(context)
    reached: Sequence[frozenset[str]] = [frozenset()] * len(users)
    if policy.enabled and policy.other_context:
        through = await context.services.groups.customer_grants(sorted({one for some in ids for one in some}))
        opened = [_opened(groups, through, own, policy.other_context) for own in ids]
        within = await context.services.groups.grants_in(sorted({one for some in opened for one in some}))
        reached = [_reached(within, some, policy.same_context) for some in opened]
    wanted = {one for own, more in zip(ids, reached, strict=True) for one in (*own, *more)}
    lookup = await context.customers.get_many(wanted, stop_at_gap=True)
    found: list[Sequence[AccessibleCustomer] | GatewayError] = []
    for own, more in zip(ids, reached, strict=True):
        try:
            records = [lookup.certain(one) for one in sorted({*own, *more})]
        except GatewayError as error:
            found.append(error)
            continue
        valid = {one.customer_id: one for one in records if one and one.validity is Validity.VALID}
        found.append(
            [
                AccessibleCustomer(record, one in own, one in more)
                for one, record in valid.items()
                if one in own or one in more
            ]
        )
    return found


async def holders_of(
    context: RequestContext,
    group: Group,
    permission: str,
    whose: PermissionContext,
    first: int | None,
    after: str | None,
) -> HolderConnection:
    """Everybody who holds the key in the group, for whatever reason: the inverse of `effective_of_users`."""
    holders = await _holders(context, group, permission, whose)
    request = ListRequest(
        "Group.effectiveCustomerUsers",
        context.users,
        (group.id, permission, whose),
        Order(()),
        page_size(first),
        after,
    )
    connection = (await request.fetch(context, [Filter(validity=None, holders=holders)]))[0]
    if silent := connection.listing.silent:
        raise silent
    held = await effective_of_users(context, connection.nodes, whose)
    edges = [
        HolderEdge(edge.cursor, edge.node.login, edge.node, _in_group(some, group))
        for edge, some in zip(connection.edges, held, strict=True)
    ]
    return HolderConnection(connection, edges)


def _in_group(held: Sequence[EffectivePermission], group: Group) -> tuple[str, ...]:
    return next((one.permissions for one in held if one.group.id == group.id), ())


async def _holders(
    context: RequestContext, group: Group, permission: str, whose: PermissionContext
) -> Holders | None:
    """Who holds `permission` in `group`; None means everybody."""
    policy = context.services.policy
    if permission not in policy.keys:
        raise BadUserInput(f"{permission} is not a configured permission.", argument="permission")
    if not group.is_valid:
        return Holders((), ())
    if not policy.enabled or (whose is SAME and group.name in policy.always):
        return None
    if whose is SAME and group.name in policy.customer_always:
        return Holders((), tuple(await context.registry.related_logins()), any_customer=True)
    grants = [
        one
        for one in await context.services.groups.grants_in([group.id])
        if permission in policy.implied(one.key)
    ]
    logins = {one.login for one in grants if one.login is not None and whose is SAME}
    customer_ids = {
        one.customer_id for one in grants if one.customer_id is not None and policy.read(one.context) is whose
    }
    related = await context.registry.logins_of(sorted(customer_ids))
    logins.update(login for some in related.values() for login in some)
    return Holders(tuple(sorted(customer_ids)), tuple(sorted(logins)))


def _effective(
    context: RequestContext, groups: Mapping[int, Group], reasons: Mapping[int, Sequence[Reason]]
) -> Sequence[EffectivePermission]:
    found = [
        EffectivePermission(
            groups[group_id],
            keys_of(some, context.services.policy),
            tuple(EffectiveGrant(one.origin, one.keys, one.customer_id, one.context) for one in some),
        )
        for group_id, some in reasons.items()
    ]
    return sorted(found, key=lambda one: one.group.name.upper())


def _opened(
    groups: Mapping[int, Group], grants: Sequence[Grant], customer_ids: Sequence[str], stored: str
) -> frozenset[int]:
    """Valid groups in which one of the customers may read in the other context."""
    return frozenset(
        one.group_id
        for one in grants
        if one.customer_id in customer_ids and one.context == stored and one.key in _READING
        if one.group_id in groups and groups[one.group_id].is_valid
    )


def _reached(grants: Sequence[Grant], groups: frozenset[int], stored: str) -> frozenset[str]:
    """Customers that may read in one of these groups themselves."""
    return frozenset(
        one.customer_id
        for one in grants
        if one.customer_id is not None
        and one.group_id in groups
        and one.context == stored
        and one.key in _READING
    )


async def customers_of_grants(
    context: RequestContext, grants: Sequence[EffectiveGrant]
) -> Sequence[Customer | GatewayError | None]:
    """The customer through whom each grant comes; None where none does, or none is stored."""
    lookup = await context.customers.get_many(
        {one.customer_id for one in grants if one.customer_id}, stop_at_gap=True
    )
    return [lookup.or_error(one.customer_id) if one.customer_id else None for one in grants]


@dataclass(frozen=True, slots=True)
class HolderEdge:
    """Somebody who holds a permission, with all that is held in the group."""

    cursor: str
    login: str
    node: CustomerUser
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HolderConnection:
    """One page of holders; the total is counted when somebody asks."""

    holders: Connection[CustomerUser]
    edges: Sequence[HolderEdge]

    @property
    def has_next_page(self) -> bool:
        """Whether rows follow."""
        return self.holders.has_next_page

    @property
    def has_previous_page(self) -> bool:
        """Whether the page began behind a cursor."""
        return self.holders.has_previous_page

    @property
    def start_cursor(self) -> str | None:
        """Cursor of the first row."""
        return self.holders.start_cursor

    @property
    def end_cursor(self) -> str | None:
        """Cursor of the last row."""
        return self.holders.end_cursor


async def count_users(
    context: RequestContext, connections: Sequence[HolderConnection | KeyedConnection]
) -> Sequence[int]:
    """The total of each list of holders, or of direct grants."""
    found = []
    for one in connections:
        if isinstance(one, KeyedConnection):
            counts = await context.services.groups.count_logins([one.anchor])
            found.append(counts.get(one.anchor, 0))
        else:
            found.append((await totals(context, [one.holders]))[0].number)
    return found


async def users_of_edges(
    context: RequestContext, edges: Sequence[HolderEdge | KeyedEdge]
) -> Sequence[CustomerUser | GatewayError | None]:
    """The customer user of each edge; those with a direct grant are looked up by their login."""
    keyed = [edge for edge in edges if isinstance(edge, KeyedEdge)]
    behind = dict(zip((edge.key for edge in keyed), await users_behind(context, keyed), strict=True))
    return [edge.node if isinstance(edge, HolderEdge) else behind[edge.key] for edge in edges]
