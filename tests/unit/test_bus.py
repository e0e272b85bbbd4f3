"""Changes reach all who listen, and nobody holds up who writes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from backends.bus import Bus, Dropped, Subscription
from backends.changes import Change, ChangeKind, Target
from tests.unit.scripted import settled


def a_change(login: str) -> Change:
    """An update of one login."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    kind, target = ChangeKind.UPDATED, Target.CUSTOMER_USER
    return Change("updateCustomerUser", kind, target, (login,), "one", ("email",), at)


async def test_everybody_hears_every_change_in_order() -> None:
    bus = Bus()
    with bus.subscribe() as first, bus.subscribe() as second:
        await bus.publish(a_change("ada"))
        await bus.publish(a_change("bob"))
        assert await some(first, 2) == [a_change("ada"), a_change("bob")]
        assert await some(second, 2) == [a_change("ada"), a_change("bob")]


async def test_a_reader_who_waits_is_woken() -> None:
    bus = Bus()
    with bus.subscribe() as subscription:
        reader = asyncio.create_task(some(subscription, 1))
        await settled()
        await bus.publish(a_change("ada"))
        assert await reader == [a_change("ada")]


async def test_a_change_from_before_is_not_heard() -> None:
    bus = Bus()
    await bus.publish(a_change("ada"))
    with bus.subscribe() as subscription:
        await bus.publish(a_change("bob"))
        assert await some(subscription, 1) == [a_change("bob")]


async def test_who_reads_too_slowly_is_dropped_with_a_reason_and_the_others_are_not() -> None:
    bus = Bus()
    with bus.subscribe(size=2) as slow, bus.subscribe(size=3) as quick:
        for login in ("ada", "bob", "eve"):
            await bus.publish(a_change(login))
        with pytest.raises(Dropped, match="More than 2 changes"):
            await some(slow, 1)
        assert len(await some(quick, 3)) == 3


async def test_who_may_have_missed_a_change_is_told_even_while_waiting() -> None:
    bus = Bus()
    with bus.subscribe() as subscription:
        reader = asyncio.create_task(some(subscription, 1))
        await settled()
        bus.drop_all("The connection was lost.")
        with pytest.raises(Dropped) as dropped:
            await reader
    assert dropped.value.reason == "The connection was lost."


async def test_nothing_is_kept_for_who_has_left() -> None:
    bus = Bus()
    with bus.subscribe(size=1) as subscription:
        pass
    await bus.publish(a_change("ada"))
    await bus.publish(a_change("bob"))
    reader = asyncio.create_task(some(subscription, 1))
    await settled()
    assert not reader.done()
    reader.cancel()


async def some(subscription: Subscription, count: int) -> list[Change]:
    """The next changes, so many."""
    changes: list[Change] = []
    async for change in subscription:
        changes.append(change)
        if len(changes) == count:
            break
    return changes
