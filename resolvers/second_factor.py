"""One-time codes by RFC 6238, as OTOBO checks them (TFA-3): SHA-1, 30 seconds, six digits, the step before as well."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Callable

SECONDS = 30
LAST_STEP = "UserTwoFactorLastStep"
"""The preference that remembers the step of the code that was used last."""


class Replayed(Exception):
    """A code of this step, or of a later one, was used already."""


def code_at(secret: str, step: int) -> str | None:
    """The code of a step; None where the secret is no base32."""
    text = re.sub(r"\s", "", secret).upper()
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    digest = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def step_of(secret: str, code: str | None, now: float) -> int | None:
    """The step whose code this is, the present one or the one before; None for any other code."""
    given = re.sub(r"\s", "", code or "").encode("utf-8", "surrogatepass")
    present = int(now) // SECONDS
    found = None
    for step in (present - 1, present):
        wanted = code_at(secret, step)
        if wanted is not None and hmac.compare_digest(wanted.encode(), given):
            found = step
    return found


def used(step: int) -> Callable[[str | None], str]:
    """What is remembered once the code of `step` is used; Replayed where that was so before."""

    def remembered(stored: str | None) -> str:
        if stored is not None and stored.isascii() and stored.isdecimal() and int(stored[:18]) >= step:
            raise Replayed
        return str(step)

    return remembered
