"""The registries, each opened when a test first asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.registries.places import PLACES, TABLES, InMemory, InTables, Place, open_tables


@pytest.fixture(scope="package", params=PLACES)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Every kind of registry in turn."""
    opened = (
        InMemory() if request.param == "memory" else await open_tables(request.param, request, "registries")
    )
    yield opened
    await opened.close()


@pytest.fixture(scope="package", params=TABLES)
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[InTables]:
    """Every kind of database in turn."""
    opened = await open_tables(request.param, request, "registry_tables")
    yield opened
    await opened.close()
