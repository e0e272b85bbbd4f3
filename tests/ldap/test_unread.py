"""Pages of a directory among other sources: of places that are known by heart only those who are shown are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from backends.breaker import Breaker
from backends.directory import Directory, Listing
from backends.filters import EVERYTHING
from backends.guarded import Guarded
from backends.model import CustomerUser, SourceStatus
from backends.order import Order
from backends.source import Source
from gateway.demo.servers.slapd import Slapd, start_slapd
from tests.builders import a_mapping, a_memory_of, a_row
from tests.ldap.worlds import LDIF, PEOPLE, opened, person
from tests.unit.ldap.worlds import MAPPING

OTHERS = ("aaron", "boris", "crowd-1", "zacharias")


@pytest.fixture
def own() -> Iterator[Slapd]:
    """A directory of this test alone."""
    with start_slapd(LDIF, anonymous_read=True) as server:
        yield server


@asynccontextmanager
async def joined(server: Slapd) -> AsyncIterator[Directory[CustomerUser]]:
    """A source in memory before the directory, whose list of keys has been read."""
    memory = a_memory_of([a_row(login) for login in OTHERS], a_mapping("memory"))
    async with opened(server, cache_ttl=60.0, timeout=2.0) as backend:
        guarded = Guarded(backend, "people", Breaker(1, 60.0), 2.0, 10)
        sources = [
            Source("memory", "memory", 0, memory, memory.mapping),
            Source("people", "people", 1, guarded, MAPPING),
        ]
        directory: Directory[CustomerUser] = Directory(sources)
        assert shown(await a_page(directory, 4)) == ["aaron", "ada", "boris", "boss"]
        yield directory


async def a_page(directory: Directory[CustomerUser], first: int) -> Listing[CustomerUser]:
    return (await directory.lists([EVERYTHING], Order(()), first))[0]


def shown(listing: Listing[CustomerUser]) -> list[str]:
    return [row.record.login for row in listing.rows]


async def test_remembered_places_show_what_is_in_the_directory_now(own: Slapd) -> None:
    async with joined(own) as directory:
        own.add(f"dn: uid=ada,{PEOPLE}\nchangetype: modify\nadd: telephoneNumber\ntelephoneNumber: 42\n")
        listing = await a_page(directory, 4)
        assert shown(listing) == ["aaron", "ada", "boris", "boss"]
        assert [row.record.phone for row in listing.rows if row.record.login == "ada"] == ["42"]
        assert [one.status for one in listing.reports] == [SourceStatus.OK, SourceStatus.OK]


async def test_who_is_gone_makes_room_for_the_next(own: Slapd) -> None:
    async with joined(own) as directory:
        for login in ("ada", "crowd-0"):
            own.add(f"dn: uid={login},{PEOPLE}\nchangetype: delete\n")
        own.add(person("zoe"))
        listing = await a_page(directory, 6)
        assert shown(listing) == ["aaron", "boris", "boss", "branched", "crowd-1", "crowd-10"]
        assert listing.rows[4].record.source_key == "memory"
        assert listing.has_next


async def test_a_directory_that_is_down_is_told_though_its_places_are_known(own: Slapd) -> None:
    async with joined(own) as directory:
        own.kill()
        listing = await a_page(directory, 3)
        assert shown(listing) == ["aaron", "boris", "crowd-1"]
        assert listing.silent is not None
        assert [one.status for one in listing.reports] == [SourceStatus.OK, SourceStatus.UNAVAILABLE]
        again = await a_page(directory, 3)
        assert shown(again) == ["aaron", "boris", "crowd-1"]
        assert [one.status for one in again.reports] == [SourceStatus.OK, SourceStatus.CIRCUIT_OPEN]


async def test_it_is_told_where_nobody_of_the_directory_would_be_shown(own: Slapd) -> None:
    async with joined(own) as directory:
        own.kill()
        listing = await a_page(directory, 0)
        assert [one.status for one in listing.reports] == [SourceStatus.OK, SourceStatus.UNAVAILABLE]
