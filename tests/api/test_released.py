"""Clients of the last release go on working: no change of the schema breaks one, but for those that are listed."""

from __future__ import annotations

from pathlib import Path

from graphql import build_schema
from graphql.utilities import find_breaking_changes

from tests.committed import schema

RELEASED = Path(__file__).parents[1] / "released.graphql"
"""The schema of the example configuration as it was last released."""
BREAKING: frozenset[str] = frozenset()
"""Breaking changes since then, as they are described, that the changelog names."""


def breaking(new: str) -> set[str]:
    old = build_schema(RELEASED.read_text("utf-8"))
    return {change.description for change in find_breaking_changes(old, build_schema(new))}


def test_a1_nothing_breaks_a_client_of_the_last_release_but_what_is_listed() -> None:
    assert breaking(schema()) == BREAKING


def test_a1_a_field_that_is_gone_and_an_argument_that_is_demanded_are_found() -> None:
    gone = schema().replace("  fullName: String!\n", "  wholeName: String!\n")
    demanded = schema().replace(
        "    customerId: String!\n  ): Customer\n", "    customerId: String!\n    of: ID!\n  ): Customer\n"
    )
    assert breaking(gone) - BREAKING == {"Field CustomerUser.fullName was removed."}
    [found] = breaking(demanded) - BREAKING
    assert "of" in found
    assert "required" in found.lower()
