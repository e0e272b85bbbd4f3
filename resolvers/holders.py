"""Who holds a permission: the exact inverse of the permissions in effect (PERM-18)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from backends.errors import BadUserInput, GatewayError
from backends.filters import Filter, Holders
from backends.model import CustomerUser
from backends.order import Order
from backends.records import Grant, Group
from resolvers.context import RequestContext
from resolvers.effective import held_by_users
from resolvers.groups import count_logins
from resolvers.keyed import KeyedConnection, KeyedEdge, users_behind
from resolvers.lists import Connection, ListRequest, certain_totals, page_size
from resolvers.permissions import PermissionContext

SAME = PermissionContext.SAME_CUSTOMER


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


async def holders_of(
    context: RequestContext,
    groups: Sequence[Group],
    permission: str,
    whose: PermissionContext,
    first: int | None,
    after: str | None,
) -> Sequence[HolderConnection | GatewayError]:
    """Everybody who holds the key in each group, for whatever reason; a silent source is an error."""
    request = ListRequest(
        "Group.effectiveCustomerUsers",
        context.users,
        (permission, whose),
        Order(()),
        page_size(first),
        after,
    )
    wanted = [
        Filter(validity=None, holders=holders)
        for holders in await _holders(context, groups, permission, whose)
    ]
    lists = await request.fetch_each(context, wanted, [group.id for group in groups])
    shown = [one for one in lists if isinstance(one, Connection) and one.listing.silent is None]
    held = await _held(context, {node.login: node for one in shown for node in one.nodes}, whose)
    return [
        one
        if isinstance(one, GatewayError)
        else one.listing.silent
        or HolderConnection(
            one,
            [
                HolderEdge(edge.cursor, edge.node.login, edge.node, held[edge.node.login].get(group.id, ()))
                for edge in one.edges
            ],
        )
        for one, group in zip(lists, groups, strict=True)
    ]


async def count_users(
    context: RequestContext, connections: Sequence[HolderConnection | KeyedConnection]
) -> Sequence[int | GatewayError]:
    """The total of each list of holders, or of direct grants."""
    keyed = [one for one in connections if isinstance(one, KeyedConnection)]
    lists = [one.holders for one in connections if isinstance(one, HolderConnection)]
    granted = iter(await count_logins(context, keyed) if keyed else ())
    held = iter(await certain_totals(context, lists) if lists else ())
    return [next(granted) if isinstance(one, KeyedConnection) else next(held) for one in connections]


async def users_of_edges(
    context: RequestContext, edges: Sequence[HolderEdge | KeyedEdge]
) -> Sequence[CustomerUser | GatewayError | None]:
    """The customer user of each edge; those with a direct grant are looked up by their login."""
    keyed = [edge for edge in edges if isinstance(edge, KeyedEdge)]
    behind = dict(zip((edge.key for edge in keyed), await users_behind(context, keyed), strict=True))
    return [edge.node if isinstance(edge, HolderEdge) else behind[edge.key] for edge in edges]


async def _held(
    context: RequestContext, users: Mapping[str, CustomerUser], whose: PermissionContext
) -> Mapping[str, Mapping[int, tuple[str, ...]]]:
    """The keys in effect of each user by group, by login."""
    if not users:
        return {}
    found = await held_by_users(context, list(users.values()), whose)
    return {
        login: {one.group.id: one.permissions for one in some}
        for login, some in zip(users, found, strict=True)
    }


async def _holders(
    context: RequestContext, groups: Sequence[Group], permission: str, whose: PermissionContext
) -> Sequence[Holders | None]:
    """Who holds `permission` in each group; None means everybody."""
    policy = context.services.policy
    if permission not in policy.keys:
        raise BadUserInput(f"{permission} is not a configured permission.", argument="permission")
    everybody = {
        one.id for one in groups if not policy.enabled or (whose is SAME and one.name in policy.always)
    }
    asked = [one.id for one in groups if one.is_valid and one.id not in everybody]
    with_customer = {one.id for one in groups if whose is SAME and one.name in policy.customer_always}
    grants = [
        one
        for one in await context.services.groups.grants_in(asked)
        if permission in policy.implied(one.key)
        and (whose is SAME if one.login is not None else policy.read(one.context) is whose)
    ]
    on_customers = {one.customer_id for one in grants if one.customer_id is not None}
    related = await context.registry.logins_of(sorted(on_customers))
    anybody = await context.registry.related_logins() if with_customer.intersection(asked) else ()

    def of(group: Group) -> Holders | None:
        if not group.is_valid:
            return Holders((), ())
        if group.id in everybody:
            return None
        own = [one for one in grants if one.group_id == group.id]
        return _joined(own, related, anybody if group.id in with_customer else None)

    return [of(group) for group in groups]


def _joined(
    grants: Collection[Grant], related: Mapping[str, Sequence[str]], anybody: Sequence[str] | None
) -> Holders:
    """Who holds these grants, and, where `anybody` is given, whoever has a customer: by relation, those."""
    customer_ids = {one.customer_id for one in grants if one.customer_id is not None}
    logins = {one.login for one in grants if one.login is not None}
    logins.update(login for one in customer_ids for login in related.get(one, ()))
    logins.update(anybody or ())
    if anybody is not None:
        customer_ids.clear()  # having any of them is enough
    return Holders(tuple(sorted(customer_ids)), tuple(sorted(logins)), any_customer=anybody is not None)
