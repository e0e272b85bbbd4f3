"""The pages of docs/clients: what they show is run with the real packages, over a real gateway."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import create_app, schema_of
from gateway.config import Config, loads
from tests.api.serving import EDITOR, EDITORS, help_desk, served
from tests.web.packages import WEB, need_node

PAGES = WEB.parents[1] / "docs" / "clients"

OPTIONS = ("--experimental-websocket", "--no-warnings")
"""For node 20, whose WebSocket is not there without asking; later ones take it as well."""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```\n", (PAGES / page).read_text("utf-8"), re.DOTALL)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    help_desk(tmp_path)
    file = tmp_path / "kundengraph.toml"
    return loads(file.read_text("utf-8").replace("max_body_bytes = 10_000", "") + EDITORS, file, {})


@pytest.fixture
def endpoint(config: Config) -> Iterator[dict[str, str]]:
    """The environment in which the pages' programs find the gateway."""
    with served(create_app(config)) as address:
        yield {**os.environ, "KUNDENGRAPH_URL": f"{address}/graphql", "KUNDENGRAPH_TOKEN": EDITOR}


@pytest.fixture
def project(config: Config) -> Iterator[Path]:
    """A folder beside the packages, with the printed schema."""
    need_node()
    folder = Path(tempfile.mkdtemp(prefix=".client-", dir=WEB))
    (folder / "src").mkdir()
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    (folder / "schema.graphql").write_text(schema_of(config).as_str(), "utf-8")
    yield folder
    shutil.rmtree(folder)


def run(*command: str, at: Path, env: dict[str, str] | None = None) -> str:
    result = subprocess.run(command, cwd=at, env=env, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", ["apollo.md", "urql.md", "graphql-ws.md", "graphql-sse.md"])
def test_a_page_in_javascript_says_what_its_program_says(
    project: Path, endpoint: dict[str, str], page: str
) -> None:
    for program, answer in zip(blocks(page, "js"), blocks(page, "text"), strict=True):
        (project / "main.js").write_text(program, "utf-8")
        assert run("node", *OPTIONS, "main.js", at=project, env=endpoint) == answer


def test_the_page_in_python_says_what_its_program_says(tmp_path: Path, endpoint: dict[str, str]) -> None:
    [program], [answer] = blocks("gql.md", "python"), blocks("gql.md", "text")
    (tmp_path / "main.py").write_text(program, "utf-8")
    assert run(sys.executable, "main.py", at=tmp_path, env=endpoint) == answer


@pytest.mark.timeout(600)
def test_relays_compiler_takes_the_schema_and_the_pages_fragments(project: Path) -> None:
    [settings], [program] = blocks("relay.md", "json"), blocks("relay.md", "js")
    (project / "relay.config.json").write_text(settings, "utf-8")
    (project / "src" / "People.js").write_text(program, "utf-8")
    run(str(WEB / "node_modules" / ".bin" / "relay-compiler"), "relay.config.json", at=project)
    made = {path.name for path in project.rglob("__generated__/*.graphql.js")}
    assert made == {
        f"{name}.graphql.js" for name in ("People_list", "People_person", "PeoplePageQuery", "PersonQuery")
    }


@pytest.mark.timeout(600)
def test_documents_are_typed_by_the_code_generator_and_a_wrong_use_is_none(project: Path) -> None:
    settings, program = blocks("codegen.md", "ts")
    (project / "codegen.ts").write_text(settings, "utf-8")
    (project / "src" / "person.ts").write_text(program, "utf-8")
    binaries = WEB / "node_modules" / ".bin"
    run(str(binaries / "graphql-codegen"), "--config", "codegen.ts", at=project)
    check: tuple[str, ...] = (
        str(binaries / "tsc"),
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "esnext",
    )
    check += ("--moduleResolution", "bundler", "--target", "es2022", "src/person.ts")
    run(*check, at=project)
    (project / "src" / "person.ts").write_text(program.replace("login: 'ada'", "login: 7"), "utf-8")
    wrong = subprocess.run(check, cwd=project, capture_output=True, text=True)
    assert "Type 'number' is not assignable to type 'string'" in wrong.stdout
