"""Takes out of a configuration what would keep it from being loaded, and says so."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from backends.fields import Fault
from gateway.config import ConfigError, config_from
from gateway.otobo.notes import Note, Path
from gateway.otobo.toml import dumps

MOST_ROUNDS = 300
STAND_IN = "stand-in-for-a-secret-of-32-characters"


def repaired(config: dict[str, Any], notes: list[Note], variables: Iterable[str]) -> list[Note] | None:
    """Remove what cannot be used until `config` loads; the notes then, or None where no source is left."""
    environment = dict.fromkeys(variables, STAND_IN)
    for _ in range(MOST_ROUNDS):
        if not config["sources"]:
            return None
        try:
            config_from(tomllib.loads(dumps(config)), File("kundengraph.toml"), environment)
        except ConfigError as error:
            notes = _without(config, notes, error.findings)
        else:
            return notes
    return None


def _without(config: dict[str, Any], notes: list[Note], faults: Iterable[Fault]) -> list[Note]:
    paths: dict[Path, str] = {}
    for fault in faults:
        path = _removable(config, fault.path)
        if path:
            paths.setdefault(path, f"{_spelled(fault.path)} {fault.sentence}")
    for path in sorted(
        paths, key=lambda path: [(isinstance(part, int), part) for part in path], reverse=True
    ):
        container = _at(config, path[:-1])
        del container[path[-1]]
        what = "this is left out"
        if isinstance(path[-1], int):
            notes = [_moved(note, path) for note in notes]
        notes = [*notes, Note(path[:2] if len(path) > 2 else (), f"{paths[path]}: {what}.")]
    return notes


def _removable(config: dict[str, Any], path: Path) -> Path:
    """What to remove for a fault: the value, or where it is missing the table that lacks it."""
    while path and not _exists(config, path):
        path = path[:-1]
        while path and not isinstance(path[-1], int):
            path = path[:-1]
    return path


def _moved(note: Note, gone: Path) -> Note:
    """A note's place after an entry of a list is gone; what was said of the entry is said of the whole."""
    place = len(gone) - 1
    index = note.path[place] if len(note.path) > place and note.path[:place] == gone[:-1] else None
    if not isinstance(index, int):
        return note
    if index == gone[-1]:
        return replace(note, path=())
    moved = (*note.path[:place], index - 1, *note.path[place + 1 :])
    return replace(note, path=moved) if index > int(gone[-1]) else note


def _at(config: Any, path: Path) -> Any:
    for part in path:
        config = config[part]
    return config


def _exists(config: Any, path: Path) -> bool:
    try:
        _at(config, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _spelled(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
