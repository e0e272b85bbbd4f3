"""The command line: its commands, its exit codes, and what it prints."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from gateway.check import SourceFindings, advice_on
from gateway.cli import run_command
from gateway.config import Config, loads

KEY = "k" * 40
CANARY = "canary-7f3a9c51e2"
GOOD = f'[auth]\nsigning_key = "{KEY}"\n[[sources]]\nkey = "people"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kundengraph.toml"
    path.write_text(GOOD)
    return path


def module(monkeypatch: pytest.MonkeyPatch, name: str, **members: object) -> None:
    """Stand in for a module that a command imports when it runs."""
    made = ModuleType(name)
    for key, value in members.items():
        setattr(made, key, value)
    monkeypatch.setitem(sys.modules, name, made)


class Found:
    """Stands in for the asking: the same findings each time."""

    def __init__(self, *findings: SourceFindings) -> None:
        self.findings = findings

    async def __call__(self, _config: Config) -> Sequence[SourceFindings]:
        return self.findings


class TestCheck:
    def test_prints_all_findings_of_the_file_and_exits_with_2(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file.write_text(GOOD + 'serch_fields = []\n[[sources]]\nkey = "people"\n')
        assert run_command(["check", str(file)]) == 2
        assert capsys.readouterr() == (
            "",
            "kundengraph.toml is not usable:\n"
            "  sources[0].serch_fields: unknown key (did you mean search_fields?)\n"
            "  sources[1].key: is the key of sources[0] already\n",
        )

    def test_exits_with_2_for_a_file_that_is_not_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["check", "missing.toml"]) == 2
        assert "missing.toml is not usable:\n  cannot be read: No such file" in capsys.readouterr().err

    @pytest.mark.parametrize(("reason", "code"), [(None, 0), ("no answer within 2 s", 1)])
    def test_exits_with_whether_the_file_can_serve(
        self,
        reason: str | None,
        code: int,
        file: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        found = SourceFindings(
            path="sources[0]", key="people", title="People", backend="sqlite", reason=reason
        )
        monkeypatch.setattr("gateway.check.check", Found(found))
        assert run_command(["check", str(file)]) == code
        out = capsys.readouterr().out
        if reason is None:
            assert out == "sources[0]: people, People (sqlite): reachable\nkundengraph.toml can serve.\n"
        else:
            assert "sources[0]: people, People (sqlite): cannot be used: no answer within 2 s\n" in out
            assert "kundengraph.toml cannot serve as it is: see sources[0].\n" in out

    def test_says_what_its_exit_codes_mean(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["check", "--help"]) == 0
        assert "0: the file can serve." in capsys.readouterr().out


class TestAdvice:
    def test_names_what_is_dangerous_or_over(self) -> None:
        text = (
            f'[server]\nworkers = 2\n[auth]\nsigning_key = "{KEY}"\n'
            f'[[auth.tokens]]\nname = "crm"\nsha256 = "{"a" * 64}"\nroles = ["reader"]\nexpires = "2020-02-29"\n'
            '[[auth.login]]\nbackend = "ldap"\nurl = "ldap://ldap.example.org"\nbase_dn = ""\n'
            '[[sources]]\nkey = "people"\n'
        )
        assert advice_on(loads(text, Path("k.toml"), {})) == [
            "auth.tokens[0]: expired on 2020-02-29",
            "auth.login[0]: passwords cross the network in clear: use ldaps:// or start_tls",
            "server.workers: several workers see each other's changes at once only with a redis cache",
        ]

    def test_is_silent_about_what_is_well(self) -> None:
        assert advice_on(loads(GOOD, Path("k.toml"), {})) == []


class TestToken:
    def test_prints_a_key_and_the_lines_that_let_it_in(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_command(["token", 'the "CRM"']) == 0
        comment, key, *lines = capsys.readouterr().out.splitlines()
        assert comment.startswith("#")
        assert len(key) >= 43
        (token,) = tomllib.loads("\n".join(lines))["auth"]["tokens"]
        assert token["name"] == 'the "CRM"'
        assert token["sha256"] == hashlib.sha256(key.encode()).hexdigest()

    def test_prints_lines_that_a_configuration_takes(self, capsys: pytest.CaptureFixture[str]) -> None:
        run_command(["token", "crm"])
        lines = capsys.readouterr().out.splitlines()[2:]
        config = loads(GOOD + "\n".join(lines), Path("k.toml"), {})
        assert [token.name for token in config.auth.tokens] == ["crm"]

    def test_never_prints_a_key_twice(self, capsys: pytest.CaptureFixture[str]) -> None:
        for _ in range(2):
            run_command(["token", "crm"])
        lines = capsys.readouterr().out.splitlines()
        assert lines[1] != lines[len(lines) // 2 + 1]


class TestServe:
    @pytest.mark.parametrize(
        ("options", "host", "port"),
        [
            ([], "127.0.0.1", 8080),
            (["--port", "0"], "127.0.0.1", 0),
            (["--host", "0.0.0.0", "--port", "9"], "0.0.0.0", 9),  # noqa: S104
        ],
    )
    def test_listens_where_the_file_or_an_option_says(
        self, options: Sequence[str], host: str, port: int, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[object] = []

        def run(*arguments: object) -> int:
            seen.extend(arguments)
            return 0

        module(monkeypatch, "gateway.serving", run=run)
        assert run_command(["serve", str(file), *options]) == 0
        assert (seen[0], seen[2], seen[3]) == (file, host, port)
        assert isinstance(seen[1], Config)

    def test_does_not_begin_with_an_unusable_file(
        self, file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file.write_text("[server]\n")
        assert run_command(["serve", str(file)]) == 2
        assert "auth.signing_key: required to serve" in capsys.readouterr().err


def test_demo_hands_on_its_options_and_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def main(*arguments: object) -> int:
        seen.append(arguments)
        return 3

    module(monkeypatch, "gateway.demo.run", main=main)
    assert run_command(["demo", "--port", "81", "--once", "{ viewer { name } }"]) == 3
    assert seen == [(81, "{ viewer { name } }")]


@pytest.mark.parametrize("arguments", [["bogus"], ["check"], ["token"], ["serve", "a.toml", "--port", "x"]])
def test_a_command_line_that_makes_no_sense_exits_with_2(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(arguments) == 2
    assert capsys.readouterr().err


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out.strip() in ("0.1.0", "unknown")


@pytest.mark.parametrize("command", ["check", "serve", "schema"])
def test_s19_no_secret_is_printed_of_an_unusable_file(
    command: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f'{GOOD}url = "postgresql://u:{CANARY}@h:x/d"\ntimeout = "{CANARY}"\n')
    assert run_command([command, str(file)]) == 2
    assert CANARY not in "".join(capsys.readouterr())


def test_the_command_line_loads_no_server_and_no_driver() -> None:
    code = (
        "import gateway.cli, sys; print([name for name in sys.modules if name in "
        + repr(("strawberry", "graphql", "uvicorn", "starlette", "asyncpg", "aiosqlite", "bonsai"))
        + "])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
