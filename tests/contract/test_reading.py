"""Looking people up: the exact spelling first, the case as the source says, and nothing but data in a key."""

from __future__ import annotations

import pytest

from backends.filters import EVERYTHING, Filter, Question
from backends.mapping import FieldType
from backends.model import Customer, CustomerUser, Validity
from backends.order import fold
from backends.protocol import Backend
from backends.search import parse_customer_search
from tests.builders import COMPANIES, CUSTOM_FIELDS, PEOPLE, TURKISH, USER_FIELDS, a_field, a_row
from tests.contract.stores import TABLES, WITH_CASE, Store, Tables, World, page_of, visible

HOSTILE = [
    "",
    "%",
    "_",
    "\\",
    "\\%",
    "a%",
    "_da",
    "ad_",
    "*da",
    "a*",
    "**",
    "ada*",
    "(",
    ")",
    "ada)",
    "(ada",
    "ada)(uid=*",
    "*)(objectClass=*",
    "ada\0",
    "\0",
    "ad\0a",
    "'",
    '"',
    "`",
    "ada'--",
    "' OR '1'='1",
    "'; DROP TABLE people_1; --",
    "[a]da",
    "$1",
    "?",
    ":1",
    "%s",
    "{}",
    "\ud800",
    "ada\udfff",
    "\x01",
    "\x7f",
    "\u200b",
    "\ufeffada",
    "ada\n",
    "x" * 10_000,
    "ä" * 10_000,
    "\\" * 10_000,
    "*" * 10_000,
    "1",
    "1e9",
    "9" * 40,
    "NULL",
    "null",
    "NaN",
]

SIMILAR = {
    "trailing blank": ("ada ", "Franz ", "blank "),
    "leading blank": (" ada", "\tada"),
    "accent": ("jurgen", "ádá", "MULLÉR", "zoë2", "grosS\u0301", "aŝe", "sofia"),
    "sharp s": ("GROẞ1", "großß", "strasse"),
    "width": ("ａｄａ", "１００％"),
    "emoji": ("😁", "😁x"),
    "combining": ("mu\u0308ller", "a\u030ase"),
}
"""Keys that a loose collation takes for somebody's; nobody has them."""


async def test_everybody_is_found_by_the_exact_spelling(world: World[CustomerUser]) -> None:
    found = await world.backend.get_many(world.keys)
    assert {login: user.login for login, user in found.items()} == {login: login for login in world.keys}


async def test_a_record_carries_every_mapped_value(world: World[CustomerUser]) -> None:
    """MAP-3, LDAP-22: what is stored is read, empty and missing apart where the store can tell."""
    found = await world.backend.get_many(world.keys)
    wanted = await world.reference.get_many(world.keys)
    assert {login: visible(user) for login, user in found.items()} == {
        login: visible(user) for login, user in wanted.items()
    }
    assert found["ada"].custom["room"] == "A 1.02"
    assert found["nothing"].first_name is None


async def test_numbers_and_lists_of_customers_are_read_as_what_they_are(world: World[CustomerUser]) -> None:
    """MULTI-2."""
    found = await world.backend.get_many(
        ["zoe2", "franz", " franz"] if " franz" in world.keys else ["zoe2", "franz"]
    )
    assert found["zoe2"].custom["floor"] == -5
    assert found["franz"].listed_customer_ids == ("NORD", "ACME", "SUED")


async def test_the_stored_row_keeps_every_column_for_labels_and_versions(world: World[CustomerUser]) -> None:
    """SRCH-16, R13: no value of the row is lost, and the password's column is never among them."""
    user = (await world.backend.get_many(["ada"]))["ada"]
    assert {"ada", "Ada", "Lovelace", "ada@example.org"} <= set(user.stored)
    assert len(user.stored) == len(world.mapping.columns)


async def test_invalid_people_still_own_their_logins(world: World[CustomerUser]) -> None:
    """VAL-5: a look-up knows no filter."""
    found = await world.backend.get_many(["ada.two", "öz", "éva"])
    assert {user.validity for user in found.values()} == {Validity.INVALID}
    assert await world.backend.have(["ada.two", "öz", "éva"]) == {"ada.two", "öz", "éva"}


