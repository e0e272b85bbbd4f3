"""A configured store at its place in the order."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, Protocol, cast, runtime_checkable

from backends.errors import SourceUnavailable
from backends.mapping import RecordMapping
from backends.model import Freshness, SourceKind, SourceStatus
from backends.protocol import Backend, Known, R


@dataclass(frozen=True, slots=True)
class Health:
    """How a source answered last."""

    status: SourceStatus
    latency_ms: float | None = None
    checked_at: datetime | None = None
    message: str | None = None


@runtime_checkable
class Remembering(Protocol[R]):
    """A backend that remembers presence and absence, and can say what it knows while its store is silent."""

    async def know(self, keys: Sequence[str], freshness: Freshness) -> Known[R]:
        """What is known of `keys`, not older than `freshness` allows."""
        ...

    def forget(self, keys: Sequence[str], *, told: bool = False) -> Coroutine[Any, Any, None]:
        """Drop what is remembered of `keys`, and let no slow reader put it back; `told` by who wrote them."""
        ...

    async def forget_all(self) -> None:
        """Drop everything that is remembered."""
        ...


@dataclass(frozen=True, slots=True)
class Source(Generic[R]):
    """One directory of the ordered list; the first that knows a key owns it."""

    key: str
    name: str
    place: int
    """0-based place in the order."""
    backend: Backend[R]
    mapping: RecordMapping
    read_only: bool = False

    @property
    def kind(self) -> SourceKind:
        """What kind of store it is."""
        return self.backend.kind

    @property
    def writable(self) -> bool:
        """Whether records can be created and changed here: a database that is not read-only (SRC-18, SRC-19)."""
        return not self.read_only and self.kind is not SourceKind.LDAP

    def know(
        self, keys: Sequence[str], freshness: Freshness = Freshness.STALE
    ) -> Coroutine[Any, Any, Known[R]]:
        """Ask for `keys`; silence is an answer here, not an exception."""
        if _remembers(type(self.backend)):
            return cast("Remembering[R]", self.backend).know(keys, freshness)
        return self._know(keys)

    async def _know(self, keys: Sequence[str]) -> Known[R]:
        try:
            records = await self.backend.get_many(keys)
        except SourceUnavailable as silent:
            return Known({}, frozenset(), silent)
        return Known(records, frozenset(keys) - records.keys(), None)

    def forget(self, keys: Sequence[str], *, told: bool = False) -> Coroutine[Any, Any, None]:
        """Let nothing that is remembered of `keys` answer any more: they were written, or another gateway told so."""
        if _remembers(type(self.backend)):
            return cast("Remembering[R]", self.backend).forget(keys, told=told)
        return _nothing()

    async def forget_all(self) -> None:
        """The same for every key."""
        if isinstance(self.backend, Remembering):
            await self.backend.forget_all()


async def _nothing() -> None:
    """Of a backend that remembers nothing."""


@lru_cache(maxsize=64)
def _remembers(kind: type) -> bool:
    """Whether backends of this class remember; to look through a protocol takes longer than many an answer."""
    return issubclass(kind, Remembering)
