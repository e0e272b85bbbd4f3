"""`kundengraph check` against real servers: what is there, what is not, and which statement would help."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from backends.model import SourceKind
from backends.sql.ddl import statements
from gateway.check import SourceFindings, check
from gateway.cli import run_command
from gateway.config import loads
from gateway.demo.servers.mariadb import MariaDB
from gateway.demo.servers.ports import free_port
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.demo.servers.slapd import Slapd

KEY = "k" * 40
NOW = "2026-01-01 12:00:00"
CANARY = "canary-7f3a9c51e2"
ROOM = '[[sources.fields]]\nvariable = "UserRoom"\ncolumn = "room"\n'
FLOOR = '[[sources.fields]]\nvariable = "UserFloor"\ncolumn = "floor"\ntype = "int"\n'


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a complete registry without anybody in it."""
    return f"sqlite:///{a_file(tmp_path_factory.mktemp('registry') / 'registry.db')}"


@pytest.fixture(scope="module")
def in_postgresql(postgresql: PostgreSQL) -> str:
    """Name of a database with OTOBO's tables."""
    postgresql.create_database("checked")
    postgresql.run_sql(";\n".join([*statements(SourceKind.POSTGRESQL), ""]), "checked")
    return "checked"


@pytest.fixture(scope="module")
def in_mariadb(mariadb: MariaDB) -> str:
    """Name of a database with OTOBO's tables."""
    mariadb.create_database("checked")
    mariadb.run_sql(";\n".join([*statements(SourceKind.MARIADB), ""]), "checked")
    return "checked"


def a_file(path: Path) -> Path:
    """A SQLite file with OTOBO's tables."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements(SourceKind.SQLITE):
            connection.execute(statement)
        connection.commit()
    return path


def text_of(registry: str, sources: str) -> str:
    return f'[registry]\nurl = "{registry}"\n[auth]\nsigning_key = "{KEY}"\n{sources}'


def source(key: str, url: str = "", more: str = "") -> str:
    return f'[[sources]]\nkey = "{key}"\nurl = "{url}"\n{more}'


def directory(server: Slapd, password: str, more: str = "") -> str:
    bind = f'bind_dn = "{server.rootdn}"\nbind_password = "{password}"\n'
    return source("ldap", server.url, f'base_dn = "ou=people,{server.suffix}"\n{bind}{more}')


async def findings(registry: str, sources: str) -> dict[str, SourceFindings]:
    """What is found, by the path of the store."""
    config = loads(text_of(registry, sources), Path("/etc/kundengraph.toml"), {})
    return {found.path: found for found in await check(config)}


async def test_what_is_as_the_file_says_can_serve(
    registry: str, postgresql: PostgreSQL, in_postgresql: str, slapd: Slapd
) -> None:
    sources = source("people", postgresql.url(in_postgresql)) + directory(slapd, slapd.rootpw)
    found = await findings(registry, sources)
    assert [*found] == ["registry", "sources[0]", "sources[1]", "customers[0]"]
    assert all(one.can_serve for one in found.values()), found
    assert (found["sources[0]"].rows, found["sources[1]"].rows, found["customers[0]"].rows) == (0, 4, 0)


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def table(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[str, Path | PostgreSQL | MariaDB]]:
    """Address of a database with OTOBO's tables, and whoever runs statements there."""
    if request.param == "sqlite":
        path = a_file(tmp_path / "people.db")
        yield f"sqlite:///{path}", path
        return
    server = request.getfixturevalue(request.param)
    database = request.getfixturevalue(f"in_{request.param}")
    yield server.url(database), server
    server.run_sql(
        "ALTER TABLE customer_user DROP COLUMN room; ALTER TABLE customer_user DROP COLUMN floor", database
    )


async def test_the_statement_printed_for_a_missing_column_adds_it(
    registry: str, table: tuple[str, Path | PostgreSQL | MariaDB]
) -> None:
    url, server = table
    before = (await findings(registry, source("people", url, ROOM + FLOOR)))["sources[0]"]
    assert before.reason is None
    assert not before.can_serve
    assert [one.column for one in before.missing] == ["room", "floor"]
    for one in before.missing:
        assert one.remedy is not None
        assert one.remedy.startswith(f"ALTER TABLE customer_user ADD COLUMN {one.column} ")
        if isinstance(server, Path):
            with closing(sqlite3.connect(server)) as connection:
                connection.execute(one.remedy)
        else:
            server.run_sql(one.remedy, "checked")
    after = (await findings(registry, source("people", url, ROOM + FLOOR)))["sources[0]"]
    assert after.can_serve


