"""Random help desks in memory, whose stores fail here and there: the same ones for the same number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from backends.directory import Directory
from backends.errors import BadUserInput, SourceTimeout, SourceUnavailable
from backends.memory import MemoryBackend
from backends.memory_registry import MemoryPreferences, MemoryRegistry, MemoryRelations
from backends.memory_stores import MemoryGroups, MemoryServices
from backends.model import CustomerUser, SourceStatus, Validity
from backends.records import Grant, Group, Service
from backends.registries import DEFAULT_LOGIN
from backends.source import Source
from resolvers.context import RequestContext, Services
from resolvers.cursors import Seal
from resolvers.permissions import PermissionPolicy
from resolvers.viewer import Viewer
from tests.builders import (
    CUSTOM_FIELDS,
    USER_FIELDS,
    a_customer_mapping,
    a_customer_memory_of,
    a_customer_row,
    a_mapping,
)
from tests.laws.worlds import LOGINS, some_people

CUSTOMERS = ("ACME", "acme", "NORD", "")
GROUPS = ("users", "admin", "Support", "support")
SERVICES = ("Mail", "Mail::Web", "Mail::Web::App", "Print", "Gone::Below")
SAME, OTHER = "Ticket::CustomerID::Same", "Ticket::CustomerID::Other"

USERS = a_mapping("s0", fields=(*USER_FIELDS, *CUSTOM_FIELDS))


@dataclass(frozen=True)
class Failing:
    """A store of which some questions fail."""

    store: Any
    failing: dict[str, Exception] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        error = self.failing.get(name)
        if error is None:
            return getattr(self.store, name)

        async def fail(*_arguments: Any, **_named: Any) -> Any:
            raise error

        return fail


def a_desk(number: int) -> RequestContext:
    """A request to the desk of that number."""
    draw = random.Random(number)  # noqa: S311
    moody = _moods(draw)
    users = [_users(draw, place, next(moody)) for place in range(draw.choice((1, 2, 2, 3)))]
    rows = [
        a_customer_row(one, valid_id=draw.choice((1, 1, 2))) for one in CUSTOMERS[:3] if draw.random() < 0.8
    ]
    mapping = a_customer_mapping("customers")
    customers = Source("customers", "Customers", 0, next(moody)(a_customer_memory_of(rows, mapping)), mapping)
    groups, offers = _groups(draw), _services(draw)
    relations = MemoryRelations(_pairs(draw, LOGINS, CUSTOMERS[:3]))
    preferences = MemoryPreferences(
        {one: {"UserLanguage": draw.choice(("de", None, ""))} for one in LOGINS[::2]}
    )
    registry = MemoryRegistry(groups, relations=relations)
    services = Services(
        Directory(users),
        Directory([customers]),
        next(moody)(registry),
        Seal("k" * 32),
        groups=next(moody)(groups),
        offers=next(moody)(offers),
        preferences=next(moody)(preferences),
        policy=PermissionPolicy(
            draw.random() < 0.8, ("ro", "move_into", "rw"), ("users",), ("Support",), SAME, OTHER
        ),
    )
    names = ("phone", "customerId", "room", "city", "customer", "changedAt", "groups")
    hidden = frozenset(draw.sample(names, 3)) if draw.random() < 0.25 else frozenset()
    return RequestContext(services, replace(Viewer.named("law", ("admin",)), hidden_fields=hidden))


QUESTIONS = (
    "get_many", "have", "pages", "counts", "ping", "customers_of", "logins_of", "groups", "user_grants",
    "customer_grants", "grants_in", "logins_in", "count_logins", "count_customers", "services", "assigned",
    "preferences_of", "held_by", "in_force", "assigned_services",
)  # fmt: skip


def _moods(draw: random.Random) -> Iterator[Any]:
    """What becomes of each store: mostly nothing, at times a question fails, or all of them."""
    calm = draw.random() < 0.4
    while True:
        kind = 0.0 if calm else draw.random()
        errors = (
            SourceUnavailable("s0", draw.choice((SourceStatus.TIMEOUT, SourceStatus.CIRCUIT_OPEN))),
            SourceTimeout(),
            RuntimeError("a bug"),
            BadUserInput("Not like this."),
        )
        if kind < 0.5:
            yield lambda store: store
        elif kind < 0.9:
            failing = {
                draw.choice(QUESTIONS): errors[0 if draw.random() < 0.6 else draw.randrange(4)] for _ in "12"
            }
            yield lambda store, failing=failing: Failing(store, failing)
        else:
            yield lambda store, errors=errors: Failing(store, dict.fromkeys(QUESTIONS, errors[0]))


def _users(draw: random.Random, place: int, mood: Any) -> Source[CustomerUser]:
    mapping = replace(USERS, source_key=f"s{place}")
    odd = draw.random() < 0.15

    def record(row: Any) -> CustomerUser:
        user = mapping.customer_user(row)
        if odd and user.login[0] in "ab":
            return replace(user, custom={"room": 3, "floor": draw.choice((2**40, "7", "x"))})
        return user

    backend = MemoryBackend(mapping, some_people(draw.randrange(10_000)), record)
    return Source(mapping.source_key, f"Source {place}", place, mood(backend), mapping, read_only=place > 0)


def _groups(draw: random.Random) -> MemoryGroups:
    groups = [
        Group(number, name, draw.choice((None, "a comment")), draw.choice((*Validity, Validity.VALID)))
        for number, name in enumerate(GROUPS, 1)
    ]
    keys = ("ro", "move_into", "rw", "owner")
    on_logins = [
        Grant(draw.randint(1, 4), draw.choice(keys), login=draw.choice((*LOGINS, "ghost"))) for _ in range(12)
    ]
    on_customers = [
        Grant(
            draw.randint(1, 4),
            draw.choice(keys),
            customer_id=draw.choice((*CUSTOMERS[:3], "GONE")),
            context=draw.choice((SAME, OTHER)),
        )
        for _ in range(8)
    ]
    return MemoryGroups(groups, [*on_logins, *on_customers])


def _services(draw: random.Random) -> MemoryServices:
    known = [
        Service(number, name, None, draw.choice((Validity.VALID, Validity.VALID, Validity.INVALID)))
        for number, name in enumerate(SERVICES, 1)
    ]
    assigned = _pairs(draw, (*LOGINS, DEFAULT_LOGIN), range(1, 6))
    return MemoryServices(known, assigned)


def _pairs(draw: random.Random, some: Any, others: Any) -> list[Any]:
    return [(draw.choice(some), draw.choice(others)) for _ in range(8)]
