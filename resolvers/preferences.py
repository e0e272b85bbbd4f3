"""What the preferences of customer users mean, without their secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backends.model import CustomerUser
from resolvers.context import RequestContext

SECRET = re.compile(
    r"(kundengraph(customer)?renamedfrom)|user(token|lastpw\d*|password\d*|pw\d*|googleauthenticatorsecretkey|loginfailed).*",
    re.IGNORECASE,
)
"""Keys whose values are credentials, or all but (CU-6, PREF-9); and marks of renames that are under way."""


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference."""

    key: str
    value: str | None


async def preferences_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[Preference]]:
    """The preferences of each user, by key, without secrets (PREF-4, CU-6)."""
    found = await context.services.preferences.preferences_of([user.login for user in users])
    return [
        [
            Preference(key, value)
            for key, value in sorted(found.get(user.login, {}).items())
            if not is_secret(context, key)
        ]
        for user in users
    ]


def is_secret(context: RequestContext, key: str) -> bool:
    """Whether a preference holds something like a password; the configured second factor's key is one."""
    return SECRET.fullmatch(key) is not None or key == context.services.second_factor_key