async def test_case_is_folded_and_the_answer_is_keyed_as_asked(world: World[CustomerUser]) -> None:
    """SRC-7."""
    asked = ["ADA", "Ada", "O'NEIL", "Åse", "łUKASZ", "ΣΟΦΊΑ", "иван2", "ЗОЯ", "A_B", "GROß"]
    found = await world.backend.get_many(asked)
    assert {login: user.login for login, user in found.items()} == {
        "ADA": "ada",
        "Ada": "ada",
        "O'NEIL": "o'neil",
        "Åse": "åse",
        "łUKASZ": "łukasz",
        "ΣΟΦΊΑ": "σοφία",
        "иван2": "ИВАН2",
        "A_B": "a_b",
        "GROß": "groß",
    }
    assert await world.backend.have(asked) == set(found)


async def test_of_several_spellings_the_exact_one_answers_else_the_first(world: World[CustomerUser]) -> None:
    """DB-8, CU-3."""
    found = await world.backend.get_many(["franz", "Franz", "FRANZ", "fRaNz", "müller", "MÜLLER", "mÜller"])
    assert {login: user.login for login, user in found.items()} == {
        "franz": "franz",
        "Franz": "Franz",
        "FRANZ": "FRANZ",
        "fRaNz": "FRANZ",
        "müller": "müller",
        "MÜLLER": "MÜLLER",
        "mÜller": "MÜLLER",
    }


@pytest.mark.parametrize("store", WITH_CASE, indirect=True)
async def test_case_counts_where_the_source_says_so(store: Store) -> None:
    """SRC-7."""
    world = await store.people(case_sensitive=True)
    found = await world.backend.get_many(["ada", "ADA", "franz", "Franz", "fRaNz", "MÜLLER"])
    assert {login: user.login for login, user in found.items()} == {
        "ada": "ada",
        "franz": "franz",
        "Franz": "Franz",
        "MÜLLER": "MÜLLER",
    }
    assert await world.backend.have(["Zoe", "zoe", "ZORA", "zora"]) == {"Zoe", "zora"}


@pytest.mark.parametrize("why", SIMILAR)
async def test_a_looser_collation_lends_nobody_anothers_login(world: World[CustomerUser], why: str) -> None:
    """OVR-5."""
    strangers = [key for key in SIMILAR[why] if fold(key) not in map(fold, world.keys)]
    assert strangers
    assert await world.backend.get_many(strangers) == {}
    assert await world.backend.have(strangers) == set()
    kept = await world.backend.get_many([*strangers, "ada"])
    assert set(kept) == {"ada"}


@pytest.mark.parametrize("case_sensitive", [False, True])
async def test_a_login_is_data_and_never_a_pattern(store: Store, case_sensitive: bool) -> None:
    """S1, S2: what means something to a filter, a pattern or a statement finds its bearer or nobody."""
    world = await store.people(case_sensitive=case_sensitive)
    for hostile in HOSTILE:
        assert await world.backend.get_many([hostile]) == {}, hostile[:40]
        assert await world.backend.have([hostile]) == set(), hostile[:40]
    assert set(await world.backend.get_many([*HOSTILE, "ada", "*", "100%"])) == {"ada", "*", "100%"}
    assert await world.backend.have([*HOSTILE, "a_b", "a\\b", '"q"']) == {"a_b", "a\\b", '"q"'}


async def test_hostile_strings_do_no_harm_in_any_filter(world: World[CustomerUser]) -> None:
    """S1, S2."""
    everybody = (await world.backend.counts([EVERYTHING]))[0].number
    for hostile in (text for text in HOSTILE if text):
        for harmless in (
            Filter(email=hostile),
            Filter(customer_ids=(hostile,)),
            Filter(keys=(hostile,)),
        ):
            assert (await world.backend.counts([harmless]))[0].number == 0, hostile[:40]
        kept = Filter(validity=None, exclude_keys=(hostile,))
        assert (await world.backend.counts([kept]))[0].number == everybody, hostile[:40]


async def test_nothing_asked_is_nothing_answered(world: World[CustomerUser]) -> None:
    assert await world.backend.get_many([]) == {}
    assert await world.backend.have([]) == set()
    assert list(await world.backend.pages([])) == []
    assert list(await world.backend.counts([])) == []


