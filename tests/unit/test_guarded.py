"""Time budget, bulkhead, breaker and retry around a store that misbehaves (R6 to R9)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from backends.breaker import Breaker
from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING
from backends.guarded import Guarded
from backends.model import CustomerUser, SourceStatus
from backends.source import Health
from tests.unit.scripted import Clock, Scripted, fails, hangs, is_wrong, settled, waits_for, works

SHORT, LONG = 0.02, 60.0


async def test_it_answers_what_the_store_answers() -> None:
    store = Scripted(["ada"])
    guarded = guard(store)
    assert await guarded.get_many(["ada", "bob"]) == {"ada": store.users["ada"]}
    assert await guarded.have(["ada", "bob"]) == {"ada"}
    assert [count.number for count in await guarded.counts([EVERYTHING])] == [1]
    assert await guarded.tally("city", EVERYTHING) == {}
    assert await guarded.keys(EVERYTHING, None, 10) == [("ada", "ada")]
    assert (await guarded.inspect()).rows == 1
    assert await guarded.twins() == []
    await guarded.ping()
    await guarded.close()
    assert store.closed


async def test_an_empty_request_asks_nobody_and_says_nothing_about_the_store() -> None:
    store = Scripted()
    breaker = Breaker(1, 10.0, Clock())
    guarded = guard(store, breaker)
    assert await guarded.get_many([]) == {}
    assert await guarded.have([]) == set()
    assert await guarded.pages([]) == ()
    assert await guarded.counts([]) == ()
    assert store.asked == []


async def test_r6_a_store_that_hangs_is_a_timeout_and_is_told_to_stop() -> None:
    store = Scripted(deeds=[hangs])
    with pytest.raises(SourceUnavailable) as raised:
        await guard(store, timeout=SHORT).get_many(["ada"])
    assert raised.value.status is SourceStatus.TIMEOUT
    assert raised.value.source == "one"
    assert store.cancelled == 1


async def test_r7_failures_in_a_row_open_the_breaker_and_then_nobody_asks() -> None:
    store = Scripted()
    store.always = fails
    guarded = guard(store, Breaker(3, 10.0, Clock()), retry=False)
    assert [await status_of(guarded) for _ in range(3)] == [SourceStatus.UNAVAILABLE] * 3
    with pytest.raises(SourceUnavailable) as raised:
        await guarded.get_many(["ada"])
    assert raised.value.status is SourceStatus.CIRCUIT_OPEN
    assert raised.value.retry_after_ms == 10_000
    assert len(store.asked) == 3


async def test_r7_timeouts_count_as_failures() -> None:
    store = Scripted()
    store.always = hangs
    guarded = guard(store, Breaker(2, 10.0, Clock()), timeout=SHORT)
    statuses = [await status_of(guarded) for _ in range(3)]
    assert statuses == [SourceStatus.TIMEOUT, SourceStatus.TIMEOUT, SourceStatus.CIRCUIT_OPEN]


async def test_r7_one_probe_goes_out_and_its_success_lets_everybody_in() -> None:
    clock, back = Clock(), asyncio.Event()
    store = Scripted(["ada"], deeds=[fails, waits_for(back)])
    guarded = guard(store, Breaker(1, 10.0, clock), retry=False)
    await status_of(guarded)
    clock.pass_by(10)
    probe = asyncio.create_task(guarded.get_many(["ada"]))
    await settled()
    assert await status_of(guarded) is SourceStatus.CIRCUIT_OPEN
    back.set()
    assert "ada" in await probe
    assert await status_of(guarded) is None


async def test_a_bug_is_raised_as_it_is_and_does_not_count() -> None:
    store = Scripted(deeds=[is_wrong, is_wrong])
    guarded = guard(store, Breaker(1, 10.0, Clock()))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await guarded.get_many(["ada"])
    assert await status_of(guarded) is None


async def test_a_drivers_own_timeout_error_is_a_bug_and_not_our_timeout() -> None:
    async def times_out() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await guard(Scripted(deeds=[times_out])).get_many(["ada"])


async def test_a_caller_who_leaves_says_nothing_about_the_store() -> None:
    store = Scripted(["ada"], deeds=[hangs])
    guarded = guard(store, Breaker(1, 10.0, Clock()))
    caller = asyncio.create_task(guarded.get_many(["ada"]))
    await settled()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert store.cancelled == 1
    assert guarded.health.checked_at is None
    assert await status_of(guarded) is None


async def test_a_caller_who_leaves_during_the_probe_lets_the_next_one_probe() -> None:
    clock = Clock()
    store = Scripted(["ada"], deeds=[fails, hangs, works])
    guarded = guard(store, Breaker(1, 10.0, clock), retry=False)
    await status_of(guarded)
    clock.pass_by(10)
    probe = asyncio.create_task(guarded.get_many(["ada"]))
    await settled()
    probe.cancel()
    await asyncio.wait([probe])
    assert await status_of(guarded) is None


async def test_r8_no_more_calls_than_slots_run_at_a_time() -> None:
    gate = asyncio.Event()
    store = Scripted(["ada"])
    store.always = waits_for(gate)
    guarded = guard(store, slots=2)
    calls = [asyncio.create_task(guarded.get_many(["ada"])) for _ in range(5)]
    await settled()
    assert store.running == 2
    gate.set()
    assert all("ada" in found for found in await asyncio.gather(*calls))
    assert len(store.asked) == 5


async def test_r8_waiting_for_a_slot_counts_against_the_callers_own_time() -> None:
    store = Scripted(["ada"], deeds=[hangs])
    guarded = guard(store, timeout=SHORT, slots=1)
    first, second = (asyncio.create_task(guarded.get_many(["ada"])) for _ in range(2))
    for call in (first, second):
        with pytest.raises(SourceUnavailable, match="in time"):
            await call
    assert len(store.asked) <= 2


async def test_r8_who_got_no_slot_does_not_count_as_a_failure_of_the_store() -> None:
    store, breaker = Scripted(["ada"]), Breaker(1, 10.0, Clock())
    full = guard(store, breaker, timeout=SHORT, slots=0)
    assert await status_of(full) is SourceStatus.TIMEOUT
    assert store.asked == []
    assert not breaker.is_open


async def test_r8_who_waits_while_the_breaker_opens_is_refused_and_does_not_ask() -> None:
    gate = asyncio.Event()

    async def fails_later() -> None:
        await gate.wait()
        await fails()

    store = Scripted(["ada"], deeds=[fails_later])
    guarded = guard(store, Breaker(1, 10.0, Clock()), slots=1, retry=False)
    calls = [asyncio.create_task(status_of(guarded)) for _ in range(3)]
    await settled()
    gate.set()
    refused = [SourceStatus.CIRCUIT_OPEN] * 2
    assert [await call for call in calls] == [SourceStatus.UNAVAILABLE, *refused]
    assert len(store.asked) == 1


async def test_r9_a_broken_connection_costs_one_retry() -> None:
    store = Scripted(["ada"], deeds=[fails])
    assert "ada" in await guard(store).get_many(["ada"])
    assert len(store.asked) == 2


async def test_r9_one_retry_and_no_more_and_none_while_the_store_stays_down() -> None:
    store = Scripted()
    store.always = fails
    guarded = guard(store, Breaker(5, 10.0, Clock()))
    await status_of(guarded)
    assert len(store.asked) == 2
    await status_of(guarded)
    assert len(store.asked) == 3


async def test_r9_a_timeout_is_not_retried() -> None:
    store = Scripted(deeds=[hangs])
    assert await status_of(guard(store, timeout=SHORT)) is SourceStatus.TIMEOUT
    assert len(store.asked) == 1


async def test_r9_the_retry_runs_inside_the_same_time() -> None:
    store = Scripted(deeds=[fails, hangs])
    assert await status_of(guard(store, timeout=SHORT)) is SourceStatus.TIMEOUT
    assert len(store.asked) == 2


async def test_r9_a_driver_that_retries_by_itself_is_not_retried() -> None:
    store = Scripted(deeds=[fails])
    assert await status_of(guard(store, retry=False)) is SourceStatus.UNAVAILABLE
    assert len(store.asked) == 1


async def test_r18_its_health_is_how_the_last_call_went() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    clock = Clock()
    store = Scripted(deeds=[works, fails])
    guarded: Guarded[CustomerUser] = Guarded(
        store, "one", Breaker(1, 10.0, clock), LONG, 1, retry=False, now=lambda: now
    )
    assert guarded.health == Health(SourceStatus.OK)
    await guarded.ping()
    assert guarded.health == Health(SourceStatus.OK, guarded.health.latency_ms, now)
    await status_of(guarded)
    refused = guarded.health
    clock.pass_by(10)
    assert [refused.status, guarded.health.status] == [SourceStatus.CIRCUIT_OPEN, SourceStatus.UNAVAILABLE]
    assert guarded.health.message == "one cannot be reached or refused."


async def test_closing_does_not_wait_for_ever() -> None:
    store = Scripted(deeds=[hangs])
    await guard(store, timeout=SHORT).close()
    assert store.cancelled == 1


def guard(
    store: Scripted,
    breaker: Breaker | None = None,
    *,
    timeout: float = LONG,
    slots: int = 10,
    retry: bool = True,
) -> Guarded[CustomerUser]:
    """The store, kept at arm's length."""
    return Guarded(store, "one", breaker or Breaker(5, 10.0, Clock()), timeout, slots, retry=retry)


async def status_of(guarded: Guarded[CustomerUser]) -> SourceStatus | None:
    """Why a look-up failed; None when it did not."""
    try:
        await guarded.get_many(["ada"])
    except SourceUnavailable as error:
        return error.status
    return None
