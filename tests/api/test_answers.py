"""`kundengraph why` and `kundengraph duplicates`, over SQLite files; both run a loop of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from backends.model import SourceKind
from backends.sql import ddl
from gateway.cli import run_command

NOW = "2025-01-02 03:04:05"
SAME, OTHER = "Ticket::CustomerID::Same", "Ticket::CustomerID::Other"
LONG = "a-login-that-is-longer-than-any-terminal-is-wide-" * 3

TOML = """
[registry]
url = "sqlite:///registry.sqlite"

[auth]
signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

[groups]
enabled = true
other_context = "Ticket::CustomerID::Other"

[[sources]]
key = "desk"
name = "Help desk"

[[sources]]
key = "archive"
name = "Archive"
url = "sqlite:///archive.sqlite"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration, its registry with grants, and two sources that overlap."""
    people(tmp_path / "registry.sqlite", ("ada", "Grace", LONG))
    people(tmp_path / "archive.sqlite", ("ADA", "eve", "grace", LONG))
    with closing(sqlite3.connect(tmp_path / "registry.sqlite")) as connection:
        run(connection, "INSERT INTO groups_table VALUES (11, 'support', NULL, 1, ?, 1, ?, 1)", [(NOW, NOW)])
        run(connection, "INSERT INTO groups_table VALUES (12, 'old', NULL, 2, ?, 1, ?, 1)", [(NOW, NOW)])
        run(
            connection,
            "INSERT INTO group_customer_user VALUES (?, ?, ?, 1, ?, 1, ?, 1)",
            [("ada", 11, "ro", NOW, NOW), ("ada", 12, "rw", NOW, NOW)],
        )
        run(
            connection,
            "INSERT INTO group_customer VALUES (?, 11, ?, 1, ?, ?, 1, ?, 1)",
            [("ACME", "rw", SAME, NOW, NOW), ("ACME", "ro", OTHER, NOW, NOW)],
        )
    path = tmp_path / "kundengraph.toml"
    path.write_text(TOML)
    return path


def people(path: Path, logins: Sequence[str]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in ddl.statements(SourceKind.SQLITE):
            connection.execute(statement)
        run(
            connection,
            "INSERT INTO customer_user (login, email, customer_id, first_name, last_name, valid_id, create_time,"
            " create_by, change_time, change_by) VALUES (?, 'x@y.example', 'ACME', 'X', 'Y', 1, ?, 1, ?, 1)",
            [(login, NOW, NOW) for login in logins],
        )


def run(connection: sqlite3.Connection, sql: str, rows: Sequence[Sequence[object]]) -> None:
    connection.executemany(sql, rows)
    connection.commit()


class TestWhy:
    def test_prints_every_reason_for_both_contexts(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_command(["why", "ADA", "support", str(file)]) == 0
        assert capsys.readouterr() == (
            "ada (Help desk) in support:\n"
            "  tickets of the same customer: ro, rw\n"
            "    ro: granted to the customer user\n"
            "    ro, rw: granted to the customer ACME\n"
            "  tickets of other customers: ro\n"
            "    ro: granted to the customer ACME\n",
            "",
        )

    def test_prints_always_groups_and_through_whom(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_command(["why", "eve", "users", str(file)]) == 0
        assert capsys.readouterr().out == (
            "eve (Archive) in users:\n"
            "  tickets of the same customer: ro, rw\n"
            "    ro, rw: everybody has this group\n"
            "    ro, rw: everybody of a customer has this group, here through ACME\n"
            "  tickets of other customers: nothing\n"
        )

    def test_says_when_nothing_is_held_and_that_a_group_does_not_count(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_command(["why", "ada", "old", str(file)]) == 0
        assert capsys.readouterr().out == (
            "ada (Help desk) in old, which is not valid:\n"
            "  tickets of the same customer: nothing\n"
            "  tickets of other customers: nothing\n"
        )

    def test_says_when_group_support_is_off(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file.write_text(
            TOML.replace("enabled = true", "enabled = false").replace(f'other_context = "{OTHER}"', "")
        )
        assert run_command(["why", "eve", "support", str(file)]) == 0
        assert capsys.readouterr().out == (
            "eve (Archive) in support:\n"
            "  tickets of the same customer: ro, rw\n"
            "    ro, rw: group support is switched off\n"
        )

    def test_prints_always_groups_even_where_no_context_is_configured(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file.write_text(TOML.replace("other_context", "same_context").replace(OTHER, ""))
        assert run_command(["why", "eve", "users", str(file)]) == 0
        assert "everybody has this group" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("login", "group", "said"),
        [
            ("nobody", "support", "There is no customer user nobody.\n"),
            ("ada", "nowhere", "There is no group nowhere.\n"),
        ],
    )
    def test_exits_with_1_where_there_is_no_such_user_or_group(
        self, file: Path, capsys: pytest.CaptureFixture[str], login: str, group: str, said: str
    ) -> None:
        assert run_command(["why", login, group, str(file)]) == 1
        assert capsys.readouterr() == (said, "")

    @pytest.mark.parametrize(("store", "name"), [("archive", "archive"), ("registry", "desk")])
    def test_exits_with_1_where_a_store_does_not_answer(
        self, file: Path, capsys: pytest.CaptureFixture[str], store: str, name: str
    ) -> None:
        (file.parent / f"{store}.sqlite").unlink()
        assert run_command(["why", "eve", "support", str(file)]) == 1
        assert capsys.readouterr() == (f"{name} cannot be reached or refused.\n", "")

    def test_keeps_a_long_login_on_one_line(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["why", LONG, "support", str(file)]) == 0
        assert capsys.readouterr().out.splitlines()[0] == f"{LONG} (Help desk) in support:"

    def test_exits_with_2_for_a_file_that_is_not_usable(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_command(["why", "ada", "support", str(file.parent / "no.toml")]) == 2
        assert capsys.readouterr().out == ""

    def test_takes_the_file_of_the_working_folder_where_none_is_named(
        self, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(file.parent)
        assert run_command(["why", "ada", "support"]) == 0
        assert capsys.readouterr().out.startswith("ada (Help desk) in support:\n")


class TestDuplicates:
    def test_prints_each_login_with_its_owner_and_those_it_hides(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_command(["duplicates", str(file)]) == 0
        assert capsys.readouterr() == (
            f"{LONG}: desk, hides archive\nada: desk, hides archive\nGrace: desk, hides archive\n",
            "",
        )

    def test_prints_all_of_them_page_by_page(
        self, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gateway.answers.PAGE", 2)
        assert run_command(["duplicates", str(file)]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 3

    def test_says_which_store_is_missing_and_exits_with_1(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (file.parent / "archive.sqlite").unlink()
        assert run_command(["duplicates", str(file)]) == 1
        assert capsys.readouterr().out == (
            "Archive cannot be reached: its rows are missing, and rows it hides may show.\n"
        )

    def test_prints_nothing_where_no_login_is_held_twice(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with closing(sqlite3.connect(file.parent / "archive.sqlite")) as connection:
            run(connection, "DELETE FROM customer_user WHERE login <> ?", [("eve",)])
        assert run_command(["duplicates", str(file)]) == 0
        assert capsys.readouterr() == ("", "")
