"""`kundengraph demo` as a newcomer starts it: as a program of its own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from gateway.demo.closing import QUERIES
from gateway.demo.servers import postgresql, slapd
from tests.servers import need

KUNDENGRAPH = Path(sys.executable).with_name("kundengraph")
QUERY = '{ customerUser(login: "anna.mueller") { source { key } shadowedSources { key } } sources { key writable } }'
BY_SQLITE_ALONE = {"KUNDENGRAPH_DEMO_WITHOUT_LDAP": "1", "KUNDENGRAPH_DEMO_WITHOUT_POSTGRESQL": "1"}
SECONDS = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo puts its files; open to the user under whom servers run."""
    path = Path(tempfile.mkdtemp(prefix="kundengraph-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@contextmanager
def demo(folder: Path, *arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """A demo of its own, whose outputs can be read; it is ended if the test did not end it."""
    process = subprocess.Popen(
        [KUNDENGRAPH, "demo", *arguments],
        env=os.environ | {"TMPDIR": str(folder)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=SECONDS)


def once(folder: Path, query: str, **variables: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, answer and progress of a demo that answers one query."""
    with demo(folder, "--once", query, **variables) as process:
        answer, progress = process.communicate(timeout=SECONDS)
    assert answer, progress
    return process.returncode, json.loads(answer), progress


def processes_in(folder: Path) -> set[int]:
    """Processes that work in the folder: every server does in one of its own below."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            working = (process / "cwd").readlink()
        except OSError:
            continue
        if working.is_relative_to(folder):
            found.add(int(process.name))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_until(stream: IO[str], text: str) -> str:
    """What a stream says up to the line with the text."""
    said = ""
    for line in stream:
        said += line
        if text in line:
            return said
    raise AssertionError(f"it never said {text!r}, but: {said}")


def test_one_query_is_answered_over_three_sources_and_nothing_is_left(folder: Path) -> None:
    need(slapd.available())
    need(postgresql.available())
    code, answer, progress = once(folder, QUERY)
    assert "errors" not in answer
    assert answer["data"] == {
        "customerUser": {
            "source": {"key": "customer_user"},
            "shadowedSources": [{"key": "legacy_crm"}, {"key": "directory"}],
        },
        "sources": [
            {"key": "customer_user", "writable": True},
            {"key": "legacy_crm", "writable": False},
            {"key": "directory", "writable": False},
        ],
    }
    assert code == 0
    assert "1,250 customer users" in progress
    assert processes_in(folder) == set()
    assert list(folder.iterdir()) == []


def test_a_query_with_errors_has_another_exit_code(folder: Path) -> None:
    code, answer, _ = once(folder, "{ nonsense }", **BY_SQLITE_ALONE)
    assert code == 1
    assert answer["errors"]


def test_without_a_directory_it_says_so_in_one_line_and_runs_with_two_sources(folder: Path) -> None:
    code, answer, progress = once(folder, QUERY, KUNDENGRAPH_DEMO_WITHOUT_LDAP="1")
    assert code == 0
    assert [source["key"] for source in answer["data"]["sources"]] == ["customer_user", "legacy_crm"]
    assert [line for line in progress.splitlines() if "with two sources" in line]


def test_without_postgresql_it_says_so_and_runs_by_sqlite_alone(folder: Path) -> None:
    code, answer, progress = once(folder, "{ sources { kind } }", **BY_SQLITE_ALONE)
    assert code == 0
    assert [source["kind"] for source in answer["data"]["sources"]] == ["SQLITE", "SQLITE"]
    assert "by SQLite alone" in progress


def test_it_serves_until_ctrl_c_and_then_nothing_is_left(folder: Path) -> None:
    need(postgresql.available())
    port = free_port()
    with demo(folder, "--port", str(port)) as process:
        assert process.stdout is not None
        said = read_until(process.stdout, "Ctrl-C")
        assert f"http://127.0.0.1:{port}/graphiql/" in said
        started = processes_in(folder)
        token = re.search(r"demo-reader-\S+", said)
        assert token is not None
        answer = httpx.post(
            f"http://127.0.0.1:{port}/graphql",
            json={"query": "{ viewer { name roles } }"},
            headers={"authorization": f"Bearer {token[0]}"},
            timeout=SECONDS,
        )
        assert answer.json()["data"] == {"viewer": {"name": "demo-reader", "roles": ["reader"]}}
        assert httpx.get(f"http://127.0.0.1:{port}/graphiql/", timeout=SECONDS).status_code == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert started
    assert processes_in(folder) == set()
    assert list(folder.iterdir()) == []


def test_every_query_it_recommends_is_answered_without_errors(folder: Path) -> None:
    need(slapd.available())
    need(postgresql.available())
    port = free_port()
    with demo(folder, "--port", str(port)) as process:
        assert process.stdout is not None
        read_until(process.stdout, "Ctrl-C")
        for _, query in QUERIES:
            answer = httpx.post(
                f"http://127.0.0.1:{port}/graphql", json={"query": query}, timeout=SECONDS
            ).json()
            assert "errors" not in answer, answer
            assert all(answer["data"].values())


def test_it_can_be_ended_while_it_sets_up(folder: Path) -> None:
    with demo(folder, "--port", str(free_port())) as process:
        assert process.stderr is not None
        read_until(process.stderr, "Setting up")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + signal.SIGTERM
    assert processes_in(folder) == set()
    assert list(folder.iterdir()) == []


def test_a_port_in_use_is_said_in_one_sentence(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(folder, "--port", str(port)) as process:
            _, progress = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert progress.count("\n") == 1
    assert f"port {port} is in use" in progress
