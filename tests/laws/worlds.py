"""Random worlds: ordered sources whose people overlap, differ in case, lack values, and are searched by other rules."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from backends.directory import Directory
from backends.duplicates import Duplicates
from backends.filters import FieldCondition, Operator
from backends.model import Customer, CustomerUser, Inspection, SourceKind, Validity
from backends.order import OrderTerm
from backends.protocol import Backend
from backends.registry import DynamicSearch, ObjectType, Registry
from backends.source import Source
from resolvers import customer_users
from resolvers.asked import UserFilter
from resolvers.context import RequestContext, Services
from resolvers.cursors import Seal
from resolvers.customer_users import UserList
from resolvers.lists import Connection
from resolvers.viewer import Viewer
from tests.builders import CUSTOM_FIELDS, USER_FIELDS, Columns, a_mapping, a_memory_of, a_row

CASES = int(os.environ.get("KUNDENGRAPH_CASES", "500"))
"""How many cases a law is tried on."""


patient = pytest.mark.timeout(120 + CASES // 2)
"""Time for as many cases as there are."""


def lawful(share: float = 1.0) -> settings:
    """Settings of a law that takes this share of the cases; CI draws the same ones every time."""
    return settings(
        max_examples=max(int(CASES * share), 5),
        deadline=None,
        derandomize=os.environ.get("CI") == "true",
        database=None,
    )


@dataclass(frozen=True)
class Place:
    """One source of a world: its rows, and the rules by which it searches and compares."""

    key: str
    rows: Sequence[Columns]
    case_sensitive: bool = False
    list_limit: int = 1000
    columns: tuple[str, ...] = ("login", "first_name", "last_name")
    prefix: str = "*"
    has_room: bool = True
    is_directory: bool = False

    @property
    def rules(self) -> Mapping[str, Any]:
        """What the mapping of the source has of its own."""
        fields = tuple(one for one in (*USER_FIELDS, *CUSTOM_FIELDS) if self.has_room or one.name != "room")
        rules = {"case_sensitive": self.case_sensitive, "list_limit": self.list_limit}
        return {**rules, "columns": self.columns, "prefix": self.prefix, "fields": fields}

    def in_memory(self) -> Backend[CustomerUser]:
        """A backend over the rows."""
        return a_memory_of(self.rows, a_mapping(self.key, **self.rules))


World = tuple[Place, ...]


@dataclass(frozen=True)
class Asked:
    """A question about a world, in parts that an oracle can judge by itself."""

    order: tuple[OrderTerm, ...] = ()
    words: tuple[tuple[bool, str], ...] = ()
    """What to search for: whether it is negated, and the word; all must hold."""
    filter: UserFilter = field(default_factory=UserFilter)

    @property
    def search(self) -> str | None:
        """The words in the grammar of the list search."""
        return "+".join("!" * negated + word for negated, word in self.words) or None

    def page(self, first: int, after: str | None = None) -> UserList:
        """The list as a caller asks for it."""
        return UserList(self.filter, self.search, order=self.order, first=first, after=after)


LOGINS = ("ada", "Ada", "ADA", "bob", "Bob", "eve", "müller", "MÜLLER", "zoe", "a_b", "axb", "100%")
NAMES = (None, "", "a", "A", "ab", "B", "ä", "Ä", "z a", "a_b", "%", "10")
CUSTOMERS = (None, "", "ACME", "acme", "NORD")


def _person(login: str) -> st.SearchStrategy[Columns]:
    return st.builds(
        lambda first, last, city, room, customer, email, floor, valid: a_row(
            login,
            first_name=first,
            last_name=last,
            city=city,
            room=room,
            customer_id=customer,
            email=email,
            floor=floor,
            valid_id=valid,
        ),
        *(st.sampled_from(NAMES) for _ in range(4)),
        st.sampled_from(CUSTOMERS),
        st.sampled_from((None, "a@x.org", "A@x.org", "b@x.org")),
        st.sampled_from((None, -5, 2, 10)),
        st.sampled_from((1, 1, 1, 2, 3, None)),
    )


def _people(least: int, most: int) -> st.SearchStrategy[Sequence[Columns]]:
    logins = st.lists(st.sampled_from(LOGINS), min_size=least, max_size=most, unique=True)
    return logins.flatmap(lambda some: st.tuples(*map(_person, some)))


def some_people(seed: int) -> Sequence[Columns]:
    """Eight people, the same ones on every run."""
    draw = random.Random(seed)  # noqa: S311
    return [
        a_row(
            login,
            **{name: draw.choice(NAMES) for name in ("first_name", "last_name", "city", "room")},
            customer_id=draw.choice(CUSTOMERS),
            email=draw.choice(("a@x.org", "A@x.org", "b@x.org")),
            floor=draw.choice((None, -5, 2, 10)),
            valid_id=draw.choice((1, 1, 2, 3)),
        )
        for login in draw.sample(LOGINS, 8)
    ]


_places = st.builds(
    Place,
    st.just("?"),
    st.one_of(_people(0, 2), _people(4, 9)),
    case_sensitive=st.booleans(),
    list_limit=st.sampled_from((1000, 1000, 3, 1)),
    columns=st.sampled_from((("login", "first_name", "last_name"), ("city", "login"), ("email",), ())),
    prefix=st.sampled_from(("*", "")),
    has_room=st.booleans(),
)

worlds = st.lists(_places, min_size=1, max_size=4).map(
    lambda places: tuple(replace(place, key=f"s{number}") for number, place in enumerate(places))
)
"""One to four sources."""

_terms = st.builds(
    OrderTerm,
    st.sampled_from(
        ("login", "firstName", "lastName", "city", "customerId", "room", "floor", "validity", "country")
    ),
    st.booleans(),
)
orders = st.lists(_terms, max_size=3).map(tuple)

_texts = st.sampled_from(("a", "A", "ad*", "*b", "a_b", "%", "x.org", "ä", "o", "zzz"))
_fields = st.one_of(
    st.builds(
        FieldCondition,
        st.sampled_from(("firstName", "city", "customerId", "room")),
        st.lists(
            st.sampled_from(("a", "A*", "*b", "*", "", "ACME", "acme", "ä")), min_size=1, max_size=2
        ).map(tuple),
        st.sampled_from(
            (
                Operator.LIKE,
                Operator.LIKE,
                Operator.EQUALS,
                Operator.GREATER_THAN,
                Operator.SMALLER_THAN_EQUALS,
            )
        ),
    ),
    st.builds(
        FieldCondition,
        st.just("floor"),
        st.lists(st.sampled_from(("-5", "2", "3", "10")), min_size=1, max_size=2).map(tuple),
        st.sampled_from((Operator.GREATER_THAN, Operator.GREATER_THAN_EQUALS, Operator.SMALLER_THAN)),
    ),
    st.builds(
        FieldCondition,
        st.sampled_from(("firstName", "room", "floor")),
        st.just(()),
        st.just(Operator.EMPTY),
    ),
)


def _some(values: Sequence[Any], most: int = 2) -> st.SearchStrategy[Any]:
    """Mostly no condition, at times one of these values."""
    return st.one_of(
        st.none(), st.none(), st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)
    )


def filters(world: World) -> st.SearchStrategy[UserFilter]:
    """Filters that make sense in the world: they name fields that some source has."""
    fields = _fields.filter(lambda one: one.name != "room" or any(place.has_room for place in world))
    return st.builds(
        UserFilter,
        login=st.one_of(st.none(), st.none(), _texts),
        email=st.sampled_from((None, None, None, "a@x.org", "B@X.ORG")),
        customer_ids=_some(("ACME", "acme", "NORD", "")),
        validity=st.one_of(
            st.none(), st.frozensets(st.sampled_from(sorted(Validity, key=lambda one: one.value)), max_size=3)
        ),
        sources=_some([place.key for place in world], 3),
        exclude_logins=st.lists(st.sampled_from(LOGINS), max_size=1).map(tuple),
        fields=st.lists(fields, max_size=2).map(tuple),
    )


def questions(world: World) -> st.SearchStrategy[Asked]:
    """An order, a filter, and at times a search."""
    words = st.one_of(st.just(()), st.lists(st.tuples(st.booleans(), _texts), max_size=2).map(tuple))
    everybody = st.builds(lambda order: Asked(order, filter=UserFilter(validity=None)), orders)
    found = st.builds(lambda order, some: Asked(order, some, UserFilter(validity=None)), orders, words)
    return st.one_of(everybody, found, st.builds(Asked, orders, words, filters(world)))


cases = worlds.flatmap(lambda world: st.tuples(st.just(world), questions(world)))
"""A world, and a question about it."""


class NoRegistry:
    """A registry in which nothing hangs on anybody."""

    kind = SourceKind.SQLITE

    async def customers_of(self, logins: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return {}

    async def logins_of(self, customer_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return {}

    async def related_logins(self) -> Sequence[str]:
        return []

    async def dynamic_values(
        self, object_type: ObjectType, names: Sequence[str]
    ) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        return {}

    async def dynamic_choices(self, object_type: ObjectType) -> Mapping[str, Mapping[str, str]]:
        return {}

    async def dynamic_matches(self, object_type: ObjectType, search: DynamicSearch) -> Sequence[str]:
        return []

    async def ping(self) -> None:
        pass

    async def inspect(self) -> Inspection:
        return Inspection(rows=0)

    async def close(self) -> None:
        pass


def directory_of(
    world: World, opened: Callable[[Place], Backend[CustomerUser]] = Place.in_memory, **settings: Any
) -> Directory[CustomerUser]:
    """The sources of the world in order; `settings` are those of the survey of duplicates."""
    sources = []
    for number, place in enumerate(world):
        backend = opened(place)
        mapping = getattr(backend, "mapping", None) or a_mapping(place.key, **place.rules)
        sources.append(Source(place.key, place.key, number, backend, mapping))
    return Directory(sources, duplicates=Duplicates(sources, **settings))


def context_of(
    users: Directory[CustomerUser],
    customers: Directory[Customer] | None = None,
    registry: Registry | None = None,
) -> RequestContext:
    """A request that nobody in particular makes."""
    services = Services(users, customers or Directory(()), registry or NoRegistry(), Seal("k" * 32))
    return RequestContext(services, Viewer.named("law", ("reader",)))


async def pages(context: RequestContext, asked: Asked, first: int) -> AsyncIterator[Connection[CustomerUser]]:
    """One page after the other, as a client turns them."""
    after = None
    while True:
        page = await customer_users.page(context, asked.page(first, after))
        yield page
        if not page.has_next_page:
            return
        after = page.end_cursor


def shown(connection: Connection[CustomerUser]) -> list[tuple[str, str]]:
    """Login and source of each row."""
    return [(node.login, node.source_key) for node in connection.nodes]
