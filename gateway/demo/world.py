"""The demo's world: the same people, customers, groups and services on every run. No I/O."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.demo import stories
from gateway.demo.companies import Company, companies
from gateway.demo.names import CULTURES, GERMAN
from gateway.demo.people import Crowd, Person
from gateway.demo.stories import Group, Store

Row = TypeVar("Row", bound=tuple[str, ...])

SEED = 1042


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the demo's stores are filled with."""

    companies: tuple[Company, ...]
    people: dict[Store, tuple[Person, ...]]
    groups: tuple[Group, ...]
    user_grants: tuple[tuple[str, str, str], ...]
    """Login, group, permission."""
    customer_grants: tuple[tuple[str, str, str, str], ...]
    """Customer ID, group, permission, context."""
    additional_customers: tuple[tuple[str, str], ...]
    services: tuple[str, ...]
    assigned_services: tuple[tuple[str, str], ...]
    preferences: tuple[tuple[str, str, str], ...]
    support_tiers: tuple[tuple[str, str], ...]
    """Values of the dynamic field SupportTier."""
    tickets: tuple[tuple[str, str, str], ...]
    """Title, login, name of the group whose queue holds it."""


def build(seed: int = SEED) -> World:
    """The world of a seed."""
    source = random.Random(seed)
    firms = tuple(companies())
    people = Crowd(source, firms).people()
    owners: dict[str, Person] = {}
    for person in (person for store in Store for person in people[store]):
        owners.setdefault(person.login.casefold(), person)
    relations = _Relations(source, firms, list(owners.values()))
    return World(
        companies=firms,
        people={store: tuple(members) for store, members in people.items()},
        groups=stories.GROUPS,
        user_grants=_distinct(stories.USER_GRANTS, relations.user_grants()),
        customer_grants=_distinct(stories.CUSTOMER_GRANTS, relations.customer_grants()),
        additional_customers=_distinct(stories.ADDITIONAL_CUSTOMERS, relations.additional_customers()),
        services=stories.SERVICES,
        assigned_services=_distinct(stories.OWN_SERVICES, relations.services()),
        preferences=_distinct(stories.PREFERENCES, relations.preferences()),
        support_tiers=_distinct(stories.SUPPORT_TIERS, relations.tiers()),
        tickets=tuple(relations.tickets()),
    )


@dataclass(frozen=True, slots=True)
class _Relations:
    """Draws what ties people to customers, groups and services; those with a story are left as it tells."""

    random: random.Random
    firms: Sequence[Company]
    people: Sequence[Person]

    def some(self, count: int) -> list[Person]:
        """Some people whom no story tells of: those are left as they are told."""
        told = {story.login.casefold() for story in stories.STORIES}
        return self.random.sample(
            [person for person in self.people if person.login.casefold() not in told], count
        )

    def user_grants(self) -> Iterator[tuple[str, str, str]]:
        """Direct grants, to people of every store."""
        for person in self.some(140):
            for group in self.random.sample(stories.GROUPS, self.random.choice((1, 1, 1, 2, 3))):
                yield person.login, group.name, self.random.choice(("ro", "ro", "rw"))

    def customer_grants(self) -> Iterator[tuple[str, str, str, str]]:
        """Grants to most customers; those of whom a story tells are left as they are told."""
        told = {grant[0] for grant in stories.CUSTOMER_GRANTS} | stories.WITHOUT_GRANTS
        for firm in self.firms:
            if firm.customer_id in told or self.random.random() < 0.3:
                continue
            yield firm.customer_id, "Support", self.random.choice(("ro", "rw")), stories.SAME
            if self.random.random() < 0.4:
                group = self.random.choice(stories.GROUPS[1:7])
                yield firm.customer_id, group.name, "ro", stories.SAME

    def additional_customers(self) -> Iterator[tuple[str, str]]:
        """Additional customers of some."""
        for person in self.some(70):
            for firm in self.random.sample(self.firms, self.random.choice((1, 1, 2, 4))):
                yield person.login, firm.customer_id

    def services(self) -> Iterator[tuple[str, str]]:
        """Services of some, and those of everybody else."""
        yield from (("<DEFAULT>", service) for service in stories.DEFAULT_SERVICES)
        for person in self.some(260):
            for service in self.random.sample(stories.SERVICES[:24], self.random.randrange(1, 5)):
                yield person.login, service

    def preferences(self) -> Iterator[tuple[str, str, str]]:
        """Language and refresh time of some."""
        language = {culture.country: culture.language for culture in CULTURES}
        for person in self.some(600):
            yield person.login, "UserLanguage", language[person.country or GERMAN.country]
            if self.random.random() < 0.2:
                yield person.login, "UserRefreshTime", self.random.choice(("2", "5", "10"))

    def tiers(self) -> Iterator[tuple[str, str]]:
        """Support tiers of some."""
        for person in self.some(320):
            yield person.login, self.random.choices(("Gold", "Silber", "Bronze"), (1, 3, 6))[0]

    def tickets(self) -> Iterator[tuple[str, str, str]]:
        """A handful of tickets to move between customer users."""
        titles = (
            "Drucker druckt nicht",
            "VPN bricht ab",
            "Rechnung unklar",
            "New laptop",
            "Zugang für Praktikantin",
        )
        yield "Server antwortet nicht", "anna.mueller", "Support"
        for person in self.some(30):
            yield self.random.choice(titles), person.login, self.random.choice(stories.GROUPS[:7]).name


def _distinct(told: Iterable[Row], drawn: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(dict.fromkeys([*told, *drawn]))
