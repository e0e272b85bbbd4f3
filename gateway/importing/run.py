"""From a file of OTOBO's settings to the text of a configuration that loads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.importing.reading import RELEVANT, SLOT, Imported, Unusable, imported
from gateway.importing.repair import repaired
from gateway.importing.secrets import hidden, without_variables
from gateway.importing.watched import Watched
from gateway.otobo import dumps, translate
from gateway.otobo.notes import Note

HEAD = """\
# Made by kundengraph import-otobo from {}.
# What could not be carried over stands in comments. `kundengraph check` compares all of it with the stores.
"""
READ_OTHERWISE = {
    "Module",
    "Database",
    "DatabaseHost",
    "DatabaseUser",
    "DatabasePw",
    "Ticket::EventModulePost",
}
"""Keys that are known without being asked for: by the kind of block, or as parts of the database's address."""
LISTS = {"User": ("sources", "customer_user"), "Company": ("customers", "customer_company")}
OTHER_SYSTEMS = {"znuny": "permission_groups", "otrs": "groups"}
GROUPS = "groups_table: Home names {}, which calls it groups or, from Znuny 6.1, permission_groups: compare."
LINKS = (6, 8, 9)
"""Places in a map's row that have no counterpart."""
SHOWN, LITE = 3, 2


def configuration(file: Path) -> str:
    """The text of a configuration that means what `file` says; raises Unusable."""
    found = imported(file)
    watched = Watched(found.settings)
    translation = translate(watched)
    config = translation.config
    notes = [*translation.notes, *_groups_table(config, found), *_remarks(config, found, watched)]
    for path in list(without_variables(config)):
        notes.append(Note(path[:2], f"{path[-1]}: a ${{…}} would name a variable of the environment."))
    secrets, variables = hidden(config)
    kept = repaired(config, [*notes, *secrets], variables)
    if kept is None:
        raise Unusable("sets no source of customer users that can be carried over")
    text = f"{HEAD.format(_printable(file.name))}\n{dumps(config, kept)}"
    return text.encode("utf-8", "replace").decode()  # JSON can hold halves of characters


def _remarks(config: dict[str, Any], found: Imported, watched: Watched) -> Iterator[Note]:
    """What the file's reader said, which keys nobody asked for, and which parts of maps have no counterpart."""
    for setting, sentence in found.remarks:
        yield Note(_place(config, setting), sentence)
    for setting, *path in watched.unread():
        if not READ_OTHERWISE.isdisjoint((setting, *path[:1])):
            continue
        if SLOT.fullmatch(setting):
            if place := _place(config, setting):
                yield Note(place, f"{'.'.join(path)} is not carried over.")
        elif RELEVANT.match(setting):
            yield Note((), f"{'###'.join([setting, *path])} is not carried over.")
    for setting, block in found.settings.items():
        if SLOT.fullmatch(setting) and isinstance(block, dict) and (place := _place(config, setting)):
            yield from (Note(place, sentence) for sentence in _of_map(block.get("Map")))


def _groups_table(config: dict[str, Any], found: Imported) -> Iterator[Note]:
    """The name that the table of groups has in systems that OTOBO comes from (OVR-13)."""
    home = str(found.settings.get("Home") or "").lower()
    for system, table in OTHER_SYSTEMS.items():
        if system in home:
            config["registry"]["groups_table"] = table
            yield Note(("registry",), GROUPS.format(system))
            return


def _of_map(rows: object) -> Iterator[str]:
    entries = [row for row in rows if isinstance(row, list) and row] if isinstance(rows, list) else []
    linked = [str(row[0]) for row in entries if any(row[at] for at in LINKS if at < len(row))]
    if linked:
        yield f"Map: the links of {', '.join(linked)} are not carried over."
    lite = [str(row[0]) for row in entries if len(row) > SHOWN and str(row[SHOWN]) == str(LITE)]
    if lite:
        yield f"Map: {', '.join(lite)} are shown; there is no lite view."


def _place(config: dict[str, Any], setting: str) -> tuple[str | int, ...]:
    """The table that a slot became; () for none."""
    if (slot := SLOT.fullmatch(setting)) is None:
        return ("registry",) if setting.startswith("Database") else ()
    name, key = LISTS[slot[1]]
    keys = [table["key"] for table in config[name]]
    wanted = f"{key}{slot[2]}"
    return (name, keys.index(wanted)) if wanted in keys else ()


def _printable(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)
