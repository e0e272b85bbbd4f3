"""Who is in a directory, who counts as valid, and what is shown of them."""

from __future__ import annotations

import dataclasses

import pytest

from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING, FieldCondition, Filter, Members, Operator
from backends.mapping import FieldMapping
from backends.model import Membership, Validity
from backends.order import Order, OrderTerm
from backends.search import parse_list_search
from gateway.demo.servers.slapd import Slapd
from tests.ldap.worlds import CROWD, GROUPS, PEOPLE, SUFFIX, logins, opened, page, searching
from tests.unit.ldap.test_filters import HOSTILE
from tests.unit.ldap.worlds import MAPPING, with_field

VALID_FILTER = "(employeeType=active)"
VALID = Filter()
INVALID = Filter(validity=frozenset({Validity.INVALID}))


async def test_people_are_found_by_the_spelling_asked(directory: Slapd) -> None:
    async with opened(directory) as backend:
        found = await backend.get_many(["ADA", "ada", "franz", "FRANZ", "MÜLLER", "nobody"])
        assert {asked: record.login for asked, record in found.items()} == {
            "ADA": "ada",
            "ada": "ada",
            "franz": "franz",
            "FRANZ": "Franz",
            "MÜLLER": "müller",
        }
        assert await backend.have(["ADA", "FRANZ", "nobody"]) == {"ADA", "FRANZ"}
        assert await backend.twins() == ["franz"]


async def test_a_blank_more_or_a_second_value_is_somebody_else(directory: Slapd) -> None:
    async with opened(directory) as backend:
        assert await backend.get_many([" ada", "ada ", "a da", "\tada", "\x01ada", "ada\0"]) == {}
        by_mail = dataclasses.replace(MAPPING, key_column="mail")
    async with opened(directory, by_mail) as backend:
        assert set(await backend.get_many(["ada@x.org", "countess@x.org"])) == {"ada@x.org"}


async def test_an_empty_request_costs_no_connection() -> None:
    from backends.ldap.backend import LdapBackend
    from backends.ldap.settings import LdapSettings

    backend = LdapBackend(MAPPING, LdapSettings(key="people", host="127.0.0.1", port=1, base_dn=PEOPLE))
    assert await backend.get_many([]) == {}
    assert await backend.have([]) == set()
    assert await backend.get_many(["\0", "", "\ud800"]) == {}
    assert list(await backend.pages([])) == []
    await backend.close()


@pytest.mark.parametrize(
    "chunk", [HOSTILE[start : start + 12] for start in range(0, len(HOSTILE), 12)], ids=len
)
async def test_s1_hostile_texts_find_nobody_wherever_they_go(directory: Slapd, chunk: list[str]) -> None:
    async with opened(directory) as backend:
        assert await backend.get_many(chunk) == {}
        assert await backend.have([*chunk, "ada"]) == {"ada"}
        for text in chunk:
            literal = [
                Filter(email=text, validity=None),
                Filter(customer_ids=(text,), validity=None),
                Filter(keys=(text,), validity=None),
                Filter(members=Members(text, (text,)), validity=None),
                Filter(fields=(FieldCondition("room", (text,), Operator.EQUALS),), validity=None),
            ]
            assert [count.number for count in await backend.counts(literal)] == [0] * len(literal), text


async def test_s1_a_wildcard_in_a_search_is_one_and_brackets_are_not(directory: Slapd) -> None:
    async with opened(directory) as backend:

        async def found(text: str) -> list[str]:
            return await logins(backend, Filter(search=parse_list_search(text), validity=None))

        assert await found("star*light") == ["starred"]
        assert await found("(ext.)") == ["starred"]
        assert await found("*)(uid=*") == []
        assert await found("countess@") == ["ada"]
        assert await found("MÜLL") == ["müller"]
        assert await found("ada+!countess") == []
        assert "boss" in await found("!müller")


async def test_first_values_count_for_fields_and_any_value_for_searching(directory: Slapd) -> None:
    async with opened(directory) as backend:
        ada = (await backend.get_many(["ada"]))["ada"]
        assert (ada.last_name, ada.email, ada.customer_id) == ("ada", "ada@x.org", "ACME")
        assert ada.listed_customer_ids == ("ACME", "NORD")
        assert ada.stored[MAPPING.column_index("mail")] == ("ada@x.org", "countess@x.org")
        assert await logins(backend, Filter(email="COUNTESS@x.org")) == ["ada"]
        assert await logins(backend, Filter(customer_ids=("second",), validity=None)) == ["ada"]


async def test_lists_of_customer_ids_are_decided_on_the_record(directory: Slapd) -> None:
    async with opened(directory) as backend:

        async def listed(customer_id: str) -> list[str]:
            members = Members(customer_id, (), frozenset({Membership.LISTED}))
            return await logins(backend, Filter(members=members, validity=None))

        assert await listed("nord") == ["ada", "nodept"]
        assert await listed("NOR") == []
        assert await listed("ACME;NORD") == []


async def test_values_arrive_as_they_were_written(directory: Slapd) -> None:
    async with opened(directory) as backend:
        record = (await backend.get_many(["numbers"]))["numbers"]
        assert (record.custom["room"], record.phone, record.first_name) == ("007", "42", "TRUE")


async def test_a_charset_decides_how_values_are_read(directory: Slapd) -> None:
    mapping = with_field(FieldMapping("nickname", "UserNickname", "audio"))

    async def nickname(charset: str) -> object:
        async with opened(directory, mapping, charset=charset) as backend:
            return (await backend.get_many(["latin", "Łódź"]))["latin"].custom["nickname"]

    assert await nickname("utf-8") == "M\ufffdller"
    assert await nickname("iso-8859-1") == "Müller"


