"""Settings that know which of their keys were read, so that nobody has to list those that were not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Watched(Mapping[str, Any]):
    """A table of settings under watch, with the tables in it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {
            key: Watched(value) if isinstance(value, Mapping) else value for key, value in values.items()
        }
        self._seen: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        value = self._values[key]
        self._seen.add(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def unread(self) -> Iterator[tuple[str, ...]]:
        """The paths of what nobody looked at, without what is empty."""
        for key, value in self._values.items():
            if key not in self._seen:
                if value not in (None, "", []) and not (isinstance(value, Watched) and not value):
                    yield (key,)
            elif isinstance(value, Watched):
                yield from ((key, *path) for path in value.unread())
