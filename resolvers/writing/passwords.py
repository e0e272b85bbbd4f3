"""Passwords: set by whoever may write, stored as a hash, never shown but the one that was generated."""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.model import CustomerUser
from backends.passwords import generate
from resolvers.context import RequestContext
from resolvers.login import has_password
from resolvers.viewer import Scope
from resolvers.writing.customer_users import forget, owner
from resolvers.writing.deeds import password_deed, recorded
from resolvers.writing.fields import password_checked
from resolvers.writing.findings import Findings, UserErrorCode
from resolvers.writing.outcome import written
from resolvers.writing.reach import own_checked


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """Whose password it is, and the password where one was generated: shown this once."""

    user: CustomerUser
    generated_password: str | None = field(repr=False)


async def set_password(
    context: RequestContext, login: str, password: str | None, current: str | None = None
) -> PasswordSet:
    """Give a customer user a password; one is generated where none is given (CU-39, PW rules).

    Customer users need their current one, with which they sign in, and which counts as an attempt to do so: a token that
    somebody found is not enough.
    """
    noted = Findings()
    source, user = await owner(context, login, noted)
    into = context.services.writes.users[source.key]
    await own_checked(context, user, ["password"], noted)
    if not into.has_passwords:
        noted.add(("login",), UserErrorCode.INVALID, f"{source.name} keeps no passwords.")
    password_checked(password, noted)
    noted.check()
    if Scope.WRITE not in context.viewer.scopes:
        await _current_checked(context, user, current, noted)
        noted.check()
    clear = password or generate()
    hashed = await context.services.writes.hasher.hash(clear, into.password_hash)
    async with recorded(context, password_deed("setCustomerUserPassword", user)) as note:
        try:
            await written(into.writer.set_password(user.login, hashed, note=note), "login")
        finally:
            await forget(context, source, user.login)
    return PasswordSet(user, None if password else clear)


async def _current_checked(
    context: RequestContext, user: CustomerUser, current: str | None, noted: Findings
) -> None:
    path = ("currentPassword",)
    if not current:
        noted.add(path, UserErrorCode.REQUIRED, "Give the current password.")
    elif not await has_password(context, user, current):
        noted.add(path, UserErrorCode.INVALID, "It is not the current password.")
