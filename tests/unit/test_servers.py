"""The private servers start, answer, fall silent, come back and leave nothing behind."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncmy
import asyncpg
import pytest

from gateway.demo.servers import mariadb as mariadb_server
from gateway.demo.servers import postgresql as postgresql_server
from gateway.demo.servers import redis as redis_server
from gateway.demo.servers import slapd as slapd_server
from gateway.demo.servers.mariadb import MariaDB, start_mariadb
from gateway.demo.servers.ports import is_open
from gateway.demo.servers.postgresql import PostgreSQL, start_postgresql
from gateway.demo.servers.process import Server, wait_until
from gateway.demo.servers.redis import Redis, start_redis
from gateway.demo.servers.slapd import Slapd, start_slapd
from tests.servers import ldif, need, tls_files

ADA = "uid=ada,ou=people,dc=example,dc=org"

STARTS: dict[str, tuple[Callable[[], str | None], Callable[[], Server]]] = {
    "postgresql": (postgresql_server.available, start_postgresql),
    "mariadb": (mariadb_server.available, start_mariadb),
    "slapd": (slapd_server.available, lambda: start_slapd(ldif())),
    "redis": (redis_server.available, start_redis),
}

ORPHANAGE = """\
import os, signal
from tests.unit.test_servers import STARTS
server = STARTS[{name!r}][1]()
print(server.port, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=STARTS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of server that is installed."""
    name: str = request.param
    need(STARTS[name][0]())
    return name


@pytest.fixture
def server(kind: str) -> Iterator[Server]:
    """A server that a test may stop and kill."""
    with STARTS[kind][1]() as server:
        yield server


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that `nobody` can enter too, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="kundengraph-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


async def test_postgresql_answers_a_query_in_a_database_of_ours(postgresql: PostgreSQL) -> None:
    postgresql.create_database('it"s ours')
    connection = await asyncpg.connect(postgresql.url("it%22s%20ours"))
    assert await connection.fetchval("SELECT current_database()") == 'it"s ours'
    await connection.close()


async def test_postgresql_asks_for_the_password(postgresql: PostgreSQL) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgresql.url().replace(postgresql.password, "wrong"))


def test_postgresql_runs_a_script_and_stops_at_its_first_error(postgresql: PostgreSQL) -> None:
    assert postgresql.run_sql("SELECT 'Jürgen'; SELECT 2") == "Jürgen\n2\n"
    with pytest.raises(RuntimeError, match="nonsense"):
        postgresql.run_sql("nonsense; SELECT 2")


def test_postgresql_finds_what_was_kept_in_a_folder(open_folder: Path) -> None:
    need(postgresql_server.available())
    with start_postgresql(open_folder / "kept", keep=True) as first:
        first.create_database("demo")
    with start_postgresql(open_folder / "kept") as second:
        assert second.run_sql("SELECT 1", "demo") == "1\n"
    assert not (open_folder / "kept").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")
def test_postgresql_says_when_nobody_cannot_enter_its_folder(tmp_path: Path) -> None:
    need(postgresql_server.available())
    with pytest.raises(RuntimeError, match="cannot enter"):
        start_postgresql(tmp_path / "private")


async def test_mariadb_answers_a_query_in_a_database_of_ours(mariadb: MariaDB) -> None:
    mariadb.create_database("ours")
    mariadb.run_sql("CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('Jürgen')", "ours")
    connection = await asyncmy.connect(
        host="127.0.0.1", port=mariadb.port, user="gw", password="gw", db="ours", charset="utf8mb4"
    )
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT name FROM people")
        assert await cursor.fetchone() == ("Jürgen",)
    await connection.ensure_closed()


def test_slapd_knows_the_passwords_of_its_people(slapd: Slapd) -> None:
    assert bind(slapd.port, ADA, "pw-ada") == 0
    assert bind(slapd.port, ADA, "wrong") == 49
    assert bind(slapd.port, slapd.rootdn, slapd.rootpw) == 0


def test_slapd_shows_a_certificate_that_its_authority_vouches_for(slapd: Slapd) -> None:
    assert slapd.tls is not None and slapd.tls_port is not None
    trust = ssl.create_default_context(cafile=slapd.tls.ca)
    with (
        socket.create_connection(("127.0.0.1", slapd.tls_port), 5) as connection,
        trust.wrap_socket(connection, server_hostname="127.0.0.1") as tls,
    ):
        assert tls.version() == "TLSv1.3"


def test_slapd_lends_members_their_groups(slapd: Slapd) -> None:
    command = ["ldapsearch", "-LLL", "-x", "-D", slapd.rootdn, "-w", slapd.rootpw, "-H", slapd.url]
    found = subprocess.run([*command, "-b", ADA, "memberOf"], capture_output=True, text=True, check=True)
    assert "memberOf: cn=staff,ou=groups,dc=example,dc=org" in found.stdout


def test_slapd_without_tls_listens_on_one_port_only() -> None:
    need(slapd_server.available())
    with start_slapd(ldif()) as plain, pytest.raises(RuntimeError, match="without TLS"):
        _ = plain.tls_url


def test_redis_answers_a_ping(redis: Redis) -> None:
    assert ping(redis.port) == b"+PONG\r\n"


def test_a_paused_server_falls_silent_and_resumes(redis: Redis) -> None:
    redis.pause()
    try:
        with pytest.raises(TimeoutError):
            ping(redis.port, seconds=0.1)
    finally:
        redis.resume()
    assert ping(redis.port) == b"+PONG\r\n"


async def test_a_paused_postgresql_leaves_open_connections_waiting(postgresql: PostgreSQL) -> None:
    connection = await asyncpg.connect(postgresql.url())
    postgresql.pause()
    waiting = asyncio.create_task(connection.fetchval("SELECT 1"))
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.1)
    finally:
        postgresql.resume()
    assert await waiting == 1
    await connection.close()


def test_a_stopped_server_leaves_no_listener_and_no_folder(server: Server) -> None:
    assert is_open(server.port)
    server.stop()
    assert not is_open(server.port)
    assert not server.directory.exists()


def test_a_paused_server_can_be_stopped(server: Server) -> None:
    server.pause()
    server.stop()
    assert not is_open(server.port)


def test_a_killed_server_comes_back_on_its_port(server: Server) -> None:
    port = server.port
    server.kill()
    assert not is_open(port)
    server.spawn()
    assert is_open(port)


def test_a_killed_postgresql_comes_back_with_its_data() -> None:
    need(postgresql_server.available())
    with start_postgresql() as server:
        server.run_sql("CREATE TABLE people (name text); INSERT INTO people VALUES ('Ada')")
        server.kill()
        server.spawn()
        assert server.run_sql("SELECT name FROM people") == "Ada\n"


def test_a_killed_mariadb_comes_back_with_its_data() -> None:
    need(mariadb_server.available())
    with start_mariadb() as server:
        server.run_sql("CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('Ada')", "gw")
        server.kill()
        server.spawn()
        assert server.run_sql("SELECT name FROM people", "gw") == "Ada\n"


def test_a_killed_slapd_comes_back_with_its_data(tmp_path: Path) -> None:
    need(slapd_server.available())
    with start_slapd(ldif(), tls_files(tmp_path)) as server:
        server.kill()
        server.spawn()
        assert bind(server.port, ADA, "pw-ada") == 0


def test_a_server_dies_with_its_parent_even_when_that_is_killed(kind: str, open_folder: Path) -> None:
    parent = subprocess.run(
        [sys.executable, "-c", ORPHANAGE.format(name=kind)],
        env=os.environ | {"TMPDIR": str(open_folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert parent.returncode == -9, parent.stderr
    assert wait_until(lambda: not is_open(int(parent.stdout)), 10)
    assert wait_until(lambda: processes_in(open_folder) == [], 10)


def test_a_server_that_cannot_start_says_why_and_leaves_nothing() -> None:
    need(slapd_server.available())
    with pytest.raises(RuntimeError, match="slapadd failed"):
        start_slapd(ldif(), extra_database="nonsense")


def test_a_missing_server_is_skipped_on_a_laptop_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not here"):
        need("not here")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not here"):
        need("not here")


def ping(port: int, seconds: float = 5) -> bytes:
    """What a Redis says to PING."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(100)


def bind(port: int, dn: str, password: str) -> int:
    """The result code of a simple bind, spelled out in bytes so that no LDAP library is needed."""
    version = b"\x02\x01\x03"
    request = element(0x60, version + element(0x04, dn.encode()) + element(0x80, password.encode()))
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(element(0x30, b"\x02\x01\x01" + request))
        answer = connection.recv(1000)
    return answer[answer.index(b"\x0a\x01") + 2]


def element(tag: int, content: bytes) -> bytes:
    """Tag, length below 128, content: as LDAP writes everything."""
    return bytes([tag, len(content)]) + content


def processes_in(folder: Path) -> list[str]:
    """The command lines of processes that work within a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_text())
    return found
