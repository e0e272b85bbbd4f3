"""Every promise has a test that is named for it."""

from __future__ import annotations

import pytest

from tests.promises import PROTOCOL, RESILIENCE, SECURITY, places_of

FOUND = places_of()


@pytest.mark.parametrize("id_", [*RESILIENCE, *SECURITY, *PROTOCOL])
def test_every_promise_has_a_test(id_: str) -> None:
    assert FOUND.get(id_), f"no test is named test_{id_.lower()}_…"


def test_no_test_is_named_for_a_promise_that_is_not_made() -> None:
    assert FOUND.keys() <= {*RESILIENCE, *SECURITY, *PROTOCOL}
