"""What the demo says while it sets up: one line a step, on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


class Progress:
    """Says each step when it is done, and on a terminal also while it runs."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._begun

    def say(self, sentence: str) -> None:
        """A line of its own."""
        self._console.print(Text(sentence))

    @contextmanager
    def step(self, name: str, outcome: str) -> Iterator[None]:
        """One step; its outcome is said once it is done."""
        begun = time.monotonic()
        with self._console.status(f"{name} …"):
            yield
        line = Text.assemble(
            (f"  {name:<12}", "bold"), outcome, (f"  {time.monotonic() - begun:.1f} s", "dim")
        )
        self._console.print(line)
