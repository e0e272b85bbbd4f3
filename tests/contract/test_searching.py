"""One grammar, one meaning, in every store: what memory finds, all find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.errors import BadUserInput
from backends.filters import EVERYTHING, DynamicHits, FieldCondition, Filter, Members, Operator, Question
from backends.model import CustomerUser, Membership, Validity
from backends.search import Search, parse_customer_search, parse_list_search, parse_words
from tests.builders import a_row
from tests.contract.stores import WITH_CASE, Store, World, page_of
from tests.unit.test_search import AFFIX_VECTORS, CUSTOMER_VECTORS, LIST_VECTORS

TEXTS = [
    *[
        "hans",
        "huber",
        "hans huber",
        "huber hans",
        "hans  huber",
        "hans and huber",
        "hans&&huber",
        "HANS",
        "Hansi",
        "xhansx",
    ],
    *[
        "(hans",
        "huber)",
        "(hans huber)",
        "a",
        "b",
        "c",
        "ab",
        "a&b",
        "a(b",
        "a)b",
        "a!b",
        "a ! b",
        "a%b",
        "aXb",
        "a_b",
        "%",
        "_",
    ],
    *[
        '""',
        "some and me",
        "me and some",
        "some",
        "c+d",
        "a AND b",
        "ABC",
        "DEF",
        "ABC DEF",
        "ABC DEF GHI",
        "(a)",
        "(b)",
        "abc",
    ],
    *[
        "a&&b",
        "a b",
        "ANDREAS",
        "GORDON",
        "ANDREAS GORDON",
        "a (b",
        "Straße",
        "STRASSE",
        "DE-hans",
        "&&",
        "(!)",
        "*",
        "!",
        "a\\b",
    ],
    *("hans||huber", "a|b", "a&b|c", "||", "\\", "", None),
]
"""Last names among which every vector of spec/search.md finds some and not others."""

VECTOR_ROWS = tuple(
    a_row(
        f"n{place:02}", first_name="F", customer_id="X", last_name=text, city=None if place % 3 else "hans b"
    )
    for place, text in enumerate(TEXTS)
)

FOR_VECTORS = {"columns": ("last_name", "city")}

WORDS = [
    "adler ZO",
    "a b",
    "hans huber",
    "100%",
    "a_b",
    "a\\b",
    "* huber",
    "MÜLLER jü",
    "o'neil",
    "(uid=",
    '"q"',
    "'; DROP",
]
TYPED = [
    "ada",
    "ADA",
    "müller",
    "MÜLLER",
    "muller",
    "groß",
    "gross",
    "åse",
    "иван",
    "ΣΟΦΊΑ",
    "😀",
    "100%",
    "%",
    "_",
    "a_b",
    "a\\\\b",
    "a*b",
    "o'neil",
    "'",
    '"',
    "(uid=*)",
    ")(objectClass=*",
    "[",
    "!",
    "a&&b",
    "; DROP TABLE",
    " ",
    "franz",
    "franz+!HUBER",
    "!ada",
    "!*",
    "*",
    "!a+!e",
    "ada OR zoe",
    "ada+lovelace OR zoe",
    "*a*e*",
    '"a b" OR ada',
    "\0",
    "!\0",
    "\ud800",
    "!\ud800",
    "ada OR \udfff",
    "x" * 5000,
    "!" + "x" * 5000,
    "*".join("lang ende"),
    "+".join(["a", "!zz"] * 50),
    " OR ".join(f"nobody{number}" for number in range(99)) + " OR ada",
]
"""What people type, and what attackers do."""

EVERYONE = frozenset(Validity)

FILTERS = [
    Filter(),
    EVERYTHING,
    Filter(validity=frozenset({Validity.INVALID})),
    Filter(validity=frozenset({Validity.INVALID_TEMPORARILY})),
    Filter(validity=frozenset({Validity.VALID, Validity.INVALID_TEMPORARILY})),
    Filter(validity=frozenset({Validity.INVALID, Validity.INVALID_TEMPORARILY})),
    Filter(validity=frozenset()),
    *(
        Filter(validity=None, login=text)
        for text in (
            "a",
            "A*A",
            "%",
            "_",
            "\\",
            "*",
            "",
            "FRANZ",
            "ü",
            "'",
            "(",
            "\0",
            "\ud800",
            "^a",
            "a.",
            "zz",
            " ",
        )
    ),
    *(
        Filter(validity=None, email=text)
        for text in (
            "ada@example.org",
            "Ada@Example.ORG",
            "o'neil@x.org",
            "*",
            "%@%",
            "",
            "ada",
        )
    ),
    *(
        Filter(validity=None, customer_ids=ids)
        for ids in (
            ("ACME",),
            ("acme", "NORD"),
            ("A*",),
            ("A_B",),
            ("müller",),
            ("МИР",),
            ("",),
            ("HUBER ",),
            (),
            ("\0", "ACME"),
            ("%",),
            (*(f"C{n}" for n in range(500)), "acme"),
        )
    ),
    *(
        Filter(validity=None, exclude_keys=keys)
        for keys in (
            ("ada",),
            ("ADA", "FRANZ"),
            ("*", "%"),
            ("\0", "ada"),
            ("\ud800",),
            tuple(f"n{n}" for n in range(500)),
            ("müller", "MULLER"),
        )
    ),
    Filter(validity=None, exclude_exactly=("FRANZ", "Franz", "ADA", "\0")),
    *(
        Filter(validity=None, keys=keys)
        for keys in (("ada", "zora"), ("FRANZ",), ("*", "a*", "%"), (), ("\0",), ("ada ", " franz", "jurgen"))
    ),
    *(
        Filter(validity=None, fields=(FieldCondition(name, values),))
        for name, values in (
            ("lastName", ("A*",)),
            ("lastName", ("*er", "H*")),
            ("lastName", ("adler",)),
            ("lastName", ("*",)),
            ("lastName", ("",)),
            ("lastName", ("%", "_*")),
            ("lastName", ()),
            ("firstName", ("Z*E", "100%", "a_b", "a\\b", "*'*")),
            ("city", ("*ü*",)),
            ("city", ("M*N",)),
            ("city", ("Z*", "\0", "\ud800*")),
            ("comment", ("*\\",)),
            ("comment", ('*"*"*',)),
            ("comment", ("lang * Ende",)),
            ("comment", ("x" * 10_000 + "*",)),
            ("customerId", ("ac*",)),
            ("login", ("franz*",)),
            ("login", ("(uid=**)",)),
            ("room", ("a *",)),
            ("floor", ("1*",)),
            ("floor", ("-5", "3")),
            ("validity", ("VALID",)),
            ("validity", ("2", "INVALID_TEMPORARILY")),
            ("validity", ("nonsense",)),
            ("unknown", ("*x",)),
        )
    ),
    *(
        Filter(validity=None, fields=(FieldCondition(name, values, Operator.EQUALS),))
        for name, values in (
            ("lastName", ("Adler",)),
            ("lastName", ("adler", "HUBER", "Huber ")),
            ("lastName", ("A*", "%")),
            ("lastName", ("",)),
            ("lastName", (" ", "  ")),
            ("city", ("Zürich", "zurich")),
            ("city", ("MÜNCHEN",)),
            ("street", ("Große Straße 1",)),
            ("floor", ("10", "x")),
            ("floor", ("-5",)),
            ("floor", ("",)),
            ("validity", ("1", "3")),
            ("room", ("A 1.02", "\0")),
            ("comment", ("C:\\temp\\",)),
        )
    ),
    *(
        Filter(validity=None, fields=(FieldCondition(name, values, operator),))
        for operator in (
            Operator.GREATER_THAN,
            Operator.GREATER_THAN_EQUALS,
            Operator.SMALLER_THAN,
            Operator.SMALLER_THAN_EQUALS,
        )
        for name, values in (
            ("city", ("m",)),
            ("city", ("MÜNCHEN",)),
            ("city", ("",)),
            ("city", ("\0",)),
            ("city", ("\ud800",)),
            ("city", ("東", "a")),
            ("lastName", ("Huber ",)),
            ("room", ("A 1.02",)),
            ("floor", ("3",)),
            ("floor", ("-5", "1000")),
            ("floor", ("2147483647",)),
            ("floor", ("1" * 16,)),
            ("floor", ("1" * 17,)),
            ("floor", ("x",)),
        )
    ),
    *(
        Filter(validity=None, fields=(FieldCondition(name, (), Operator.EMPTY),))
        for name in ("city", "lastName", "room", "floor", "title", "email", "fax")
    ),
    Filter(
        fields=(
            FieldCondition("city", ("*",)),
            FieldCondition("lastName", ("A*", "H*")),
            FieldCondition("floor", ("2",), Operator.GREATER_THAN),
        )
    ),
    Filter(search=parse_list_search("a"), login="a", customer_ids=("ACME",), exclude_keys=("ada",)),
    Filter(search=parse_list_search("zzz"), email="ada@example.org", validity=None),
    Filter(search=parse_list_search("ada"), email="ada@example.org", validity=EVERYONE),
]


@pytest.mark.parametrize("case_sensitive", [False, True])
@pytest.mark.parametrize("grammar", ["list", "customer"])
async def test_every_vector_of_the_specification_finds_the_same(
    store: Store, grammar: str, case_sensitive: bool
) -> None:
    """QV-1 to QV-55, SRCH-8, SRC-7."""
    world = await store.people(VECTOR_ROWS, **FOR_VECTORS, case_sensitive=case_sensitive)
    vectors = LIST_VECTORS if grammar == "list" else CUSTOMER_VECTORS
    parse = parse_list_search if grammar == "list" else parse_customer_search
    differences = {}
    for rule, text, _ in vectors:
        wanted = Filter(search=parse(text))
        found, right = await found_by(world, wanted), await right_for(world, wanted)
        if found != right:
            differences[rule, text] = (found, right)
    assert differences == {}


@pytest.mark.parametrize(("rule", "prefix", "suffix", "text", "condition"), AFFIX_VECTORS)
async def test_words_are_anchored_as_the_source_says(
    store: Store, rule: str, prefix: str, suffix: str, text: str, condition: str
) -> None:
    """QC-9."""
    world = await store.people(VECTOR_ROWS, **FOR_VECTORS, prefix=prefix, suffix=suffix)
    wanted = Filter(search=parse_list_search(text))
    assert await found_by(world, wanted) == await right_for(world, wanted), (rule, condition)


async def test_the_vectors_tell_people_apart(store: Store) -> None:
    """The comparison above would prove nothing if every search found nobody or everybody."""
    world = await store.people(VECTOR_ROWS, **FOR_VECTORS)
    numbers = {
        len(await right_for(world, Filter(search=parse_list_search(text)))) for _, text, _ in LIST_VECTORS
    }
    assert len(numbers) > 8
    assert await found_by(world, Filter(search=parse_list_search("hans+!huber"))) != []


@pytest.mark.parametrize("case_sensitive", [False, True])
async def test_what_people_type_finds_what_they_mean(store: Store, case_sensitive: bool) -> None:
    """S1, S2, SRCH-8, QC-10: every sign but the operators is itself, and a NULL leaves a negation open."""
    world = await store.people(case_sensitive=case_sensitive)
    searches: list[tuple[str, Search | None]] = []
    for text in TYPED:
        try:
            searches.append((text, parse_list_search(text)))
        except BadUserInput:
            assert text in ("!", " ")
    searches += [(text, parse_words(text)) for text in WORDS]
    differences = {}
    for text, search in searches:
        wanted = Filter(search=search, validity=None)
        found, right = await found_by(world, wanted), await right_for(world, wanted)
        if found != right:
            differences[text[:50]] = (found, right)
    assert differences == {}


@pytest.mark.parametrize("case_sensitive", [False, True])
async def test_every_filter_finds_the_same(store: Store, case_sensitive: bool) -> None:
    """SRCH-4, SRCH-9, SRCH-11, SRCH-12, DET-3, DET-5, DET-7, SRC-7."""
    world = await store.people(case_sensitive=case_sensitive)
    differences = {}
    for wanted in FILTERS:
        found, right = await found_by(world, wanted), await right_for(world, wanted)
        if found != right:
            differences[str(wanted)[:300]] = (found, right)
    assert differences == {}


async def test_pages_hold_who_the_keys_name(world: World[CustomerUser]) -> None:
    for wanted in FILTERS[:60:3]:
        page = await page_of(world, filter=wanted)
        assert [row.record.login for row in page.rows] == await found_by(world, wanted)


async def test_who_matches_by_a_dynamic_field_is_found_too(store: Store) -> None:
    """DF-1, DF-3: by the exact login, under the other conditions, where the source searches that field."""
    world = await store.people(dynamic_fields=("Language",), post_master_dynamic_fields=("Alias",))
    hits = (
        DynamicHits("Language", ("zora", "ADA", "ada.two", "o'neil", "\0")),
        DynamicHits("Alias", ("ase",)),
    )
    by_text = Filter(search=parse_list_search("nobody at all"), search_hits=hits)
    assert await found_by(world, by_text) == ["o'neil", "zora"]
    by_address = Filter(email="nobody@example.org", email_hits=hits)
    assert await found_by(world, by_address) == ["ase"]
    negated = Filter(search=parse_list_search("!a"), search_hits=hits)
    assert await found_by(world, negated) == await right_for(world, negated)


@pytest.mark.parametrize("kinds", [frozenset(Membership), *({kind} for kind in Membership)])
async def test_members_belong_by_id_by_list_or_by_relation(
    world: World[CustomerUser], kinds: frozenset[Membership]
) -> None:
    """MULTI-2, MULTI-11."""
    for customer_id in (
        "ACME",
        "acme",
        "NORD",
        "SUED",
        "B,C|D",
        "AC",
        "A",
        "%",
        "\0",
        "",
        " HUBER",
        "R&D",
        "ME",
    ):
        for related in ((), ("zora", "o'neil", "nobody", "\0")):
            members = Members(customer_id, related, frozenset(kinds))
            wanted = Filter(validity=None, members=members)
            assert await found_by(world, wanted) == await right_for(world, wanted), customer_id


@pytest.mark.parametrize("store", WITH_CASE, indirect=True)
async def test_a_blank_more_is_another_value(world: World[CustomerUser]) -> None:
    """OVR-5: whatever a padding collation thinks; a directory is excused (`InDirectory.cannot`)."""
    for wanted in (
        Filter(email="ada@example.org "),
        Filter(customer_ids=("HUBER ", "ACME ")),
        Filter(keys=("ada ", " franz")),
        Filter(fields=(FieldCondition("lastName", ("Huber ", "Adler "), Operator.EQUALS),)),
        Filter(search=parse_words("lovelace*")),
    ):
        everybody = replace(wanted, validity=None)
        assert await found_by(world, everybody) == await right_for(world, everybody)


async def test_without_post_master_columns_an_address_finds_nobody(store: Store) -> None:
    """SRCH-12, LDAP-14."""
    world = await store.people(post_master_columns=())
    for text in ("ada@example.org", "*", ""):
        assert await found_by(world, Filter(email=text)) == []


async def test_without_search_columns_a_word_finds_nobody(store: Store) -> None:
    """SRCH-6 [DNC]."""
    world = await store.people(columns=())
    assert await found_by(world, Filter(search=parse_list_search("a"))) == []


@pytest.mark.parametrize("fields", [(), ("-login",), ("city",), ("-lastName", "floor")])
async def test_a_limit_keeps_the_first_in_the_order_asked(store: Store, fields: tuple[str, ...]) -> None:
    """SRCH-5 [DNC], R19: ordered before it is cut, the same on every page, and reported."""
    world = await store.people(list_limit=5)
    wanted = Filter(search=parse_list_search("a"), validity=None)
    question = Question(wanted, world.order(*fields), 1000)
    (right,) = await world.reference.pages([question])
    page = await page_of(world, *fields, filter=wanted)
    assert [row.position for row in page.rows] == [row.position for row in right.rows]
    assert (len(page.rows), page.more, page.truncated) == (5, False, True)
    first = await page_of(world, *fields, filter=wanted, limit=2)
    assert ([row.position for row in first.rows], first.more, first.truncated) == (
        [row.position for row in page.rows[:2]],
        True,
        True,
    )
    rest = await page_of(world, *fields, filter=wanted, after=first.rows[-1].position)
    assert [row.position for row in rest.rows] == [row.position for row in page.rows[2:]]
    assert (rest.more, rest.truncated) == (False, True)


async def test_a_limit_is_for_searches_and_for_nothing_else(store: Store) -> None:
    """SRCH-2, R19."""
    world = await store.people(list_limit=5)
    page = await page_of(world)
    assert (len(page.rows), page.truncated) == (len(world.keys), False)
    few = await page_of(world, filter=Filter(search=parse_list_search("zo"), validity=None))
    assert ([row.record.login for row in few.rows], few.truncated) == (["Zoe", "zoe2", "zora"], False)


async def found_by(world: World[CustomerUser], wanted: Filter) -> list[str]:
    """Logins that the store finds, in order."""
    return [key for _, key in await world.backend.keys(wanted, None, 10_000)]


async def right_for(world: World[CustomerUser], wanted: Filter) -> list[str]:
    """Logins that memory finds, in order."""
    return [key for _, key in await world.reference.keys(wanted, None, 10_000)]
