"""Customer users made or changed by login, one or many at once: what a partner that synchronises calls."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from backends.errors import SourceTimeout, SourceUnavailable
from backends.model import CustomerUser
from backends.order import fold
from backends.writers import Unfinished
from resolvers.context import RequestContext
from resolvers.writing import findings
from resolvers.writing.customer_users import NewUser, Ready, UserChanges, change, creation, done, forget
from resolvers.writing.deeds import recorded
from resolvers.writing.fields import Given
from resolvers.writing.findings import Findings, Path, Refused, UserError, UserErrorCode
from resolvers.writing.logins import login_checked, named_source

Errors = tuple[UserError, ...]

ONE, MANY = "upsertCustomerUser", "upsertCustomerUsers"
"""What the audit trail calls the writes here."""


class UpsertResult(enum.Enum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    NOOP = "noop"


class BulkErrorPolicy(enum.Enum):
    """What becomes of the good rows beside a bad one."""

    REJECT_ALL = "reject_all"
    REJECT_ROWS = "reject_rows"


@dataclass(frozen=True, slots=True)
class Row:
    """A customer user as it shall be: all of a new one, what changes of one that is there."""

    login: str
    fields: Given
    source: str | None = None
    if_version: str | None = None
    key: str | None = None
    """The row's own idempotency key."""


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of one row; with errors nothing of it was written."""

    user: CustomerUser | None = None
    result: UpsertResult | None = None
    errors: Errors = ()


@dataclass(frozen=True, slots=True)
class Bulk:
    """What became of many rows; with errors of its own nothing was written."""

    rows: tuple[Upserted, ...] = ()
    errors: Errors = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """A row that may be written."""

    ready: Ready
    is_new: bool

    def outcome(self, user: CustomerUser) -> Upserted:
        """What the row came to, by what stood there under the lock."""
        if self.is_new:
            return Upserted(user, UpsertResult.CREATED)
        same = self.ready.guard is not None and self.ready.guard.before.stored == user.stored
        return Upserted(user, UpsertResult.NOOP if same else UpsertResult.UPDATED)


async def upsert(context: RequestContext, row: Row, mutation: str = ONE) -> Upserted:
    """Make the customer user or change what differs; the other of both where it came or went in between."""
    try:
        return await _upsert(context, row, mutation)
    except Refused as refused:
        if not _may_have_raced(refused):
            raise
    return await _upsert(context, row, mutation)


async def upsert_rows(context: RequestContext, rows: Sequence[Row]) -> Bulk:
    """Each row for itself; those that are refused are left out."""
    refused = _at_odds(context, rows)
    outcomes = []
    for place, row in enumerate(rows):
        outcomes.append(
            Upserted(errors=refused[place]) if place in refused else await _row(context, place, row)
        )
    return Bulk(tuple(outcomes))


async def upsert_all(context: RequestContext, rows: Sequence[Row]) -> Bulk:
    """All rows, or none where one of them is refused; each database has one transaction for all of its rows."""
    bulk = await _upsert_all(context, rows)
    if _may_have_raced(Refused(bulk.errors)):
        return await _upsert_all(context, rows)
    return bulk


async def _upsert(context: RequestContext, row: Row, mutation: str) -> Upserted:
    step = await _checked(context, row, mutation)
    return step.outcome(await done(context, step.ready))


async def _row(context: RequestContext, place: int, row: Row) -> Upserted:
    try:
        return await upsert(context, row, MANY)
    except Refused as refused:
        return Upserted(errors=_placed(place, refused.errors))
    except (SourceUnavailable, SourceTimeout) as error:
        unknown = UserError(("rows", str(place)), UserErrorCode.SOURCE_UNAVAILABLE, error.message)
        return Upserted(errors=(unknown,))


async def _upsert_all(context: RequestContext, rows: Sequence[Row]) -> Bulk:
    refused = _at_odds(context, rows)
    steps: dict[int, _Step] = {}
    for place, row in enumerate(rows):
        try:
            if place not in refused:
                steps[place] = await _checked(context, row, MANY)
        except Refused as error:
            refused[place] = _placed(place, error.errors)
    refused |= _shared_addresses(context, rows, steps)
    if refused:
        return _rejected(rows, refused)
    try:
        return await _written_together(context, steps)
    except _RowRefused as error:
        return _rejected(rows, {error.place: _placed(error.place, error.errors)})
    finally:
        for step in steps.values():
            await forget(context, step.ready.source, *step.ready.logins)


async def _written_together(context: RequestContext, steps: Mapping[int, _Step]) -> Bulk:
    """Write in the order of logins, so that two calls do not wait for each other crosswise."""
    writes, outcomes = context.services.writes, dict[int, Upserted]()
    sources = {step.ready.source.key for step in steps.values()}
    try:
        async with AsyncExitStack() as stack:
            deeds = {place: recorded(context, step.ready.deed) for place, step in steps.items()}
            notes = {place: await stack.enter_async_context(deed) for place, deed in deeds.items()}
            async with writes.turns.alone, writes.together(sources) as together:
                for place in sorted(steps, key=lambda one: steps[one].ready.logins):
                    try:
                        user = await steps[place].ready.write(together, notes[place])
                    except Refused as refused:
                        raise _RowRefused(place, refused.errors) from refused
                    outcomes[place] = steps[place].outcome(user)
    except Unfinished as error:
        error.message += " Other databases have their rows already: repeat the same call to write the rest."
        raise
    return Bulk(tuple(outcomes[place] for place in sorted(outcomes)))


class _RowRefused(Refused):
    """A row that was refused while others were written; raising it undoes them."""

    def __init__(self, place: int, errors: Errors) -> None:
        super().__init__(errors)
        self.place = place


async def _checked(context: RequestContext, row: Row, mutation: str) -> _Step:
    """The row as a creation or a change that may be written."""
    step = await _creation_or_change(context, row)
    deed = replace(step.ready.deed, mutation=mutation)
    return replace(step, ready=replace(step.ready, deed=deed))


async def _creation_or_change(context: RequestContext, row: Row) -> _Step:
    noted, own = Findings(), Findings()
    login_checked(row.login, ("login",), noted)
    noted.check()
    found = await findings.users(context, {("login",): row.login}, own)
    user = found.get(("login",))
    if user is None:
        if any(error.code is not UserErrorCode.NOT_FOUND for error in own.errors):
            own.check()
        if row.if_version is not None:
            message = f"There is no {row.login}, so it has no version."
            noted.add(("ifVersion",), UserErrorCode.CONFLICT, message)
            noted.check()
        new = NewUser(row.login, row.fields, row.source, silent=True)
        return _Step((await creation(context, new))[0], is_new=True)
    source = context.users.source(user.source_key)
    if row.source not in (None, source.key):
        named_source(context.users.sources, row.source, noted)
        noted.check()
        noted.add(("source",), UserErrorCode.CONFLICT, f"{row.login} is in {source.name}.")
    if not source.writable:
        noted.add(("login",), UserErrorCode.READ_ONLY, f"{source.name} is read-only.")
    noted.check()
    changes = UserChanges(user.login, row.fields, if_version=row.if_version)
    return _Step(await change(context, source, user, changes), is_new=False)


def _may_have_raced(refused: Refused) -> bool:
    """Whether login or address may be those of the same person, whom somebody made or renamed since the look-up."""
    raced = (
        ("login", UserErrorCode.TAKEN),
        ("login", UserErrorCode.NOT_FOUND),
        ("email", UserErrorCode.TAKEN),
    )
    return any(((error.field or ("",))[-1], error.code) in raced for error in refused.errors)


def _at_odds(context: RequestContext, rows: Sequence[Row]) -> dict[int, Errors]:
    """Rows that cannot be meant: of one login, or with a key of their own beside that of the call."""
    logins = Counter(fold(row.login) for row in rows)
    refused: dict[int, Errors] = {}
    for place, row in enumerate(rows):
        noted = Findings()
        if logins[fold(row.login)] > 1:
            noted.add(("login",), UserErrorCode.INVALID, f"Several rows have the login {row.login}.")
        if row.key is not None:
            noted.add(
                ("idempotencyKey",), UserErrorCode.INVALID, "The key belongs to the call, not to a row."
            )
        if noted.errors:
            refused[place] = _placed(place, noted.errors)
    return refused


def _shared_addresses(
    context: RequestContext, rows: Sequence[Row], steps: Mapping[int, _Step]
) -> dict[int, Errors]:
    """Rows that give one address to several people of a source where addresses are unique."""
    held: dict[tuple[str, str], list[int]] = {}
    for place, step in steps.items():
        address, key = rows[place].fields.get("email"), step.ready.source.key
        if isinstance(address, str) and address and context.services.writes.users[key].unique_email:
            held.setdefault((key, fold(address)), []).append(place)
    message = "Several rows have this address."
    return {
        place: _placed(place, [UserError(("email",), UserErrorCode.TAKEN, message)])
        for places in held.values()
        if len(places) > 1
        for place in places
    }


def _rejected(rows: Sequence[Row], refused: Mapping[int, Errors]) -> Bulk:
    """Nothing written: each bad row says why, and the call as a whole too."""
    outcomes = tuple(Upserted(errors=refused.get(place, ())) for place in range(len(rows)))
    return Bulk(outcomes, tuple(error for place in sorted(refused) for error in refused[place]))


def _placed(place: int, errors: Sequence[UserError]) -> Errors:
    """The errors of a row, at their paths in the whole input."""
    row: Path = ("rows", str(place))
    return tuple(replace(error, field=(*row, *(error.field or ()))) for error in errors)
