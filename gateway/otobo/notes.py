"""What could not be carried over, and where it would have stood."""

from __future__ import annotations

from dataclasses import dataclass, field

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about one setting, to be read above the table that it concerns."""

    path: Path
    sentence: str


@dataclass(slots=True)
class Notes:
    """Collects notes about the table at `path`."""

    path: Path = ()
    found: list[Note] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Note something about this table."""
        self.found.append(Note(self.path, sentence))

    def at(self, *path: str | int) -> Notes:
        """The same collection for another table."""
        return Notes(path, self.found)
