"""`kundengraph init`: the tables of a registry, in each kind of database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.model import SourceKind
from backends.sql import ddl
from backends.sql.config import RegistryConfig
from backends.sql.database import Database, open_database
from backends.sql.ddl import audit
from backends.sql.tables import differences, tables_in, tables_of
from gateway.check import check
from gateway.cli import run_command
from gateway.config import loads
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.foundation import Outcome, attempt, lay
from tests.servers import need

TOML = """
[registry]
url = "{url}"
groups_table = "{groups}"
[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
[[sources]]
key = "people"
"""
NUMBERS = itertools.count()
EQUAL = "all tables are there already, with the columns they need; none was changed"


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database of each kind is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.sqlite"
    server: PostgreSQL | MariaDB = request.getfixturevalue(request.param)
    name = f"init_{next(NUMBERS)}"
    server.create_database(name)
    return server.url(name)


@pytest.fixture
async def database(url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The same database, open."""
    if url.startswith("sqlite"):
        (tmp_path / "registry.sqlite").touch()
    database = open_database(url, name="registry")
    yield database
    await database.close()


def config(url: str, groups: str = "groups_table") -> RegistryConfig:
    return RegistryConfig(url=url, groups_table=groups)


async def values(database: Database, sql: str) -> list[object]:
    return [row[0] for row in await database.fetch(sql)]


async def test_an_empty_registry_gets_its_tables_and_the_rows_of_a_fresh_system(
    url: str, database: Database
) -> None:
    outcome = await lay(config(url))
    assert outcome == Outcome(
        done=[
            "20 tables created, with the rows of a fresh system; groups are in groups_table",
            "kundengraph_audit: created",
        ]
    )
    assert await values(database, "SELECT name FROM valid ORDER BY id") == [
        "valid",
        "invalid",
        "invalid-temporarily",
    ]
    assert await values(database, "SELECT name FROM groups_table ORDER BY id") == ["users", "admin", "stats"]
    assert await values(database, "SELECT name FROM queue ORDER BY id") == [
        "Postmaster",
        "Raw",
        "Junk",
        "Misc",
    ]
    assert await values(database, "SELECT login FROM users") == ["root@localhost"]
    assert await values(database, "SELECT login FROM customer_user") == []


async def test_repeating_changes_nothing(url: str, database: Database) -> None:
    await lay(config(url))
    before = await tables_of(database, database.dialect.kind)
    assert await lay(config(url)) == Outcome(done=[EQUAL, "kundengraph_audit: is there already"])
    assert await tables_of(database, database.dialect.kind) == before
    assert len(await values(database, "SELECT id FROM groups_table")) == 3


async def test_what_was_written_in_between_stays(url: str, database: Database) -> None:
    await lay(config(url))
    await database.execute("UPDATE groups_table SET name = 'people' WHERE id = 1")
    await lay(config(url))
    assert await values(database, "SELECT name FROM groups_table ORDER BY id") == ["people", "admin", "stats"]


@pytest.mark.parametrize("groups", ["permission_groups", "groups"])
async def test_the_table_of_groups_has_the_configured_name(groups: str, url: str, database: Database) -> None:
    await lay(config(url, groups))
    tables = await tables_of(database, database.dialect.kind)
    assert groups in tables
    assert "groups_table" not in tables
    quoted = database.dialect.quoted(groups)
    assert await values(database, f"SELECT name FROM {quoted} ORDER BY id") == ["users", "admin", "stats"]
    assert (await lay(config(url, groups))).done[0] == EQUAL


async def test_the_table_of_groups_cannot_be_another_of_the_tables(url: str, database: Database) -> None:
    outcome = await lay(config(url, "users"))
    assert outcome.differences == ["registry.groups_table: users is the name of another table"]
    assert await tables_of(database, database.dialect.kind) == {}


async def test_only_the_audit_is_added_beside_the_tables_of_a_running_system(
    url: str, database: Database
) -> None:
    await lay(config(url))
    await database.execute("DROP TABLE kundengraph_audit")
    await database.execute("CREATE TABLE article (id INTEGER NOT NULL)")
    await database.execute("ALTER TABLE customer_user ADD COLUMN room VARCHAR(20)")
    before = await tables_of(database, database.dialect.kind)
    outcome = await lay(config(url))
    assert outcome.done == [EQUAL, "1 other table left alone", "kundengraph_audit: created"]
    after = await tables_of(database, database.dialect.kind)
    assert {name: columns for name, columns in after.items() if name != audit.TABLE} == before


async def test_an_older_audit_gets_the_columns_it_lacks(url: str, database: Database) -> None:
    await lay(config(url))
    await database.execute("ALTER TABLE kundengraph_audit DROP COLUMN before_hash")
    await database.execute("ALTER TABLE kundengraph_audit DROP COLUMN actor")
    assert (await lay(config(url))).done[-1] == "kundengraph_audit: 2 columns added"
    assert (await lay(config(url))).done[-1] == "kundengraph_audit: is there already"


async def test_the_audit_takes_a_mutation(url: str, database: Database) -> None:
    await lay(config(url))
    await database.execute(
        "INSERT INTO kundengraph_audit (at, actor, mutation, target, source_key, changed_fields, request_id,"
        " before_hash, after_hash) VALUES ('2026-01-01 12:00:00', 'crm', 'updateCustomerUser', 'ada', 'desk',"
        " 'email,phone', 'r-1', 'a', 'b')"
        if database.dialect.kind is not SourceKind.POSTGRESQL
        else "INSERT INTO kundengraph_audit (at, actor, mutation, target) VALUES (now(), 'crm', 'm', 'ada')"
    )
    assert await values(database, "SELECT target FROM kundengraph_audit") == ["ada"]


async def test_a_registry_that_differs_is_refused_with_every_difference(url: str, database: Database) -> None:
    await lay(config(url))
    for statement in (
        "ALTER TABLE customer_company DROP COLUMN comments",
        "ALTER TABLE customer_user ADD COLUMN floor INTEGER NOT NULL DEFAULT 0",
        "DROP TABLE search_profile",
        "DROP TABLE customer_preferences",
        "CREATE TABLE customer_preferences (user_id VARCHAR(20), preferences_key INTEGER,"
        " preferences_value VARCHAR(300) NOT NULL, room INTEGER NOT NULL)",
        "DROP TABLE kundengraph_audit",
        "CREATE TABLE kundengraph_audit (id INTEGER NOT NULL)",
    ):
        await database.execute(statement)
    before = await tables_of(database, database.dialect.kind)
    outcome = await lay(config(url))
    assert not outcome.done
    whole = before["customer_preferences"]["preferences_key"].type
    assert outcome.differences == [
        "customer_company.comments is missing",
        "customer_preferences.user_id takes 20 characters, where 191 are needed",
        f"customer_preferences.preferences_key is {whole}, where text is needed",
        "customer_preferences.preferences_value must not be empty, where that is allowed",
        "customer_preferences.room is not ours, and cannot be left out when a row is written",
        "table search_profile is missing",
    ]
    assert await tables_of(database, database.dialect.kind) == before


async def test_a_database_of_something_else_is_refused(url: str, database: Database) -> None:
    await database.execute("CREATE TABLE things (id INTEGER NOT NULL)")
    outcome = await lay(config(url))
    assert len(outcome.differences) == 20
    assert "table customer_user is missing" in outcome.differences
    assert list(await tables_of(database, database.dialect.kind)) == ["things"]


async def test_what_was_interrupted_is_all_undone_or_completed(
    url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ddl.statements(database.dialect.kind)

    def broken(_kind: SourceKind) -> list[str]:
        tables = tables_in(whole)
        return [*whole[: len(tables) // 2], "CREATE NONSENSE"]

    monkeypatch.setattr("backends.sql.ddl.statements", broken)
    outcome = await attempt(config(url))
    assert outcome.reason is not None
    monkeypatch.undo()
    partial = await tables_of(database, database.dialect.kind)
    assert bool(partial) == (database.dialect.kind is SourceKind.MARIADB)
    assert "created, with the rows of a fresh system" in (await lay(config(url))).done[0]
    present = await tables_of(database, database.dialect.kind)
    assert list(differences(tables_in(whole), present)) == []
    assert len(await values(database, "SELECT id FROM queue")) == 4


async def test_foreign_keys_are_made_once_where_ddl_cannot_be_undone(mariadb: MariaDB) -> None:
    mariadb.create_database("init_keys")
    database = open_database(mariadb.url("init_keys"), name="registry")
    count = (
        "SELECT COUNT(*) FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()"
    )
    try:
        await lay(config(mariadb.url("init_keys")))
        (number,) = await values(database, count)
        await database.execute("ALTER TABLE queue DROP FOREIGN KEY FK_queue_valid_id_id")
        await database.execute("DELETE FROM ticket_history_type")
        await database.execute("DROP TABLE kundengraph_audit")
        await lay(config(mariadb.url("init_keys")))
        assert await values(database, count) == [number]
        assert await values(database, "SELECT id FROM ticket_history_type") == [21]
    finally:
        await database.close()


async def test_a_file_that_was_made_for_nothing_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ddl.statements(SourceKind.SQLITE)
    monkeypatch.setattr("backends.sql.ddl.statements", lambda _kind: [*whole, "CREATE NONSENSE"])
    outcome = await attempt(config(f"sqlite:///{tmp_path}/new.sqlite"))
    assert outcome.reason is not None
    assert list(tmp_path.iterdir()) == []


async def test_views_of_extensions_do_not_make_a_database_used(postgresql: PostgreSQL) -> None:
    postgresql.create_database("init_extension")
    available = postgresql.run_sql(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'"
    )
    if available.strip() == "0":
        need("pg_stat_statements is not there")
    postgresql.run_sql("CREATE EXTENSION pg_stat_statements", "init_extension")
    assert "20 tables created" in (await lay(config(postgresql.url("init_extension")))).done[0]


async def test_two_that_begin_at_once_make_it_once(postgresql: PostgreSQL) -> None:
    postgresql.create_database("init_twice")
    one = config(postgresql.url("init_twice"))
    outcomes = await asyncio.gather(lay(one), lay(one))
    assert sorted(outcome.done[0] for outcome in outcomes)[1] == EQUAL


@pytest.mark.parametrize("groups", ["groups_table", "permission_groups"])
async def test_check_accepts_what_init_made(groups: str, url: str, tmp_path: Path) -> None:
    file = tmp_path / "kundengraph.toml"
    file.write_text(TOML.format(url=url, groups=groups))
    config_ = loads(file.read_text(), file, {})
    await lay(config_.registry)
    assert all(one.can_serve for one in await check(config_))


class TestCommand:
    def test_says_what_it_did_and_exits_with_0(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "kundengraph.toml"
        file.write_text(TOML.format(url="sqlite:///registry.sqlite", groups="groups_table"))
        assert run_command(["init", str(file)]) == 0
        assert capsys.readouterr().out == (
            "registry: 20 tables created, with the rows of a fresh system; groups are in groups_table\n"
            "registry: kundengraph_audit: created\n"
        )
        assert run_command(["init", str(file)]) == 0

    def test_says_what_differs_and_exits_with_1(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "kundengraph.toml"
        file.write_text(TOML.format(url="sqlite:///registry.sqlite", groups="groups_table"))
        run_command(["init", str(file)])
        file.write_text(TOML.format(url="sqlite:///registry.sqlite", groups="permission_groups"))
        capsys.readouterr()
        assert run_command(["init", str(file)]) == 1
        assert capsys.readouterr().out == (
            "registry: is not empty, and differs from what is needed; nothing was changed:\n"
            "    table permission_groups is missing\n"
        )

    def test_s19_says_why_the_registry_cannot_be_used_and_no_secret(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "kundengraph.toml"
        file.write_text(TOML.format(url="postgresql://u:canary@127.0.0.1:1/d", groups="groups_table"))
        assert run_command(["init", str(file)]) == 1
        output = "".join(capsys.readouterr())
        assert "registry: cannot be used: " in output
        assert "canary" not in output

    def test_exits_with_2_for_a_file_that_is_not_usable(self, tmp_path: Path) -> None:
        assert run_command(["init", str(tmp_path / "missing.toml")]) == 2
