"""What is changed, told to whoever listens: authorised anew for each event, with the record as it is then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from backends.bus import Dropped, Subscription
from backends.changes import Change, ChangeKind, Target
from backends.errors import Forbidden, GatewayError, SourceUnavailable, Unauthenticated
from backends.model import CustomerUser, Freshness
from backends.order import fold
from resolvers.context import RequestContext
from resolvers.customer_users import customer_ids_of

WAITING = 1000
"""Changes that may wait for one listener; with more it is dropped."""
NO_FIELDS = frozenset({"password"})
"""Names in `changed_fields` that no customer user has."""


class StreamEnded(GatewayError):
    """Changes may be missing from here on: ask for the state, and listen again."""

    code = "SOURCE_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class UserChange:
    """A change of one customer user, and the record when it is told; an error where a silent source may own it."""

    kind: ChangeKind
    login: str
    changed_fields: tuple[str, ...]
    at: datetime
    customer_user: CustomerUser | SourceUnavailable | None


async def of_customer_users(
    context: RequestContext, logins: Collection[str] | None, customer_ids: Collection[str] | None
) -> AsyncIterator[UserChange]:
    """Changes of the customer users that the viewer may read, as far as they are asked for; ends with the credential."""
    names = None if logins is None else {fold(login) for login in logins}
    with context.services.bus.subscribe(WAITING) as changes:
        while True:
            change = await _next(changes, context)
            for event in _events(change):
                if names is not None and not names & {fold(login) for login in event.logins}:
                    continue
                await _reauthorise(context)
                told = await _told(context, event, change.at, customer_ids)
                if told is not None:
                    yield told


@dataclass(frozen=True, slots=True)
class _Event:
    """What one change means for one customer user; a rename names the old login first."""

    kind: ChangeKind
    logins: tuple[str, ...]
    fields: tuple[str, ...]


def _events(change: Change) -> Iterator[_Event]:
    fields = tuple(name for name in change.changed_fields if name not in NO_FIELDS)
    if not fields:
        return
    if change.target is Target.CUSTOMER_USER:
        yield _Event(change.kind, change.keys, fields)
    elif change.target is Target.CUSTOMER and change.is_rename:
        for login in change.logins:
            yield _Event(ChangeKind.UPDATED, (login,), ("customerId",))
    elif change.kind is ChangeKind.RELATIONS_CHANGED:
        for login in change.logins:
            yield _Event(ChangeKind.RELATIONS_CHANGED, (login,), fields)


async def _next(changes: Subscription, context: RequestContext) -> Change:
    """The next change; raises where the credential ends before, or changes were lost."""
    ends = context.viewer.expires
    seconds = None if ends is None else max((ends - datetime.now(UTC)).total_seconds(), 0.0)
    try:
        async with asyncio.timeout(seconds):
            return await changes.__anext__()
    except TimeoutError:
        raise Unauthenticated("The credential has ended: subscribe again with another one.") from None
    except Dropped as dropped:
        raise StreamEnded(dropped.reason, retryAfterMs=1000) from None


async def _reauthorise(context: RequestContext) -> None:
    """Look at the credential as it is now: what it may see of this event was not decided when it subscribed."""
    before = context.viewer
    viewer = before if context.again is None else await context.again()
    if viewer.trouble is not None:
        raise viewer.trouble
    if before.known and not viewer.known:
        raise Unauthenticated("The credential is not accepted any more.")
    if viewer.scopes != before.scopes:
        raise Forbidden("The rights of the credential have changed: subscribe again.")
    context.viewer = viewer
    context.beside.clear()
    context.renew()


async def _told(
    context: RequestContext, event: _Event, at: datetime, customer_ids: Collection[str] | None
) -> UserChange | None:
    """The event for this viewer; nothing where it may not read it, or did not ask for it."""
    login, hidden = event.logins[-1], context.viewer.hidden_fields
    fields = tuple(name for name in event.fields if name not in hidden)
    if not fields:
        return None
    user = (await context.users.get_many([login], Freshness.CACHED, stop_at_gap=True)).or_error(login)
    if isinstance(user, SourceUnavailable) and (context.is_limited or customer_ids is not None):
        raise StreamEnded(f"{user.message} Whether a change concerns you cannot be told.", retryAfterMs=1000)
    if user is None and (context.is_limited or customer_ids is not None):
        return None
    if customer_ids is not None and isinstance(user, CustomerUser):
        (its,) = await customer_ids_of(context, [user])
        if not {fold(one) for one in its} & {fold(one) for one in customer_ids}:
            return None
    return UserChange(event.kind, login, fields, at, user)
