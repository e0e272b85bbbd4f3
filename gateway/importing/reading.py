"""A file of OTOBO's settings: Perl or JSON, as its content says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway import perl
from gateway.importing import shipped

LARGEST = 4_000_000
RELEVANT = re.compile(
    r"Customer|Database|DynamicField|Ticket::Service|Ticket::EventModulePost|System::Customer|Check(Email|MX)"
    r"|SwitchToCustomer|SMIME::FetchFromCustomer|OTOBOTimeZone"
)
"""What begins like this concerns customer users; other settings of the help desk have no place here."""
SLOT = re.compile(r"Customer(User|Company)(\d*)")
"""A source of customer users, or of customers."""
NUMBERED = tuple(f"CustomerUser{number}" for number in range(1, 11))
SHIPPED = "{} is not set in {}: this is OTOBO's shipped block, which is the first to be asked."
NO_ROOM = (
    "CustomerUser is not set in {}: OTOBO's shipped block has no room beside ten others, and is left out."
)


class Unusable(Exception):
    """A file from which nothing can be made, and why."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Settings, and what is to be said of them: a setting, or "", and a sentence."""

    settings: dict[str, Any]
    remarks: Sequence[tuple[str, str]]


def imported(file: Path) -> Imported:
    """What a file sets; raises Unusable."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise Unusable("is too large for a file of settings")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    found = _from_json(text) if text.lstrip()[:1] in ("{", "[") else _from_perl(text, file.name)
    remarks = [*found.remarks, *_tidied(found.settings)]
    if not any(found.settings.get(name) for name in ("CustomerUser", *NUMBERED)):
        raise Unusable("sets no source of customer users")
    return Imported(found.settings, remarks)


def _from_json(text: str) -> Imported:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unusable(f"is not JSON{where}") from None
    inner = found.get("settings", found) if isinstance(found, dict) else found
    if not isinstance(inner, dict):
        raise Unusable("holds no settings")
    return Imported(inner, [])


def _from_perl(text: str, name: str) -> Imported:
    reading = perl.read(text.replace("\r\n", "\n"), shipped.settings())
    if not reading.assigned:
        raise Unusable("sets nothing by $Self->{…} that can be read")
    settings = reading.settings
    remarks = [
        (finding.setting, f"Line {finding.line}: {f'{finding.name} {finding.sentence}'.lstrip()}.")
        for finding in reading.findings
        if not finding.setting or RELEVANT.match(finding.setting)
    ]
    if "CustomerUser" not in reading.assigned:
        if all(isinstance(settings.get(slot), Mapping) and settings[slot] for slot in NUMBERED):
            del settings["CustomerUser"]
            remarks.append(("CustomerUser", NO_ROOM.format(name)))
        else:
            remarks.append(("CustomerUser", SHIPPED.format("CustomerUser", name)))
    return Imported(settings, remarks)


def _tidied(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Take out of the blocks what has not the form of a block; what that was."""
    for name, block in settings.items():
        if not SLOT.fullmatch(name) or not block:
            continue
        if not isinstance(block, dict):
            settings[name] = None
            yield name, f"{name} is no table."
            continue
        rows = block.get("Map")
        block["Map"] = [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []
        if rows != block["Map"]:
            yield name, "Map: what is no list of rows is left out."
