"""What a store made of a write; its own refusals become findings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from backends.model import Record
from backends.writers import Conflict, Missing, Taken, Unfinished, Unstorable
from resolvers.context import RequestContext
from resolvers.writing.findings import Refused, UserError, UserErrorCode

T = TypeVar("T")
W = TypeVar("W", bound=Record)


class Guard(Generic[W]):
    """Compares the version under the lock, and keeps what was stored then: others may have written meanwhile."""

    def __init__(
        self,
        context: RequestContext,
        before: W,
        if_version: str | None,
        sees: Callable[[W], bool] | None = None,
    ) -> None:
        self.before = before
        self.if_version = if_version
        self._sees = sees
        self._seal = context.services.seal

    def __call__(self, stored: W) -> None:
        if self._sees is not None and not self._sees(stored):
            raise Missing
        if self.if_version is not None and self._seal.version(stored.stored) != self.if_version:
            raise Conflict
        self.before = stored


async def written(
    writing: Awaitable[T],
    key: str,
    paths: Mapping[str, str] | None = None,
    guard: Guard[W] | None = None,
) -> T:
    """What was written; `key` is the input that names the record, `paths` says where fields of the store stand."""
    try:
        return await writing
    except Taken as error:
        raise _refused(
            (paths or {}).get(error.field, error.field), UserErrorCode.TAKEN, "It belongs to another record."
        ) from error
    except Unstorable as error:
        path = (paths or {}).get(error.field, error.field)
        raise _refused(path, UserErrorCode.INVALID, "It does not fit its column.") from error
    except Missing as error:
        message = "It is not there any more: somebody else changed it."
        raise _refused(key, UserErrorCode.NOT_FOUND, message) from error
    except Unfinished as error:
        error.message += " What hangs on the name has moved already: repeat the same change to finish it."
        raise
    except Conflict as error:
        path = key if guard is None or guard.if_version is None else "ifVersion"
        message = "The record was changed by somebody else: read it again."
        raise _refused(path, UserErrorCode.CONFLICT, message) from error


def _refused(name: str, code: UserErrorCode, message: str) -> Refused:
    return Refused([UserError((name,), code, message)])
