"""Customer users: made, changed, renamed; nothing is ever deleted."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from backends.changes import ChangeKind, Note, Target
from backends.model import CustomerUser, Validity, Value
from backends.order import fold
from backends.passwords import generate
from backends.source import Source
from backends.writers import Carry, RegistrySession, Together
from resolvers.context import RequestContext
from resolvers.writing import findings
from resolvers.writing.addresses import address_checked, customer_found
from resolvers.writing.deeds import Deed, changed_of, recorded
from resolvers.writing.fields import Given, checked, password_checked
from resolvers.writing.findings import Findings, Refused, UserErrorCode
from resolvers.writing.logins import free, inheritable, login_checked, named_source
from resolvers.writing.outcome import Guard, written
from resolvers.writing.reach import customers_checked, hidden_checked, own_checked
from resolvers.writing.stores import WritableSource

_PATHS = {"login": "newLogin"}
"""Where in the input of a change a field stands that is called differently there."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A customer user to make, as the caller gave it."""

    login: str
    fields: Given
    source: str | None = None
    password: str | None = field(default=None, repr=False)
    adopt: bool = False
    silent: bool = False
    """Whether nobody would see a password that is made here, so that none is."""


@dataclass(frozen=True, slots=True)
class Created:
    """The customer user as it is then, and the password where one was generated: shown this once."""

    user: CustomerUser
    generated_password: str | None = field(repr=False)


@dataclass(slots=True)
class UserChanges:
    """What changes of a customer user: only what the caller gave."""

    login: str
    fields: Given
    new_login: str | None = None
    if_version: str | None = None
    adopt: bool = False


@dataclass(slots=True)
class Ready:
    """A write that nothing speaks against, and whose names no cache may answer for from then on."""

    source: Source[CustomerUser]
    logins: tuple[str, ...]
    write: Callable[[Together | None, Note], Awaitable[CustomerUser]]
    deed: Deed
    guard: Guard[CustomerUser] | None = None
    """What was stored before; nothing where the record is made."""
    takes_name: bool = True
    """Whether a login or address is taken, or something is carried along."""


async def create(context: RequestContext, new: NewUser) -> Created:
    """Make a customer user in the named or first writable source."""
    ready, generated = await creation(context, new)
    return Created(await done(context, ready), generated)


async def update(context: RequestContext, changes: UserChanges) -> CustomerUser:
    """Change what was given of a customer user, in the source that owns the login."""
    source, before = await owner(context, changes.login, Findings())
    return await done(context, await change(context, source, before, changes))


async def done(context: RequestContext, ready: Ready) -> CustomerUser:
    """Write it, alone."""
    async with recorded(context, ready.deed) as note:
        try:
            turns = context.services.writes.turns
            async with turns.of(ready.source, ready.logins[0], takes_name=ready.takes_name):
                return await ready.write(None, note)
        finally:
            await forget(context, ready.source, *ready.logins)


async def creation(context: RequestContext, new: NewUser) -> tuple[Ready, str | None]:
    """A new record that may be written, and the password where one was generated; refuses what may not."""
    noted = Findings()
    source = named_source(context.users.sources, new.source, noted)
    if source is None:
        raise Refused(noted.errors)
    writes = context.services.writes
    into = writes.users[source.key]
    login = new.login or _made_login(into)
    login_checked(login, ("login",), noted)
    hidden_checked(context, new.fields, noted)
    values = checked(source.mapping, {**new.fields, "login": login}, noted, new=True)
    await customers_checked(context, source.mapping, values, noted)
    await free(context, context.services.users, login, ("login",), noted)
    left = partial(writes.relatives.left_of_user, login)
    await inheritable(context, left, ("login",), noted, adopt=new.adopt)
    await customer_found(context, source, into, values, noted)
    await address_checked(context, source, into, values, noted)
    password, generated = (None, False) if new.silent else _password(new.password, into, source, noted)
    noted.check()
    hashed = await writes.hasher.hash(password, into.password_hash) if password else None

    async def claim() -> None:
        late = Findings()
        await free(context, context.services.users, login, ("login",), late)
        await address_checked(context, source, into, values, late)
        late.check()

    def write(together: Together | None, note: Note) -> Awaitable[CustomerUser]:
        making = into.writer.create(values, hashed, claim=claim, together=together, note=note)
        return written(making, "login")

    fields = changed_of(source.mapping, values, *(["password"] if hashed else []))
    deed = Deed("createCustomerUser", ChangeKind.CREATED, Target.CUSTOMER_USER, login, fields, source.key)
    return Ready(source, (login,), write, deed), password if generated else None


