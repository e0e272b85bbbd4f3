"""Which rows a caller sees: those of its customers, or, as a customer user, itself and its customers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from backends.directory import Directory
from backends.filters import RowScope
from backends.mapping import RecordMapping
from backends.model import CustomerUser, Freshness
from backends.registry import Registry
from backends.sight import listed_of, primary_of
from resolvers.policies import CustomerPolicy
from resolvers.viewer import Viewer

T = TypeVar("T")

NOBODY = RowScope(members=False)


class Once(Generic[T]):
    """Asks once for everybody who wants to know; what went wrong stays wrong, too."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._running: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """The answer."""
        if self._running is None:
            self._running = asyncio.ensure_future(self._ask())
            self._running.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._running)


async def rows_of(
    viewer: Viewer, users: Directory[CustomerUser], registry: Registry, policy: CustomerPolicy
) -> RowScope | None:
    """The customer users that `viewer` sees, and the customers whose IDs it may be told; None: all."""
    if viewer.is_customer:
        return await _of_customer(viewer, users, registry, policy)
    if not viewer.customer_ids:
        return None
    return await _with_related(RowScope(tuple(dict.fromkeys(viewer.customer_ids))), registry)


def customers_in(rows: RowScope | None) -> RowScope | None:
    """The customers that go with the customer users."""
    return None if rows is None else RowScope(rows.customer_ids)


def customer_ids(mapping: RecordMapping, user: CustomerUser, related: Sequence[str]) -> list[str]:
    """All customer IDs that apply, whoever asks: primary first, each once (MULTI-1 to MULTI-5)."""
    primary = None if mapping.exclude_primary_customer_id else primary_of(mapping, user)
    more = (*listed_of(mapping, user), *related)
    if not more:
        return [primary] if primary else []
    return list(dict.fromkeys(one for one in (primary, *more) if one))


async def _of_customer(
    viewer: Viewer, users: Directory[CustomerUser], registry: Registry, policy: CustomerPolicy
) -> RowScope:
    """Itself and its customers, as they are now; who is nobody sees nobody."""
    login = viewer.login or ""
    user = (await users.get_many([login], Freshness.CACHED, stop_at_gap=True)).certain(login)
    if user is None:
        return NOBODY
    related = (await registry.customers_of([user.login])).get(user.login, ())
    ids = customer_ids(users.mapping(user.source_key), user, related)
    if viewer.customer_ids:
        ids = [one for one in ids if one in viewer.customer_ids]
    own = RowScope(tuple(ids), members=False, own=(user.source_key, user.login))
    return await _with_related(replace(own, members=True), registry) if policy.sees_colleagues else own


async def _with_related(rows: RowScope, registry: Registry) -> RowScope:
    """The same with the logins that the registry relates to the customers (MULTI-11)."""
    found = await registry.logins_of(rows.customer_ids)
    return replace(rows, related=tuple(sorted({login for some in found.values() for login in some})))
