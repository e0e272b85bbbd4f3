"""Preferences of customer users, without those that would change what the system believes (PREF-3, PREF-6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.mapping import USER_NAMES
from backends.model import CustomerUser
from resolvers.context import RequestContext
from resolvers.preferences import is_secret
from resolvers.writing import findings
from resolvers.writing.findings import Findings, UserErrorCode

LONGEST_KEY = 150
LONGEST_VALUE = 250

PROTECTED = frozenset(
    {
        *USER_NAMES,
        "UserID",
        "UserPassword",
        "UserFullname",
        "UserMailString",
        "ChangeTime",
        "ChangeBy",
        "CreateTime",
        "CreateBy",
        "CustomerID",
        "UserAuthBackend",
        "UserLoginFailed",
        "Source",
        "Config",
        "CompanyConfig",
    }
)
"""Keys that are the record's own, or the system's."""


async def set_customer_user_preferences(
    context: RequestContext, login: str, values: Sequence[tuple[str, str | None]]
) -> CustomerUser:
    """Set these preferences; None removes one."""
    noted = Findings()
    found = await findings.users(context, {("login",): login}, noted)
    mapped = {row.variable for source in context.users.sources for row in source.mapping.fields}
    for place, (key, value) in enumerate(values):
        path = ("preferences", str(place), "key")
        if not key.strip():
            noted.add(path, UserErrorCode.REQUIRED, "A preference needs a key.")
        elif (
            key in PROTECTED or key in mapped or key.startswith("CustomerCompany") or is_secret(context, key)
        ):
            noted.add(path, UserErrorCode.INVALID, f"{key} cannot be set as a preference.")
        noted.too_long(path, key, LONGEST_KEY)
        noted.too_long(("preferences", str(place), "value"), value, LONGEST_VALUE)
    noted.named_twice({("preferences", str(place), "key"): key for place, (key, _) in enumerate(values)})
    noted.check()
    user = found["login",]
    wanted: Mapping[str, str | None] = dict(values)
    await context.services.preferences.set_preferences(user.login, wanted)
    return user
