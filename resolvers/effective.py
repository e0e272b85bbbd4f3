"""Permissions in effect: what customer users and customers hold, why, and whose tickets are within reach."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backends.errors import GatewayError
from backends.gathering import gathered
from backends.model import Customer, CustomerUser, Validity
from backends.records import Grant, Group
from resolvers.context import RequestContext
from resolvers.customer_users import all_customer_ids_of, customer_ids_of
from resolvers.groups import GroupGrant, all_groups
from resolvers.permissions import Origin, PermissionContext, Reason
from resolvers.rights import SAME, Rights, rights_of

_READING = frozenset({"ro", "rw"})
"""Keys with which one may read: ro, or rw in its place (PERM-20)."""


@dataclass(frozen=True, slots=True)
class EffectiveGrant:
    """One reason, as it is shown."""

    origin: Origin
    permissions: tuple[str, ...]
    customer_id: str | None
    context: PermissionContext | None


class EffectivePermission(NamedTuple):
    """What somebody holds in a group, and why; a tuple, since a list of users has thousands."""

    group: Group
    permissions: tuple[str, ...]
    why: Callable[[Group], Sequence[Reason]]
    """Tells the reasons when somebody asks for them."""
    told: Collection[str | None]
    """Customers that may be named."""

    @property
    def grants(self) -> tuple[EffectiveGrant, ...]:
        """The reasons, with the names of those customers alone that may be told."""
        return tuple(dict.fromkeys(map(self._grant, self.why(self.group))))

    def _grant(self, one: Reason) -> EffectiveGrant:
        customer_id = one.customer_id if one.customer_id in self.told else None
        return EffectiveGrant(one.origin, one.keys, customer_id, one.context)


@dataclass(frozen=True, slots=True)
class AccessibleCustomer:
    """A customer whose tickets are within reach."""

    customer: Customer
    direct: bool
    indirect: bool


async def effective_of_users(
    context: RequestContext, users: Sequence[CustomerUser], whose: PermissionContext = SAME
) -> Sequence[Sequence[EffectivePermission]]:
    """Everything each user holds, and why (PERM-8): two questions to the registry, however many users there are."""
    ids, rights = await _rights_of(context, users, whose)
    named = await customer_ids_of(context, users) if context.is_limited else ids
    return [
        _explained(rights, user.login, own, told) for user, own, told in zip(users, ids, named, strict=True)
    ]


async def held_by_users(
    context: RequestContext, users: Sequence[CustomerUser], whose: PermissionContext = SAME
) -> Sequence[Sequence[GroupGrant]]:
    """The same without the reasons."""
    ids, rights = await _rights_of(context, users, whose)
    return [rights.held(user.login, own) for user, own in zip(users, ids, strict=True)]


async def effective_of_customers(
    context: RequestContext, customers: Sequence[Customer], whose: PermissionContext = SAME
) -> Sequence[Sequence[EffectivePermission]]:
    """Everything each customer gives to those who belong to it (PERM-14)."""
    ids = [one.customer_id for one in customers]
    rights = await rights_of(context, (), ids, whose)
    return [_explained(rights, None, [one], [one]) for one in ids]


async def held_by_customers(
    context: RequestContext, customers: Sequence[Customer], whose: PermissionContext = SAME
) -> Sequence[Sequence[GroupGrant]]:
    """The same without the reasons."""
    ids = [one.customer_id for one in customers]
    rights = await rights_of(context, (), ids, whose)
    return [rights.held(None, [one]) for one in ids]


async def permissions_of_users(
    context: RequestContext, users: Sequence[CustomerUser], whose: PermissionContext
) -> Sequence[Mapping[str, frozenset[str]]]:
    """For each user the keys in effect by group name: what `hasPermission` looks into (PERM-19)."""
    found = await held_by_users(context, users, whose)
    return [{one.group.name: frozenset(one.permissions) for one in some} for some in found]


async def accessible_customers_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[AccessibleCustomer] | GatewayError]:
    """Valid customers within reach: directly, or through a group in the context of other customers (PERM-20)."""
    direct = await all_customer_ids_of(context, users)
    indirect = await _reached(context, direct)
    wanted = {one for some in (*direct, *indirect) for one in some}
    lookup = await context.customers.get_many(wanted, stop_at_gap=True)
    found: list[Sequence[AccessibleCustomer] | GatewayError] = []
    for own, more in zip(direct, indirect, strict=True):
        try:
            records = {one: lookup.certain(one) for one in sorted({*own, *more})}
        except GatewayError as error:
            found.append(error)
            continue
        found.append(
            [
                AccessibleCustomer(record, one in own, one in more)
                for one, record in records.items()
                if record and record.customer_id == one and record.validity is Validity.VALID
            ]
        )
    return found


async def _reached(
    context: RequestContext, customer_ids: Sequence[Sequence[str]]
) -> Sequence[frozenset[str]]:
    """For each list of customers those that may read in a group that the list opens to other customers."""
    policy, store = context.services.policy, context.services.groups
    if not policy.enabled or not policy.other_context:
        return [frozenset()] * len(customer_ids)
    groups, through = await gathered(
        all_groups(context), store.customer_grants(sorted({one for some in customer_ids for one in some}))
    )
    openers = _readers(through, policy.other_context)
    opened = [
        [one for one, readers in openers.items() if readers.intersection(own) and _is_valid(groups, one)]
        for own in customer_ids
    ]
    grants = await store.grants_in(sorted({one for some in opened for one in some}))
    within = _readers(grants, policy.same_context)
    return [frozenset().union(*(within.get(one, ()) for one in some)) for some in opened]


def _readers(grants: Sequence[Grant], stored: str) -> Mapping[int, set[str]]:
    """The customers that may read in each group, in the context that is stored so."""
    found: dict[int, set[str]] = {}
    for one in grants:
        if one.customer_id is not None and one.context == stored and one.key in _READING:
            found.setdefault(one.group_id, set()).add(one.customer_id)
    return found


def _is_valid(groups: Mapping[int, Group], group_id: int) -> bool:
    return group_id in groups and groups[group_id].is_valid


async def _rights_of(
    context: RequestContext, users: Sequence[CustomerUser], whose: PermissionContext
) -> tuple[Sequence[Sequence[str]], Rights]:
    """The customers of each user, and what all of them hold."""
    ids = await all_customer_ids_of(context, users)
    customers = {one for some in ids for one in some}
    return ids, await rights_of(context, [user.login for user in users], customers, whose)


def _explained(
    rights: Rights, login: str | None, customer_ids: Sequence[str], told: Sequence[str]
) -> Sequence[EffectivePermission]:
    why = rights.why(login, customer_ids)
    return [
        EffectivePermission(one.group, one.permissions, why, told) for one in rights.held(login, customer_ids)
    ]


async def customers_of_grants(
    context: RequestContext, grants: Sequence[EffectiveGrant]
) -> Sequence[Customer | GatewayError | None]:
    """The customer through whom each grant comes; None where none does, or none is stored."""
    lookup = await context.customers.get_many(
        {one.customer_id for one in grants if one.customer_id}, stop_at_gap=True
    )
    return [lookup.or_error(one.customer_id) if one.customer_id else None for one in grants]