async def test_nothing_is_written(registry: str, tmp_path: Path) -> None:
    path = a_file(tmp_path / "people.db")
    before = path.read_bytes()
    await findings(registry, source("people", f"sqlite:///{path}", ROOM))
    assert path.read_bytes() == before


async def test_a_table_that_is_not_there_is_named(registry: str, tmp_path: Path) -> None:
    url = f"sqlite:///{a_file(tmp_path / 'people.db')}"
    found = (await findings(registry, source("people", url, 'table = "persons"\n')))["sources[0]"]
    assert [one.column for one in found.missing] == ["persons"]


async def test_a_registry_without_its_tables_cannot_serve(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    found = await findings(f"sqlite:///{tmp_path}/empty.db", source("people"))
    assert not found["registry"].can_serve
    assert "customer_preferences" in [one.column for one in found["registry"].missing]
    assert not found["sources[0]"].can_serve
    assert not found["customers[0]"].can_serve


async def test_an_attribute_that_no_schema_knows_is_missing(registry: str, slapd: Slapd) -> None:
    text = directory(slapd, slapd.rootpw, '[[sources.fields]]\nvariable = "UserRoom"\ncolumn = "roomNumbr"\n')
    found = (await findings(registry, text))["sources[0]"]
    assert [(one.column, one.remedy) for one in found.missing] == [("roomNumbr", None)]


class TestReasons:
    async def test_a_wrong_password_of_a_database(
        self, registry: str, postgresql: PostgreSQL, mariadb: MariaDB
    ) -> None:
        urls = [
            f"postgresql://postgres:{CANARY}@127.0.0.1:{postgresql.port}/postgres",
            f"mariadb://gw:{CANARY}@127.0.0.1:{mariadb.port}/gw",
        ]
        found = await findings(registry, source("one", urls[0]) + source("two", urls[1]))
        for path in ("sources[0]", "sources[1]"):
            assert found[path].reason == "the user or its password is refused"
        assert CANARY not in repr(found)

    async def test_a_wrong_password_of_a_directory(self, registry: str, slapd: Slapd) -> None:
        found = (await findings(registry, directory(slapd, CANARY)))["sources[0]"]
        assert found.reason == "the user or its password is refused"
        assert CANARY not in repr(found)

    async def test_a_database_that_does_not_exist(
        self, registry: str, postgresql: PostgreSQL, mariadb: MariaDB
    ) -> None:
        sources = source("one", postgresql.url("nowhere")) + source("two", mariadb.url("nowhere"))
        found = await findings(registry, sources)
        assert found["sources[0]"].reason == "there is no database of that name"
        assert found["sources[1]"].reason in ("there is no database of that name", "the user may not read it")

    @pytest.mark.parametrize("scheme", ["postgresql", "mariadb", "ldap"])
    async def test_a_port_where_nobody_listens(self, scheme: str, registry: str) -> None:
        path, more = ("", 'base_dn = "o=x"\n') if scheme == "ldap" else ("/people", "")
        url = f"{scheme}://127.0.0.1:{free_port()}{path}"
        found = (await findings(registry, source("people", url, more)))["sources[0]"]
        assert found.reason == "nothing answers at that address"

    async def test_a_host_that_nobody_knows(self, registry: str) -> None:
        url = "postgresql://reader@people.invalid/people"
        found = (await findings(registry, source("people", url)))["sources[0]"]
        assert found.reason in ("the host's name is not known", "no answer within 2 s")

    async def test_a_file_that_is_not_there(self, registry: str, tmp_path: Path) -> None:
        found = (await findings(registry, source("people", f"sqlite:///{tmp_path}/no.db")))["sources[0]"]
        assert found.reason is not None
        assert found.reason.startswith(f"there is no file {tmp_path}/no.db")

    async def test_a_file_that_is_no_database(self, registry: str, tmp_path: Path) -> None:
        (tmp_path / "no.db").write_text("people\n" * 1000)
        found = (await findings(registry, source("people", f"sqlite:///{tmp_path}/no.db")))["sources[0]"]
        assert found.reason == "it is not a SQLite database that can be used"

    async def test_a_server_that_keeps_silent_costs_its_own_timeout_and_no_others(
        self, registry: str
    ) -> None:
        seen: list[int] = []
        async with silent(seen) as port:
            sources = "".join(
                source(f"s{number}", f"postgresql://u@127.0.0.1:{port}/d", "timeout = 0.5\n")
                for number in range(8)
            )
            found = await findings(registry, sources)
        assert max(seen) > 1  # they were waited for at the same time
        assert {found[f"sources[{number}]"].reason for number in range(8)} == {"no answer within 0.5 s"}
        assert found["registry"].can_serve


async def test_s4_a_password_in_clear_across_a_network_is_advised_against(registry: str) -> None:
    more = 'base_dn = "o=x"\nbind_dn = "cn=x"\nbind_password = "x"\ntimeout = 0.2\n'
    found = (await findings(registry, source("ldap", "ldap://192.0.2.1", more)))["sources[0]"]
    assert found.reason is not None
    assert found.advice == (
        "the password of bind_dn crosses the network in clear: use ldaps://, or start_tls = true",
    )


class TestTheCommand:
    """Runs a loop of its own, and therefore outside the tests' loop."""

    def test_prints_each_source_and_exits_with_0(
        self, registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "kundengraph.toml"
        file.write_text(text_of(registry, source("people")))
        assert run_command(["check", str(file)]) == 0
        assert capsys.readouterr().out == (
            "registry (sqlite): reachable\n"
            "sources[0]: people (sqlite): reachable, 0 rows\n"
            "customers[0]: customer_company, Database (sqlite): reachable, 0 rows\n"
            "kundengraph.toml can serve.\n"
        )

    def test_prints_the_statement_on_a_line_of_its_own_and_exits_with_1(
        self, registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "kundengraph.toml"
        dead = source("dead", f"postgresql://u:{CANARY}@127.0.0.1:{free_port()}/d")
        file.write_text(text_of(registry, source("people", more=ROOM) + dead))
        assert run_command(["check", str(file)]) == 1
        out, err = capsys.readouterr()
        assert "    column room is mapped, but does not exist\n" in out
        assert "\n      ALTER TABLE customer_user ADD COLUMN room " in out
        assert "sources[1]: dead (postgresql): cannot be used: nothing answers at that address\n" in out
        assert out.endswith("kundengraph.toml cannot serve as it is: see sources[0], sources[1].\n")
        assert CANARY not in out + err


@asynccontextmanager
async def silent(seen: list[int] | None = None) -> AsyncIterator[int]:
    """A port where connections are taken, and never a word is said; `seen` is how many were open at each new one."""
    ended = asyncio.Event()
    guests: set[asyncio.StreamReader] = set()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        guests.add(reader)
        if seen is not None:
            seen.append(len(guests))
        while await reader.read(1000):
            pass
        guests.discard(reader)
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()
        await server.wait_closed()


async def test_a_registry_without_tickets_can_serve_and_is_told_so(tmp_path: Path) -> None:
    file = a_file(tmp_path / "registry.db")
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("DROP TABLE ticket_history; DROP TABLE ticket;")
    found = await findings(f"sqlite:///{file}", source("customer_user"))
    assert found["registry"].can_serve
    assert "No tables ticket, ticket_history" in " ".join(found["registry"].advice)


async def test_a_ticket_field_that_is_mapped_and_not_there_is_told(tmp_path: Path) -> None:
    file = a_file(tmp_path / "registry.db")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "INSERT INTO dynamic_field (name, label, field_order, field_type, object_type, valid_id, create_time,"
            f" create_by, change_time, change_by) VALUES ('Login', '', 1, 'Text', 'Ticket', 1, '{NOW}', 1, '{NOW}', 1)"
        )
        connection.commit()
    mapped = '[tickets.dynamic_fields]\nUserLogin = "Login"\nUserCity = "City"\n'
    found = await findings(f"sqlite:///{file}", mapped + source("customer_user"))
    assert found["registry"].can_serve
    assert list(found["registry"].advice) == [
        "Tickets have no dynamic field City: no customer user can be set."
    ]
