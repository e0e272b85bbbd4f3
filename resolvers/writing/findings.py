"""What is wrong with an input, all of it at once, and the look-ups that find it out."""

from __future__ import annotations

import enum
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from backends.conditions import is_storable
from backends.directory import Directory
from backends.errors import SourceUnavailable
from backends.model import Customer, CustomerUser, Freshness
from backends.protocol import R
from backends.records import Group, Service
from resolvers.context import RequestContext

N = TypeVar("N", Group, Service)

Path = tuple[str, ...]
"""Where in the input: names, and numbers as text."""


class UserErrorCode(enum.Enum):
    """What kind of mistake it is."""

    REQUIRED = "required"
    INVALID = "invalid"
    TAKEN = "taken"
    NOT_FOUND = "not_found"
    READ_ONLY = "read_only"
    SOURCE_UNAVAILABLE = "source_unavailable"
    AMBIGUOUS = "ambiguous"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class UserError:
    """Something in the input that the caller can put right."""

    field: Path | None
    code: UserErrorCode
    message: str


class Refused(Exception):
    """An input that is not written, with everything that is wrong with it."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__(*(error.message for error in errors))
        self.errors = tuple(errors)


@dataclass(slots=True)
class Findings:
    """Collects mistakes; `check` ends the mutation where there are any."""

    errors: list[UserError] = field(default_factory=list)

    def add(self, path: Path, code: UserErrorCode, message: str) -> None:
        """Note one mistake."""
        self.errors.append(UserError(path, code, message))

    def check(self) -> None:
        """Refuse the input where something was found."""
        if self.errors:
            raise Refused(self.errors)

    def named_twice(self, names: Mapping[Path, str], found: Mapping[Path, object]) -> None:
        """Note every name that means what an earlier one means: `found` says what, else the name itself."""
        seen: set[object] = set()
        for path, name in names.items():
            meant = found.get(path, name)
            if meant in seen:
                self.add(path, UserErrorCode.INVALID, f"{name} is named twice.")
            seen.add(meant)

    def too_long(self, path: Path, text: str | None, most: int) -> None:
        """Note a text that the store cannot hold."""
        if text is not None and len(text) > most:
            self.add(path, UserErrorCode.INVALID, f"Longer than {most} characters.")
        if text is not None and not is_storable(text):
            self.add(path, UserErrorCode.INVALID, "Holds a character that cannot be stored.")


def users(
    context: RequestContext, wanted: Mapping[Path, str], findings: Findings
) -> Coroutine[Any, Any, Mapping[Path, CustomerUser]]:
    """The owner of each login; a silent source is no proof that there is none."""
    return _records(context.users, wanted, findings, "customer user")


def customers(
    context: RequestContext, wanted: Mapping[Path, str], findings: Findings
) -> Coroutine[Any, Any, Mapping[Path, Customer]]:
    """The customer of each ID."""
    return _records(context.customers, wanted, findings, "customer")


async def groups(
    context: RequestContext, wanted: Mapping[Path, str], findings: Findings
) -> Mapping[Path, Group]:
    """The group of each name."""
    known = {one.name: one for one in await context.services.groups.groups()}
    return _named(known, wanted, findings, "group")


async def services(
    context: RequestContext, wanted: Mapping[Path, str], findings: Findings
) -> Mapping[Path, Service]:
    """The service of each full name."""
    known = {one.name: one for one in await context.services.offers.services()}
    return _named(known, wanted, findings, "service")


def keys(found: Mapping[Path, R]) -> Mapping[Path, str]:
    """The login or customer ID of each record as it is stored."""
    return {path: record.key for path, record in found.items()}


def each(name: str, values: Sequence[str], *rest: str) -> Mapping[Path, str]:
    """The entries of an input list by their paths."""
    return {(name, str(place), *rest): value for place, value in enumerate(values)}


async def _records(
    directory: Directory[R], wanted: Mapping[Path, str], findings: Findings, what: str
) -> Mapping[Path, R]:
    lookup = await directory.get_many(list(wanted.values()), Freshness.LIVE, stop_at_gap=True)
    found: dict[Path, R] = {}
    for path, key in wanted.items():
        record = lookup.or_error(key)
        if isinstance(record, SourceUnavailable):
            message = f"{record.source} does not answer, so nobody knows who has {key}."
            findings.add(path, UserErrorCode.SOURCE_UNAVAILABLE, message)
        elif record is None:
            findings.add(path, UserErrorCode.NOT_FOUND, f"There is no {what} {key}.")
        else:
            found[path] = record
    return found


def _named(
    known: Mapping[str, N], wanted: Mapping[Path, str], findings: Findings, what: str
) -> Mapping[Path, N]:
    for path, name in wanted.items():
        if name not in known:
            findings.add(path, UserErrorCode.NOT_FOUND, f"There is no {what} {name}.")
    return {path: known[name] for path, name in wanted.items() if name in known}
