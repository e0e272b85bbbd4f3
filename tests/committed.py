"""Files that are made from the code and committed for people to read; `python -m tests.committed` makes them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.app import schema_of
from gateway.config import Config, loads
from gateway.reference import render
from tests.promises import page

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "kundengraph.example.toml"
COMMAND = "python -m tests.committed"


def example() -> Config:
    """The example configuration, with values for its two placeholders."""
    text = EXAMPLE.read_text("utf-8").replace('sha256 = "…"', f'sha256 = "{"0" * 64}"')
    return loads(text, EXAMPLE, {"KUNDENGRAPH_SIGNING_KEY": "k" * 64})


def schema() -> str:
    """The schema that the example configuration makes."""
    return schema_of(example()).as_str().rstrip("\n") + "\n"


MADE: Mapping[Path, Callable[[], str]] = {
    ROOT / "schema" / "schema.graphql": schema,
    ROOT / "docs" / "configuration.md": render,
    ROOT / "docs" / "promises.md": page,
}
"""Each file, and what makes its text."""


if __name__ == "__main__":
    for path, make in MADE.items():
        path.write_text(make(), "utf-8")
