"""The people of the demo's world: those with a story, and as many others as it takes. No I/O."""

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.demo import stories
from gateway.demo.companies import Company
from gateway.demo.names import CULTURES, GERMAN, Culture
from gateway.demo.stories import Store, Story

SIZES = {Store.MAIN: 1250, Store.CRM: 450, Store.LDAP: 300}
BEGINNING = datetime(2019, 4, 1, 8, 0)
DAYS = 2200
LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l", "ı": "i"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A customer user as one store keeps it."""

    login: str
    title: str | None = None
    first_name: str
    last_name: str
    email: str
    customer_id: str
    further_customer_ids: tuple[str, ...] = ()
    phone: str | None = None
    fax: str | None = None
    mobile: str | None = None
    street: str | None = None
    zip: str | None = None
    city: str | None = None
    country: str | None = None
    comment: str | None = None
    room: str | None = None
    floor: int | None = None
    validity: int = 1
    created: datetime = BEGINNING
    changed: datetime = BEGINNING

    @property
    def further(self) -> str:
        """Further customer IDs in one value."""
        return ";".join(self.further_customer_ids)


@dataclass
class Crowd:
    """Draws one person after the other, so that a seed decides them all."""

    random: random.Random
    firms: tuple[Company, ...]
    taken: set[str] = field(default_factory=lambda: {story.login.casefold() for story in stories.STORIES})
    addresses: set[str] = field(default_factory=set)

    def people(self) -> dict[Store, list[Person]]:
        """Everybody, by store; some are in two or three."""
        people = {
            store: [self.hero(story) for story in stories.STORIES if story.store is store] for store in Store
        }
        people[Store.MAIN] += self.crowd(Store.MAIN, people, self.firms)
        self.repeat(people[Store.MAIN], people[Store.CRM], 12)
        self.repeat(people[Store.MAIN], people[Store.LDAP], 5)
        people[Store.CRM] += self.crowd(Store.CRM, people, self.firms[::2])
        self.repeat(people[Store.CRM], people[Store.LDAP], 4)
        people[Store.LDAP] += self.crowd(Store.LDAP, people, self.firms[:3] + self.firms[51::9])
        return people

    def hero(self, story: Story) -> Person:
        """Somebody with a story, with an office at the customer's."""
        firm = next((firm for firm in self.firms if firm.customer_id == story.customer_id), self.firms[0])
        address = f"{_plain(story.first_name)}.{_plain(story.last_name)}@{firm.domain}.example"
        self.addresses.add(story.email or address)
        return replace(
            self.office(firm, story.store, firm.culture),
            login=story.login,
            title=story.title,
            first_name=story.first_name,
            last_name=story.last_name,
            email=story.email or address,
            customer_id=story.customer_id,
            further_customer_ids=story.further,
            comment=story.comment,
            validity=story.validity,
        )

    def crowd(
        self, store: Store, people: dict[Store, list[Person]], firms: Sequence[Company]
    ) -> list[Person]:
        """As many more as the store lacks; few firms employ many."""
        weights = [1 + 60 // (place + 3) for place, _ in enumerate(firms)]
        crowd = []
        for firm in self.random.choices(firms, weights, k=SIZES[store] - len(people[store])):
            culture = firm.culture if self.random.random() < 0.8 else self.random.choice(CULTURES)
            crowd.append(self.stranger(store, firm, culture))
        return crowd

    def stranger(self, store: Store, firm: Company, culture: Culture) -> Person:
        """Somebody new at a customer."""
        first, last = self.random.choice(culture.given), self.random.choice(culture.family)
        number, login = 1, self.login(first, last, firm)
        while login.casefold() in self.taken:
            number += 1
            login = self.login(first, f"{last}{number}", firm)
        self.taken.add(login.casefold())
        address = f"{_plain(first)}.{_plain(last)}{number if number > 1 else ''}@{firm.domain}.example"
        while address in self.addresses:
            number += 1
            address = f"{_plain(first)}.{_plain(last)}{number}@{firm.domain}.example"
        self.addresses.add(address)
        others = self.random.sample(self.firms, 2) if self.random.random() < 0.08 else []
        return replace(
            self.office(firm, store, firm.culture),
            login=login,
            title=self.random.choice(culture.titles) if self.random.random() < 0.07 else None,
            first_name=first,
            last_name=last,
            email=address,
            customer_id=firm.customer_id,
            further_customer_ids=tuple(other.customer_id for other in others) if store is Store.CRM else (),
            validity=self.validity(store),
        )

    def login(self, first: str, last: str, firm: Company) -> str:
        """A login in the manner of the firm."""
        place = self.firms.index(firm)
        first_letter = _plain(first)[:1]
        if place % 23 == 13:
            return f"{_plain(first)}.{_plain(last)}@{firm.domain}.example"
        if place % 17 == 6:
            return (
                f"{first.lower()}.{last.lower()}"
                if firm.culture is GERMAN
                else f"{first_letter}{_plain(last)}"
            )
        if place % 7 == 3:
            return f"{first_letter}{_plain(last)}"
        if place % 19 == 8:
            return f"{_plain(last)}{first_letter}".upper()
        return f"{_plain(first)}.{_plain(last)}"

    def office(self, firm: Company, store: Store, culture: Culture) -> Person:
        """An address at the firm, with numbers and dates, for somebody yet unnamed."""
        extension = self.random.randrange(100, 999)
        street, number = self.random.choice(culture.streets), self.random.randrange(1, 140)
        floor = self.random.randrange(0, 6)
        created = BEGINNING + timedelta(minutes=self.random.randrange(DAYS * 24 * 60))
        desk = f"{firm.city.dial} 5550 {extension}"
        return Person(
            login="",
            first_name="",
            last_name="",
            email="",
            customer_id="",
            phone=desk if self.random.random() < 0.9 else None,
            fax=f"{firm.city.dial} 5550 99" if self.random.random() < 0.15 else None,
            mobile=self.mobile(culture) if self.random.random() < 0.4 else None,
            street=f"{number} {street}" if culture.number_first else f"{street} {number}",
            zip=firm.city.zip,
            city=firm.city.name,
            country=culture.country,
            room=None if store is Store.MAIN else f"{floor}.{self.random.randrange(1, 30):02}",
            floor=floor if store is Store.CRM else None,
            created=created,
            changed=created + timedelta(minutes=self.random.randrange(200 * 24 * 60)),
        )

    def mobile(self, culture: Culture) -> str:
        """A mobile number."""
        return f"{culture.mobile} {self.random.randrange(1_000_000, 9_999_999)}"

    def validity(self, store: Store) -> int:
        """Mostly valid; only OTOBO's own table knows a third state."""
        return self.random.choices((1, 2, 3 if store is Store.MAIN else 2), (94, 5, 1))[0]

    def repeat(self, origin: list[Person], target: list[Person], count: int) -> None:
        """Put copies of some people of one store into another; every fourth in another spelling."""
        known = {person.login.casefold() for person in target}
        told = {story.login.casefold() for story in stories.STORIES}
        choice = [
            person
            for person in origin
            if person.login.casefold() not in known | told
            and person.login == _plain(person.login)
            and "@" not in person.login
        ]
        for place, person in enumerate(self.random.sample(choice, count)):
            login = person.login.title() if place % 4 == 3 else person.login
            firm = next(firm for firm in self.firms if firm.customer_id == person.customer_id)
            office = self.office(firm, Store.CRM, firm.culture)
            copy = replace(person, login=login, title=None, comment=None, phone=office.phone)
            target.append(replace(copy, room=office.room, floor=office.floor, created=office.created))


def _plain(name: str) -> str:
    """A name in the letters of a login."""
    text = unicodedata.normalize("NFKD", name.lower().translate(LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9.@-]", "", text)
