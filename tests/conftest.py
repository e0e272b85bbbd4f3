"""Fixtures that every folder of tests shares."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

from gateway.sections import ServerConfig

pytest_plugins = ["tests.servers"]

if executor := os.environ.get("KUNDENGRAPH_EXECUTOR"):
    ServerConfig.model_fields["executor"].default = executor
    ServerConfig.model_rebuild(force=True)


@pytest.fixture
def swept(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What a test leaves behind is found while that test is to blame, not in one that comes later."""
    yield
    caplog.get_records("call").clear()  # errors that were logged hold on to all that they went through
    gc.collect()
