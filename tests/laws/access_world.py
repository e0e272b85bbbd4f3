"""A generated world of companies, and a naive oracle of what each caller sees in it, which shares no code with resolvers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property

from backends.directory import Directory
from backends.memory_registry import MemoryRegistry, MemoryRelations
from backends.memory_stores import MemoryGroups, MemoryServices
from backends.model import Customer
from backends.records import Grant, Group, Service
from backends.source import Source
from resolvers.context import RequestContext, Services
from resolvers.cursors import Seal
from resolvers.permissions import PermissionPolicy
from resolvers.policies import CustomerPolicy
from resolvers.viewer import Viewer, scopes_of
from tests.builders import Columns, a_customer_mapping, a_customer_memory_of, a_customer_row, a_row
from tests.laws.oracle import Found, Judge, Oracle
from tests.laws.worlds import Asked, Place, World, directory_of

COMPANIES = ("ACME", "acme", "NORD", "SUED", "EAST")
LOGINS = ("ada", "Ada", "bob", "eve", "Eve", "zoe", "müller", "kim", "lee", "max")
SAME = "Ticket::CustomerID::Same"
COLUMNS = ("login", "first_name", "customer_id")


@dataclass(frozen=True)
class Company:
    """Everything that is stored: people in two sources, customers in two, and the registry."""

    people: World
    customers: Sequence[Sequence[str]]
    relations: AbstractSet[tuple[str, str]]
    on_logins: AbstractSet[tuple[int, str]]
    on_customers: AbstractSet[tuple[int, str]]
    assigned: AbstractSet[tuple[str, int]]

    @cached_property
    def users(self) -> Oracle:
        """What everybody who sees everything is shown of the people."""
        return Oracle(self.people)

    def services(self, policy: CustomerPolicy) -> Services:
        """The world as the program holds it."""
        registry = MemoryRegistry(
            MemoryGroups(
                [Group(1, "one"), Group(2, "two")],
                [
                    *(Grant(group, "rw", login=login) for group, login in self.on_logins),
                    *(Grant(group, "rw", customer_id=one, context=SAME) for group, one in self.on_customers),
                ],
            ),
            MemoryServices([Service(1, "mail"), Service(2, "print")], self.assigned),
            MemoryRelations(self.relations),
        )
        firms = [a_customer_mapping("c0"), a_customer_mapping("c1", case_sensitive=True)]
        return Services(
            users=directory_of(self.people),
            customers=Directory[Customer](
                [
                    Source(firm.source_key, firm.source_key, place, a_customer_memory_of(rows, firm), firm)
                    for place, (rows, firm) in enumerate(
                        zip([list(map(a_customer_row, some)) for some in self.customers], firms, strict=True)
                    )
                ]
            ),
            registry=registry,
            seal=Seal("k" * 32),
            groups=registry.groups,
            offers=registry.services,
            relations=registry.relations,
            preferences=registry.preferences,
            policy=PermissionPolicy(enabled=True, always=(), customer_always=()),
            customer_policy=policy,
        )


def a_company(seed: int) -> Company:
    """A small world, the same one for the same seed."""
    draw = random.Random(seed)  # noqa: S311
    people = tuple(
        Place(f"s{number}", _people(draw), case_sensitive=bool(number), columns=COLUMNS) for number in (0, 1)
    )
    ids = [*COMPANIES, "GONE"]
    return Company(
        people,
        [draw.sample(COMPANIES[:1] + COMPANIES[2:], 3), draw.sample(COMPANIES, 3)],
        {(draw.choice(LOGINS), draw.choice(ids)) for _ in range(draw.randint(0, 6))},
        {(draw.choice((1, 2)), draw.choice(LOGINS)) for _ in range(draw.randint(0, 6))},
        {(draw.choice((1, 2)), draw.choice(ids)) for _ in range(draw.randint(0, 4))},
        {(draw.choice(LOGINS), draw.choice((1, 2))) for _ in range(draw.randint(0, 6))},
    )


def _people(draw: random.Random) -> Sequence[Columns]:
    return [
        a_row(
            login,
            first_name=draw.choice(("Ann", "Acme", "Ben", None)),
            customer_id=draw.choice((*COMPANIES, None, "")),
            customer_ids=draw.choice((None, None, "NORD;SUED", "EAST, acme", "ACME")),
            city=draw.choice(("Bern", "Kiel", None)),
            valid_id=draw.choice((1, 1, 1, 2)),
        )
        for login in draw.sample(LOGINS, draw.randint(2, 7))
    ]


@dataclass(frozen=True)
class Caller:
    """Who asks, as a credential describes it."""

    roles: tuple[str, ...]
    customer_ids: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    login: str | None = None
    colleagues: bool = False

    @property
    def viewer(self) -> Viewer:
        """The same in the words of the program."""
        return Viewer(
            "law",
            self.roles,
            scopes_of(self.roles),
            customer_ids=self.customer_ids,
            login=self.login,
            hidden_fields=self.hidden,
        )

    def context(self, services: Services) -> RequestContext:
        """A request of this caller."""
        return RequestContext(services, self.viewer)


@dataclass(frozen=True)
class Rights:
    """What the caller sees, worked out row by row."""

    world: Company
    caller: Caller
    ids: frozenset[str] | None = field(init=False)
    """Customers that it may be told of; None: all."""
    own: Found | None = field(init=False)

    def __post_init__(self) -> None:
        own = self.look_up(self.caller.login) if self.caller.login else None
        object.__setattr__(self, "own", own)
        if self.caller.roles == ("customer",):
            ids = frozenset(self.true_ids(own)) if own else frozenset()
            object.__setattr__(self, "ids", ids)
        else:
            object.__setattr__(self, "ids", frozenset(self.caller.customer_ids) or None)

    # people

    def look_up(self, login: str) -> Found | None:
        """The first source that knows the login; the exact spelling, or else the first one."""
        for place, source in enumerate(self.world.people):
            rows = [one for one in self.world.users.rows if one.place == place]
            same = [one for one in rows if one.login == login]
            if not same and not source.case_sensitive:
                same = [one for one in rows if one.login.lower() == login.lower()]
            if same:
                return min(same, key=lambda one: one.login)
        return None

    def sees(self, one: Found) -> bool:
        """Whether the row is the caller's, or one of its customers applies to it."""
        if self.ids is None:
            return True
        if self.own is not None and (one.place, one.login) == (self.own.place, self.own.login):
            return True
        if self.caller.roles == ("customer",) and not self.caller.colleagues:
            return False
        related = {login for login, customer_id in self.world.relations if customer_id in self.ids}
        return (
            self.names(one, one.row["customer_id"])
            or any(self.names(one, part) for part in listed(one))
            or self.same(one, one.login) in {self.same(one, login) for login in related}
        )

    def seen(self, login: str) -> Found | None:
        """Whom a look-up shows."""
        found = self.look_up(login)
        return found if found is not None and self.sees(found) else None

    def names(self, one: Found, customer_id: object) -> bool:
        """Whether the caller may be told of the customer that stands in this row."""
        if self.ids is None or not customer_id:
            return self.ids is None
        return self.same(one, str(customer_id)) in {self.same(one, known) for known in self.ids}

    def same(self, one: Found, text: str) -> str:
        return text if self.world.people[one.place].case_sensitive else text.lower()

    def true_ids(self, one: Found) -> list[str]:
        """All customer IDs that apply."""
        related = sorted(customer_id for login, customer_id in self.world.relations if login == one.login)
        ids = [str(one.row["customer_id"] or ""), *listed(one), *related]
        return list(dict.fromkeys(filter(None, ids)))

    def shown_ids(self, one: Found) -> list[str]:
        """Those that the caller is told of."""
        return [each for each in self.true_ids(one) if self.names(one, each)]

    def primary(self, one: Found) -> str | None:
        value = one.row["customer_id"]
        return str(value) if value and self.names(one, value) else value if not value else None  # type: ignore[return-value]

    def everybody(self) -> list[Found]:
        """Every row that lists show, in no order."""
        oracle = self.world.users
        return [
            one
            for one in oracle.rows
            if not oracle.is_twin(one) and not oracle.is_hidden(one) and self.sees(one)
        ]

    def listed(self, asked: Asked) -> list[Found]:
        """The rows of a list, each judged by what the caller is shown of it."""
        return self.world.users.sorted(
            [one for one in self.everybody() if self._judge(one).accepts(asked)], asked.order
        )

    def _judge(self, one: Found) -> Judge:
        row, place = dict(one.row), self.world.people[one.place]
        unseen = set[str]()
        if row["customer_id"] and not self.names(one, row["customer_id"]):
            row["customer_id"] = None
            unseen.add("customer_id")
        if "firstName" in self.caller.hidden:
            unseen.add("first_name")
        columns = tuple(column for column in place.columns if column not in unseen)
        return Judge(replace(place, columns=columns), row)

    # customers

    def customer_rows(self) -> Iterator[tuple[int, str]]:
        """Every customer that lists show: place and ID."""
        first, second = self.world.customers
        folded = {one.lower() for one in first}
        for place, one in [*((0, one) for one in first), *((1, one) for one in second)]:
            if (place == 0 or one.lower() not in folded) and self.sees_customer(place, one):
                yield place, one

    def sees_customer(self, place: int, customer_id: str) -> bool:
        if self.ids is None:
            return True
        if place == 0:
            return customer_id.lower() in {one.lower() for one in self.ids}
        return customer_id in self.ids

    def customer(self, customer_id: str) -> str | None:
        """The customer that a look-up shows."""
        first, second = self.world.customers
        for one in first:
            if one.lower() == customer_id.lower():
                return one if self.sees_customer(0, one) else None
        if customer_id in second:
            return customer_id if self.sees_customer(1, customer_id) else None
        return None

    def members(self, customer_id: str) -> list[str]:
        """Logins that belong to the customer, of those that are seen and valid."""
        related = {login for login, one in self.world.relations if one == customer_id}

        def belongs(one: Found) -> bool:
            wanted = self.same(one, customer_id)
            return (
                self.same(one, str(one.row["customer_id"] or "")) == wanted
                or any(self.same(one, part) == wanted for part in listed(one))
                or self.same(one, one.login) in {self.same(one, login) for login in related}
            )

        found = [one for one in self.everybody() if one.row["valid_id"] == 1 and belongs(one)]
        return [one.login for one in self.world.users.sorted(found, ())]

    # the registry

    def granted(self, group: int) -> list[str]:
        """Logins with a direct grant."""
        logins = {login for one, login in self.world.on_logins if one == group}
        return sorted(logins & self._logins() if self.ids is not None else logins)

    def granted_customers(self, group: int) -> list[str]:
        """Customers with a grant."""
        return sorted(
            one
            for of, one in self.world.on_customers
            if of == group and (self.ids is None or one in self.ids)
        )

    def holders(self, group: int) -> list[str]:
        """Whoever holds something in the group, for whatever reason."""
        direct = {login for of, login in self.world.on_logins if of == group}
        through = {one for of, one in self.world.on_customers if of == group}
        found = [
            one for one in self.everybody() if one.login in direct or through.intersection(self.true_ids(one))
        ]
        return [one.login for one in self.world.users.sorted(found, ())]

    def assigned(self, service: int) -> list[str]:
        """Logins to which a service is assigned."""
        logins = {login for login, one in self.world.assigned if one == service}
        return sorted(logins & self._logins() if self.ids is not None else logins)

    def _logins(self) -> set[str]:
        return {one.login for one in self.everybody()}


def listed(one: Found) -> list[str]:
    """The listed customer IDs of a row."""
    text = str(one.row["customer_ids"] or "")
    return [part.strip() for part in text.replace(",", ";").split(";") if part.strip()]


def counts(rows: Sequence[str | None]) -> Mapping[str | None, int]:
    """How often each value occurs; what is empty is none."""
    found: dict[str | None, int] = {}
    for value in rows:
        found[value or None] = found.get(value or None, 0) + 1
    return found
