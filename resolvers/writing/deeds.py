"""What a mutation did: one record, made here, for the audit trail and the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

import structlog

from backends.audit import AuditEntry, Line
from backends.changes import Change, ChangeKind, Note, Target
from backends.mapping import RecordMapping
from backends.model import Customer, CustomerUser, Value
from backends.writers import Unfinished
from resolvers.writing.findings import Refused

if TYPE_CHECKING:
    from backends.sql.database import Session
    from resolvers.context import RequestContext

log = structlog.get_logger("kundengraph.audit")

_RECORDS = (CustomerUser, Customer)

Fields = Callable[[Any, Any], Collection[str]]
"""GraphQL names of what differs between what was stored and what is."""


@dataclass(slots=True)
class Deed:
    """What a mutation is about to do, as far as that is known beforehand."""

    mutation: str
    kind: ChangeKind
    target: Target
    key: str = ""
    fields: tuple[str, ...] | Fields = ()
    """What it changes if anything is changed, or how that is found out."""
    source_key: str | None = None
    new_key: str | None = None
    logins: tuple[str, ...] = ()
    record: CustomerUser | None = None
    """The record that stays as it is, where the write concerns what no record shows: the password."""


def recorded(context: RequestContext, deed: Deed) -> AbstractAsyncContextManager[Note]:
    """Around the write of one mutation, which is handed what this gives as its `note`.

    A write that ends well, even if everything was as it was to be, is one entry of the audit trail; one that was
    refused is none, and so is one for which no store had anything to do.
    Where the registry's own transaction wrote, the entry is part of it, otherwise it follows at once. Then the bus
    tells all who keep or show something.
    """
    return _Account(context, deed)


@dataclass(slots=True)
class _Account:
    context: RequestContext
    deed: Deed
    change: Change | None = None
    is_kept: bool = field(default=False, init=False)

    async def __aenter__(self) -> Note:
        await self.context.services.trail.prepare()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Unfinished):  # of which the registry's part counts
            if self.is_kept and self.context.services.bus.outward is None:
                await self.settle()  # nothing in it waits, so nobody can leave meanwhile
            else:
                await _to_the_end(self.settle())
        elif not isinstance(error, Refused):
            await _to_the_end(self.doubt())

    async def __call__(self, session: Session | None, before: object, after: object) -> None:
        """The note of the write."""
        self.change = self._change(before, after)
        self.is_kept = session is not None and await self.context.services.trail.within(
            session, self._entry(self.change)
        )

    def foretell(self, before: object, after: object, *, here: bool) -> Line | None:
        self.change = self._change(before, after)
        line = self.context.services.trail.line(self._entry(self.change)) if here else None
        self.is_kept = line is not None
        return line

    def unsay(self) -> None:
        self.change, self.is_kept = None, False

    async def settle(self) -> None:
        """Keep the entry where the transaction has not, and tell everybody."""
        if self.change is None:
            return  # no store had anything to do
        if not self.is_kept:
            await self._keep(self._entry(self.change))
        await self.context.services.bus.publish(self.change)

    async def doubt(self) -> None:
        """The write may have counted although it failed: whoever remembers something had better ask again."""
        if self.change is not None:
            log.warning("a mutation failed at its very end", mutation=self.deed.mutation, **self._request)
            await self.context.services.bus.publish(self.change, certain=False)

    async def _keep(self, entry: AuditEntry) -> None:
        try:
            await self.context.services.trail.keep(entry)
        except Exception as error:
            hashed = self.context.services.seal.version
            log.exception(
                "a mutation is missing in the audit trail",
                mutation=entry.mutation,
                actor=hashed(entry.actor),
                target=entry.target.partition(" ")[0],
                whom=[hashed(name) for name in entry.names],
                source=entry.source_key,
                changed_fields=list(entry.changed_fields),
                before=entry.before,
                after=entry.after,
                exc_info=error,
                **self._request,
            )

    @property
    def _request(self) -> Mapping[str, str]:
        return {"request_id": self.context.request_id}

    def _entry(self, change: Change) -> AuditEntry:
        viewer = self.context.viewer
        return AuditEntry.of(change, viewer.login or viewer.name, self.context.request_id)

    def _change(self, before: object, after: object) -> Change:
        deed = self.deed
        if deed.record is not None:
            before = after = deed.record
        was = self._hashed(before)
        now = was if after is before else self._hashed(after)
        if callable(deed.fields):
            fields = tuple(sorted(deed.fields(before, after)))
        else:
            fields = deed.fields if was != now or deed.record is not None else ()
        old_key = _key(before) or deed.key
        new_key = deed.new_key if deed.new_key is not None else _key(after)
        keys = (old_key, new_key) if new_key and new_key != old_key else (old_key,)
        return Change(
            deed.mutation,
            deed.kind,
            deed.target,
            keys if old_key else keys[1:],
            deed.source_key,
            fields,
            datetime.now(UTC),
            deed.logins,
            was,
            now,
        )

    def _hashed(self, stored: object) -> str | None:
        if stored is None:
            return None
        shown = stored.stored if isinstance(stored, _RECORDS) else stored
        return self.context.services.seal.version(shown)


def password_deed(mutation: str, user: CustomerUser) -> Deed:
    """Another password, or another hash of the same one."""
    kind, target = ChangeKind.UPDATED, Target.CUSTOMER_USER
    return Deed(mutation, kind, target, user.login, ("password",), user.source_key, record=user)


def changed_of(mapping: RecordMapping, given: Collection[str], *more: str) -> Fields:
    """Which of the given fields of a record have another value than before."""

    def changed(before: CustomerUser | Customer | None, after: CustomerUser | Customer | None) -> list[str]:
        was, now, names = _row(before), _row(after), []
        for name in given:
            place = mapping.places.get(name)
            if place is not None and (was and was[place]) != (now and now[place]):
                names.append(name)
        return [*names, *more]

    return changed


def _row(record: CustomerUser | Customer | None) -> Sequence[Value] | None:
    return None if record is None else record.stored


def _key(stored: object) -> str | None:
    """The key of a record, the name of a group or service."""
    key = getattr(stored, "key", None) or getattr(stored, "name", None)
    return key if isinstance(key, str) else None


async def _to_the_end(coroutine: Any) -> None:
    """Do it all, though the caller may leave: what was written counts already."""
    task = asyncio.ensure_future(coroutine)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
