"""Making and changing customer users: every rule of the sources, every finding at its path, nothing half written."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.callers import ADMIN, READER, Gateway, found
from tests.api.offices import GONE, GONE_CUSTOMERS, Offices, opened


@pytest.fixture(scope="module")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("making", tmp_path_factory.mktemp("making"), postgresql, slapd) as offices:
        yield offices


@pytest.fixture(scope="module")
async def desk(offices: Offices) -> AsyncIterator[Gateway]:
    async with offices.gateway() as desk:
        yield desk


async def test_a_customer_user_goes_into_the_source_that_is_named_or_else_the_first_writable_one(
    desk: Gateway,
) -> None:
    first = await desk.made("first", room="A 1", floor=3, colour="red", title="Dr.")
    assert (first["source"]["key"], first["room"], first["floor"], first["title"]) == (
        "desk",
        "A 1",
        3,
        "Dr.",
    )
    named = await desk.made("named", source="branch", customerId="NOBODY'S")
    assert (named["source"]["key"], named["customerId"]) == ("branch", "NOBODY'S")


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("nowhere", "NOT_FOUND", "desk, branch, archive, ldap"),
        ("archive", "READ_ONLY", "Archive"),
        ("ldap", "READ_ONLY", "Directory"),
    ],
)
async def test_s14_a_source_that_cannot_take_anybody_says_why(
    desk: Gateway, source: str, code: str, words: str
) -> None:
    payload = await desk.create("lost", source=source)
    assert found(payload) == [("source", code)]
    assert words in payload["userErrors"][0]["message"]
    assert await desk.user("lost") is None


async def test_everything_that_is_wrong_is_found_at_once(desk: Gateway, offices: Offices) -> None:
    before = await offices.people()
    payload = await desk.create(
        " blank", firstName="", lastName="x\0", email="no address", customerId="NOBODY", colour="green"
    )
    assert found(payload) == [
        ("colour", "INVALID"),
        ("customerId", "NOT_FOUND"),
        ("email", "INVALID"),
        ("firstName", "REQUIRED"),
        ("lastName", "INVALID"),
        ("login", "INVALID"),
    ]
    assert (payload["customerUser"], payload["generatedPassword"]) == (None, None)
    assert await offices.people() == before


@pytest.mark.parametrize("field", ["firstName", "lastName", "email", "customerId", "login"])
async def test_what_the_mapping_requires_is_named_once(desk: Gateway, field: str) -> None:
    login = "" if field == "login" else "required"
    given = {} if field == "login" else {field: ""}
    assert found(await desk.create(login, **{"email": "r@desk.test", **given})) == [(field, "REQUIRED")]


async def test_the_mapping_of_the_source_decides_what_is_required(desk: Gateway) -> None:
    user = await desk.made("free", source="branch", customerId="")
    assert user["customerId"] in (None, "")


@pytest.mark.parametrize(
    "login", ["0", "x" * 101, "<DEFAULT>", "nul\0", "end "], ids=["0", "long", "default", "nul", "blank"]
)
async def test_no_login_is_made_that_otobo_could_not_use(desk: Gateway, login: str) -> None:
    assert found(await desk.create(login, email="a@desk.test")) == [("login", "INVALID")]


@pytest.mark.parametrize(
    ("login", "where"),
    [("FIRST", "Desk"), ("Oldie", "Archive"), ("ADA", "Directory"), ("NAMED", "Branch")],
)
@pytest.mark.parametrize("source", ["desk", "branch"])
async def test_a_login_is_unique_over_all_sources_in_every_spelling(
    desk: Gateway, login: str, where: str, source: str
) -> None:
    payload = await desk.create(login, source=source, email="somebody@new.test")
    assert found(payload) == [("login", "TAKEN")]
    assert where in payload["userErrors"][0]["message"]


async def test_a_silent_source_may_have_the_login_so_nothing_is_written(offices: Offices) -> None:
    async with offices.gateway(more=GONE) as desk:
        before = await offices.people()
        payload = await desk.create("unknown")
        assert found(payload) == [("login", "SOURCE_UNAVAILABLE")]
        assert "gone" in payload["userErrors"][0]["message"]
        known = await desk.create("first", email="x@new.test")
        assert found(known) == [("login", "TAKEN")]
        assert found(await desk.update("first", newLogin="f2")) == [("newLogin", "SOURCE_UNAVAILABLE")]
        assert found(await desk.update("ada", city="X")) == [("login", "SOURCE_UNAVAILABLE")]
        assert await offices.people() == before


async def test_an_address_is_unique_in_its_source_among_the_invalid_too(desk: Gateway) -> None:
    await desk.made("neil", email="o'neil@desk.test", validity="INVALID")
    assert found(await desk.create("neil2", email="O'Neil@desk.test")) == [("email", "TAKEN")]
    assert found(await desk.update("first", email="O'NEIL@desk.test")) == [("email", "TAKEN")]
    await desk.made("neil3", source="branch", email="o'neil@desk.test")
    await desk.made("neil4", source="branch", email="o'neil@desk.test")
    assert (await desk.update("neil", email="O'Neil@Desk.test"))["userErrors"] == []
    assert found(await desk.create("percent", email="%@desk.test")) == []
    assert found(await desk.create("underscore", email="_eil@desk.test")) == []


async def test_the_form_of_an_address_counts_for_valid_people_alone(desk: Gateway) -> None:
    refused = [("email", "INVALID")]
    assert found(await desk.create("syntax", email="a..b@desk.test")) == refused
    assert found(await desk.create("syntax", email="a@forbidden.test")) == refused
    await desk.made("syntax", email="a@forbidden.test", validity="INVALID")
    assert found(await desk.update("syntax", validity="VALID")) == [("validity", "INVALID")]
    assert found(await desk.update("syntax", validity="INVALID_TEMPORARILY", city="Bonn")) == []
    assert found(await desk.update("syntax", validity="VALID", email="b@desk.test")) == []


async def test_a_customer_must_be_one_of_those_there_are_and_is_stored_as_it_is_spelled_there(
    desk: Gateway,
) -> None:
    assert (await desk.made("speller", customerId="acme"))["customerId"] == "ACME"
    assert (await desk.made("oldone", customerId="OLDCO"))["customerId"] == "OLDCO"
    payload = await desk.update("speller", customerId="NOBODY")
    assert found(payload) == [("customerId", "NOT_FOUND")]
    assert "yet" not in payload["userErrors"][0]["message"]


async def test_whoever_has_no_customers_yet_is_told_so(offices: Offices) -> None:
    empty = '[[customers]]\nkey = "none"\nurl = "sqlite:///branch.sqlite"\n'
    async with offices.gateway(companies=empty) as desk:
        payload = await desk.create("pioneer")
    assert found(payload) == [("customerId", "NOT_FOUND")]
    assert "no customers yet" in payload["userErrors"][0]["message"]


async def test_a_silent_customer_source_may_have_the_customer(offices: Offices) -> None:
    async with offices.gateway(customers=GONE_CUSTOMERS) as desk:
        before = await offices.people()
        assert found(await desk.create("hopeful", customerId="X")) == [("customerId", "SOURCE_UNAVAILABLE")]
        assert found(await desk.update("first", customerId="X")) == [("customerId", "SOURCE_UNAVAILABLE")]
        assert await offices.people() == before


async def test_readers_may_not_write(desk: Gateway) -> None:
    answer = await desk.answer(
        'mutation { updateCustomerUser(input: {login: "first", city: "X"}) { userErrors { code } } }', READER
    )
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(("login", "name"), [("oldie", "Archive"), ("ada", "Directory")])
@pytest.mark.parametrize(
    "changes",
    [{"city": "X"}, {"newLogin": "y"}, {"firstName": ""}, {"validity": "INVALID"}, {"badge": "1"}, {}],
    ids=str,
)
async def test_s14_whoever_stands_in_a_read_only_source_stays_as_they_are(
    desk: Gateway, login: str, name: str, changes: dict[str, str]
) -> None:
    payload = await desk.update(login, **changes)
    assert found(payload) == [("login", "READ_ONLY")]
    assert name in payload["userErrors"][0]["message"]


async def test_nobody_is_changed_who_is_not_there(desk: Gateway) -> None:
    assert found(await desk.update("nobody", city="X")) == [("login", "NOT_FOUND")]


async def test_a_record_of_otobo_is_what_otobo_would_have_written(desk: Gateway, offices: Offices) -> None:
    await desk.made("columns")
    [row] = await offices.rows(
        "SELECT title, phone, comments, room, floor, valid_id, create_by, change_by, create_time = change_time,"
        " create_time = date_trunc('second', create_time),"
        " abs(extract(epoch FROM (now() AT TIME ZONE 'Europe/Berlin') - create_time)) < 60"
        " FROM customer_user WHERE login = 'columns'"
    )
    assert row == ("", "", "", "", 0, 1, 7, 7, True, True, True)


async def test_adopting_is_for_admins(desk: Gateway, offices: Offices) -> None:
    await offices.run(
        "INSERT INTO customer_preferences (user_id, preferences_key, preferences_value)"
        " VALUES ('ghost', 'UserLanguage', 'de')"
    )
    payload = await desk.create("ghost")
    assert found(payload) == [("login", "CONFLICT")]
    assert "customer_preferences" in payload["userErrors"][0]["message"]
    assert found(await desk.create("ghost", adoptRelations=True)) == [("adoptRelations", "FORBIDDEN")]
    assert await desk.user("ghost") is None
    assert found(await desk.create("ghost", ADMIN)) == [("login", "CONFLICT")]
    assert found(await desk.create("ghost", ADMIN, adoptRelations=True)) == []


async def test_a_mutation_shows_the_new_state_to_the_fields_beside_it(desk: Gateway) -> None:
    query = (
        'mutation { one: updateCustomerUser(input: {login: "speller", city: "Ulm"})'
        " { customerUser { customer { customerId } } }"
        ' two: updateCustomer(input: {customerId: "ACME", city: "Kiel"})'
        " { customer { customerUsers { nodes { customer { city } } } } } }"
    )
    data = await desk.ask(query)
    nodes = data["two"]["customer"]["customerUsers"]["nodes"]
    assert {one["customer"]["city"] for one in nodes} == {"Kiel"}


async def test_cu29_whose_address_changes_in_its_letter_case_alone_may_keep_it(
    desk: Gateway, offices: Offices
) -> None:
    await desk.made("same1")
    await desk.made("same2")
    await offices.run("UPDATE customer_user SET email = 'same@desk.test' WHERE login LIKE 'same_'")
    assert found(await desk.update("same1", email="Same@desk.test")) == []


async def test_nobody_is_in_the_way_of_their_own_address(offices: Offices) -> None:
    more = (
        '[[sources]]\nkey = "own"\nurl = "sqlite:///foreign.sqlite"\nforeign = true\n'
        'post_master_search_fields = ["email", "fax"]\ncustomer_must_exist = false'
    )
    async with offices.gateway(more=more) as desk:
        await desk.made("own", source="own", password=None, fax="second@desk.test")
        assert found(await desk.update("own", email="second@desk.test")) == []
        taken = await desk.create("own2", source="own", password=None, email="SECOND@desk.test")
        assert found(taken) == [("email", "TAKEN")]


async def test_where_there_is_no_customer_support_any_customer_id_will_do(offices: Offices) -> None:
    loner = '[[sources]]\nkey = "loner"\nurl = "sqlite:///foreign.sqlite"\nforeign = true\ncustomer_support = false'
    async with offices.gateway(more=loner) as desk:
        user = await desk.made("loner", source="loner", customerId="ANY", password=None)
        assert user["customerId"] == "ANY"
    async with offices.gateway(head="customers = []", companies="") as desk:
        assert (await desk.made("first2", customerId="ANY"))["source"]["key"] == "desk"


@pytest.mark.parametrize("floor", ["3", 3.5, True, 2**31], ids=str)
async def test_custom_fields_have_the_types_of_the_mapping(desk: Gateway, floor: object) -> None:
    answer = await desk.answer(
        "mutation($input: UpdateCustomerUserInput!) { updateCustomerUser(input: $input) { userErrors { code } } }",
        input={"login": "first", "floor": floor},
    )
    assert "floor" in answer["errors"][0]["message"]