async def change(
    context: RequestContext, source: Source[CustomerUser], before: CustomerUser, changes: UserChanges
) -> Ready:
    """A change that may be written to the record as it is now; refuses what may not."""
    noted = Findings()
    into = context.services.writes.users[source.key]
    names = [*changes.fields, *(["login"] if changes.new_login is not None else [])]
    await own_checked(context, before, names, noted, _PATHS)
    noted.check()
    values = _changed(context, source, changes, noted)
    sees = None
    if context.is_limited:
        await customers_checked(context, source.mapping, values, noted, before)
        sees = partial((await context.sight()).sees, source)
    if changes.new_login:
        await _new_login_checked(context, before, changes.new_login, noted, adopt=changes.adopt)
    if values.get("customerId", before.customer_id) != before.customer_id:
        await customer_found(context, source, into, values, noted)
    await address_checked(context, source, into, values, noted, before)
    noted.check()
    guard = Guard(context, before, changes.if_version, sees)
    new_login = changes.new_login or before.login
    claims = new_login != before.login or "email" in values
    renamed = new_login != before.login or "customerId" in values

    async def claim() -> None:
        late = Findings()
        if fold(new_login) != fold(before.login):
            await free(context, context.services.users, new_login, ("newLogin",), late)
        await address_checked(context, source, into, values, late, before)
        late.check()

    def write(together: Together | None, note: Note) -> Awaitable[CustomerUser]:
        writing = into.writer.update(
            before.login,
            values,
            seen=before,
            check=guard,
            claim=claim if claims else None,
            carry=_carry(context, guard, new_login, values) if renamed else None,
            together=together,
            note=note,
        )
        return written(writing, "login", _PATHS, guard)

    kind, fields = ChangeKind.UPDATED, changed_of(source.mapping, values)
    deed = Deed("updateCustomerUser", kind, Target.CUSTOMER_USER, before.login, fields, source.key)
    return Ready(source, (before.login, new_login), write, deed, guard, takes_name=claims or renamed)


async def owner(
    context: RequestContext, login: str, noted: Findings
) -> tuple[Source[CustomerUser], CustomerUser]:
    """The writable source that owns the login, and the record as it is now."""
    found = await findings.users(context, {("login",): login}, noted)
    noted.check()
    user = found["login",]
    source = context.users.source(user.source_key)
    if not source.writable:
        noted.add(("login",), UserErrorCode.READ_ONLY, f"{source.name} is read-only.")
        noted.check()
    return source, user


async def forget(context: RequestContext, source: Source[CustomerUser], *logins: str) -> None:
    """Let no cache answer with what was before, whether or not the write came to its end."""
    await source.forget(list(logins))
    context.users.duplicates.forget()


def _changed(
    context: RequestContext, source: Source[CustomerUser], changes: UserChanges, noted: Findings
) -> dict[str, Value | Validity]:
    """The values to be stored."""
    given, new = changes.fields, changes.new_login
    if new is not None:
        login_checked(new, ("newLogin",), noted)
        given = {**given, "login": new}
    hidden_checked(context, changes.fields, noted)
    return checked(source.mapping, given, noted, new=False, paths=_PATHS)


async def _new_login_checked(
    context: RequestContext, before: CustomerUser, new: str, noted: Findings, *, adopt: bool
) -> None:
    """It is free, and nothing is left under it."""
    path = ("newLogin",)
    if fold(new) != fold(before.login):
        await free(context, context.services.users, new, path, noted)
    if new != before.login:
        left = partial(context.services.writes.relatives.left_of_user, new, before.login)
        await inheritable(context, left, path, noted, adopt=adopt)


def _made_login(into: WritableSource[CustomerUser]) -> str:
    """A login that nobody has, where the source makes some (CU-19)."""
    return f"{into.auto_login_prefix}-{secrets.token_hex(6)}" if into.auto_login_prefix else ""


def _password(
    given: str | None, into: WritableSource[CustomerUser], source: Source[CustomerUser], noted: Findings
) -> tuple[str | None, bool]:
    """The password to store, if any, and whether it was made here."""
    if not into.has_passwords:
        if given:
            noted.add(("password",), UserErrorCode.INVALID, f"{source.name} keeps no passwords.")
        return None, False
    password_checked(given, noted)
    return (given, False) if given else (generate(), True)


def _carry(
    context: RequestContext, guard: Guard[CustomerUser], login: str, values: Mapping[str, Value | Validity]
) -> Carry:
    """Takes along what hangs on the login and customer ID that the locked record had."""

    async def carry(session: RegistrySession) -> None:
        before = guard.before
        given = values.get("customerId", before.customer_id)
        customer_id = given if isinstance(given, str) else None
        if (login, customer_id or "") != (before.login, before.customer_id or ""):
            relatives = context.services.writes.relatives
            await relatives.of_user(before.login, login, before.customer_id, customer_id)(session)

    return carry
