"""Those who remember records, told of what was changed elsewhere."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from backends.changes import Change, Target
from backends.directory import Directory
from backends.model import Customer, CustomerUser
from backends.protocol import R


@dataclass(frozen=True, slots=True)
class Keepers:
    """The caches and surveys over all sources of one process."""

    users: Directory[CustomerUser]
    customers: Directory[Customer]

    def heed(self, change: Change) -> Coroutine[Any, Any, None]:
        """Forget what another process has written; it has marked a shared cache itself."""
        if change.target is Target.CUSTOMER_USER:
            return _forget(self.users, change.source_key, change.keys)
        return self._heed_other(change)

    async def _heed_other(self, change: Change) -> None:
        if change.target is Target.CUSTOMER:
            await _forget(self.customers, change.source_key, change.keys)
            if change.is_rename:  # its customer users have another customer ID now
                await _forget_all(self.users)

    async def forget_all(self) -> None:
        """Forget everything: a change may have been missed."""
        await _forget_all(self.users)
        await _forget_all(self.customers)


async def _forget(directory: Directory[R], source_key: str | None, keys: Sequence[str]) -> None:
    for source in directory.sources:
        if source.key == source_key:
            await source.forget(keys, told=True)
    directory.duplicates.forget()


async def _forget_all(directory: Directory[R]) -> None:
    for source in directory.sources:
        await source.forget_all()
    directory.duplicates.forget()
