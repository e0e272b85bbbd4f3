"""Servers of these tests' own, filled once, and fresh proxies for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.demo.servers import mariadb, postgresql, redis, slapd
from tests.faults.stage import Servers, Stage, staged, started
from tests.servers import need


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Real ones, which only these tests use."""
    for kind in (postgresql, mariadb, slapd, redis):
        need(kind.available())
    with started(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
async def stage(servers: Servers) -> AsyncIterator[Stage]:
    """The proxies, with nothing wrong yet."""
    async with staged(servers) as stage:
        yield stage
