"""Records by the keys under which other services name them: many at once, each record, None or an error in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backends.errors import BadUserInput, Forbidden, GatewayError
from resolvers import customer_users
from resolvers.context import RequestContext
from resolvers.viewer import Scope

MOST = customer_users.MAX_KEYS
"""Records of one question at most."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A type of record that others may name: by which field, who may ask, and one question for many keys."""

    key: str
    scope: Scope
    find: Callable[[RequestContext, Sequence[str]], Awaitable[Sequence[Any]]]


async def found(context: RequestContext, named: Sequence[object]) -> Sequence[Any]:
    """What each representation stands for; each type is asked for once."""
    if len(named) > MOST:
        message = f"At most {MOST} representations at once, not {len(named)}."
        raise BadUserInput(message, argument="representations")
    answers: list[Any] = [None] * len(named)
    places: dict[str, dict[str, list[int]]] = {}
    for place, one in enumerate(named):
        try:
            type_, key = _read(context, one)
            places.setdefault(type_, {}).setdefault(key, []).append(place)
        except GatewayError as error:
            answers[place] = error
    asked = [_find(context, type_, list(keys)) for type_, keys in places.items()]
    for keys, records in zip(places.values(), await asyncio.gather(*asked), strict=True):
        for at, record in zip(keys.values(), records, strict=True):
            for place in at:
                answers[place] = record
    return answers


async def _find(context: RequestContext, type_: str, keys: Sequence[str]) -> Sequence[Any]:
    """A store that is silent as a whole is an error in each place, and leaves the other types alone."""
    try:
        return await ENTITIES[type_].find(context, keys)
    except GatewayError as error:
        return [error] * len(keys)


def _read(context: RequestContext, one: object) -> tuple[str, str]:
    """Type and key of a representation."""
    given: Mapping[str, object] = one if isinstance(one, dict) else {}
    type_ = given.get("__typename")
    entity = ENTITIES.get(type_) if isinstance(type_, str) else None
    if entity is None or not isinstance(type_, str):
        message = f"A representation has a __typename, one of {', '.join(ENTITIES)}."
        raise BadUserInput(message, argument="representations")
    key = given.get(entity.key)
    if not isinstance(key, str):
        raise BadUserInput(f"A representation of a {type_} has its {entity.key}.", argument="representations")
    if entity.scope not in context.viewer.scopes:
        raise Forbidden(f"{context.viewer.name} may not ask for a {type_}.")
    return type_, key


async def _customers(context: RequestContext, ids: Sequence[str]) -> Sequence[Any]:
    records = await context.customer_records.of(ids)
    return [records[one] for one in ids]


async def _groups(context: RequestContext, names: Sequence[str]) -> Sequence[Any]:
    known = {one.name: one for one in await context.services.groups.groups()}
    return [known.get(name) for name in names]


async def _services(context: RequestContext, names: Sequence[str]) -> Sequence[Any]:
    known = {one.name: one for one in await context.services.offers.services()}
    return [known.get(name) for name in names]


ENTITIES: Mapping[str, Entity] = {
    "CustomerUser": Entity("login", Scope.READ, customer_users.by_logins),
    "Customer": Entity("customerId", Scope.READ, _customers),
    "Group": Entity("name", Scope.SURVEY, _groups),
    "Service": Entity("name", Scope.SURVEY, _services),
}
"""What may be named from outside, by type."""
