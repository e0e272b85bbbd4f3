"""Upserts that run once: who repeats a call with its key gets the first answer, and nothing is written again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson

from backends.conditions import is_storable
from backends.envelope import Json, decode_customer_user, encode
from backends.once import Answer, OtherInput, Unsure
from resolvers.context import RequestContext
from resolvers.writing.findings import Refused, UserError, UserErrorCode
from resolvers.writing.upserts import Bulk, Errors, Upserted, UpsertResult

LONGEST_KEY = 255
AT = ("idempotencyKey",)


async def once(
    context: RequestContext, key: str | None, given: object, call: Callable[[], Awaitable[Bulk]]
) -> Bulk:
    """The outcome of `call`, or the first one under this key of this credential; `given` is its whole input."""
    if key is None:
        return await call()
    if not key or len(key) > LONGEST_KEY or not is_storable(key):
        message = f"A key is a text of 1 to {LONGEST_KEY} characters."
        raise Refused([UserError(AT, UserErrorCode.INVALID, message)])

    ran = False

    async def answer() -> Answer:
        nonlocal ran
        ran = True
        bulk = await call()
        errors = [*bulk.errors, *(error for row in bulk.rows for error in row.errors)]
        final = all(error.code is not UserErrorCode.SOURCE_UNAVAILABLE for error in errors)
        return Answer(_written(bulk), final)

    seal = context.services.seal
    try:
        text = await context.services.writes.once.answer(
            seal.version([*_caller(context), key]), seal.version(given), answer
        )
    except OtherInput as error:
        message = "The key was used with another input."
        raise Refused([UserError(AT, UserErrorCode.CONFLICT, message)]) from error
    except Unsure as error:
        message = "Nobody can tell now whether this call has run: repeat it later, or without the key."
        raise Refused([UserError(AT, UserErrorCode.SOURCE_UNAVAILABLE, message)]) from error
    return _read(text) if ran else await _still_seen(context, _read(text))


async def _still_seen(context: RequestContext, bulk: Bulk) -> Bulk:
    """An answer from before, without those who have left the caller's rows since."""
    if not context.is_limited:
        return bulk
    lookup = await context.users.get_many([row.user.login for row in bulk.rows if row.user])
    rows = [
        row if row.user and row.user.login in lookup.found else replace(row, user=None) for row in bulk.rows
    ]
    return replace(bulk, rows=tuple(rows))


def _caller(context: RequestContext) -> list[object]:
    """Whose key it is: the credential, and all that its answers depend on."""
    viewer = context.viewer
    return [viewer.name, viewer.login, viewer.roles, viewer.customer_ids, sorted(viewer.hidden_fields)]


def _written(bulk: Bulk) -> str:
    rows = [
        [row.user and encode(row.user), row.result and row.result.name, _written_errors(row.errors)]
        for row in bulk.rows
    ]
    return orjson.dumps([rows, _written_errors(bulk.errors)]).decode()


def _written_errors(errors: Errors) -> list[list[object]]:
    return [[error.field, error.code.name, error.message] for error in errors]


def _read(text: str) -> Bulk:
    rows, errors = orjson.loads(text)
    return Bulk(tuple(_row(*row) for row in rows), _errors(errors))


def _row(user: Json | None, result: str | None, errors: list[list[str]]) -> Upserted:
    return Upserted(
        decode_customer_user(user) if user else None,
        UpsertResult[result] if result else None,
        _errors(errors),
    )


def _errors(read: list[list[str]]) -> Errors:
    return tuple(
        UserError(tuple(field) if field else None, UserErrorCode[code], message)
        for field, code, message in read
    )
