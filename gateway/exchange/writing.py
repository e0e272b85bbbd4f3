"""Makes customer users as rows say, or changes those that are there; the rules are the mutations' own."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backends.changes import Note
from backends.errors import GatewayError, SourceUnavailable
from backends.mapping import RecordMapping
from backends.model import CustomerUser, Freshness
from backends.source import Source
from backends.writers import Carry, Claim, Missing, Together, Values
from gateway.exchange.cells import IGNORED, LOGIN, PASSWORD, Refusal, differs, meaning
from resolvers.context import RequestContext, Services
from resolvers.viewer import Viewer
from resolvers.writing import customer_users
from resolvers.writing.customer_users import NewUser, UserChanges
from resolvers.writing.findings import Refused


class Outcome(enum.Enum):
    """What became of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class DryWriter:
    """Takes everything and writes nothing."""

    source: str

    async def create(
        self,
        values: Values,
        password_hash: str | None = None,
        *,
        claim: Claim | None = None,
        together: Together | None = None,
        note: Note | None = None,
    ) -> CustomerUser:
        """What would be there."""
        return CustomerUser(login=str(values.get(LOGIN)), source_key=self.source)

    async def update(
        self,
        key: str,
        changes: Values,
        *,
        seen: CustomerUser | None = None,
        check: Any = None,
        claim: Claim | None = None,
        carry: Carry | None = None,
        together: Together | None = None,
        note: Note | None = None,
    ) -> CustomerUser:
        """The same of a change."""
        return CustomerUser(login=key, source_key=self.source)

    async def set_password(
        self, key: str, hashed: str, *, instead_of: str | None = None, note: Note | None = None
    ) -> None:
        """Nothing."""

    async def password_of(self, key: str) -> str | None:
        """Nothing."""
        return None


class Writing:
    """Writes rows to one source."""

    def __init__(self, services: Services, source: Source[CustomerUser], *, dry_run: bool) -> None:
        writes = services.writes
        into = writes.users[source.key]
        if dry_run:
            into = replace(into, writer=DryWriter(source.key))
        self.source = source
        self._services = _with(services, source.key, into)
        self._has_passwords = into.has_passwords
        self._dry_run = dry_run

    async def owners(self, logins: Sequence[str]) -> Mapping[str, CustomerUser | SourceUnavailable | None]:
        """Who has these logins now."""
        lookup = await self._services.users.get_many(logins, Freshness.LIVE, stop_at_gap=True)
        return {login: lookup.or_error(login) for login in logins}

    async def write(
        self, cells: Mapping[str, Any], owner: CustomerUser | SourceUnavailable | None
    ) -> Outcome:
        """Make or change one customer user; raises Refusal with everything that stands against it."""
        try:
            if isinstance(owner, SourceUnavailable):
                raise owner
            if owner is None:
                return await self._create(cells)
            return await self._update(cells, owner)
        except Refused as error:
            sentences = [_spelled(one.field, one.message) for one in error.errors]
            raise Refusal("; ".join(sentences)) from error
        except GatewayError as error:
            raise Refusal(str(error)) from error
        except Missing as error:
            raise Refusal("login: is there no longer") from error

    async def _create(self, cells: Mapping[str, Any]) -> Outcome:
        password = cells.get(PASSWORD) or None
        if password is not None and not isinstance(password, str):
            raise Refusal("password: is no text")
        if password and not self._has_passwords:
            raise Refusal(f"password: {self.source.name} keeps no passwords")
        given = {name: meaning(row, cells[name]) for name, row in _rows(self.source.mapping, cells).items()}
        given = {name: value for name, value in given.items() if value is not None}
        hashed = None if self._dry_run else password
        new = NewUser(str(cells[LOGIN]), given, self.source.key, hashed, silent=not hashed)
        await customer_users.create(_context(self._services), new)
        return Outcome.CREATED

    async def _update(self, cells: Mapping[str, Any], owner: CustomerUser) -> Outcome:
        """The password of who is there already stays: files are old when they arrive."""
        if owner.source_key != self.source.key:
            name = self._services.users.source(owner.source_key).name
            raise Refusal(f"login: {owner.login} is in {name} ({owner.source_key})")
        changes = {}
        for name, row in _rows(self.source.mapping, cells).items():
            value = meaning(row, cells[name])
            if differs(owner, row, value) and not (name == "validity" and value is None):
                changes[name] = value
        if not changes:
            return Outcome.UNCHANGED
        await customer_users.update(_context(self._services), UserChanges(owner.login, changes))
        return Outcome.CHANGED


def unknown_columns(mapping: RecordMapping, names: Sequence[str]) -> list[str]:
    """Columns that the source has no place for."""
    known = {row.name for row in mapping.fields} | {LOGIN, PASSWORD} | IGNORED
    return [name for name in names if name not in known]


def unwritten_columns(mapping: RecordMapping, names: Sequence[str]) -> list[str]:
    """Columns whose values live in the registry's dynamic fields, which are OTOBO's to write."""
    return [row.name for row in mapping.fields if row.is_dynamic and row.name in names]


def _rows(mapping: RecordMapping, cells: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping rows of what a row gives."""
    return {
        row.name: row
        for row in mapping.fields
        if row.name in cells and row.name != LOGIN and not row.is_dynamic
    }


def _with(services: Services, key: str, into: Any) -> Services:
    return replace(services, writes=replace(services.writes, users={**services.writes.users, key: into}))


def _context(services: Services) -> RequestContext:
    return RequestContext(services, Viewer.named("import", ["admin"]))


def _spelled(path: tuple[str, ...] | None, message: str) -> str:
    return f"{'.'.join(path)}: {message.rstrip('.')}" if path else message.rstrip(".")
