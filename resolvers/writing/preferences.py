"""Preferences of customer users, without those that would change what the system believes (PREF-3, PREF-6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.changes import ChangeKind, Target
from backends.limits import PREFERENCE
from backends.model import CustomerUser
from backends.names import USER_NAMES
from resolvers.context import RequestContext
from resolvers.preferences import is_secret
from resolvers.second_factor import LAST_STEP
from resolvers.writing import findings
from resolvers.writing.deeds import Deed, recorded
from resolvers.writing.findings import Findings, Path, UserErrorCode

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
        LAST_STEP,
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
    keys: dict[Path, str] = {}
    mapped = _mapped(context)
    for place, (key, value) in enumerate(values):
        path: Path = ("preferences", str(place), "key")
        keys[path] = key
        if not key.strip():
            noted.add(path, UserErrorCode.REQUIRED, "A preference needs a key.")
        elif key in mapped or key.startswith("CustomerCompany") or is_secret(context, key):
            noted.add(path, UserErrorCode.INVALID, f"{key} cannot be set as a preference.")
        noted.too_long(path, key, PREFERENCE["key"])
        noted.too_long(("preferences", str(place), "value"), value, PREFERENCE["value"])
    noted.named_twice(keys, {})
    for of, one in findings.keys(found).items():
        noted.too_long(of, one, PREFERENCE["login"])
    noted.check()
    user = found["login",]
    wanted: Mapping[str, str | None] = dict(values)
    deed = Deed(
        "setCustomerUserPreferences",
        ChangeKind.UPDATED,
        Target.CUSTOMER_USER,
        user.login,
        ("preferences",),
        user.source_key,
    )
    async with recorded(context, deed) as note:
        await context.services.preferences.set_preferences(user.login, wanted, note)
    return user


def _mapped(context: RequestContext) -> frozenset[str]:
    """Every variable that is an attribute of some record, or the system's (PREF-6)."""
    users = (row.variable for source in context.users.sources for row in source.mapping.fields)
    customers = (row.variable for source in context.customers.sources for row in source.mapping.fields)
    return PROTECTED.union(users, customers)
