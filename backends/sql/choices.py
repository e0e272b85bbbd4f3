"""What the values of a dynamic field are called: read out of the YAML in which OTOBO keeps a field's settings (DB-14)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

QUOTED = r"""'(?:[^'\n]|'')*'|"(?:[^"\\\n]|\\.)*\""""
PLAIN = r"""(?:[^\s'"#&*!|>%@`{}\[\],?:-]|[-:?](?=\S))(?:[^#:\n]|(?<=\S)#|:(?=\S))*?"""
LAST = r"""(?:[^\s'"#&*!|>%@`{}\[\],?:-]|[-:?](?=\S))(?:[^#\n]|(?<=\S)#)*?"""
BLOCK = re.compile(r"^PossibleValues:[ \t]*\n((?:[ \t]+\S.*(?:\n|$)|[ \t]*\n)*)", re.MULTILINE)
ENTRY = re.compile(
    rf"^[ \t]+(?P<value>{QUOTED}|-|{PLAIN})[ \t]*:[ \t]+(?P<name>{QUOTED}|-|{LAST})[ \t]*(?:[ \t]#.*)?$",
    re.MULTILINE,
)


def choices_of(config: object) -> Mapping[str, str]:
    """Stored value → text shown; empty where a field has no choices, or they are written in another way."""
    text = config.decode("utf-8", "replace") if isinstance(config, bytes) else str(config or "")
    block = BLOCK.search(text.replace("\r\n", "\n"))
    return dict(_entries(block[1])) if block else {}


def _entries(block: str) -> Iterator[tuple[str, str]]:
    for entry in ENTRY.finditer(block):
        yield _scalar(entry["value"]), _scalar(entry["name"])


def _scalar(text: str) -> str:
    """A YAML scalar as text: plain, or in one of two kinds of quotes."""
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    return text.strip()
