"""What the contract does not say of tables: types of columns, collations, round trips, indexes, `check`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING, FieldCondition, Filter, Members, Operator, Question
from backends.mapping import FieldType, RecordMapping
from backends.model import CustomerUser, Finding, SourceKind, Validity
from backends.order import Order, OrderTerm
from backends.search import parse_words
from backends.sql.backend import SqlBackend
from backends.sql.database import Database, open_database
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from tests.builders import USER_FIELDS, a_field, a_mapping
from tests.sql.conftest import Recorder, recorded

BY_KEY = Order(())


async def a_table(database: Database, *columns: str, rows: Sequence[Sequence[str]] = ()) -> None:
    """A new table `things`, with rows given as SQL."""
    await database.execute(f"CREATE TABLE things ({', '.join(columns)})")
    if rows:
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        await database.execute(f"INSERT INTO things VALUES {values}")


def a_narrow_mapping(**changes: Any) -> RecordMapping:
    """The mapping of a table of login, email, customer_id and valid_id."""
    names = ("login", "email", "customer_id", "valid_id")
    fields = tuple(field for field in USER_FIELDS if field.column in names)
    narrow: dict[str, Any] = {
        "fields": fields,
        "list_columns": ("email",),
        "name_columns": ("email",),
        "columns": ("login", "email"),
        "audited": False,
    }
    return a_mapping(**narrow | changes)


def a_backend(database: Database, mapping: RecordMapping | None = None) -> SqlBackend[CustomerUser]:
    """The customer users in `things`."""
    mapping = mapping or a_narrow_mapping()
    return SqlBackend(mapping, database, "things", mapping.customer_user)


NARROW = (
    "login VARCHAR(191) PRIMARY KEY",
    "email VARCHAR(150)",
    "customer_id VARCHAR(150)",
    "valid_id SMALLINT",
)


def narrow_rows(*logins: str) -> list[list[str]]:
    """Rows of a narrow table."""
    return [[f"'{login}'", f"'{login}@x.org'", "'ACME'", "1"] for login in logins]


async def logins(
    backend: SqlBackend[CustomerUser], filter: Filter = EVERYTHING, order: Order = BY_KEY
) -> list[str]:
    """The logins that match, in order."""
    (page,) = await backend.pages([Question(filter, order, 100)])
    return [row.record.login for row in page.rows]


@pytest.mark.parametrize("type_", [FieldType.INT, FieldType.STRING])
async def test_a_key_that_is_a_number_is_compared_as_text(database: Database, type_: FieldType) -> None:
    rows = [["7", "'a'", "'A'", "1"], ["10", "'b'", "'A'", "1"], ["-3", "'c'", "'A'", "1"]]
    await a_table(database, "login BIGINT PRIMARY KEY", *NARROW[1:], rows=rows)
    field = a_field("UserLogin", "login", type_)
    fields = (field, *(row for row in a_narrow_mapping().fields if row.column != "login"))
    backend = a_backend(database, a_narrow_mapping(fields=fields))
    asked = ["007", "7", " 7", "7.0", "+7", "1e1", "10", "-3", "abc", "", "9" * 30]
    assert set(await backend.get_many(asked)) == await backend.have(asked) == {"7", "10", "-3"}
    assert await logins(backend) == ["-3", "10", "7"]
    assert await logins(backend, Filter(keys=("007", "10", "x"))) == ["10"]
    if type_ is FieldType.INT:
        assert await logins(backend, Filter(login="7")) == ["7"]


async def test_columns_of_numbers_and_times_are_searched_as_text_and_sorted_as_what_they_are(
    database: Database,
) -> None:
    numbers = ["5", "-40", "1000", "NULL", "9223372036854775807", "-9223372036854775807", "0"]
    rows = [
        [f"'u{place}'", number, f"'2026-01-0{place + 1} 00:00:00'", "NULL"]
        for place, number in enumerate(numbers)
    ]
    time = "DATETIME" if database.dialect.kind is SourceKind.MARIADB else "TIMESTAMP"
    await a_table(
        database,
        "login VARCHAR(20)", "floor BIGINT", f"change_time {time}", f"create_time {time}",
        rows=rows,
    )  # fmt: skip
    mapping = a_narrow_mapping(
        fields=(a_field("UserLogin", "login"), a_field("UserFloor", "floor", FieldType.INT)),
        valid_column=None,
        customer_id_column=None,
        list_columns=(),
        name_columns=(),
        audited=True,
        columns=("login", "floor"),
        post_master_columns=(),
    )
    backend = a_backend(database, mapping)
    by_floor = Order.of([OrderTerm("floor")], "login")
    assert await logins(backend, order=by_floor) == ["u3", "u5", "u1", "u6", "u0", "u2", "u4"]
    by_time = Order.of([OrderTerm("changedAt", True), OrderTerm("createdAt")], "login")
    (page,) = await backend.pages([Question(EVERYTHING, by_time, 1)])
    assert page.rows[0].position.parts == ("2026-01-07 00:00:00", "", "u6", "u6")
    above = FieldCondition("floor", ("4",), Operator.GREATER_THAN)
    assert await logins(backend, Filter(fields=(above,))) == ["u0", "u2", "u4"]
    assert await logins(backend, Filter(search=parse_words("00"))) == ["u2"]
    assert await logins(backend, Filter(fields=(FieldCondition("floor", ("-4*",)),))) == ["u1"]


async def test_a_row_without_key_does_not_exist(database: Database) -> None:
    rows = [["NULL", "'a'", "'A'", "1"], ["''", "'b'", "'A'", "1"], ["'ada'", "'c'", "'A'", "1"]]
    await a_table(database, "login VARCHAR(191)", *NARROW[1:], rows=rows)
    backend = a_backend(database)
    assert await logins(backend) == ["ada"]
    assert (await backend.counts([EVERYTHING]))[0].number == 1
    assert await backend.keys(EVERYTHING, None, 10) == [("ada", "ada")]
    assert await backend.have(["", "ada"]) == {"ada"}
    assert (await backend.inspect()).rows == 1


async def test_one_call_is_one_round_trip(database: Database) -> None:
    await a_table(database, *NARROW, rows=narrow_rows("ada", "Bob"))
    watched = recorded(database)
    backend = a_backend(watched)
    await backend.get_many(["ada"])
    for call in (
        backend.get_many(["ada", "BOB", "nobody"]),
        backend.have(["ada", "BOB", "nobody"]),
        backend.pages([Question(Filter(members=Members(str(n), ())), BY_KEY, 5) for n in range(100)]),
        backend.counts([EVERYTHING] * 100),
        backend.tally("customerId", EVERYTHING),
        backend.keys(EVERYTHING, None, 5),
        backend.twins(),
    ):
        watched.asked.clear()
        await call
        assert len(watched.asked) == 1
    watched.asked.clear()
    pages = await backend.pages([Question(Filter(keys=("ada", str(n))), BY_KEY, 5) for n in range(250)])
    assert [len(page.rows) for page in pages] == [1] * 250
    assert len(watched.asked) == 3
    await watched.close()


async def test_the_text_of_a_look_up_does_not_depend_on_how_many_keys_are_more_than_one(
    database: Database,
) -> None:
    """PostgreSQL plans that for one key once, and that for a list of unknown length each time."""
    await a_table(database, *NARROW, rows=narrow_rows("ada"))
    watched = recorded(database)
    backend = a_backend(watched)
    await backend.get_many(["ada"])
    watched.asked.clear()
    for number in (1, 2, 3, 1000):
        await backend.get_many([f"user{n}" for n in range(number)])
    one, *more = watched.asked
    assert len(set(more)) == 1
    assert (one in more) == (database.dialect.kind is not SourceKind.POSTGRESQL)
    await watched.close()


async def test_no_statement_names_the_password(database: Database) -> None:
    await a_table(database, *NARROW, "pw VARCHAR(128)")
    watched = recorded(database)
    await every_question(watched)
    assert watched.asked
    assert not [sql for sql in watched.asked if "pw" in sql or ("*" in sql and "FROM things" in sql)]
    await watched.close()


async def every_question(watched: Recorder) -> None:
    """Ask all that a backend can be asked."""
    backend = a_backend(watched)
    await backend.get_many(["ada"])
    await backend.have(["ada"])
    for asked in (EVERYTHING, Filter(search=parse_words("a"))):
        await backend.pages([Question(asked, BY_KEY, 5)] * 3)
        await backend.counts([asked])
        await backend.tally("email", asked)
        await backend.keys(asked, None, 5)
    await backend.twins()


async def test_a_missing_table_is_an_error_and_a_finding_until_it_comes(database: Database) -> None:
    backend = a_backend(database)
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            await backend.get_many(["ada"])
    assert await backend.inspect() == dataclasses.replace(
        await backend.inspect(), rows=None, findings=[Finding("things", None)], advice=()
    )
    await a_table(database, *NARROW, rows=narrow_rows("ada"))
    assert set(await backend.get_many(["ADA"])) == {"ADA"}


async def test_missing_columns_are_found_with_the_statement_that_adds_them(database: Database) -> None:
    await a_table(database, *NARROW, rows=narrow_rows("ada"))
    fields = (
        *a_narrow_mapping().fields,
        a_field("UserRoom", "room"),
        a_field("UserFloor", "floor", FieldType.INT),
    )
    backend = a_backend(database, a_narrow_mapping(fields=fields))
    found = await backend.inspect()
    assert list(found.findings) == [
        Finding("room", "ALTER TABLE things ADD COLUMN room VARCHAR(250)"),
        Finding("floor", "ALTER TABLE things ADD COLUMN floor INTEGER"),
        Finding("pw", "ALTER TABLE things ADD COLUMN pw VARCHAR(250)"),
    ]
    assert found.rows == 1
    for finding in found.findings:
        await database.execute(str(finding.remedy))
    assert list((await backend.inspect()).findings) == []
    assert await logins(backend) == ["ada"]


async def test_an_index_that_is_advised_is_not_advised_twice(database: Database) -> None:
    await a_table(database, *NARROW)
    backend = a_backend(database)
    advice = (await backend.inspect()).advice
    if database.dialect.kind is SourceKind.SQLITE:
        assert list(advice) == []
        return
    assert len(advice) == (3 if database.dialect.kind is SourceKind.POSTGRESQL else 2)
    for sentence in advice:
        await database.execute(sentence.partition("helps: ")[2])
    assert list((await backend.inspect()).advice) == []


async def test_a_source_of_unusual_validities_counts_them_as_invalid(database: Database) -> None:
    rows = [[f"'u{place}'", "''", "''", value] for place, value in enumerate(("1", "2", "3", "NULL", "9"))]
    await a_table(database, *NARROW, rows=rows)
    backend = a_backend(database)
    assert await logins(backend, Filter(validity=frozenset({Validity.INVALID}))) == ["u1", "u3", "u4"]
    by_validity = Order.of([OrderTerm("validity", True)], "login")
    assert await logins(backend, order=by_validity) == ["u2", "u4", "u3", "u1", "u0"]


async def plan(database: Database, sql: str, args: Sequence[Any]) -> str:
    """How the store would run a statement."""
    return "\n".join(str(tuple(row)) for row in await database.fetch(f"EXPLAIN {sql}", args))


async def test_exact_look_ups_and_long_pages_use_the_index_of_the_key(own_postgresql: PostgreSQL) -> None:
    database = open_database(own_postgresql.url(), name="people", pool_size=1)
    await database.execute("DROP TABLE IF EXISTS things")
    await a_table(database, *NARROW, rows=narrow_rows(*(f"user{n}" for n in range(5000))))
    await database.execute("ANALYZE things")
    backend = a_backend(database)
    await backend.get_many(["x"])
    texts = await backend._texts()
    shown = await plan(database, texts.records.text_for(1), texts.records.arguments(["user7"]))
    assert "Index Scan using things_pkey" in shown
    assert "One-Time Filter" in shown
    for sentence in (await backend.inspect()).advice:
        await database.execute(sentence.partition("helps: ")[2])
    await database.execute("ANALYZE things")
    shown = await plan(database, texts.records.text_for(1), texts.records.arguments(["user7"]))
    assert "Seq Scan" not in shown
    shown = await plan(
        database, *backend._single(Question(Filter(), BY_KEY, 1000), texts.statements, capped=False)
    )
    assert "Sort" not in shown  # though most of the table is asked for
    await database.close()


@pytest.mark.parametrize("collation", ["utf8mb4_unicode_ci", "utf8mb4_general_ci", "utf8mb4_bin"])
async def test_mariadb_finds_small_letters_by_any_collation(own_mariadb: MariaDB, collation: str) -> None:
    database = open_database(own_mariadb.url(), name="people", pool_size=1)
    await database.execute("DROP TABLE IF EXISTS things")
    columns = (f"login VARCHAR(191) COLLATE {collation} PRIMARY KEY", *NARROW[1:])
    await a_table(database, *columns, rows=narrow_rows("müller", "Ada", "groß"))
    backend = a_backend(database)
    asked = ["MÜLLER", "muller", "ada", "Ada ", "GROß", "gross", "Ada"]
    assert await backend.have(asked) == {"MÜLLER", "ada", "GROß", "Ada"}
    assert await logins(backend, Filter(keys=tuple(asked))) == ["Ada", "groß", "müller"]
    await database.close()


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "latin1 COLLATE latin1_bin", "cp1250"])
async def test_mariadb_compares_columns_of_other_character_sets(own_mariadb: MariaDB, charset: str) -> None:
    database = open_database(own_mariadb.url(), name="people", pool_size=1)
    await database.execute("DROP TABLE IF EXISTS things")
    await database.execute(f"CREATE TABLE things ({', '.join(NARROW)}) CHARACTER SET {charset}")
    await database.execute("INSERT INTO things VALUES ('müller', 'm@x.org', 'ACME', 1)")
    backend = a_backend(database)
    assert await backend.have(["MÜLLER", "muller", "😀", "müller"]) == {"MÜLLER", "müller"}
    assert await logins(backend, Filter(search=parse_words("ÜLL"))) == ["müller"]
    assert await logins(backend, Filter(search=parse_words("😀"))) == []
    await database.close()


async def test_mariadb_uses_the_index_of_a_column_that_ignores_case(own_mariadb: MariaDB) -> None:
    database = open_database(own_mariadb.url(), name="people", pool_size=1)
    await database.execute("DROP TABLE IF EXISTS things")
    await a_table(database, *NARROW, rows=narrow_rows(*(f"user{n}" for n in range(3000))))
    watched = recorded(database)
    backend = a_backend(watched)
    assert await logins(backend, Filter(keys=("USER7",))) == ["user7"]
    condition, args = backend._shape(Filter(keys=("USER7",)), (await backend._texts()).statements)
    shown = await plan(database, (await backend._texts()).statements.counts(((condition, False),)), args)
    assert "PRIMARY" in shown
    await watched.close()
    await database.close()


async def test_a_table_may_be_named_with_its_schema(own_postgresql: PostgreSQL) -> None:
    database = open_database(own_postgresql.url(), name="people", pool_size=1)
    await database.execute("CREATE SCHEMA IF NOT EXISTS other")
    await database.execute("DROP TABLE IF EXISTS other.things")
    await database.execute(f"CREATE TABLE other.things ({', '.join(NARROW)})")
    mapping = a_narrow_mapping()
    backend = SqlBackend(mapping, database, "other.things", mapping.customer_user)
    assert await backend.have(["ada"]) == set()
    assert (await backend.inspect()).rows == 0
    await database.close()


@pytest.mark.parametrize("table", ["things; DROP TABLE x", 'a"b', "a.b.c", "", "ü", "a b"])
async def test_a_table_that_is_no_identifier_is_refused(database: Database, table: str) -> None:
    mapping = a_narrow_mapping()
    with pytest.raises(ValueError, match="identifier"):
        SqlBackend(mapping, database, table, mapping.customer_user)
