"""What a store made of a write; its own refusals become findings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from backends.protocol import R
from backends.writers import Conflict, Taken, Unstorable
from resolvers.context import RequestContext
from resolvers.writing.findings import Refused, UserError, UserErrorCode


async def written(writing: Awaitable[R], paths: Mapping[str, str]) -> R:
    """The record as it is then; `paths` says where in the input a field of the store stands."""
    try:
        return await writing
    except Taken as error:
        path = paths.get(error.field, error.field)
        raise Refused([UserError((path,), UserErrorCode.TAKEN, "It belongs to another record.")]) from error
    except Unstorable as error:
        path = paths.get(error.field, error.field)
        raise Refused(
            [UserError((path,), UserErrorCode.INVALID, "It is too long for its column.")]
        ) from error
    except Conflict as error:
        message = "The record was changed by somebody else: read it again."
        raise Refused([UserError(("ifVersion",), UserErrorCode.CONFLICT, message)]) from error


def version_check(context: RequestContext, if_version: str | None) -> Callable[[R], None] | None:
    """Raises Conflict where the stored row has another version by now."""
    if if_version is None:
        return None

    def compare(stored: R) -> None:
        if context.services.seal.version(stored.stored) != if_version:
            raise Conflict

    return compare
