"""docs/promises.md names tests that exist, and every promise of resilience has one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| (?P<id>[RSA]\d+) \| [^|]+ \| (?P<tests>[^|]+) \|")


def rows() -> dict[str, list[str]]:
    """The tests of each promise, as the document says."""
    text = (ROOT / "docs" / "promises.md").read_text("utf-8")
    return {found["id"]: re.findall(r"`(test_\w+)`", found["tests"]) for found in ROW.finditer(text)}


def test_every_promise_of_resilience_is_in_the_document_with_its_tests() -> None:
    found = rows()
    for number in range(1, 22):
        assert found[f"R{number}"], f"R{number} has no test"


def test_the_tests_that_the_document_names_exist_and_are_named_for_their_promise() -> None:
    files = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    existing = {name for text in files for name in re.findall(r"def (test_\w+)\(", text)}
    for promise, names in rows().items():
        for name in names:
            assert name in existing, f"{promise}: there is no {name}"
            assert name.startswith(f"test_{promise.lower()}_"), f"{promise}: {name}"