async def test_a_thousand_keys_are_one_question(world: World[CustomerUser]) -> None:
    asked = [*(f"nobody-{number}" for number in range(1000)), *world.keys, *world.keys]
    assert set(await world.backend.get_many(asked)) == set(world.keys)
    assert await world.backend.have(asked) == set(world.keys)


async def test_letters_that_stores_fold_differently_are_found_as_they_are_spelled(store: Store) -> None:
    """Design, section 7: İ and ı."""
    world = await store.people(TURKISH)
    found = await world.backend.get_many(world.keys)
    assert {login: user.login for login, user in found.items()} == {login: login for login in world.keys}


NUMBERED = [a_row(number, email=f"{abs(number)}@example.org") for number in (7, 70, -7, 0, 1234567890123456)]
BY_NUMBER = (
    *(field for field in USER_FIELDS if field.name != "login"),
    *CUSTOM_FIELDS,
    a_field("UserLogin", "login", FieldType.INT),
)


@pytest.mark.parametrize("store", ["memory", *TABLES], indirect=True)
async def test_an_integer_key_is_found_by_its_number_and_by_nothing_else(store: Store) -> None:
    """SRC-12."""
    world = await store.people(NUMBERED, fields=BY_NUMBER)
    found = await world.backend.get_many(["7", "70", "-7", "0", "1234567890123456", "8", "7x", "x"])
    assert {login: user.login for login, user in found.items()} == {
        login: login for login in ("7", "70", "-7", "0", "1234567890123456")
    }
    strange = [key for key in HOSTILE if key != "1"]
    assert await world.backend.get_many(strange) == {}
    assert await world.backend.have(strange) == set()
    assert await world.backend.have([*strange, "7"]) == {"7"}


@pytest.mark.parametrize("store", ["memory", *TABLES], indirect=True)
async def test_integer_keys_are_listed_as_text(store: Store) -> None:
    """SRC-12, SRCH-10: a number is compared whole, and the order of logins is still that of text."""
    world = await store.people(NUMBERED, fields=BY_NUMBER)
    for text in ("7", " 70 ", "-7", "x", "7*", "", "9" * 20, "\0"):
        wanted = Filter(validity=None, login=text)
        assert await world.backend.keys(wanted, None, 10) == await world.reference.keys(wanted, None, 10), (
            text
        )
    for fields in ((), ("-login",), ("email",)):
        page, reference = await page_of(world, *fields), await reference_page(world, *fields)
        assert [row.position for row in page.rows] == reference


@pytest.mark.parametrize("store", TABLES, indirect=True)
async def test_customers_are_read_as_people_are(store: Store) -> None:
    """MAP-4, COMP-8, SRCH-14."""
    assert isinstance(store, Tables)
    world = await store.companies(COMPANIES)
    backend: Backend[Customer] = world.backend
    found = await backend.get_many(["acme", "NORD", "a_b", "AXB", "müller"])
    assert {key: customer.customer_id for key, customer in found.items()} == {
        "acme": "ACME",
        "NORD": "NORD",
        "a_b": "A_B",
        "müller": "MÜLLER",
    }
    assert visible(found["acme"]) == visible((await world.reference.get_many(["acme"]))["acme"])
    page = await page_of(world, "name", filter=Filter(search=parse_customer_search("(acme)||(nord)")))
    assert [row.record.name for row in page.rows] == ["Acme & Söhne", "ACME zwei"]


async def reference_page(world: World[CustomerUser], *fields: str) -> list[object]:
    """The positions of everybody, as memory orders them."""
    (page,) = await world.reference.pages([Question(EVERYTHING, world.order(*fields), 1000)])
    return [row.position for row in page.rows]


def test_the_world_is_as_strange_as_its_description() -> None:
    """The people must go on testing what they were made for."""
    logins = [str(row["login"]) for row in PEOPLE]
    assert len(set(logins)) == len(logins) >= 40
    assert len({fold(login) for login in logins}) < len(logins)
    assert {row["valid_id"] for row in PEOPLE} == {1, 2, 3, 9, None}
    for column in ("first_name", "city", "room", "comments"):
        assert {None, ""} <= {row[column] for row in PEOPLE}, column
    for sign in "%_\\*()'\"`[]{};&|!#<>":
        assert any(sign in str(value) for row in PEOPLE for value in row.values()), sign
