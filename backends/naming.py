"""What a new name of a service means for those below it (SVC-13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backends.limits import NAMING, check
from backends.records import Service


def renamed(services: Iterable[Service], old: str, new: str) -> Sequence[tuple[Service, str]]:
    """The service `old` and all below it, each with its new name; raises Unstorable where a path becomes too long.

    Their order is one in which no service takes a name that another of them has yet to give up.
    """
    found = [
        (service, new + service.name.removeprefix(old))
        for service in services
        if service.name == old or service.name.startswith(f"{old}::")
    ]
    for _, name in found:
        check(NAMING, name=name)
    return sorted(found, key=lambda pair: len(pair[0].name), reverse=len(new) > len(old))
