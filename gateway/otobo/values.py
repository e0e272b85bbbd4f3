"""OTOBO's settings as values: what Perl takes for true, texts, lists, and secrets that are only disguised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Block = Mapping[str, Any]


def is_true(value: object) -> bool:
    """Whether Perl takes `value` for true: neither undefined nor empty, nor a zero."""
    return value not in (None, "", "0", 0, False)


def text(value: object, default: str = "") -> str:
    """A scalar as text; `default` where it is undefined."""
    return default if value is None or isinstance(value, Mapping | list) else str(value)


def texts(value: object) -> list[str]:
    """A list as texts, without undefined and empty entries; a lone scalar is a list of one."""
    entries = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return [str(entry) for entry in entries if entry not in (None, "")]


def number(value: object, default: int) -> int:
    """A whole number; `default` where Perl would take the value for false, or it is none."""
    try:
        return int(str(value)) if is_true(value) else default
    except ValueError:
        return default


def table(value: object) -> Block:
    """A nested table; empty where there is none."""
    return value if isinstance(value, Mapping) else {}


def slots(settings: Block, name: str) -> Iterator[tuple[str, Block]]:
    """The active blocks `name`, `name1` to `name10`, in the order in which OTOBO walks them."""
    for suffix in ("", *map(str, range(1, 11))):
        if isinstance(block := settings.get(f"{name}{suffix}"), Mapping) and block:
            yield suffix, block


def plain_password(stored: object) -> str:
    """A password; in curly brackets it was only disguised: bits inverted, hex digits with the low nibble first."""
    given = text(stored)
    digits = re.fullmatch(r"\{((?:[0-9A-Fa-f]{2})+)\}", given)
    if digits is None:
        return given
    swapped = re.sub(r"(.)(.)", r"\2\1", digits[1])
    clear = bytes(byte ^ 0xFF for byte in bytes.fromhex(swapped))
    return clear.rstrip(b"\0").decode("utf-8", "replace")
