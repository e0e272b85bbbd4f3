"""How many attempts to sign in may fail: of a login, of an address, of a credential that signs others in."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from hashlib import blake2b

from backends.errors import RateLimited
from backends.order import fold
from backends.recorder import Event, count
from resolvers.context import RequestContext

ADDRESS_SHARE, CREDENTIAL_SHARE = 20, 100
"""How many times the attempts of one login an address, or a credential that signs others in, may fail with."""


async def admit(context: RequestContext, login: str) -> Mapping[str, bool]:
    """Count the attempt; what is to be done to each counter where it succeeds: forget it, or count one less.

    Whoever has failed too often is counted no further: new logins cannot push older counters out of the memory.
    """
    most = context.services.signing_in.most
    if not most:
        return {}
    shared = {}
    if context.address:
        shared[f"address:{_network(context.address)}"] = most * ADDRESS_SHARE
    if context.viewer.known:
        shared[f"credential:{context.viewer.name}"] = most * CREDENTIAL_SHARE
    typed = fold(login.strip()).encode("utf-8", "surrogatepass")
    own = {f"login:{blake2b(typed, digest_size=16).hexdigest()}": most}  # of one length, however long it is
    for limits in (shared, own):
        await _count(context, limits)
    return dict.fromkeys(shared, False) | dict.fromkeys(own, True)


async def _count(context: RequestContext, limits: Mapping[str, int]) -> None:
    """Count one more of each; raises RateLimited where that is too many of one."""
    counted = await context.services.signing_in.attempts.begin(list(limits)) if limits else ()
    waits = [rest for (number, rest), most in zip(counted, limits.values(), strict=True) if number > most]
    if waits:
        count(Event.LOGIN_REFUSED)
        message = "Too many attempts to sign in failed: try again later."
        raise RateLimited(message, retryAfterMs=math.ceil(max(waits) * 1000))


def _network(address: str) -> str:
    """Where an address is: whoever has one of IPv6 has all 2^64 of its network."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False))
