"""Whatever is asked, every store answers as memory does (R20, S1, S2): random questions about the people."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import BadUserInput
from backends.filters import EVERYTHING, FieldCondition, Filter, Members, Operator, Question, RowScope
from backends.model import CustomerUser, Membership, Validity
from backends.order import Order, OrderTerm, Position
from backends.protocol import Backend
from backends.search import Search, parse_customer_search, parse_list_search, parse_words
from backends.sight import Sight
from backends.source import Source
from tests.builders import PEOPLE
from tests.contract.stores import TABLES, Store, World, open_store, visible

STORES = (*TABLES, "directory")
CASES = int(os.environ.get("KUNDENGRAPH_CASES", "500"))
"""How many questions each law asks, of all stores together."""

RULES: tuple[dict[str, Any], ...] = (
    {},
    {"prefix": "", "list_limit": 4},
    {"prefix": "", "suffix": "", "columns": ("last_name", "city", "comments")},
    {"columns": ("login", "room"), "list_limit": 7, "post_master_columns": ("email", "comments")},
)
"""Changes to the mapping, so that limits, affixes and columns vary too."""

lawful = settings(
    max_examples=max(CASES // len(STORES), 5),
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
)


@pytest.fixture(scope="module", params=STORES)
async def worlds(request: pytest.FixtureRequest) -> AsyncIterator[list[World[CustomerUser]]]:
    """The people in one store, read by each of RULES."""
    store: Store = open_store(request.param, request, "laws")
    yield [await store.people(**changes) for changes in RULES]
    await store.close()


def _parts(value: object) -> list[str]:
    text = str(value)
    return [text, text[:1], text[:3], text[-3:], text[1:-1], text.upper(), text.lower()]


TEXTS = sorted(
    {part.strip() for row in PEOPLE for value in row.values() if value for part in _parts(value)} - {""}
)
SIGNS = [
    "%",
    "_",
    "*",
    "\\",
    "'",
    '"',
    "(",
    ")",
    "[",
    "!",
    "&",
    "|",
    ";",
    "\0",
    "\ud800",
    "\U0010ffff",
    "ß",
    "x" * 300,
]

texts = st.sampled_from(TEXTS) | st.sampled_from(SIGNS) | st.text("aeAEfzüÜß%_*\\'()", max_size=4)
logins = st.sampled_from([str(row["login"]) for row in PEOPLE]) | texts
operators = st.sampled_from(["+", " AND ", " OR ", "!", " ", "*", '"', "&&", "||", "(", ")"])
typed = st.lists(texts | operators, min_size=1, max_size=5).map("".join)
fields = st.sampled_from(
    [
        "login",
        "firstName",
        "lastName",
        "email",
        "customerId",
        "city",
        "comment",
        "room",
        "validity",
        "changedAt",
    ]
)


@st.composite
def searches(draw: st.DrawFn) -> Search | None:
    """What a person may type, in any of the grammars; nothing where it is refused."""
    parse = draw(st.sampled_from([parse_list_search, parse_customer_search, parse_words]))
    try:
        return parse(draw(typed))
    except BadUserInput:
        return None


@st.composite
def field_conditions(draw: st.DrawFn) -> FieldCondition:
    """A condition on one field."""
    operator = draw(st.sampled_from(Operator))
    values = () if operator is Operator.EMPTY else tuple(draw(st.lists(texts, max_size=3)))
    if draw(st.booleans()):
        return FieldCondition(draw(fields), values, operator)
    numbers = st.sampled_from(["-5", "0", "2", "10", "+3", "1000", "x", "99999999999"])
    return FieldCondition("floor", () if operator is Operator.EMPTY else (draw(numbers),), operator)


members = st.builds(
    Members,
    texts,
    st.lists(logins, max_size=2).map(tuple),
    st.sets(st.sampled_from(Membership), min_size=1).map(frozenset),
)


def scopes() -> st.SearchStrategy[RowScope]:
    """What somebody may see who does not see everything."""
    some = st.lists(texts, max_size=2).map(tuple)
    return st.builds(
        RowScope,
        some,
        st.lists(logins, max_size=2).map(tuple),
        st.booleans(),
        st.none() | logins.map(lambda login: ("customer_user", login)),
    )


def _tuples(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(of, min_size=1, max_size=3).map(tuple)


filters = st.builds(
    Filter,
    search=st.none() | searches(),
    login=st.none() | st.none() | texts,
    email=st.none() | st.none() | st.none() | texts,
    customer_ids=st.none() | st.none() | st.none() | _tuples(texts),
    validity=st.none() | st.sets(st.sampled_from(Validity), min_size=1).map(frozenset),
    exclude_keys=st.just(()) | _tuples(logins),
    exclude_exactly=st.just(()) | _tuples(logins),
    fields=st.just(()) | st.lists(field_conditions(), max_size=2).map(tuple),
    keys=st.none() | st.none() | st.none() | _tuples(logins),
    members=st.none() | st.none() | st.none() | members,
    scope=st.none() | st.none() | scopes(),
    hidden=st.just(frozenset()) | st.sets(fields, max_size=2).map(frozenset),
)

orders = st.lists(
    st.builds(OrderTerm, fields | st.sampled_from(["floor", "unknown", "createdAt"]), st.booleans()),
    max_size=3,
).map(lambda terms: Order.of(terms, "login"))


@lawful
@given(
    data=st.data(),
    rules=st.integers(0, len(RULES) - 1),
    wanted=filters,
    order=orders,
    limit=st.integers(1, 50),
)
async def test_every_page_is_the_page_of_memory(
    worlds: list[World[CustomerUser]],
    data: st.DataObject,
    rules: int,
    wanted: Filter,
    order: Order,
    limit: int,
) -> None:
    world = worlds[rules]
    everybody = await world.reference.pages([Question(Filter(validity=None), order, 1000)])
    row = data.draw(st.none() | st.sampled_from([row.position for row in everybody[0].rows]), "after")
    after = row and Position(row.values, row.folded, row.key, "elsewhere")
    question = Question(wanted, order, limit, after, data.draw(st.integers(-1, 1), "place"))
    assert await answered(world.backend, question) == await answered(world.reference, question)


@lawful
@given(rules=st.integers(0, len(RULES) - 1), wanted=filters, field=fields)
async def test_every_count_tally_and_list_of_keys_is_that_of_memory(
    worlds: list[World[CustomerUser]], rules: int, wanted: Filter, field: str
) -> None:
    world = worlds[rules]
    assert list(await world.backend.counts([wanted])) == list(await world.reference.counts([wanted]))
    assert list(await world.backend.keys(wanted, None, 100)) == list(
        await world.reference.keys(wanted, None, 100)
    )
    if field not in ("validity", "changedAt") and wanted.search is None:
        tally = await world.backend.tally(field, wanted)
        assert dict(tally) == dict(await world.reference.tally(field, wanted))


@lawful
@given(keys=st.lists(logins, max_size=20))
async def test_every_look_up_finds_whom_memory_finds(
    worlds: list[World[CustomerUser]], keys: list[str]
) -> None:
    world = worlds[0]
    found, right = await world.backend.get_many(keys), await world.reference.get_many(keys)
    assert {key: visible(user) for key, user in found.items()} == {
        key: visible(user) for key, user in right.items()
    }
    assert set(await world.backend.have(keys)) == set(right)


@lawful
@given(rules=st.integers(0, len(RULES) - 1), scope=scopes())
async def test_s13_what_is_seen_of_records_is_what_the_store_lists_in_the_scope(
    worlds: list[World[CustomerUser]], rules: int, scope: RowScope
) -> None:
    """A look-up and a list never differ about who is in scope."""
    world, sight = worlds[rules], Sight(scope)
    source = Source(world.mapping.source_key, "Source", 0, world.backend, world.mapping)
    (page,) = await world.backend.pages([Question(EVERYTHING, Order(()), 1000)])
    seen = [row.record.login for row in page.rows if sight.sees(source, row.record)]
    listed = await world.backend.keys(Filter(validity=None, scope=scope), None, 1000)
    assert seen == [key for _, key in listed]


async def answered(backend: Backend[CustomerUser], question: Question) -> tuple[list[Position], bool, bool]:
    """A page without its records."""
    (page,) = await backend.pages([question])
    return [row.position for row in page.rows], page.more, page.truncated
