"""Servers of these tests' own, filled once, and fresh proxies for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from gateway.demo.servers import mariadb, postgresql, redis, slapd
from tests.faults.stage import Servers, Stage, directory, fill, staged
from tests.servers import need, tls_files


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Real ones, which only these tests use."""
    for kind in (postgresql, mariadb, slapd, redis):
        need(kind.available())
    with ExitStack() as stack:
        made = Servers(
            stack.enter_context(postgresql.start_postgresql()),
            stack.enter_context(mariadb.start_mariadb()),
            stack.enter_context(slapd.start_slapd(directory(), tls_files(tmp_path_factory.mktemp("tls")))),
            stack.enter_context(redis.start_redis()),
            tmp_path_factory.mktemp("stage"),
        )
        fill(made)
        yield made


@pytest.fixture
async def stage(servers: Servers) -> AsyncIterator[Stage]:
    """The proxies, with nothing wrong yet."""
    async with staged(servers) as stage:
        yield stage
