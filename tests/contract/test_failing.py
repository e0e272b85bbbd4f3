"""A store that falls silent: an error in time, that names the source and nothing else, and life afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from backends.breaker import Breaker
from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING, Filter, Question
from backends.guarded import Guarded
from backends.model import CustomerUser, SourceStatus
from backends.order import Order
from backends.protocol import Backend
from backends.search import parse_list_search
from gateway.demo.servers import mariadb, postgresql, slapd
from gateway.demo.servers.process import Server
from tests.builders import a_row
from tests.contract.stores import TABLES, InDirectory, InMariaDB, InPostgreSQL, InSQLite, Store, World
from tests.servers import ldif, need

ROWS = (a_row("ada"), a_row("bob"))
TIMEOUT = 1.0
BOUND = 20.0
"""Seconds after which nobody would call it quick."""

CALLS: dict[str, Callable[[Backend[CustomerUser]], Awaitable[object]]] = {
    "get_many": lambda backend: backend.get_many(["ada"]),
    "have": lambda backend: backend.have(["ada"]),
    "pages": lambda backend: backend.pages([Question(EVERYTHING, Order(()), 10)]),
    "counts": lambda backend: backend.counts([Filter(search=parse_list_search("ada"))]),
    "tally": lambda backend: backend.tally("city", EVERYTHING),
    "keys": lambda backend: backend.keys(Filter(), None, 10),
    "twins": lambda backend: backend.twins(),
    "ping": lambda backend: backend.ping(),
    "inspect": lambda backend: backend.inspect(),
}


@dataclass
class Fragile:
    """A server of one's own, to be broken, and a store in it."""

    server: Server
    store: Store

    async def world(self) -> World[CustomerUser]:
        """Two people, through connections that nobody has used before."""
        world = await self.store.people(ROWS, source_key=f"people{time.monotonic_ns()}")
        return World(world.backend, world.reference, world.mapping)


@pytest.fixture(scope="module", params=["postgresql", "mariadb", "directory"])
def server_and_store(request: pytest.FixtureRequest) -> Iterator[tuple[Server, Store]]:
    """One server of each kind."""
    if request.param == "postgresql":
        need(postgresql.available())
        with postgresql.start_postgresql() as database:
            yield database, InPostgreSQL(database)
    elif request.param == "mariadb":
        need(mariadb.available())
        with mariadb.start_mariadb() as database:
            yield database, InMariaDB(database)
    else:
        need(slapd.available())
        with slapd.start_slapd(ldif()) as directory:
            yield directory, InDirectory(directory)


@pytest.fixture
async def fragile(server_and_store: tuple[Server, Store]) -> AsyncIterator[Fragile]:
    """The server, which is whole again afterwards."""
    server, store = server_and_store
    store.timeout = TIMEOUT
    yield Fragile(server, store)
    await store.close()


async def test_a_server_that_dies_is_an_error_at_once_and_one_that_comes_back_is_none(
    fragile: Fragile,
) -> None:
    """Every call says so, in time, and no backend has to be opened again."""
    backend = (await fragile.world()).backend
    assert set(await backend.get_many(["ada"])) == {"ada"}
    fragile.server.kill()
    try:
        for name, call in CALLS.items():
            assert await status_of(call(backend)) is SourceStatus.UNAVAILABLE, name
    finally:
        fragile.server.spawn()
    for call in CALLS.values():
        await call(backend)
    assert set(await backend.get_many(["ada", "bob"])) == {"ada", "bob"}


async def test_r6_a_server_that_hangs_is_a_timeout_and_goes_on_afterwards(fragile: Fragile) -> None:
    """The time limit holds, whatever the connection thinks."""
    backend = (await fragile.world()).backend
    assert await backend.have(["ada"]) == {"ada"}
    fragile.server.pause()
    try:
        statuses = await asyncio.gather(
            status_of(backend.get_many(["bob"])),
            status_of(backend.counts([Filter(login="b")])),
            status_of(backend.pages([Question(Filter(login="o"), Order(()), 10)])),
        )
    finally:
        fragile.server.resume()
    assert set(statuses) == {SourceStatus.TIMEOUT}
    assert set(await backend.get_many(["ada", "bob"])) == {"ada", "bob"}


