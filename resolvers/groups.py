"""What the fields of groups mean: groups, grants as stored, and who has one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from backends.errors import CursorInvalid
from backends.gathering import gathered
from backends.model import Customer, CustomerUser, Validity
from backends.records import Grant, Group, KeySets
from resolvers.context import RequestContext
from resolvers.keyed import KeyedConnection, KeyedEdge, KeyedList, logins_in_sight
from resolvers.lists import page_size
from resolvers.permissions import PermissionContext


class GroupGrant(NamedTuple):
    """The keys that are stored for one group, and for a customer in one context; a tuple, for there are many."""

    group: Group
    permissions: tuple[str, ...]
    context: PermissionContext | None = None


async def by_name(context: RequestContext, name: str) -> Group | None:
    """The group with exactly this name."""
    return next((one for one in await context.services.groups.groups() if one.name == name), None)


async def listed(context: RequestContext, validity: frozenset[Validity]) -> Sequence[Group]:
    """Groups of these validities, by upper-cased name."""
    groups = await context.services.groups.groups()
    return sorted((one for one in groups if one.validity in validity), key=by_upper_name)


async def grants_of_users(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[GroupGrant]]:
    """Direct grants as stored, invalid groups included; keys that are not configured are not shown (PERM-2)."""
    keys = context.services.policy.keys
    bits = {key: 1 << place for place, key in enumerate(keys)}
    logins = [user.login for user in users]
    held = await context.services.groups.held_by(logins, bits)
    groups = sorted(held.groups, key=by_upper_name)
    made = Made(groups, len(keys), lambda some: tuple([key for key in keys if bits[key] & some]))
    return [made.all(held.on_logins[login]) if login in held.on_logins else [] for login in logins]


async def grants_of_customers(
    context: RequestContext, customers: Sequence[Customer]
) -> Sequence[Sequence[GroupGrant]]:
    """Grants on each customer as stored, by group and context."""
    store = context.services.groups
    groups, grants = await gathered(
        all_groups(context), store.customer_grants([one.customer_id for one in customers])
    )
    on_customer = by_customer(grants)
    return [_stored(context, groups, on_customer.get(one.customer_id, ())) for one in customers]


async def users_with_grants(
    context: RequestContext, groups: Sequence[Group], first: int | None, after: str | None
) -> Sequence[KeyedConnection | CursorInvalid]:
    """Logins with a direct grant in each group, by login; some may belong to nobody any more."""
    field = "Group.customerUsers"
    wanted = [KeyedList(field, group.id, page_size(first), after) for group in groups]
    return await _pages(context, wanted, USERS)


async def customers_with_grants(
    context: RequestContext, groups: Sequence[Group], first: int | None, after: str | None
) -> Sequence[KeyedConnection | CursorInvalid]:
    """Customers with a grant in each group, by customer ID and context."""
    field = "Group.customers"
    wanted = [KeyedList(field, group.id, page_size(first), after) for group in groups]
    return await _pages(context, wanted, CUSTOMERS)


async def count_logins(context: RequestContext, connections: Sequence[KeyedConnection]) -> Sequence[int]:
    """How many logins have a direct grant in each group."""
    return await _count(context, connections, USERS)


async def count_customers(context: RequestContext, connections: Sequence[KeyedConnection]) -> Sequence[int]:
    """How many customers have a grant in each group, each once a context."""
    return await _count(context, connections, CUSTOMERS)


Stored = tuple[Sequence[tuple[str, ...]], Sequence[Grant]]
"""Rows of one group as they follow each other, and the grants on whom they name."""


@dataclass(frozen=True, slots=True)
class _Side:
    """How one kind of grants is read."""

    edges: Callable[[RequestContext, Iterable[Grant]], Sequence[KeyedEdge]]
    """The rows that grants in one group make, in order; what is not configured makes none (PERM-2, PERM-3)."""
    following: Callable[[RequestContext, int, tuple[str, ...] | None, int], Awaitable[Stored]]
    """The next rows of one group, after the one given."""
    in_sight: Callable[[RequestContext], Awaitable[Sequence[Grant]]]
    """The grants on all that a viewer sees who does not see everything."""


async def _pages(
    context: RequestContext, wanted: Sequence[KeyedList], side: _Side
) -> Sequence[KeyedConnection | CursorInvalid]:
    """A page of each list: of one list its next rows are read, of several all rows at once (A21)."""
    starts = [one.start(context) for one in wanted]
    if len(wanted) == 1 and not isinstance(starts[0], CursorInvalid) and not context.is_limited:
        rows = await _read_on(context, wanted[0], starts[0], side)
        return [wanted[0].connection(context, rows)]
    asked = [
        one.anchor for one, start in zip(wanted, starts, strict=True) if not isinstance(start, CursorInvalid)
    ]
    rows_of = await _by_group(context, asked, side)
    return [
        start if isinstance(start, CursorInvalid) else one.page(context, rows_of.get(one.anchor, ()), start)
        for one, start in zip(wanted, starts, strict=True)
    ]


async def _read_on(
    context: RequestContext, wanted: KeyedList, last: tuple[str, ...] | None, side: _Side
) -> Sequence[KeyedEdge]:
    """As many rows as are wanted, where so many are; those that are not shown do not count."""
    found: list[KeyedEdge] = []
    while len(found) < wanted.limit:
        stored, grants = await side.following(context, wanted.anchor, last, wanted.limit)
        among = set(stored)
        own = (one for one in grants if one.group_id == wanted.anchor)
        found += (row for row in side.edges(context, own) if row.parts in among)
        if len(stored) < wanted.limit:
            break
        last = stored[-1]
    return found[: wanted.limit]


async def _next_users(
    context: RequestContext, group_id: int, last: tuple[str, ...] | None, limit: int
) -> tuple[Sequence[tuple[str, ...]], Sequence[Grant]]:
    store = context.services.groups
    logins = await store.logins_in(group_id, last[0] if last else None, limit)
    return [(login,) for login in logins], await store.user_grants(logins)


async def _next_customers(
    context: RequestContext, group_id: int, last: tuple[str, ...] | None, limit: int
) -> tuple[Sequence[tuple[str, ...]], Sequence[Grant]]:
    store = context.services.groups
    pairs = await store.customers_in(group_id, (last[0], last[1]) if last else None, limit)
    return pairs, await store.customer_grants(sorted({one for one, _ in pairs}))


def _user_edges(context: RequestContext, grants: Iterable[Grant]) -> Sequence[KeyedEdge]:
    rows = by_login(grants)
    edges = (KeyedEdge((login,), _keys(context, rows[login])) for login in sorted(rows))
    return [edge for edge in edges if edge.permissions]


def _customer_edges(context: RequestContext, grants: Iterable[Grant]) -> Sequence[KeyedEdge]:
    rows: dict[tuple[str, str], list[Grant]] = {}
    for one in grants:
        if one.customer_id is not None and one.context is not None:
            rows.setdefault((one.customer_id, one.context), []).append(one)
    read = context.services.policy.read
    edges = (KeyedEdge(pair, _keys(context, rows[pair]), read(pair[1])) for pair in sorted(rows))
    return [edge for edge in edges if edge.permissions and edge.context]


async def _grants_on_logins(context: RequestContext) -> Sequence[Grant]:
    return await context.services.groups.user_grants(await logins_in_sight(context))


async def _grants_on_customers(context: RequestContext) -> Sequence[Grant]:
    rows = (await context.sight()).scope
    return await context.services.groups.customer_grants(rows.customer_ids if rows else ())


USERS = _Side(_user_edges, _next_users, _grants_on_logins)
CUSTOMERS = _Side(_customer_edges, _next_customers, _grants_on_customers)


async def _count(
    context: RequestContext, connections: Sequence[KeyedConnection], side: _Side
) -> Sequence[int]:
    rows = await _by_group(context, [one.anchor for one in connections], side)
    return [len(rows.get(one.anchor, ())) for one in connections]


async def _by_group(
    context: RequestContext, group_ids: Sequence[int], side: _Side
) -> Mapping[int, Sequence[KeyedEdge]]:
    """The rows of each group, as far as the viewer sees them."""
    if context.is_limited:
        grants = await side.in_sight(context) if group_ids else ()
    else:
        grants = await context.services.groups.grants_in(group_ids)
    in_group: dict[int, list[Grant]] = {}
    for one in grants:
        in_group.setdefault(one.group_id, []).append(one)
    return {one: side.edges(context, in_group[one]) for one in group_ids if one in in_group}


async def all_groups(context: RequestContext) -> Mapping[int, Group]:
    """All groups by id."""
    return {one.id: one for one in await context.services.groups.groups()}


class Made(dict[int, GroupGrant]):
    """Grants by place of their group and set of keys: of equal ones there is one, which is written once."""

    def __init__(self, groups: Sequence[Group], width: int, keys: Callable[[int], tuple[str, ...]]) -> None:
        """The groups in the order of answers; `keys` says which a set of so many bits stands for."""
        self._groups = groups
        self._width = width
        self._mask = (1 << width) - 1
        self._keys = lru_cache(None)(keys)
        self._places = {group.id: place << width for place, group in enumerate(groups)}

    def all(self, held: KeySets) -> list[GroupGrant]:
        """The grants of these sets, in the order of the groups; of other groups there are none."""
        places = self._places
        codes = [places[id_] | some for id_, some in held.items() if id_ in places]
        codes.sort()
        return [self[one] for one in codes]

    def __missing__(self, one: int) -> GroupGrant:
        made = self[one] = GroupGrant(self._groups[one >> self._width], self._keys(one & self._mask))
        return made


def _stored(
    context: RequestContext, groups: Mapping[int, Group], grants: Sequence[Grant]
) -> Sequence[GroupGrant]:
    held: dict[tuple[int, str | None], list[str]] = {}
    for group_id, key, _, _, stored in grants:
        try:
            held[group_id, stored].append(key)
        except KeyError:
            held[group_id, stored] = [key]
    policy, found = context.services.policy, []
    for (group_id, stored), known in held.items():
        if group_id not in groups:
            continue
        whose = None if stored is None else policy.read(stored)
        keys = tuple([key for key in policy.keys if key in known])
        if keys and (stored is None or whose is not None):
            found.append(GroupGrant(groups[group_id], keys, whose))
    if len(found) > 1:
        found.sort(key=_by_upper_name_and_context)
    return found


def _keys(context: RequestContext, grants: Iterable[Grant]) -> tuple[str, ...]:
    held = {grant.key for grant in grants}
    return tuple(key for key in context.services.policy.keys if key in held)


def by_login(grants: Iterable[Grant]) -> Mapping[str, Sequence[Grant]]:
    """Grants by whom they are on."""
    found: defaultdict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        if (whose := grant.login) is not None:
            found[whose].append(grant)
    return found


def by_customer(grants: Iterable[Grant]) -> Mapping[str, Sequence[Grant]]:
    """Grants by whom they are on."""
    found: defaultdict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        if (whose := grant.customer_id) is not None:
            found[whose].append(grant)
    return found


def _by_upper_name_and_context(grant: GroupGrant) -> tuple[str, str, bool]:
    name = grant.group.name
    return name.upper(), name, grant.context is PermissionContext.OTHER_CUSTOMERS


def by_upper_name(group: Group) -> tuple[str, str]:
    """Where a group stands in a list (EFF-1)."""
    return group.name.upper(), group.name
