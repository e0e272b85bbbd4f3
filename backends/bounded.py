"""Memory for what can be made again: so much of it, and no more."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(dict[K, V]):
    """A dictionary that is emptied where it would hold more than `most`; nobody needs to find what he kept."""

    __slots__ = ("_most",)

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> None:
        """Remember a value for as long as there is room."""
        if len(self) >= self._most and key not in self:
            self.clear()
        self[key] = value
