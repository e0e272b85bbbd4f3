"""A Containerfile without an engine: its steps run in a folder that stands for the image's root.

The system's packages are not installed anew: those that it names are looked at, and the machine's own are used. What
would be written below an absolute path of the image is written below the folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLACES = ("/opt/kundengraph",)
"""What the steps write to by an absolute path."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: its name and the rest of it."""

    name: str
    rest: str


@dataclass(slots=True)
class Stage:
    """The steps from one FROM to the next."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    @property
    def system_packages(self) -> set[str]:
        """What it has apt-get install."""
        [said] = [one.rest for one in self.steps if is_system(one)]
        [listed] = re.findall(r"apt-get install ([^&]*)", said)
        return {word for word in listed.split() if not word.startswith("-")}

    def one(self, name: str) -> str:
        """The rest of the only instruction of this name."""
        [found] = [step.rest for step in self.steps if step.name == name]
        return found


def is_system(step: Step) -> bool:
    """Whether a step installs packages of the system."""
    return step.name == "RUN" and "apt-get" in step.rest


def stages(text: str) -> list[Stage]:
    """The stages of a Containerfile."""
    found: list[Stage] = []
    for step in _steps(text):
        if step.name == "FROM":
            base, _, name = step.rest.partition(" AS ")
            found.append(Stage(base, name))
        else:
            found[-1].steps.append(step)
    return found


def _steps(text: str) -> Iterator[Step]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.partition(" ")
            yield Step(name, " ".join(rest.split()))


def build(text: str, context: Path, root: Path) -> None:
    """Run all stages; `root` holds what the last one holds, and stages before it stand beside."""
    before = ""
    for stage in stages(text):
        if before:
            root.rename(root.with_name(before))
        before = stage.name
        root.mkdir()
        folder = root
        for step in stage.steps:
            if step.name == "WORKDIR":
                folder = root / step.rest.strip("/")
                folder.mkdir(parents=True)
            elif step.name == "COPY":
                _copy(step.rest, context, root, folder)
            elif step.name == "RUN" and not is_system(step):
                _run(step.rest, root, folder)


def _copy(rest: str, context: Path, root: Path, folder: Path) -> None:
    *sources, target = rest.split()
    origin = context
    if sources[0].startswith("--from="):
        origin = root.with_name(sources.pop(0).removeprefix("--from="))
    into = root / target.strip("/") if target.startswith("/") else folder / target
    for source in sources:
        path = origin / source.strip("/")
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "node_modules") if origin == context else None
            shutil.copytree(path, into, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy(path, into)


def _run(command: str, root: Path, folder: Path) -> None:
    """The command as it stands but for its places, the Python of these tests, and pip's memory."""
    for place in PLACES:
        command = command.replace(place, f"{root}{place}")
    command = command.replace("--no-cache-dir ", "")
    result = subprocess.run(["sh", "-ec", command], cwd=folder, env=plain(), capture_output=True, text=True)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"


def plain() -> Mapping[str, str]:
    """The environment without that of the tests; `python3` is the Python that .venv was made of."""
    base = Path(sys.base_prefix) / "bin"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    return {
        **kept,
        "PATH": f"{base}:/usr/bin:/bin",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
