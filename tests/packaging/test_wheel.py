"""The wheel in an environment of its own: nothing outside of the four packages is needed when it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gateway.demo.servers import postgresql
from tests.servers import need

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
PACKAGES = {"gateway", "schema", "resolvers", "backends"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "-q", "--wheel", "-o", folder, ROOT, at=folder)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def scripts(wheel: Path) -> Path:
    """The commands of a fresh environment with the wheel, and the versions that are pinned here."""
    venv = wheel.parent / "venv"
    run(UV, "venv", "-q", "-p", sys.executable, venv, at=wheel.parent)
    stamp = (ROOT / ".venv" / "requirements-dev.lock.stamp").read_text()
    lock = (ROOT / "requirements.lock").read_text().split("\n")
    pinned = wheel.parent / "pinned.lock"
    pinned.write_text("\n".join(lock if "with LDAP" in stamp else without("bonsai", lock)))
    run(
        UV, "pip", "install", "-q", "-p", venv, "--no-deps", "--require-hashes", "-r", pinned, at=wheel.parent
    )
    run(UV, "pip", "install", "-q", "-p", venv, "--no-deps", wheel, at=wheel.parent)
    return venv / "bin"


def without(name: str, lock: list[str]) -> list[str]:
    """The lock file without a package and its hashes."""
    kept, skip = [], False
    for line in lock:
        skip = line.startswith(f"{name}==") if line[:1] not in ("", " ", "#") else skip
        kept += [] if skip else [line]
    return kept


def run(*command: object, at: Path) -> str:
    """What a command says, run in a folder and without what the tests' environment would add."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))
    }
    result = subprocess.run(
        [str(one) for one in command], cwd=at, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_wheel_holds_the_four_packages_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == PACKAGES
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_every_module_can_be_imported_from_it(scripts: Path, tmp_path: Path) -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    ]
    optional = ("backends.ldap.", "gateway.tracing")
    lines = [f"import {name}" for name in sorted(names) if not name.startswith(optional)]
    said = run(scripts / "python", "-c", "\n".join([*lines, "print(gateway.__file__)"]), at=tmp_path)
    assert said.startswith(str(scripts.parent))


def test_the_demo_answers_from_another_folder(scripts: Path, tmp_path: Path) -> None:
    need(postgresql.available())
    query = '{ customerUser(login: "anna.mueller") { fullName } }'
    said = run(scripts / "kundengraph", "demo", "--once", query, at=tmp_path)
    assert json.loads(said)["data"]["customerUser"]["fullName"] == "Dr. Anna Müller"
    assert list(tmp_path.iterdir()) == []


def test_tables_schema_and_explorer_come_along(scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "kundengraph.toml").write_text(
        f'[registry]\nurl = "sqlite:///desk.sqlite"\n[auth]\nsigning_key = "{"k" * 32}"\n[[sources]]\nkey = "desk"\n'
    )
    assert "type Query" in run(scripts / "kundengraph", "schema", "kundengraph.toml", at=tmp_path)
    run(scripts / "kundengraph", "init", "kundengraph.toml", at=tmp_path)
    run(scripts / "kundengraph", "check", "kundengraph.toml", at=tmp_path)
    page = (
        "from gateway.explorer.page import BUNDLE\n"
        "print((BUNDLE / 'index.html').exists(), len(list((BUNDLE / 'assets').iterdir())) > 5)"
    )
    assert run(scripts / "python", "-c", page, at=tmp_path) == "True True\n"
