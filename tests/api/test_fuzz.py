"""Generated operations as a reader and as an admin: whatever they ask and change, nothing breaks (S6, S16)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from gateway.app import create_app
from tests.api.callers import CODES
from tests.api.serving import READER, help_desk, served

ADMIN = "key-of-an-admin"
EACH = int(os.environ.get("KUNDENGRAPH_CASES", "0")) // 50 or 5
"""Examples of each root field."""

MORE = f"""
[[auth.tokens]]
name = "admin"
sha256 = "{hashlib.sha256(ADMIN.encode()).hexdigest()}"
roles = ["admin"]

[groups]
enabled = true
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk of its own, which an admin may turn upside down."""
    config = help_desk(tmp_path_factory.mktemp("fuzzed"), sources=MORE)
    server = config.server.model_copy(update={"max_body_bytes": 1_000_000})
    with served(create_app(config.model_copy(update={"server": server}))) as address:
        yield f"{address}/graphql"


@pytest.mark.parametrize("key", [READER, ADMIN], ids=["reader", "admin"])
def test_s6_whatever_is_generated_is_answered_or_refused_with_a_code(address: str, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    api = schemathesis.graphql.from_url(address, headers=headers)
    operations = [found.ok() for found in api.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 30
    with httpx.Client(headers=headers, timeout=30) as client:
        for operation in operations:

            @settings(max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy())
            def is_sound(case: Case[Any]) -> None:
                response = client.post(address, json={"query": case.body})
                assert response.status_code < 500
                codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
                assert codes <= CODES - {"INTERNAL"}, f"{case.body!r}: {response.text}"

            is_sound()
