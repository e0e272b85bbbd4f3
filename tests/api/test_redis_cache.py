"""A Redis that replicas share: what one reads or writes the others know, and its troubles are nobody's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis import asyncio as client

from backends.breaker import Breaker
from backends.cached import Cached
from backends.caches import SharedCache, redis_cache
from backends.envelope import decode_customer_user, encode
from backends.kept import Kept
from backends.model import CustomerUser, Freshness, ServedFrom
from gateway.demo.servers import redis as redis_server
from gateway.demo.servers.redis import Redis
from tests.servers import need
from tests.unit.scripted import Clock, Scripted, a_user, fails, settled, waits_for

TTL, NEGATIVE, STALE, MARK = 60.0, 15.0, 3600.0, 30.0
PATIENT = 20.0


class Replica:
    """A process of ours: its own connections, its own source, and the Redis of all."""

    def __init__(self, url: str, clock: Clock, timeout: float = PATIENT, failures: int = 1000) -> None:
        self.breaker_clock = Clock()
        self.shared = redis_cache(url, timeout, Breaker(failures, 2.0, self.breaker_clock))
        self.store = Scripted(["ada", "bob"])
        kept: Kept[CustomerUser] = Kept(
            self.shared,
            namespace="1:one:abc",
            secret=b"secret",
            ttl=TTL,
            negative_ttl=NEGATIVE,
            stale=STALE,
            encode=encode,
            decode=decode_customer_user,
            mark=MARK,
            clock=clock,
        )
        self.cached = Cached(self.store, kept)

    async def known(
        self, *keys: str, freshness: Freshness = Freshness.CACHED
    ) -> dict[str, ServedFrom | None]:
        """Where each key is served from; None is absent, a key left out is unknown."""
        known = await self.cached.know(keys, freshness)
        return {key: user.served_from for key, user in known.records.items()} | dict.fromkeys(known.absent)


class World:
    """Two replicas over one Redis, and somebody who looks into it."""

    def __init__(self, server: Redis, **settings: Any) -> None:
        self.server = server
        self.clock = Clock()
        self.one, self.two = (Replica(server.url, self.clock, **settings) for _ in range(2))
        self.eye = client.Redis.from_url(server.url)

    async def names(self) -> list[str]:
        """What entries are kept under."""
        return sorted([name.decode() async for name in self.eye.scan_iter("*")])

    async def close(self) -> None:
        """Leave nothing behind."""
        await self.eye.flushdb()
        await self.eye.aclose()
        for replica in (self.one, self.two):
            await replica.shared.close()


@pytest.fixture
async def world(redis: Redis) -> AsyncIterator[World]:
    """Replicas that wait for Redis as long as it takes."""
    world = World(redis)
    yield world
    await world.close()


@pytest.fixture
async def shaky() -> AsyncIterator[World]:
    """Replicas in a hurry, over a Redis of their own that may be stopped."""
    need(redis_server.available())
    with redis_server.start_redis() as server:
        world = World(server, timeout=0.5, failures=2)
        yield world
        await world.close()


async def test_what_one_replica_reads_the_other_knows(world: World) -> None:
    assert await world.one.known("ada", "eve") == {"ada": ServedFrom.LIVE, "eve": None}
    assert await world.two.known("ADA", "Ada") == {"ADA": ServedFrom.LIVE, "Ada": ServedFrom.LIVE}
    assert await world.two.known("ada", "EVE") == {"ada": ServedFrom.CACHE, "EVE": None}
    assert await world.two.cached.get_many(["ada"]) == {"ada": a_user("ada")}
    assert await world.two.cached.have(["ada", "eve"]) == {"ada"}
    assert world.two.store.asked == [("ADA", "Ada")]


async def test_r12_a_record_of_a_silent_source_is_served_stale_from_redis_too(world: World) -> None:
    await world.one.known("ada", "eve")
    world.two.store.always = fails
    world.clock.pass_by(TTL * 1.11)
    stale = await world.two.known("ada", "eve", "new", freshness=Freshness.STALE)
    assert stale == {"ada": ServedFrom.STALE_CACHE, "eve": None}
    world.clock.pass_by(STALE)
    assert await world.two.known("ada", "eve", freshness=Freshness.STALE) == {}


async def test_entries_leave_redis_by_themselves(world: World) -> None:
    await world.one.known("ada")
    (name,) = await world.names()
    assert 0 < await world.eye.pttl(name) <= (TTL * 1.1 + STALE) * 1000


async def test_r13_a_write_of_one_replica_is_seen_by_the_other_at_once(world: World) -> None:
    await world.one.known("ada", "eve")
    world.two.store.users["eve"] = a_user("eve")
    await world.one.cached.forget(["Eve"])
    assert await world.two.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": ServedFrom.LIVE}


async def test_r13_a_slow_reader_elsewhere_does_not_put_back_what_was_there_before(world: World) -> None:
    gate = asyncio.Event()
    world.two.store.deeds = [waits_for(gate)]
    slow = asyncio.create_task(world.two.known("ada", "eve", freshness=Freshness.LIVE))
    await settled()
    await world.one.cached.forget(["eve"])
    (name,) = await world.names()
    assert 0 < await world.eye.pttl(name) <= MARK * 1000
    gate.set()
    assert await slow == {"ada": ServedFrom.LIVE, "eve": None}
    world.one.store.users["eve"] = a_user("eve")
    assert await world.one.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": ServedFrom.LIVE}


async def test_junk_under_a_name_is_nothing_remembered(world: World) -> None:
    await world.one.known("ada")
    (name,) = await world.names()
    for junk in (
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"7",
        b'["ada", 9e9, {"shoe_size": 42}]',
        b'["ada", 9e9, []]',
    ):
        await world.eye.set(name, junk)
        assert await world.two.known("ada") == {"ada": ServedFrom.LIVE}
        assert await world.two.known("ada") == {"ada": ServedFrom.CACHE}


async def test_s15_no_login_can_be_read_from_what_redis_keeps_entries_under(world: World) -> None:
    await world.one.known("ada", "canary")
    names = await world.names()
    assert len(names) == 2
    assert all("ada" not in name and "canary" not in name for name in names)


async def test_a_redis_that_is_gone_means_a_miss_and_never_an_error(shaky: World) -> None:
    shaky.server.kill()
    for _ in range(4):
        assert await shaky.one.known("ada", "eve") == {"ada": ServedFrom.LIVE, "eve": None}
    await shaky.one.cached.forget(["ada"])
    shaky.server.spawn()
    shaky.one.breaker_clock.pass_by(2)
    assert await shaky.one.known("bob") == {"bob": ServedFrom.LIVE}
    assert await shaky.one.known("bob") == {"bob": ServedFrom.CACHE}


async def test_a_redis_that_hangs_is_left_alone_after_some_failures(shaky: World) -> None:
    asked = count_questions(shaky.one.shared)
    shaky.server.pause()
    try:
        for _ in range(6):
            assert await shaky.one.known("ada") == {"ada": ServedFrom.LIVE}
    finally:
        shaky.server.resume()
    assert len(asked) == 2


async def test_r13_a_write_that_redis_could_not_be_told_of_is_told_later(shaky: World) -> None:
    await shaky.one.known("ada", "eve")
    shaky.server.pause()
    try:
        shaky.one.store.users["eve"] = a_user("eve")
        await shaky.one.cached.forget(["eve"])
    finally:
        shaky.server.resume()
    assert await shaky.one.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": ServedFrom.LIVE}
    shaky.two.store.users["eve"] = a_user("eve")
    assert await shaky.two.known("ada", "eve") == {"ada": ServedFrom.CACHE, "eve": ServedFrom.LIVE}


def count_questions(shared: SharedCache) -> list[str]:
    """What Redis is asked from now on."""
    asked: list[str] = []
    real = shared._cache

    class Counting:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(real, name)

    shared._cache = Counting()
    return asked
