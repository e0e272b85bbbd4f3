"""Writes a configuration as TOML, with comments above its tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.otobo.notes import Note, Path

BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def dumps(config: Mapping[str, Any], notes: Sequence[Note] = ()) -> str:
    """The text; tables and lists of tables keep the order they have in `config`."""
    return "\n".join(_table(config, (), (), notes)).lstrip("\n") + "\n"


def _table(
    values: Mapping[str, Any], names: tuple[str, ...], path: Path, notes: Sequence[Note]
) -> Iterator[str]:
    """Scalars first, since what follows a header belongs to it; then the tables below."""
    for key, value in values.items():
        if not _is_below(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in values.items():
        if not _is_below(value):
            continue
        own = (*names, key)
        many = isinstance(value, list)
        for place, entry in enumerate(value if many else [value]):
            here: Path = (*path, key, place) if many else (*path, key)
            header = ".".join(map(_key, own))
            yield ""
            yield from (f"# {_line(note.sentence)}" for note in notes if note.path == here)
            yield f"[[{header}]]" if many else f"[{header}]"
            yield from _table(entry, own, here, notes)
    if not path:
        left = [note for note in notes if not _stands(values, note.path)]
        yield from ("", "# Not carried over:") if left else ()
        yield from (f"# {_line(note.sentence)}" for note in left)


def _stands(values: Any, path: Path) -> bool:
    """Whether `path` leads to a table that was written, so that its notes were."""
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return False
    return bool(path) and isinstance(values, Mapping)


def _is_below(value: object) -> bool:
    """Whether a value is a table, or a list of tables, with headers of its own."""
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"{type(value).__name__} has no place in a configuration")


def _text(value: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL and characters beyond the basic plane."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if BARE.fullmatch(key) else _text(key)


def _line(sentence: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in sentence).split())
