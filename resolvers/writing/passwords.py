"""Passwords: set by whoever may write, stored as a hash, never shown but the one that was generated."""

from __future__ import annotations

from dataclasses import dataclass, field

from backends.model import CustomerUser
from backends.passwords import generate
from resolvers.context import RequestContext
from resolvers.writing.customer_users import forget, owner
from resolvers.writing.fields import password_checked
from resolvers.writing.findings import Findings, UserErrorCode
from resolvers.writing.outcome import written


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """Whose password it is, and the password where one was generated: shown this once."""

    user: CustomerUser
    generated_password: str | None = field(repr=False)


async def set_password(context: RequestContext, login: str, password: str | None) -> PasswordSet:
    """Give a customer user a password; one is generated where none is given (CU-39, PW rules)."""
    noted = Findings()
    source, user = await owner(context, login, noted)
    into = context.services.writes.users[source.key]
    if not into.has_passwords:
        noted.add(("login",), UserErrorCode.INVALID, f"{source.name} keeps no passwords.")
    password_checked(password, noted)
    noted.check()
    clear = password or generate()
    hashed = await context.services.writes.hasher.hash(clear, into.password_hash)
    try:
        await written(into.writer.set_password(user.login, hashed), "login")
    finally:
        await forget(context, source, user.login)
    return PasswordSet(user, None if password else clear)
