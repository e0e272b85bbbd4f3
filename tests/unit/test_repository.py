"""What the repository promises about itself."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]

# spelled in pieces, so that this file keeps the rule too
REGISTRY_HOSTS = [
    ".".join(parts).encode()
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("snapshot", "debian", "org"),
    )
]


def test_s22_no_file_names_a_package_registry() -> None:
    naming = [
        f"{name}: {host.decode()}"
        for name in tracked_files()
        if (path := ROOT / name).is_file()
        for host in REGISTRY_HOSTS
        if host in path.read_bytes()
    ]
    assert naming == []


def test_s22_no_lock_with_addresses_is_tracked() -> None:
    assert [name for name in tracked_files() if Path(name).name in {"uv.lock", "pylock.toml"}] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_s22_every_locked_requirement_has_hashes(lock: str) -> None:
    requirements = locked(lock)
    assert requirements
    assert [name for name, hashes in requirements.items() if not hashes] == []


def test_the_demo_and_the_tests_use_the_same_versions() -> None:
    assert locked("requirements.lock").keys() <= locked("requirements-dev.lock").keys()


def test_s22_at_most_twenty_packages_are_needed_at_run_time() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [
        name for extra, names in project["optional-dependencies"].items() if extra != "demo" for name in names
    ]
    assert len(project["dependencies"]) + len(extras) <= 20


def test_s22_every_package_that_is_needed_at_run_time_has_its_reason_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    needed = {re.split(r"[\[=<>~!]", name)[0] for name in [*project["dependencies"], *extras]}
    section = (ROOT / "README.md").read_text().partition("## What it needs at run time")[2]
    rows = {
        row.split("|")[1].strip(): row.split("|")[2].strip()
        for row in section.splitlines()
        if row.count("|") == 3
    }
    assert needed <= rows.keys()
    assert [name for name in needed if len(rows[name]) < 3] == []


def tracked_files() -> list[str]:
    """The paths that git keeps."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return listed.rstrip("\0").split("\0")


def locked(lock: str) -> dict[str, list[str]]:
    """Each pinned requirement of a lock with its hashes."""
    lines = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if line and not line.lstrip().startswith("#")]
    return {
        line.split(" ;")[0].split()[0]: re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line) for line in pinned
    }