async def test_a_manager_is_named_and_a_missing_one_is_nobody(directory: Slapd) -> None:
    async with opened(directory, translate_manager_to="cn") as backend:
        found = await backend.get_many(["ada", "boss", "franz"])
        assert [found[login].custom["manager"] for login in ("ada", "boss", "franz")] == ["boss", None, None]
    async with opened(directory) as backend:
        ada = (await backend.get_many(["ada"]))["ada"]
        assert ada.custom["manager"] == f"uid=boss,{PEOPLE}"


async def test_the_valid_filter_decides_on_every_path(directory: Slapd) -> None:
    async with opened(directory, valid_filter=VALID_FILTER) as backend:
        found = await backend.get_many(["ada", "invalid"])
        assert (found["ada"].validity, found["invalid"].validity) == (Validity.VALID, Validity.INVALID)
        assert await backend.have(["invalid"]) == {"invalid"}
        assert await logins(backend, INVALID) == ["invalid"]
        assert "invalid" not in await logins(backend, VALID)
        assert "invalid" in await logins(backend)
        everybody = {row.record.login: row.record.validity for row in (await page(backend)).rows}
        assert everybody["invalid"] is Validity.INVALID and everybody["ada"] is Validity.VALID
        for wanted, number in ((VALID, CROWD + 10), (INVALID, 1), (EVERYTHING, CROWD + 11)):
            assert (await backend.counts([wanted]))[0].number == number
        assert await backend.tally("validity", EVERYTHING) == {"1": CROWD + 10, "2": 1}
        temporarily = Filter(validity=frozenset({Validity.INVALID_TEMPORARILY}))
        assert await logins(backend, temporarily) == []
        by_validity = Order.of([OrderTerm("validity", descending=True)], "login")
        assert (await page(backend, EVERYTHING, by_validity, 1)).rows[0].record.login == "invalid"


async def test_the_always_filter_decides_who_exists(directory: Slapd) -> None:
    async with opened(directory, always_filter="(mail=*)") as backend:
        assert set(await backend.get_many(["ada", "boss"])) == {"ada"}
        assert await logins(backend) == ["ada", "invalid", "müller"]


async def test_a_scope_reaches_as_far_as_it_says(directory: Slapd) -> None:
    async with opened(directory, scope="one") as backend:
        assert await backend.have(["ada", "branched"]) == {"ada"}
        assert "branched" not in await logins(backend)
    async with opened(directory, scope="base", base_dn=f"uid=ada,{PEOPLE}") as backend:
        assert await logins(backend) == ["ada"]
        assert await backend.have(["ada", "boss"]) == {"ada"}


@pytest.mark.parametrize(
    ("group", "attribute", "members"),
    [("byname", "memberUid", ["ada", "invalid"]), ("bydn", "member", ["ada"])],
)
async def test_only_members_of_the_group_exist_on_every_path(
    directory: Slapd, group: str, attribute: str, members: list[str]
) -> None:
    async with opened(directory, group_dn=f"cn={group},{GROUPS}", group_attribute=attribute) as backend:
        asked = ["ada", "invalid", "boss", "Franz", "franz", "stranger"]
        assert sorted(await backend.get_many(asked)) == members
        assert sorted(await backend.have(asked)) == members
        assert await logins(backend) == members
        everybody = [key for _, key in await backend.keys(EVERYTHING, None, 1000)]
        crowd = ["crowd-5"] if group == "bydn" else []
        assert everybody == sorted([*members, *crowd])
        assert (await backend.counts([EVERYTHING]))[0].number == len(everybody)


async def test_without_search_fields_for_mail_an_address_finds_nobody(directory: Slapd) -> None:
    async with opened(directory, searching(post_master_columns=())) as backend:
        assert await logins(backend, Filter(email="ada@x.org")) == []


async def test_comparisons_are_ours_and_numbers_are_numbers(directory: Slapd) -> None:
    async with opened(directory) as backend:

        async def desks(operator: Operator, value: str) -> list[str]:
            condition = FieldCondition("desk", (value,), operator)
            return await logins(backend, Filter(fields=(condition,), validity=None))

        assert await desks(Operator.GREATER_THAN, "7") == ["boss"]
        assert await desks(Operator.SMALLER_THAN_EQUALS, "10") == ["ada", "boss"]
        assert await desks(Operator.EQUALS, "7") == ["ada"]
        assert "ada" not in await desks(Operator.EMPTY, "")


async def test_inspection_names_attributes_that_the_schema_lacks(directory: Slapd) -> None:
    mapping = with_field(FieldMapping("shoe", "UserShoe", "shoeSize"))
    async with opened(directory, mapping) as backend:
        inspection = await backend.inspect()
        assert inspection.rows == CROWD + 11
        assert [(finding.column, finding.remedy) for finding in inspection.findings] == [("shoeSize", None)]
    async with opened(directory) as backend:
        assert list((await backend.inspect()).findings) == []


async def test_a_base_that_does_not_exist_is_a_finding_and_never_an_empty_answer(directory: Slapd) -> None:
    async with opened(directory, base_dn=f"ou=nowhere,{SUFFIX}") as backend:
        await backend.ping()
        inspection = await backend.inspect()
        assert inspection.rows is None and [finding.column for finding in inspection.findings] == ["base_dn"]
        with pytest.raises(SourceUnavailable):
            await backend.get_many(["ada"])
        with pytest.raises(SourceUnavailable):
            await backend.counts([EVERYTHING])


async def test_a_broken_filter_in_the_configuration_is_an_error_without_details(directory: Slapd) -> None:
    async with opened(directory, always_filter="(mail=*") as backend:
        with pytest.raises(SourceUnavailable) as caught:
            await backend.get_many(["ada"])
    assert caught.value.message == "people cannot be reached or refused."
