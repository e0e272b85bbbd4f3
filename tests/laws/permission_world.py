"""A generated world of permissions, and a naive oracle of who holds what in it, which shares no code with resolvers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from backends.model import Value
from tests.builders import Columns, a_customer_row, a_row

SAME, OTHER, ELSEWHERE = "Ticket::CustomerID::Same", "Ticket::CustomerID::Other", "Nowhere::Configured"
SOURCES = ("desk", "archive", "directory")
"""A table, a read-only table whose primary customers do not count, and a directory."""

KEYS = ("ro", "move_into", "note", "rw")
STORED_KEYS = (*KEYS, "owner", "RO")
"""Those that may be configured, and two that never are."""

FRESH = ((1, "users", 1), (2, "admin", 1), (3, "stats", 1))
"""The groups of a fresh system."""

T = TypeVar("T")


@dataclass(frozen=True)
class PermissionWorld:
    """What sources and registry hold, as rows."""

    people: Mapping[str, Sequence[Columns]]
    customers: Sequence[Columns]
    groups: Sequence[tuple[int, str, int]]
    on_logins: Sequence[tuple[str, int, str, int]]
    """Login, group, key, value."""
    on_customers: Sequence[tuple[str, int, str, str, int]]
    """Customer, group, context, key, value."""
    relations: Sequence[tuple[str, str]]


def a_permission_world(
    seed: int, people: int = 500, customers: int = 60, groups: int = 30
) -> PermissionWorld:
    """The same world for the same seed."""
    draw = random.Random(seed)  # noqa: S311
    ids = [f"K{number:02}" for number in range(customers)]
    used = [*ids, *ids, "k03", "K03 plus", "MÜLLER & Co", "nowhere"]
    rows = _people(draw, people, used)
    logins = [str(row["login"]) for of in rows.values() for row in of]
    known = [
        *FRESH,
        *((number + 8, f"g{number:02}", draw.choice((1, 1, 1, 2, 3))) for number in range(groups - 3)),
    ]
    numbers = [number for number, _, _ in known]
    named = [*logins, *logins, "ghost", "USER007", "müller0"]
    return PermissionWorld(
        rows,
        [a_customer_row(one, valid_id=draw.choice((1, 1, 1, 2, 3))) for one in (*ids, "MÜLLER & Co")],
        known,
        _twice(
            draw,
            [
                (
                    draw.choice(named),
                    draw.choice(numbers),
                    draw.choice(STORED_KEYS),
                    draw.choice((1, 1, 1, 0)),
                )
                for _ in range(people * 2)
            ],
        ),
        _twice(
            draw,
            [
                (
                    draw.choice(used),
                    draw.choice(numbers),
                    draw.choice((SAME, SAME, OTHER, OTHER, ELSEWHERE)),
                    draw.choice(STORED_KEYS),
                    draw.choice((1, 1, 1, 0)),
                )
                for _ in range(customers * 6)
            ],
        ),
        sorted({(draw.choice(named), draw.choice(used)) for _ in range(people // 3)}),
    )


def _people(draw: random.Random, number: int, used: Sequence[str]) -> Mapping[str, Sequence[Columns]]:
    found: dict[str, list[Columns]] = {key: [] for key in SOURCES}
    for place in range(number):
        login = draw.choice((f"user{place:03}", f"User{place:03}", f"müller{place}", f"o'neil.{place}"))
        source = draw.choice(SOURCES)
        found[source].append(_person(draw, source, login, used))
        for later in SOURCES[
            SOURCES.index(source) + 1 :
        ]:  # at times another source has it too, and is hidden
            if draw.random() < 0.1:
                found[later].append(_person(draw, later, draw.choice((login, login.upper())), used))
    return found


def _person(draw: random.Random, source: str, login: str, used: Sequence[str]) -> Columns:
    primary: Value = draw.choice((*used, None)) if source == "directory" else draw.choice((*used, None, ""))
    some = draw.sample(used, draw.choice((0, 0, 0, 1, 2, 3)))
    listed: Value = draw.choice((";", " , ", "|")).join(some) or None
    if source == "directory" and len(some) > 1:
        listed = tuple(some)
    validity = 1 if source == "directory" else draw.choice((1, 1, 1, 2))
    address = f"{login.encode().hex()}@example.org"
    return a_row(login, email=address, customer_id=primary, customer_ids=listed, valid_id=validity)


def _twice(draw: random.Random, rows: Sequence[T]) -> Sequence[T]:
    """The rows, and a few of them once more."""
    return [*rows, *draw.sample(rows, len(rows) // 20)]


@dataclass(frozen=True)
class Rules:
    """What a configuration says, in words of the oracle."""

    enabled: bool = True
    keys: tuple[str, ...] = KEYS
    always: tuple[str, ...] = ()
    customer_always: tuple[str, ...] = ()
    other: bool = True


Why = tuple[str, str, frozenset[str]]
"""Origin, customer or "", keys."""


@dataclass(frozen=True)
class Naive:
    """Who holds what, person by person and row by row."""

    world: PermissionWorld
    rules: Rules
    owners: Mapping[str, tuple[str, Columns]] = field(init=False)
    """Source and row by login."""

    def __post_init__(self) -> None:
        """Let the first source that has a login, in whatever case, own it."""
        owners: dict[str, tuple[str, Columns]] = {}
        taken: set[str] = set()
        for source in SOURCES:
            for row in self.world.people[source]:
                login = str(row["login"])
                if login.lower() not in taken:
                    owners[login] = (source, row)
            taken |= {str(row["login"]).lower() for row in self.world.people[source]}
        object.__setattr__(self, "owners", owners)

    def customers_of(self, login: str) -> set[str]:
        """Every customer that applies to the login."""
        source, row = self.owners[login]
        found = {customer for one, customer in self.world.relations if one == login}
        if row["customer_id"] and source != "archive":
            found.add(str(row["customer_id"]))
        listed = row["customer_ids"]
        if isinstance(listed, tuple):
            found |= set(listed)
        elif listed:
            text = str(listed)
            separator = ";" if ";" in text else "," if "," in text else "|"
            found |= {part.strip() for part in text.split(separator)}
        return found

    def why(self, login: str | None, customers: set[str], context: str) -> dict[str, set[Why]]:
        """Why they hold what they hold, by group; without login what the customers hold."""
        rules = self.rules
        held: dict[str, set[Why]] = {}
        for number, name, validity in self.world.groups:
            if validity != 1:
                continue
            reasons: set[Why] = set()
            if not rules.enabled:
                reasons.add(("UNRESTRICTED", "", frozenset(rules.keys)))
            else:
                if context == SAME:
                    reasons |= self._of_same(login, customers, number, name)
                if context == SAME or rules.other:
                    for customer, group, stored, key, value in self.world.on_customers:
                        if group == number and stored == context and value == 1 and customer in customers:
                            reasons.add(("CUSTOMER", customer, self.meant(key)))
            reasons = {reason for reason in reasons if reason[2]}
            if reasons:
                held[name] = reasons
        return held

    def _of_same(self, login: str | None, customers: set[str], number: int, name: str) -> set[Why]:
        every = frozenset(self.rules.keys)
        found: set[Why] = set()
        for one, group, key, value in self.world.on_logins:
            if group == number and one == login and value == 1:
                found.add(("DIRECT", "", self.meant(key)))
        if login is not None and name in self.rules.always:
            found.add(("ALWAYS", "", every))
        if name in self.rules.customer_always:
            found |= {("ALWAYS", customer, every) for customer in customers}
        return found

    def meant(self, key: str) -> frozenset[str]:
        """The keys that a stored key stands for."""
        if key == "rw":
            return frozenset(self.rules.keys)
        return frozenset({key} & set(self.rules.keys))

    def accessible(self, login: str) -> dict[str, tuple[bool, bool]]:
        """Customers within reach: whether directly, and whether through a group."""
        own = self.customers_of(login)
        reached: set[str] = set()
        if self.rules.enabled and self.rules.other:
            valid = {number for number, _, validity in self.world.groups if validity == 1}
            rows = [row for row in self.world.on_customers if row[3] in ("ro", "rw") and row[4] == 1]
            opened = {row[1] for row in rows if row[2] == OTHER and row[0] in own} & valid
            reached = {row[0] for row in rows if row[2] == SAME and row[1] in opened}
        stored = {row["customer_id"] for row in self.world.customers if row["valid_id"] == 1}
        return {one: (one in own, one in reached) for one in (own | reached) if one in stored}
