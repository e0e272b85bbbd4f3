"""Making and changing customers over ordered sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd
from tests.api.callers import ADMIN, Gateway, found
from tests.api.offices import GONE_CUSTOMERS, Offices, opened
from tests.sql.renames import AUDIT

CUSTOM = """
[[customers]]
key = "companies"
name = "Companies"

[[customers.fields]]
variable = "CustomerCompanySector"
column = "sector"
selection = { steel = "Steel", tin = "Tin" }

[[customers.fields]]
variable = "CustomerCompanySize"
column = "size"
type = "int"

[[customers.fields]]
variable = "CustomerCompanyCountry"
column = "country"
read_only = true

[[customers]]
key = "more"
name = "More companies"
url = "sqlite:///foreign.sqlite"
foreign = true
valid = ""

[[customers]]
key = "old"
name = "Old companies"
url = "sqlite:///archive.sqlite"
read_only = true
"""


@pytest.fixture(scope="module")
async def offices(
    postgresql: PostgreSQL, slapd: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Offices]:
    async with opened("companies", tmp_path_factory.mktemp("companies"), postgresql, slapd) as offices:
        await offices.run(
            "ALTER TABLE customer_company ADD COLUMN sector VARCHAR(9)",
            "ALTER TABLE customer_company ADD COLUMN size INTEGER",
        )
        yield offices


@pytest.fixture(scope="module")
async def desk(offices: Offices) -> AsyncIterator[Gateway]:
    async with offices.gateway(companies=CUSTOM) as desk:
        yield desk


async def stored(offices: Offices) -> list[Any]:
    """All customers of the writable sources, every column."""
    sql = "SELECT * FROM customer_company ORDER BY customer_id"
    return [await offices.rows(sql), offices.branch(sql, file="foreign")]


async def test_a_customer_goes_into_the_source_that_is_named_or_else_the_first_writable_one(
    desk: Gateway, offices: Offices
) -> None:
    payload = await desk.create_customer("STEEL", city="Essen", sector="steel", size=9, country="DE")
    assert payload["userErrors"] == []
    assert (payload["customer"]["sourceKey"], payload["customer"]["city"]) == ("companies", "Essen")
    rows = await offices.rows(
        "SELECT street, sector, size, country, valid_id, create_by, change_by FROM customer_company"
        " WHERE customer_id = 'STEEL'"
    )
    assert rows == [(None, "steel", 9, "DE", 1, 7, 7)]  # COMP-4
    named = await desk.create_customer("TIN", source="more")
    assert (named["userErrors"], named["customer"]["sourceKey"]) == ([], "more")
    assert await desk.customer("tin") == named["customer"]


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"source": "nowhere"}, [("source", "NOT_FOUND")]),
        ({"source": "old"}, [("source", "READ_ONLY")]),
        ({"name": ""}, [("name", "REQUIRED")]),
        ({"sector": "clay", "city": "x\0"}, [("city", "INVALID"), ("sector", "INVALID")]),
        ({"customerId": "steel"}, [("customerId", "TAKEN")]),
        ({"customerId": "oldco", "source": "more"}, [("customerId", "TAKEN")]),
        ({"customerId": ""}, [("customerId", "REQUIRED")]),
        ({"customerId": "0"}, [("customerId", "INVALID")]),
        ({"customerId": "x" * 151}, [("customerId", "INVALID")]),
        ({"name": "STEEL Inc."}, [("name", "TAKEN")]),
        ({"validity": "INVALID", "source": "more"}, [("validity", "INVALID")]),
        ({"city": "x" * 201}, [("city", "INVALID")]),
    ],
    ids=str,
)
async def test_a9_each_mistake_has_its_path_and_nothing_is_written(
    desk: Gateway, offices: Offices, given: dict[str, Any], findings: list[tuple[str, str]]
) -> None:
    before = await stored(offices)
    payload = await desk.create_customer("WRONG", **given)
    assert (found(payload), payload["customer"]) == (findings, None)
    assert await stored(offices) == before


async def test_a_silent_customer_source_may_have_the_id(offices: Offices) -> None:
    async with offices.gateway(customers=GONE_CUSTOMERS) as desk:
        before = await stored(offices)
        assert found(await desk.create_customer("NEWEST")) == [("customerId", "SOURCE_UNAVAILABLE")]
        assert found(await desk.update_customer("UNKNOWN", city="X")) == [
            ("customerId", "SOURCE_UNAVAILABLE")
        ]
        payload = await desk.update_customer("STEEL", newCustomerId="IRON")
        assert found(payload) == [("newCustomerId", "SOURCE_UNAVAILABLE")]
        assert await stored(offices) == before


async def test_a23_nobody_inherits_the_grants_of_an_earlier_customer(desk: Gateway, offices: Offices) -> None:
    await offices.run(f"INSERT INTO group_customer VALUES ('GHOST', 1, 'ro', 1, 'Same', {AUDIT})")
    assert found(await desk.create_customer("GHOST")) == [("customerId", "CONFLICT")]
    assert found(await desk.create_customer("GHOST", adoptRelations=True)) == [
        ("adoptRelations", "FORBIDDEN")
    ]
    assert found(await desk.create_customer("GHOST", ADMIN, adoptRelations=True)) == []


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({"name": None}, [("name", "REQUIRED")]),
        ({"name": "ACME Inc."}, [("name", "TAKEN")]),
        ({"validity": None}, [("validity", "REQUIRED")]),
        ({"country": "FR"}, [("country", "READ_ONLY")]),
        ({"newCustomerId": None}, [("newCustomerId", "REQUIRED")]),
        ({"newCustomerId": " x"}, [("newCustomerId", "INVALID")]),
        ({"sector": "clay"}, [("sector", "INVALID")]),
        ({"ifVersion": "old"}, [("ifVersion", "CONFLICT")]),
    ],
    ids=str,
)
async def test_a9_each_mistake_of_a_change_has_its_path(
    desk: Gateway, offices: Offices, changes: dict[str, Any], findings: list[tuple[str, str]]
) -> None:
    before = await stored(offices)
    payload = await desk.update_customer("STEEL", **{"url": "https://changed.test", **changes})
    assert (found(payload), payload["customer"]) == (findings, None)
    assert await stored(offices) == before


@pytest.mark.parametrize("changes", [{"city": "X"}, {"newCustomerId": "Y"}, {"country": "Z"}], ids=str)
async def test_s14_customers_of_a_read_only_source_stay_as_they_are(
    desk: Gateway, changes: dict[str, str]
) -> None:
    payload = await desk.update_customer("oldco", **changes)
    assert found(payload) == [("customerId", "READ_ONLY")]
    assert "Old companies" in payload["userErrors"][0]["message"]
    assert found(await desk.update_customer("NOBODY", **changes)) == [("customerId", "NOT_FOUND")]


async def test_a8_what_is_left_out_stays_and_null_and_the_empty_text_empty(
    desk: Gateway, offices: Offices
) -> None:
    payload = await desk.update_customer("STEEL", city=None, street="", comment="c", size=None)
    assert payload["userErrors"] == []
    rows = await offices.rows(
        "SELECT city, street, comments, size, sector, name FROM customer_company WHERE customer_id = 'STEEL'"
    )
    assert [[one or None for one in row] for row in rows] == [[None, None, "c", None, "steel", "STEEL Inc."]]


async def test_nothing_is_deleted_only_made_invalid(desk: Gateway) -> None:
    payload = await desk.update_customer("STEEL", validity="INVALID")
    assert payload["customer"]["validity"] == "INVALID"
    assert (await desk.update_customer("STEEL", validity="VALID"))["customer"]["validity"] == "VALID"


async def test_of_two_changes_with_the_same_version_one_wins(desk: Gateway, offices: Offices) -> None:
    customer = await desk.customer("STEEL")
    assert customer is not None
    async with offices.gateway(companies=CUSTOM) as other:
        payloads = await asyncio.gather(
            *(
                gateway.update_customer("STEEL", ifVersion=customer["version"], comment=f"{place}")
                for place, gateway in enumerate([desk, other, desk])
            )
        )
    outcomes = sorted(found(one) for one in payloads)
    assert outcomes == [[], *[[("ifVersion", "CONFLICT")]] * 2]
    winner = next(one["customer"] for one in payloads if one["customer"])
    assert await desk.customer("STEEL") == winner


async def test_of_two_who_make_the_same_customer_at_once_one_does(desk: Gateway, offices: Offices) -> None:
    async with offices.gateway(companies=CUSTOM) as other:
        payloads = await asyncio.gather(
            desk.create_customer("PAIR", name="one"),
            other.create_customer("pair", name="two"),
            other.create_customer("PAIR", name="three"),
        )
    assert sorted(found(one) for one in payloads) == [[], *[[("customerId", "TAKEN")]] * 2]


TEXTS = ("street", "zip", "city", "url", "comment")
GOOD: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.sampled_from(["x", "Köln", "0", "O'Neil; --"]) for name in TEXTS},
    "name": st.sampled_from(["Steel & Söhne", "0"]),
    "sector": st.sampled_from(["steel", "tin"]),
    "size": st.sampled_from([1, -5]),
    "validity": st.sampled_from(["VALID", "INVALID"]),
}


@settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_a8_any_patch_changes_what_it_names_and_nothing_else(
    desk: Gateway, data: st.DataObject
) -> None:
    fields = {
        name: st.one_of(good, st.none() if name in ("size", "validity") else st.sampled_from([None, ""]))
        for name, good in GOOD.items()
    }
    patch: dict[str, Any] = data.draw(st.fixed_dictionaries({}, optional=fields))
    selection = "customer { name street zip city url comment sector size validity version }"
    before = (await desk.change("updateCustomer", selection, customerId="STEEL"))["customer"]
    payload = await desk.change("updateCustomer", selection, customerId="STEEL", **patch)
    missing = [(name, "REQUIRED") for name in ("name", "validity") if name in patch and not patch[name]]
    assert found(payload) == missing
    after = (await desk.change("updateCustomer", selection, customerId="STEEL"))["customer"]
    wanted = before if missing else {name: patch.get(name, before[name]) for name in GOOD}
    assert {name: after[name] or None for name in GOOD} == {name: wanted[name] or None for name in GOOD}
    if all(after[name] == before[name] for name in GOOD) and not patch:
        assert after["version"] == before["version"]
