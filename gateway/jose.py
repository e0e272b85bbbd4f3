"""Reading signed tokens: strict JSON, one algorithm, no key but ours, and nothing that the token itself recommends."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

LONGEST = 16_384
"""Characters of a token that is looked at."""
LATEST = 253_402_300_799
"""The last second of the year 9999."""

Claims = Mapping[str, Any]


def header_of(token: str) -> Claims | None:
    """The header of what may be a signed token; None for anything else. Nothing in it is believed yet."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3 or not all(parts) or not token.isascii():
        return None
    try:
        return strict_object(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (binascii.Error, ValueError):
        return None


def claims_of(token: str, key: Any, algorithm: str) -> Claims | None:
    """What the token claims, if exactly this key and algorithm have signed it."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        signed = jws.deserialize_compact(token, key, algorithms=[algorithm], registry=registry)
    except (JoseError, ValueError, TypeError):
        return None
    return strict_object(signed.payload)


def end_of(claims: Claims, now: float, skew: float) -> datetime | None:
    """When the token ends; None where it has ended, has not begun, or does not say so properly."""
    exp = _time(claims.get("exp"))
    if exp is None or now >= exp + skew:
        return None
    for name in ("nbf", "iat"):
        begin = _time(claims.get(name, 0))
        if begin is None or begin > now + skew:
            return None
    return datetime.fromtimestamp(exp, UTC)


def is_for(claims: Claims, audience: str) -> bool:
    """Whether the token is made out for `audience`, among others perhaps."""
    given = claims.get("aud")
    return given == audience or (isinstance(given, list) and audience in given)


def strict_object(text: str | bytes) -> Claims | None:
    """A JSON object that every reader would read alike: no name twice, no NaN; None for anything else."""
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(_text: str) -> Any:
    raise ValueError("not a number")


def _time(value: Any) -> float | None:
    """Seconds since 1970, if that is what the value is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and 0 <= value <= LATEST else None
