"""What is remembered of one key, and the text that a shared cache keeps of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from backends.envelope import Json
from backends.makers import served
from backends.model import ServedFrom
from backends.protocol import R


@dataclass(slots=True)
class Entry(Generic[R]):
    """What a source said when it was asked for a spelling; absent without a record."""

    asked: str
    until: float
    record: R | None
    is_live: bool = False
    """Whether the record is still the one that was read, which says so."""

    def remembered(self) -> R | None:
        """The record, which says that it was remembered; most are never asked for again, so it is made now."""
        if self.is_live and self.record is not None:
            self.record, self.is_live = served(self.record, ServedFrom.CACHE), False
        return self.record

    def answers(self, key: str) -> bool:
        """Whether the source would say the same of `key`, another spelling of which was asked.

        `Franz` may have a twin `FRANZ`, so a record answers for its own spelling and the one asked. An absence is
        that of all spellings, as far as all stores fold them alike.
        """
        if key == self.asked:
            return True
        return self.settles(key) if self.record is None else key == self.record.key

    def settles(self, key: str) -> bool:
        """Whether it says if `key` exists, whichever of several twins that would be."""
        own = self.record is not None and key == self.record.key
        return own or key == self.asked or (key.isascii() and self.asked.isascii())


def text_of(entry: Entry[R], encode: Callable[[R], Json]) -> str:
    """The text of an entry."""
    return json.dumps([entry.asked, entry.until, None if entry.record is None else encode(entry.record)])


def entry_of(text: str, decode: Callable[[Json], R]) -> Entry[R] | None:
    """The entry of a text; a mark, or what somebody else left there, is none."""
    try:
        asked, until, record = json.loads(text)
        return Entry(str(asked), float(until), None if record is None else decode(record))
    except (ValueError, TypeError, AttributeError):
        return None
