"""Whom a request comes from, behind proxies that are trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST_HOPS = 32
"""Entries of the header that are looked at, from the right."""


class Proxies:
    """The addresses whose X-Forwarded-For is believed."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(one, strict=False) for one in trusted]

    def client(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """The first address, from the right, that is no trusted proxy; "" where there is no peer at all.

        What stands left of it anybody could have written. An entry that is no address ends the way as well.
        """
        if not forwarded:
            return _plain(peer or "")
        here = _address(peer or "")
        if here is None:
            return ""
        hops = ",".join(forwarded).rsplit(",", MOST_HOPS)[-MOST_HOPS:]
        for hop in reversed(hops):
            if not self._trusts(here) or (before := _address(hop)) is None:
                break
            here = before
        return str(here)

    def _trusts(self, address: Address) -> bool:
        return any(address.version == one.version and address in one for one in self._networks)


@lru_cache(maxsize=1024)
def _plain(peer: str) -> str:
    here = _address(peer)
    return "" if here is None else str(here)


@lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    """An address, perhaps with a port; one of IPv4 that is dressed as IPv6 is undressed."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
