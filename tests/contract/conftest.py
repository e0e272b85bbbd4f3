"""The stores, each opened when a test first asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backends.model import CustomerUser
from tests.contract.stores import STORES, Store, World, open_store


@pytest.fixture(scope="session", params=STORES)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Every kind of store in turn."""
    opened = open_store(request.param, request, "contract")
    yield opened
    await opened.close()


@pytest.fixture
async def world(store: Store) -> World[CustomerUser]:
    """The people of the world in the store, read through the standard mapping."""
    return await store.people()
