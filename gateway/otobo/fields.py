"""A `Map`, row by row: each becomes a row of our mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from backends.fields import enum_name, is_password
from backends.names import graphql_name
from gateway.otobo.notes import Notes
from gateway.otobo.values import Block, is_true, table, text

ATTRIBUTE, LABEL, STORAGE, SHOWN, REQUIRED, TYPE, _LINK, READ_ONLY = range(8)


def field_rows(
    block: Block,
    *,
    known: Mapping[str, str],
    reserved: Iterable[str],
    column: re.Pattern[str],
    notes: Notes,
    password: bool,
) -> list[dict[str, Any]]:
    """The rows of `block`'s map; what has no place among ours is noted and left out."""
    selections = table(block.get("Selections"))
    taken = {enum_name(name) for name in (*reserved, *known.values())}
    rows: dict[str, dict[str, Any]] = {}
    for entry in block.get("Map") or ():
        attribute, storage = _cell(entry, ATTRIBUTE), _cell(entry, STORAGE)
        dynamic = _cell(entry, TYPE) == "dynamic_field"
        if why := _unusable(attribute, storage, rows, column, dynamic=dynamic, password=password):
            notes.add(f"Map: {attribute or 'a row without attribute'} {why}.")
            continue
        row = {"variable": attribute, "label": _cell(entry, LABEL), "column": storage}
        row |= _options(entry, dynamic=dynamic, selection=selections.get(attribute))
        if attribute not in known and not is_password(attribute):
            row |= _name(attribute, taken)
        rows[attribute] = {key: value for key, value in row.items() if value != ""}
    for attribute in selections:
        if attribute not in rows:
            notes.add(f"Selections: {attribute} is not in the map.")
    return list(rows.values())


def _options(entry: list[Any], *, dynamic: bool, selection: object) -> dict[str, Any]:
    """Type, flags and choices, where they are not what a row has by default."""
    options: dict[str, Any] = {}
    if dynamic or _cell(entry, TYPE) == "int":
        options["type"] = _cell(entry, TYPE)
    if not dynamic and is_true(_at(entry, REQUIRED)):
        options["required"] = True
    if not is_true(_at(entry, SHOWN)):
        options["visible"] = False
    if not dynamic and is_true(_at(entry, READ_ONLY)):
        options["read_only"] = True
    if isinstance(selection, Mapping) and selection:
        options["selection"] = {str(key): text(label) for key, label in selection.items()}
    return options


def _name(attribute: str, taken: set[str]) -> dict[str, str]:
    """A GraphQL name of its own, where the one that the attribute gives is taken or none."""
    derived = graphql_name(attribute)
    whole = re.sub(r"[^A-Za-z0-9_]", "_", attribute[:1].lower() + attribute[1:])
    for candidate in (derived, whole, f"{whole}Field"):
        usable = re.fullmatch(r"(?!__)[A-Za-z_][A-Za-z0-9_]*", candidate, re.ASCII)
        if usable and enum_name(candidate) not in taken:
            taken.add(enum_name(candidate))
            return {} if candidate == derived else {"name": candidate}
    return {}


def _unusable(
    attribute: str,
    storage: str,
    rows: Mapping[str, object],
    column: re.Pattern[str],
    *,
    dynamic: bool,
    password: bool,
) -> str | None:
    """Why a row cannot be carried over, or None."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", attribute, re.ASCII):
        return "is no variable"
    if attribute in rows:
        return "is mapped already; its first row counts"
    if is_password(attribute) and (attribute != "UserPassword" or not password):
        return "is a password, which is never read"
    if not dynamic and not column.fullmatch(storage):
        return "names nothing that can be read"
    return None


def _at(entry: list[Any], place: int) -> Any:
    return entry[place] if place < len(entry) else None


def _cell(entry: list[Any], place: int) -> str:
    return text(_at(entry, place))
