"""The registry: relations and dynamic fields, on the tables that `ddl` makes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backends.filters import Operator
from backends.model import Finding, SourceKind
from backends.registry import DynamicSearch
from backends.search import Search, parse_customer_search, parse_list_search
from backends.sql.database import Database, open_database
from backends.sql.ddl import statements
from backends.sql.registry import SqlRegistry
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from tests.sql.conftest import KINDS, recorded

NOW = "'2026-01-02 03:04:05', 1, '2026-01-02 03:04:05', 1"
FIELDS = (
    (101, "Colour", "Dropdown", "CustomerUser", 1),
    (102, "Note", "Text", "CustomerUser", 1),
    (103, "Tags", "Multiselect", "CustomerUser", 1),
    (104, "Old", "Text", "CustomerUser", 2),
    (105, "Since", "DateTime", "CustomerUser", 1),
    (106, "Vip", "Checkbox", "CustomerUser", 1),
    (107, "Branch", "Text", "CustomerCompany", 1),
)
OBJECTS = (
    (1, "hans", "CustomerUser"),
    (2, "HANS2", "CustomerUser"),
    (3, "müller", "CustomerUser"),
    (4, "a_b", "CustomerUser"),
    (5, "ACME", "CustomerCompany"),
    (6, "hans", "CustomerCompany"),
)
VALUES = (
    (101, 1, "'r'", "NULL", "NULL", 0),
    (102, 1, "'Likes trains'", "NULL", "NULL", "NULL"),
    (103, 1, "'t3'", "NULL", "NULL", 2),
    (103, 1, "'t1'", "NULL", "NULL", 1),
    (103, 1, "'t2'", "NULL", "NULL", "NULL"),
    (104, 1, "'old value'", "NULL", "NULL", 0),
    (105, 1, "NULL", "'2026-05-06 07:08:09'", "NULL", 0),
    (106, 1, "NULL", "NULL", "1", 0),
    (102, 2, "''", "NULL", "NULL", 0),
    (105, 2, "NULL", "'2026-05-07 00:00:00'", "NULL", 0),
    (106, 2, "NULL", "NULL", "0", 0),
    (102, 3, "'Ünikat trains'", "NULL", "NULL", 0),
    (102, 4, "'under_100%'", "NULL", "NULL", 0),
    (107, 5, "'Steel'", "NULL", "NULL", 0),
    (107, 6, "'Rails'", "NULL", "NULL", 0),
)
RELATIONS = (
    ("ada", "NORD"),
    ("ada", "ACME"),
    ("ada", "ACME"),
    ("ada", "acme"),
    ("Ada", "SUED"),
    ("ghost", "ACME"),
    ("ada ", "BLANK"),
    ("éva", "ACME"),
    ("eva", "NORD"),
)


@pytest.fixture(params=KINDS, scope="module")
async def registry_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A filled registry of each kind."""
    url = _new_database(request, tmp_path_factory)
    database = open_database(url, name="registry", timeout=10)
    async with database.transaction() as session:
        for statement in statements(SourceKind(request.param)):
            await session.execute(statement)
    async with database.transaction() as session:
        for field, name, kind, object_type, valid in FIELDS:
            await session.execute(
                "INSERT INTO dynamic_field (id, name, label, field_order, field_type, object_type, valid_id,"
                " create_time, create_by, change_time, change_by)"
                f" VALUES ({field}, '{name}', '', 1, '{kind}', '{object_type}', {valid}, {NOW})"
            )
        for number, name, object_type in OBJECTS:
            await session.execute(
                f"INSERT INTO dynamic_field_obj_id_name VALUES ({number}, '{name}', '{object_type}')"
            )
        for field, number, *values in VALUES:
            await session.execute(
                "INSERT INTO dynamic_field_value (field_id, object_id, value_text, value_date, value_int,"
                f" index_value) VALUES ({field}, {number}, {', '.join(map(str, values))})"
            )
        for login, customer in RELATIONS:
            await session.execute(
                f"INSERT INTO customer_user_customer VALUES ('{login}', '{customer}', {NOW})"
            )
    await database.close()
    return url


