"""What the fields of services mean: which are in effect, which are assigned, and to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from backends.errors import GatewayError
from backends.model import CustomerUser, Validity
from backends.records import Service
from backends.registries import DEFAULT_LOGIN
from resolvers.context import RequestContext
from resolvers.keyed import KeyedConnection, KeyedEdge, KeyedList, logins_in_sight
from resolvers.lists import page_size

VALID = Validity.VALID


async def by_name(context: RequestContext, name: str) -> Service | None:
    """The service with exactly this full name."""
    return next((one for one in await context.services.offers.services() if one.name == name), None)


async def listed(context: RequestContext, validity: frozenset[Validity]) -> Sequence[Service]:
    """Services of these validities, by name; valid ones alone leave out what hangs below an invalid one."""
    services = await context.services.offers.services()
    if validity == {Validity.VALID} and not context.services.service_policy.keep_children:
        return _without_orphans(services)
    return [one for one in services if one.validity in validity]


async def defaults(context: RequestContext) -> Sequence[Service]:
    """The default services that are valid."""
    assigned = await context.services.offers.assigned_services([DEFAULT_LOGIN])
    return [one for one in assigned.get(DEFAULT_LOGIN, ()) if one.validity is VALID]


async def in_effect_of(context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[Sequence[Service]]:
    """The valid assigned services, or the defaults where nothing at all is assigned (SVC-4, SVC-6)."""
    logins = [user.login for user in users]
    assigned = await context.services.offers.assigned_services([DEFAULT_LOGIN, *logins])
    valid = {login: [one for one in some if one.validity is VALID] for login, some in assigned.items()}
    default = valid.get(DEFAULT_LOGIN, [])
    if context.services.service_policy.always_defaults:
        return [_merged(valid.get(login, []), default) for login in logins]
    return [valid.get(login, default) for login in logins]


async def assigned_to(context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[Sequence[Service]]:
    """The assigned services as stored, invalid ones included."""
    logins = [user.login for user in users]
    assigned = await context.services.offers.assigned_services(logins)
    return [assigned.get(login, ()) for login in logins]


async def parents_of(context: RequestContext, services: Sequence[Service]) -> Sequence[Service | None]:
    """The service above each, where one has its name (SVC-11)."""
    by_name = {one.name: one for one in await context.services.offers.services()}
    return [by_name.get(one.parent_name or "") for one in services]


async def are_defaults(context: RequestContext, services: Sequence[Service]) -> Sequence[bool]:
    """Whether each is a default service."""
    assigned = await context.services.offers.assigned([DEFAULT_LOGIN])
    return [one.id in assigned.get(DEFAULT_LOGIN, ()) for one in services]


async def users_of(
    context: RequestContext, services: Sequence[Service], first: int | None, after: str | None
) -> Sequence[KeyedConnection | GatewayError]:
    """Logins that each service is assigned to, by login; the reserved one is none of them (SVC-3)."""
    return await asyncio.gather(*(_users_page(context, one, first, after) for one in services))


async def _users_page(
    context: RequestContext, service: Service, first: int | None, after: str | None
) -> KeyedConnection | GatewayError:
    """The page of one service, or why it cannot be shown."""
    try:
        wanted = KeyedList("Service.customerUsers", service.id, page_size(first), after)
        last = wanted.last(context)
        if context.is_limited:
            held = await _in_sight(context)
            edges = [KeyedEdge((login,)) for login in sorted(held) if service.id in held[login]]
            return wanted.page(context, edges, last)
        logins = await context.services.offers.logins_of(service.id, last[0] if last else None, wanted.limit)
    except GatewayError as error:
        return error
    return wanted.connection(context, [KeyedEdge((login,)) for login in logins])


async def _in_sight(context: RequestContext) -> Mapping[str, tuple[int, ...]]:
    """What is assigned to each login that a viewer sees who does not see everything."""
    return await context.services.offers.assigned(await logins_in_sight(context))


def _merged(some: Iterable[Service], others: Iterable[Service]) -> list[Service]:
    return sorted({one.id: one for one in (*some, *others)}.values(), key=_BY_NAME)


_BY_NAME = attrgetter("name")


def _without_orphans(services: Sequence[Service]) -> list[Service]:
    invalid = {one.name for one in services if not one.is_valid}
    return [one for one in services if one.is_valid and not invalid.intersection(_above(one.name))]


def _above(name: str) -> list[str]:
    parts = name.split("::")
    return ["::".join(parts[:length]) for length in range(1, len(parts))]


async def count_users(context: RequestContext, connections: Sequence[KeyedConnection]) -> Sequence[int]:
    """How many logins each service is assigned to."""
    if context.is_limited:
        held = await _in_sight(context)
        return [sum(one.anchor in ids for ids in held.values()) for one in connections]
    counts = await context.services.offers.count_logins([one.anchor for one in connections])
    return [counts.get(one.anchor, 0) for one in connections]
