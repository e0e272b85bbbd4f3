"""What is remembered, for how long, and who may be served from it (R1, R11 to R14)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from backends import party
from backends.cached import Cached
from backends.caches import MemoryCache, SharedCache, memory_cache
from backends.deadline import within
from backends.envelope import decode_customer_user, encode
from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING
from backends.kept import Kept
from backends.model import CustomerUser, Freshness, ServedFrom, SourceStatus
from tests.unit.scripted import Clock, Scripted, a_user, fails, hangs, is_wrong, settled, waits_for, works

TTL, NEGATIVE, STALE = 60.0, 15.0, 3600.0
LIVE, CACHED, STALE_TOO = Freshness.LIVE, Freshness.CACHED, Freshness.STALE


class World:
    """A store with ada and bob, a cache around it, and the time."""

    def __init__(self, *logins: str, **changes: Any) -> None:
        self.clock = Clock()
        self.store = Scripted(logins or ["ada", "bob"])
        self.memory = memory_cache(1000, self.clock)
        self.cached = cached(self.store, self.memory, self.clock, **changes)

    async def known(self, *keys: str, freshness: Freshness = CACHED) -> dict[str, ServedFrom | None]:
        """Where each key is served from; None is absent, a key left out is unknown."""
        known = await self.cached.know(keys, freshness)
        return {key: user.served_from for key, user in known.records.items()} | dict.fromkeys(known.absent)


def cached(
    store: Scripted, cache: MemoryCache | SharedCache, clock: Clock, **changes: Any
) -> Cached[CustomerUser]:
    """The store with a memory."""
    settings: dict[str, Any] = {"namespace": "1:one:abc", "secret": b"secret", "ttl": TTL, "stale": STALE}
    codec: dict[str, Any] = {"encode": encode, "decode": decode_customer_user}
    kept: Kept[CustomerUser] = Kept(cache, negative_ttl=NEGATIVE, clock=clock, **codec, **settings | changes)
    return Cached(store, kept)


async def test_presence_and_absence_are_remembered() -> None:
    world = World()
    assert await world.known("ada", "eve") == {"ada": ServedFrom.LIVE, "eve": None}
    assert await world.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": None}
    assert await world.cached.get_many(["ada", "eve"]) == {"ada": a_user("ada")}
    assert world.store.asked == [("ada", "eve")]


async def test_only_what_is_missing_is_asked_for_and_each_once() -> None:
    world = World()
    await world.known("ada")
    assert (await world.known("bob", "ada", "eve", "bob")).keys() == {"ada", "bob", "eve"}
    assert world.store.asked == [("ada",), ("bob", "eve")]


async def test_an_empty_request_asks_nobody() -> None:
    world = World()
    assert await world.known() == {}
    assert await world.cached.have([]) == set()
    assert world.store.asked == []


async def test_every_spelling_has_one_entry() -> None:
    world = World("Ada")
    await world.known("ada")
    assert await world.known("ADA") == {"ADA": ServedFrom.LIVE}
    assert await world.known("Ada", "ADA") == {"Ada": ServedFrom.CACHE, "ADA": ServedFrom.CACHE}
    assert len(world.memory) == 1


async def test_of_two_twins_each_spelling_gets_its_own() -> None:
    world = World("Franz", "franz")
    for login in ("franz", "Franz", "franz"):
        assert (await world.cached.get_many([login]))[login].login == login
    assert (await world.cached.get_many(["FRANZ"]))["FRANZ"].login == "Franz"


async def test_an_absence_is_that_of_all_spellings_in_ascii_alone() -> None:
    world = World()
    await world.known("eve", "Ümit")
    assert await world.known("EVE", "Eve") == {"EVE": None, "Eve": None}
    assert len(world.store.asked) == 1
    await world.known("ümit")  # there are stores that do not fold it
    assert world.store.asked[1:] == [("ümit",)]


async def test_where_case_matters_spellings_are_strangers() -> None:
    world = World("Ada", case_sensitive=True)
    await world.known("Ada", "EVE")
    await world.known("EVE")
    assert len(world.store.asked) == 1
    await world.known("eve")
    assert len(world.memory) == 3


async def test_have_answers_from_what_is_remembered_and_remembers_absences() -> None:
    world = World("Ada")
    await world.known("ada", "eve")
    assert await world.cached.have(["ADA", "Eve", "bob"]) == {"ADA"}
    assert await world.cached.have(["bob", "BOB"]) == set()
    assert world.store.asked == [("ada", "eve"), ("bob",)]


async def test_lists_and_counts_pass_through() -> None:
    world = World()
    for _ in range(2):
        assert [count.number for count in await world.cached.counts([EVERYTHING])] == [2]
        assert await world.cached.tally("city", EVERYTHING) == {}
        assert len(await world.cached.keys(EVERYTHING, None, 9)) == 2
        assert await world.cached.twins() == []
        assert (await world.cached.inspect()).rows == 2
        assert await world.cached.pages([]) == []
        await world.cached.ping()
    assert len(world.store.asked) == 14
    await world.cached.close()
    assert world.store.closed


async def test_r11_five_hundred_equal_look_ups_are_one_question() -> None:
    world, gate = World(), asyncio.Event()
    world.store.always = waits_for(gate)
    look_ups = [asyncio.create_task(world.known("ada")) for _ in range(500)]
    await settled()
    look_ups[0].cancel()
    await settled()
    gate.set()
    found = await asyncio.gather(*look_ups, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [{"ada": ServedFrom.LIVE}] * 499
    assert len(world.store.asked) == 1


async def test_r11_five_hundred_equal_look_ups_of_a_failing_source_are_one_question() -> None:
    world = World()
    world.store.always = fails
    look_ups = [asyncio.create_task(world.cached.get_many(["ada"])) for _ in range(500)]
    errors = await asyncio.gather(*look_ups, return_exceptions=True)
    assert {type(error) for error in errors} == {SourceUnavailable}
    assert len(world.store.asked) == 1


async def test_r11_without_a_cache_equal_look_ups_still_share_one_question() -> None:
    world, gate = World(ttl=0), asyncio.Event()
    world.store.always = waits_for(gate)
    look_ups = [asyncio.create_task(world.known("ada")) for _ in range(10)]
    await settled()
    gate.set()
    await asyncio.gather(*look_ups)
    assert len(world.store.asked) == 1
    await world.known("ada")
    assert len(world.store.asked) == 2
    assert len(world.memory) == 0


async def test_single_look_ups_of_one_moment_are_one_question_and_each_gets_its_own_answer() -> None:
    world = World(ttl=0)
    asked = ("ada", "eve", "bob", "ada")
    found = await asyncio.gather(*(world.known(login) for login in asked))
    assert found == [
        {"ada": ServedFrom.LIVE},
        {"eve": None},
        {"bob": ServedFrom.LIVE},
        {"ada": ServedFrom.LIVE},
    ]
    assert world.store.asked == [("ada", "eve", "bob")]


async def test_a_look_up_does_not_wait_for_the_one_that_is_under_way() -> None:
    world, gate = World(ttl=0), asyncio.Event()
    world.store.always = waits_for(gate)
    first = asyncio.create_task(world.known("ada"))
    await settled()
    second = asyncio.create_task(world.known("bob"))
    await settled()
    assert world.store.asked == [("ada",), ("bob",)]
    gate.set()
    answers = await asyncio.gather(first, second)
    assert list(answers) == [{"ada": ServedFrom.LIVE}, {"bob": ServedFrom.LIVE}]


async def test_under_load_look_ups_wait_for_an_answer_so_that_they_are_asked_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(party, "PATIENCE", 60.0)
    world, gate = World(ttl=0), asyncio.Event()
    world.store.always = waits_for(gate)
    asking = []
    for login in ("ada", "bob", "cyd", "dan"):
        asking.append(asyncio.create_task(world.known(login)))
        await settled()
    assert world.store.asked == [("ada",), ("bob",)]
    gate.set()
    await asyncio.gather(*asking)
    assert world.store.asked[2:] == [("cyd", "dan")]


async def test_while_a_store_is_asked_for_many_the_next_ones_wait_for_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(party, "PATIENCE", 60.0)
    world, gate = World(ttl=0), asyncio.Event()
    world.store.always = waits_for(gate)
    crowd = tuple(f"user{number}" for number in range(party.CROWD))
    asking = [asyncio.create_task(world.known(login)) for login in crowd]
    await settled()
    for login in ("ada", "bob"):
        asking.append(asyncio.create_task(world.known(login)))
        await settled()
    assert world.store.asked == [crowd]
    gate.set()
    await asyncio.gather(*asking)
    assert world.store.asked[1:] == [("ada", "bob")]


@pytest.mark.parametrize("ttl", [0, 60])
async def test_who_has_no_time_left_is_told_that_the_source_is_silent(ttl: float) -> None:
    world, gate = World(ttl=ttl), asyncio.Event()
    world.store.always = waits_for(gate)
    with within(0):
        known = await world.cached.know(["ada"], Freshness.STALE)
    assert known.silent is not None
    assert known.silent.status is SourceStatus.TIMEOUT
    assert not known.records
    assert not known.absent


async def test_of_a_store_that_answers_slowly_nobody_waits_for_company() -> None:
    world, gate = World(ttl=0), asyncio.Event()
    world.store.always = waits_for(gate)
    asking = [asyncio.create_task(world.known("ada"))]
    for number, login in enumerate(("bob", "cyd", "dan"), 2):
        await settled()
        asking.append(asyncio.create_task(world.known(login)))
        async with asyncio.timeout(60):
            while len(world.store.asked) < number:
                await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*asking)


async def test_who_leaves_takes_nobody_elses_answer_away() -> None:
    world, gate = World(ttl=0), asyncio.Event()
    world.store.always = waits_for(gate)
    leaving, staying = (asyncio.create_task(world.known(login)) for login in ("ada", "bob"))
    await settled()
    leaving.cancel()
    await settled()
    gate.set()
    assert await staying == {"bob": ServedFrom.LIVE}
    assert world.store.asked == [("ada", "bob")]


async def test_r11_lifetimes_are_spread_by_ten_percent() -> None:
    logins = [f"user{number}" for number in range(200)]
    world = World(*logins)
    await world.known(*logins)
    still = []
    for seconds in (53.9, 6.0, 6.2):
        world.clock.pass_by(seconds)
        world.store.always = fails
        still.append(len(await world.known(*logins)))
    assert still[0] == 200
    assert 60 < still[1] < 140
    assert still[2] == 0


async def test_past_its_lifetime_a_record_is_read_anew() -> None:
    world = World()
    await world.known("ada")
    world.clock.pass_by(TTL * 1.11)
    assert await world.known("ada", freshness=STALE_TOO) == {"ada": ServedFrom.LIVE}
    assert await world.known("ada") == {"ada": ServedFrom.CACHE}


async def test_live_asks_the_source_and_refreshes_what_is_remembered() -> None:
    world = World()
    await world.known("ada", "eve")
    del world.store.users["ada"]
    world.store.users["eve"] = a_user("eve")
    assert await world.known("ada", "eve", freshness=LIVE) == {"ada": None, "eve": ServedFrom.LIVE}
    assert await world.known("ada", "eve") == {"ada": None, "eve": ServedFrom.CACHE}


async def test_live_does_not_join_a_question_that_is_under_way() -> None:
    world, gate = World(), asyncio.Event()
    world.store.deeds = [waits_for(gate)]
    early = asyncio.create_task(world.known("ada"))
    await settled()
    assert await world.known("ada", freshness=LIVE) == {"ada": ServedFrom.LIVE}
    gate.set()
    await early


async def test_live_look_ups_of_one_moment_are_one_question() -> None:
    world, gate = World(), asyncio.Event()
    world.store.deeds = [waits_for(gate)]
    early = asyncio.create_task(world.known("ada"))
    await settled()
    found = await asyncio.gather(*(world.known(login, freshness=LIVE) for login in ("ada", "bob", "ada")))
    assert [list(one) for one in found] == [["ada"], ["bob"], ["ada"]]
    assert world.store.asked == [("ada",), ("ada", "bob")]
    gate.set()
    await early


async def test_r12_a_silent_source_is_served_for_up_to_stale_seconds_and_says_so() -> None:
    world = World()
    await world.known("ada", "eve")
    world.store.always = fails
    world.clock.pass_by(TTL * 0.9 + STALE - 1)
    assert await world.known("ada", freshness=STALE_TOO) == {"ada": ServedFrom.STALE_CACHE}
    world.clock.pass_by(TTL * 0.2 + 2)
    assert await world.known("ada", freshness=STALE_TOO) == {}
    with pytest.raises(SourceUnavailable):
        await world.cached.look_up(["ada"], STALE_TOO)


@pytest.mark.parametrize("freshness", [CACHED, LIVE])
async def test_r12_who_decides_or_writes_is_never_served_stale(freshness: Freshness) -> None:
    world = World()
    await world.known("ada", "eve")
    world.store.always = fails
    world.clock.pass_by(TTL * 1.11)
    assert await world.known("ada", "eve", freshness=freshness) == {}
    with pytest.raises(SourceUnavailable):
        await world.cached.look_up(["ada"], freshness)


async def test_r12_with_stale_zero_nothing_outlives_its_lifetime() -> None:
    world = World(stale=0)
    await world.known("ada")
    world.store.always = fails
    world.clock.pass_by(TTL * 1.11)
    assert await world.known("ada", freshness=STALE_TOO) == {}


async def test_r1_of_a_silent_source_each_key_is_present_absent_or_unknown() -> None:
    world = World()
    await world.known("ada", "eve")
    world.store.always = fails
    world.clock.pass_by(TTL * 1.11)
    known = await world.cached.know(["ada", "eve", "new"], STALE_TOO)
    assert set(known.records) == {"ada"}
    assert known.absent == {"eve"}
    assert known.silent is not None
    assert (await world.cached.look_up(["ada", "eve"], STALE_TOO)).keys() == {"ada"}
    with pytest.raises(SourceUnavailable):
        await world.cached.look_up(["ada", "eve", "new"], STALE_TOO)


async def test_r1_of_a_silent_source_a_twin_is_not_taken_for_the_other() -> None:
    world = World("Franz")
    await world.known("Franz")
    world.store.always = fails
    assert await world.known("Franz", "franz", freshness=STALE_TOO) == {"Franz": ServedFrom.CACHE}


async def test_r2_a_hit_needs_no_source() -> None:
    world = World()
    await world.known("ada", "eve")
    world.store.always = hangs
    assert await world.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": None}


async def test_r13_an_absence_is_remembered_briefly() -> None:
    world = World()
    await world.known("ada", "eve")
    world.store.users["eve"] = a_user("eve")
    world.clock.pass_by(NEGATIVE * 0.89)
    assert await world.known("eve") == {"eve": None}
    world.clock.pass_by(NEGATIVE * 0.22)
    assert await world.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": ServedFrom.LIVE}


async def test_r13_an_absence_outlives_its_time_while_the_source_is_silent() -> None:
    world = World()
    await world.known("eve")
    world.store.always = fails
    world.clock.pass_by(STALE)
    assert await world.known("eve", freshness=STALE_TOO) == {"eve": None}


async def test_r13_our_own_write_is_seen_at_once_in_every_spelling() -> None:
    world = World()
    await world.known("ada", "eve")
    world.store.users["eve"] = a_user("eve")
    await world.cached.forget(["EVE"])
    assert await world.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": ServedFrom.LIVE}
    assert await world.known("eve") == {"eve": ServedFrom.CACHE}


@pytest.mark.parametrize("ask", [lambda cache: cache.get_many(["eve"]), lambda cache: cache.have(["eve"])])
async def test_r13_a_slow_reader_does_not_put_back_what_was_there_before_a_write(
    ask: Callable[[Cached[CustomerUser]], Coroutine[Any, Any, Any]],
) -> None:
    world, gate = World(), asyncio.Event()
    world.store.deeds = [waits_for(gate)]
    slow = asyncio.create_task(ask(world.cached))
    await settled()
    world.store.users["eve"] = a_user("eve")
    await world.cached.forget(["eve"])
    gate.set()
    assert not await slow
    assert await world.known("eve") == {"eve": ServedFrom.LIVE}


@pytest.mark.parametrize("ttl", [TTL, 0])
async def test_r13_a_reader_after_a_write_does_not_join_a_question_from_before(ttl: float) -> None:
    world, gate = World(ttl=ttl), asyncio.Event()
    world.store.deeds = [waits_for(gate)]
    early = asyncio.create_task(world.known("ada"))
    await settled()
    await world.cached.forget(["ada"])
    assert await world.known("ada") == {"ada": ServedFrom.LIVE}
    gate.set()
    await early
    assert len(world.store.asked) == 2


async def test_r13_after_a_lost_connection_nothing_is_held_and_nothing_older_comes_back() -> None:
    world, gate = World(), asyncio.Event()
    other = cached(Scripted(["ada"]), world.memory, world.clock, namespace="1:two:abc")
    await other.know(["ada"])
    await world.known("ada", "eve")
    world.store.deeds = [waits_for(gate)]
    slow = asyncio.create_task(world.known("bob"))
    await settled()
    await world.cached.forget_all()
    gate.set()
    await slow
    assert set((await world.known("ada", "bob")).values()) == {ServedFrom.LIVE}
    assert (await other.know(["ada"])).records["ada"].served_from is ServedFrom.CACHE


async def test_marks_do_not_pile_up() -> None:
    world = World()
    for number in range(100):
        await world.cached.forget([f"user{number}"])
        world.clock.pass_by(10)
    assert len(world.cached._kept._forgotten) < 10


async def test_r14_a_failure_is_not_kept() -> None:
    world = World()
    world.store.deeds = [fails, works]
    assert await world.known("ada", "eve") == {}
    assert await world.known("ada", "eve") == {"ada": ServedFrom.LIVE, "eve": None}


async def test_a_bug_is_raised_and_nothing_is_remembered_of_it() -> None:
    world = World()
    world.store.deeds = [is_wrong]
    with pytest.raises(ZeroDivisionError):
        await world.known("ada")
    assert await world.known("ada") == {"ada": ServedFrom.LIVE}


async def test_s15_no_login_can_be_read_from_the_names_of_entries() -> None:
    world = World()
    await world.known("ada", "canary")
    assert all("ada" not in name and "canary" not in name for name in world.memory._kept)
    other = cached(world.store, world.memory, world.clock, secret=b"other")
    assert other._kept._name("ada") != world.cached._kept._name("ada")


async def test_a_login_that_no_text_can_hold_is_a_login_too() -> None:
    assert await World().known("\ud800") == {"\ud800": None}


async def test_r18_it_counts_hits_misses_and_what_was_served_stale() -> None:
    world = World()
    await world.known("ada", "bob")
    await world.known("ada")
    world.store.always = fails
    world.clock.pass_by(TTL * 1.11)
    await world.known("ada", freshness=STALE_TOO)
    uses = world.cached.uses
    assert (uses.hits, uses.misses, uses.stale) == (1, 3, 1)


async def test_the_memory_is_bounded_and_forgets_what_was_used_least_recently() -> None:
    memory = memory_cache(2)
    memory.keep({"a": 1, "b": 2}, 60)
    memory.peek(["a"])
    memory.keep({"c": 3}, 60)
    assert memory.peek(["a", "b", "c"]) == [1, None, 3]
    assert len(memory) == 2


async def test_the_memory_is_a_cache_of_aiocache() -> None:
    clock = Clock()
    memory: Any = memory_cache(10, clock)
    await memory.set("a", 1)
    await memory.multi_set([("b", 2), ("c", 3)], ttl=5)
    assert await memory.multi_get(["a", "b", "x"]) == [1, 2, None]
    assert (await memory.get("c"), await memory.exists("x")) == (3, False)
    clock.pass_by(5)
    assert await memory.multi_get(["a", "b"]) == [1, None]
    assert await memory.delete("a") == 1
    await memory.set("a", 1)
    await memory.clear()
    assert len(memory) == 0