async def test_a_caller_who_leaves_takes_nobody_along(fragile: Fragile) -> None:
    """A cancelled call gives its connection back or throws it away."""
    backend = (await fragile.world()).backend
    assert await backend.have(["ada"]) == {"ada"}
    fragile.server.pause()
    try:
        calls = [asyncio.create_task(backend.have([f"nobody{number}"])) for number in range(10)]
        await asyncio.wait(calls, timeout=0.1)
        for call in calls:
            call.cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
    finally:
        fragile.server.resume()
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    answers = await asyncio.gather(*(backend.get_many(["ada", "bob"]) for _ in range(10)))
    assert all(set(answer) == {"ada", "bob"} for answer in answers)


async def test_r3_a_server_that_is_down_at_first_is_asked_when_it_is_up(fragile: Fragile) -> None:
    """Opening is lazy: start-up waits for no store."""
    world = await fragile.world()
    fragile.server.kill()
    try:
        assert await status_of(world.backend.ping()) is SourceStatus.UNAVAILABLE
    finally:
        fragile.server.spawn()
    await world.backend.ping()
    assert await world.backend.have(["ada", "eve"]) == {"ada"}


async def test_r9_behind_the_guard_a_restart_between_two_calls_is_not_noticed(fragile: Fragile) -> None:
    """One retry on a fresh connection."""
    backend = (await fragile.world()).backend
    guarded = Guarded(backend, "people", Breaker(5, 30.0), timeout=2 * TIMEOUT, slots=4)
    assert await guarded.have(["ada"]) == {"ada"}
    fragile.server.kill()
    fragile.server.spawn()
    assert set(await guarded.get_many(["ada"])) == {"ada"}
    assert guarded.health.status is SourceStatus.OK


@pytest.mark.parametrize("store", TABLES, indirect=True)
async def test_a_table_that_is_missing_is_an_error_and_not_an_empty_answer(store: Store) -> None:
    """SRC-16, DET-15 [DNC]."""
    backend = await store.opened(store.mapping({}), "no_such_table", ())
    for name, call in CALLS.items():
        if name not in ("ping", "inspect"):
            assert await status_of(call(backend)) is SourceStatus.UNAVAILABLE, name
    inspection = await backend.inspect()
    assert (inspection.rows, bool(inspection.findings or inspection.advice)) == (None, True)
    await backend.close()


@pytest.mark.parametrize("store", TABLES, indirect=True)
async def test_a_column_that_is_missing_is_an_error_and_check_names_it(store: Store) -> None:
    """SRC-16 [DNC]."""
    rows = ({name: value for name, value in a_row("ada").items() if name != "room"},)
    world = await store.people(rows)
    assert await status_of(world.backend.get_many(["ada"])) is SourceStatus.UNAVAILABLE
    inspection = await world.backend.inspect()
    assert [finding.column for finding in inspection.findings] == ["room"]
    remedy = inspection.findings[0].remedy
    assert remedy is not None
    assert remedy.startswith("ALTER TABLE")


@pytest.mark.parametrize("store", ["directory"], indirect=True)
async def test_a_branch_that_is_missing_is_an_error_and_not_an_empty_answer(store: Store) -> None:
    """LDAP-30, DET-15 [DNC]."""
    backend = await store.opened(store.mapping({}), "no_such_branch", ())
    for name in ("get_many", "have", "pages", "counts", "tally", "keys", "twins"):
        assert await status_of(CALLS[name](backend)) is SourceStatus.UNAVAILABLE, name
    inspection = await backend.inspect()
    assert [finding.column for finding in inspection.findings] == ["base_dn"]
    await backend.close()


async def test_a_file_that_is_missing_is_an_error_and_is_never_made(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A mistyped path must not become an empty database."""
    path = tmp_path_factory.mktemp("missing") / "people.sqlite"
    store = InSQLite(path)
    backend = await store.opened(store.mapping({}), "people_1", ())
    assert await status_of(backend.get_many(["ada"])) is SourceStatus.UNAVAILABLE
    assert not path.exists()
    await store.load("people_1", ROWS)
    assert set(await backend.get_many(["ada", "bob"])) == {"ada", "bob"}
    await backend.close()


async def status_of(call: Awaitable[object]) -> SourceStatus:
    """How the call failed; it must do so soon, and say no more than the source's key."""
    async with asyncio.timeout(BOUND):
        with pytest.raises(SourceUnavailable) as caught:
            await call
    message = caught.value.message
    assert message.startswith(caught.value.source)
    for secret in ("127.0.0.1", "password", "SELECT", "ou=", "/tmp", "people_", "no_such"):  # noqa: S108
        assert secret not in message.removeprefix(caught.value.source)
    return caught.value.status
