"""Customer users: made, changed, renamed; nothing is ever deleted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from backends.errors import SourceUnavailable
from backends.filters import Filter
from backends.model import CustomerUser, Freshness, Validity, Value
from backends.order import fold
from backends.passwords import generate
from backends.source import Source
from backends.writers import Carry
from resolvers.context import RequestContext
from resolvers.viewer import Scope
from resolvers.writing import findings
from resolvers.writing.fields import Given, checked
from resolvers.writing.findings import Findings, Refused, UserErrorCode
from resolvers.writing.logins import login_checked, named_source
from resolvers.writing.outcome import version_check, written
from resolvers.writing.stores import WritableSource


@dataclass(frozen=True, slots=True)
class NewUser:
    """A customer user to make, as the caller gave it."""

    login: str
    fields: Given
    source: str | None = None
    password: str | None = None
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """The customer user as it is then, and the password where one was generated: shown this once."""

    user: CustomerUser
    generated_password: str | None


@dataclass(frozen=True, slots=True)
class UserChanges:
    """What changes of a customer user: only what the caller gave."""

    login: str
    fields: Given
    new_login: str | None = None
    if_version: str | None = None
    adopt: bool = False


async def create(context: RequestContext, new: NewUser) -> Created:
    """Make a customer user in the named or first writable source."""
    noted = Findings()
    source = named_source(context.users.sources, new.source, noted)
    if source is None:
        raise Refused(noted.errors)
    into = context.services.writes.users[source.key]
    login = new.login or (
        f"{into.auto_login_prefix}-{secrets.token_hex(6)}" if into.auto_login_prefix else ""
    )
    login_checked(login, ("login",), noted)
    values = checked(source.mapping, {**new.fields, "login": login}, noted, new=True)
    if await _is_free(context, login, ("login",), noted):
        await _may_inherit(context, login, ("login",), new.adopt, noted)
    await _customer_exists(context, source, into, values.get("customerId"), noted)
    await _address_is_good(context, source, into, values, noted)
    password, generated = _password(new.password, into, source, noted)
    noted.check()
    hashed = await context.services.writes.hasher.hash(password, into.password_hash) if password else None
    user = await written(into.writer.create(values, hashed), {"login": "login"})
    await forget(context, source, [login])
    return Created(user, password if generated else None)


async def update(context: RequestContext, changes: UserChanges) -> CustomerUser:
    """Change what was given of a customer user, in the source that owns the login."""
    noted = Findings()
    source, before = await owner(context, changes.login, noted)
    into = context.services.writes.users[source.key]
    given = dict(changes.fields)
    if changes.new_login is not None:
        login_checked(changes.new_login, ("newLogin",), noted)
        given["login"] = changes.new_login
    values = checked(source.mapping, given, noted, new=False)
    new_login = changes.new_login or before.login
    same = fold(new_login) == fold(before.login)
    free = same or await _is_free(context, new_login, ("newLogin",), noted)
    if free and new_login != before.login:
        await _may_inherit(context, new_login, ("newLogin",), changes.adopt, noted, heir=before.login)
    if "customerId" in values and values["customerId"] != before.customer_id:
        await _customer_exists(context, source, into, values["customerId"], noted)
    if "email" in values:
        await _address_is_good(context, source, into, values, noted, before)
    noted.check()
    carry = _carry(context, before, new_login, values)
    writing = into.writer.update(
        before.login, values, check=version_check(context, changes.if_version), carry=carry
    )
    user = await written(writing, {"login": "newLogin"})
    await forget(context, source, [before.login, new_login])
    return user


async def owner(
    context: RequestContext, login: str, noted: Findings
) -> tuple[Source[CustomerUser], CustomerUser]:
    """The writable source that owns the login, and the record as it is now."""
    found = await findings.users(context, {("login",): login}, noted)
    noted.check()
    user = found["login",]
    source = context.users.source(user.source_key)
    if not source.writable or source.key not in context.services.writes.users:
        noted.add(("login",), UserErrorCode.READ_ONLY, f"{source.name} is read-only.")
        noted.check()
    return source, user


async def forget(context: RequestContext, source: Source[CustomerUser], logins: list[str]) -> None:
    """Let no cache answer with what was before."""
    await source.forget(logins)
    context.users.duplicates.forget()


async def _is_free(context: RequestContext, login: str, path: tuple[str, ...], noted: Findings) -> bool:
    """No source has the login; a silent one may, so nothing is written then."""
    lookup = await context.users.get_many([login], Freshness.LIVE)
    if gaps := lookup.gaps.get(login):
        message = f"{gaps[0].source} does not answer, so nobody knows whether {login} is free."
        noted.add(path, UserErrorCode.SOURCE_UNAVAILABLE, message)
    elif taken := lookup.found.get(login):
        name = context.users.source(taken.source_key).name
        noted.add(path, UserErrorCode.TAKEN, f"{login} is there already, in {name}.")
    return login not in lookup.gaps and login not in lookup.found


async def _may_inherit(
    context: RequestContext,
    login: str,
    path: tuple[str, ...],
    adopt: bool,
    noted: Findings,
    heir: str | None = None,
) -> None:
    """Nothing is left under the login from before, or an admin takes it over knowingly (DB-4)."""
    if adopt and Scope.GRANT not in context.viewer.scopes:
        noted.add(("adoptRelations",), UserErrorCode.FORBIDDEN, "Only admins may take over what is left.")
    if not adopt and (left := await context.services.writes.relatives.left_of_user(login, heir)):
        message = (
            f"Under {login} there are still {', '.join(left)} from before; admins may set adoptRelations."
        )
        noted.add(path, UserErrorCode.CONFLICT, message)


async def _customer_exists(
    context: RequestContext,
    source: Source[CustomerUser],
    into: WritableSource[CustomerUser],
    customer_id: Value | Validity,
    noted: Findings,
) -> None:
    """The customer is known, where the source has customers and asks for it (UI-4)."""
    if not source.mapping.customer_support or not into.customer_must_exist or not customer_id:
        return
    await findings.customers(context, {("customerId",): str(customer_id)}, noted)


async def _address_is_good(
    context: RequestContext,
    source: Source[CustomerUser],
    into: WritableSource[CustomerUser],
    values: Mapping[str, Value | Validity],
    noted: Findings,
    before: CustomerUser | None = None,
) -> None:
    """The address has a valid form, and nobody else in the source has it (CU-20, CU-21, CU-29)."""
    address = values.get("email")
    if not isinstance(address, str) or not address:
        return
    validity = values.get("validity", before.validity if before else Validity.VALID)
    if validity is Validity.VALID and not context.services.writes.addresses.accepts(address):
        noted.add(("email",), UserErrorCode.INVALID, f"{address} is not an address that is accepted here.")
    if not into.unique_email or (before and before.email and fold(before.email) == fold(address)):
        return
    try:
        holders = (await source.backend.counts([Filter(email=address, validity=None)]))[0]
    except SourceUnavailable:
        message = f"{source.name} does not answer, so nobody knows whether {address} is free."
        noted.add(("email",), UserErrorCode.SOURCE_UNAVAILABLE, message)
    else:
        if holders.number:
            noted.add(
                ("email",), UserErrorCode.TAKEN, f"{address} belongs to somebody else in {source.name}."
            )


def _password(
    given: str | None, into: WritableSource[CustomerUser], source: Source[CustomerUser], noted: Findings
) -> tuple[str | None, bool]:
    """The password to store, if any, and whether it was made here."""
    if not into.has_passwords:
        if given:
            noted.add(("password",), UserErrorCode.INVALID, f"{source.name} keeps no passwords.")
        return None, False
    if given == "0":
        noted.add(("password",), UserErrorCode.INVALID, "OTOBO takes 0 for no password at all.")
    return (given, False) if given else (generate(), True)


def _carry(
    context: RequestContext, before: CustomerUser, login: str, values: Mapping[str, Value | Validity]
) -> Carry | None:
    customer_id = values.get("customerId", before.customer_id)
    new_customer_id = customer_id if isinstance(customer_id, str) else None
    if login == before.login and new_customer_id == before.customer_id:
        return None
    relatives = context.services.writes.relatives
    return relatives.of_user(before.login, login, before.customer_id, new_customer_id)
