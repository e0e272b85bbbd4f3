"""The recording: scenarios, their settings with variants applied, and their cases."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.otobo.outcomes import NOTHING

GOLDEN = Path(__file__).with_name("golden")

Settings = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One recorded call and what it returned."""

    method: str
    args: Mapping[str, Any]
    returns: str
    result: Any
    check: str = ""
    errors: tuple[str, ...] = ()
    """What was logged, or why the call died."""

    @property
    def refused(self) -> bool:
        """Whether it was logged as an error, or died."""
        return bool(self.errors)


@dataclass(frozen=True)
class Case:
    """One line of a scenario: a call, or steps that change something."""

    id: str
    variant: str
    methods: tuple[str, ...]
    call: Call | None
    steps: tuple[Call, ...] = ()
    tables: Mapping[str, Any] = field(default_factory=dict)
    """Rows removed and added by table, where steps change something."""

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Case:
        """Read one line."""
        if "steps" not in line:
            call = _call(line["call"], line)
            return cls(line["id"], line.get("variant", ""), (call.method,), call)
        steps = tuple(map(_call, line["steps"], line["results"]))
        methods = tuple(step.method for step in steps)
        return cls(line["id"], line.get("variant", ""), methods, None, steps, line["tables"])


@dataclass(frozen=True)
class Scenario:
    """Cases that share fixtures."""

    name: str
    folder: Path

    @cached_property
    def cases(self) -> Sequence[Case]:
        """All cases, in their order."""
        lines = json.loads((self.folder / f"{self.name}.json").read_text("utf-8"))["cases"]
        return [Case.of(line) for line in lines]

    @cached_property
    def fixtures(self) -> Mapping[str, Any]:
        """Databases, directory, settings and variants."""
        found: Mapping[str, Any] = json.loads(self.fixture(f"{self.name}.config.json"))
        return found

    def fixture(self, name: str) -> str:
        """The text of a fixture."""
        return (self.folder / "fixtures" / name).read_text("utf-8")

    def settings(self, variant: str) -> Settings:
        """The settings with the changes of `variant` applied; null removes."""
        settings: Settings = copy.deepcopy(self.fixtures["settings"])
        for change in self.fixtures["variants"][variant] if variant else ():
            *way, last = change["path"]
            target = settings
            for part in way:
                target = target[part]
            if change["value"] is None:
                target.pop(last, None)
            else:
                target[last] = copy.deepcopy(change["value"])
        return settings


def scenarios(folder: Path) -> Sequence[Scenario]:
    """Every scenario of a recording, by name."""
    return [Scenario(path.stem, folder) for path in sorted(folder.glob("S*.json"))]


def filled(value: Any, places: Mapping[str, str]) -> Any:
    """`value` with its placeholders filled in."""
    if isinstance(value, str):
        for name, text in places.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, list):
        return [filled(entry, places) for entry in value]
    if isinstance(value, dict):
        return {key: filled(entry, places) for key, entry in value.items()}
    return value


def _call(call: Mapping[str, Any], line: Mapping[str, Any]) -> Call:
    errors = [*line.get("errors", ()), *([str(line["aborted"])] if "aborted" in line else ())]
    returns, check = call["returns"], line.get("check", "")
    result = line.get("result", NOTHING[returns])
    return Call(call["method"], call["args"], returns, result, check, tuple(errors))