def _new_database(request: pytest.FixtureRequest, factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        path = factory.mktemp("registry") / "registry.sqlite"
        path.touch()
        return f"sqlite:///{path}"
    server: PostgreSQL | MariaDB = request.getfixturevalue(f"own_{request.param}")
    server.create_database("registry")
    return server.url("registry")


@pytest.fixture
async def database(registry_url: str) -> AsyncIterator[Database]:
    """The filled registry."""
    database = open_database(registry_url, name="registry")
    yield database
    await database.close()


@pytest.fixture
def registry(database: Database) -> SqlRegistry:
    """The registry under test."""
    return SqlRegistry(database)


async def test_relations_are_read_by_exact_spelling_and_sorted(registry: SqlRegistry) -> None:
    assert await registry.customers_of(["ada", "Ada", "ADA", "nobody", "ada\0"]) == {
        "ada": ("ACME", "NORD", "acme"),
        "Ada": ("SUED",),
    }
    assert await registry.customers_of(["eva"]) == {"eva": ("NORD",)}
    assert await registry.logins_of(["ACME", "NORD", "%"]) == {
        "ACME": ("ada", "ghost", "éva"),
        "NORD": ("ada", "eva"),
    }
    assert await registry.related_logins() == ["Ada", "ada", "ada ", "eva", "ghost", "éva"]


async def test_nothing_asked_costs_no_round_trip(database: Database) -> None:
    watched = recorded(database)
    registry = SqlRegistry(watched)
    assert await registry.customers_of([]) == await registry.logins_of([]) == {}
    assert await registry.dynamic_values("CustomerUser", []) == {}
    assert watched.asked == []
    await watched.close()


async def test_dynamic_values_are_texts_by_kind_in_the_order_of_their_index(registry: SqlRegistry) -> None:
    values = await registry.dynamic_values("CustomerUser", ["hans", "HANS2", "Hans", "ACME"])
    assert values == {
        "hans": {
            "Colour": ("r",),
            "Note": ("Likes trains",),
            "Tags": ("t2", "t1", "t3"),
            "Since": ("2026-05-06 07:08:09",),
            "Vip": ("1",),
        },
        "HANS2": {"Since": ("2026-05-07 00:00:00",), "Vip": ("0",)},
    }
    assert await registry.dynamic_values("CustomerCompany", ["hans"]) == {"hans": {"Branch": ("Rails",)}}


def _listed(text: str) -> Search:
    found = parse_list_search(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("field", "text", "names"),
    [
        ("Note", "TRAINS", ["hans", "müller"]),
        ("Note", "likes+trains", ["hans"]),
        ("Note", "likes*ins", ["hans"]),
        ("Note", "ins*likes", []),
        ("Note", "ünikat OR under", ["a_b", "müller"]),
        ("Note", "trains+!likes", ["müller"]),
        ("Note", "r_1", ["a_b"]),
        ("Note", "s_t", []),
        ("Note", "0%", ["a_b"]),
        ("Colour", "r", ["hans"]),
        ("Tags", "t1", ["hans"]),
        ("Tags", "t1+t2", []),
        ("Old", "old", []),
        ("Nothing", "old", []),
        ("Branch", "steel", []),
        ("Since", "2026-05-07", ["HANS2"]),
        ("Since", "2026", []),
        ("Vip", "1", ["hans"]),
        ("Vip", "yes", []),
    ],
)
async def test_a_search_is_one_criterion_for_one_value(
    registry: SqlRegistry, field: str, text: str, names: list[str]
) -> None:
    assert await registry.dynamic_matches("CustomerUser", DynamicSearch(field, search=_listed(text))) == names


async def test_customers_are_searched_by_their_own_fields(registry: SqlRegistry) -> None:
    found = DynamicSearch("Branch", search=parse_customer_search("(steel||rails)&&!rails"))
    assert await registry.dynamic_matches("CustomerCompany", found) == ["ACME"]


@pytest.mark.parametrize(
    ("field", "operator", "values", "names"),
    [
        ("Note", Operator.LIKE, ("*TRAINS",), ["hans", "müller"]),
        ("Note", Operator.LIKE, ("trains",), []),
        ("Note", Operator.LIKE, ("ünikat trains", "under_*"), ["a_b", "müller"]),
        ("Note", Operator.EQUALS, ("likes trains",), []),
        ("Note", Operator.EQUALS, ("Likes trains", "x"), ["hans"]),
        ("Note", Operator.GREATER_THAN, ("m",), ["a_b", "müller"]),
        ("Note", Operator.LIKE, (), []),
        ("Note", Operator.EQUALS, ("\0",), []),
        ("Note", Operator.EMPTY, (), ["a_b", "hans", "müller"]),
        ("Since", Operator.EMPTY, (), ["HANS2", "hans"]),
        ("Since", Operator.GREATER_THAN_EQUALS, ("2026-05-07",), ["HANS2"]),
        ("Since", Operator.SMALLER_THAN, ("2026-05-07T00:00",), ["hans"]),
        ("Since", Operator.EQUALS, ("2026-05-06 07:08:09",), ["hans"]),
        ("Since", Operator.GREATER_THAN, ("yesterday",), []),
        ("Vip", Operator.EQUALS, ("0",), ["HANS2"]),
        ("Vip", Operator.GREATER_THAN, ("-5",), ["HANS2", "hans"]),
        ("Vip", Operator.EQUALS, ("x",), []),
    ],
)
async def test_values_are_compared_as_their_kind_is(
    registry: SqlRegistry, field: str, operator: Operator, values: tuple[str, ...], names: list[str]
) -> None:
    search = DynamicSearch(field, values=values, operator=operator)
    assert await registry.dynamic_matches("CustomerUser", search) == names


async def test_missing_tables_are_found(database: Database) -> None:
    assert list((await SqlRegistry(database).inspect()).findings) == []
    renamed = await SqlRegistry(database, "permission_groups").inspect()
    assert list(renamed.findings) == [Finding("permission_groups", None)]
