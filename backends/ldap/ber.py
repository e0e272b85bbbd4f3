"""As much of BER as a relay must understand: where elements begin and end, and three kinds of message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from backends.bounded import Bounded

START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""The extended request for TLS, as message 1."""

_SEQUENCE, _INTEGER, _ENUMERATED = 0x30, 0x02, 0x0A
_SEARCH_ENTRY, _SEARCH_DONE, _EXTENDED_RESPONSE = 0x64, 0x65, 0x78
SUCCESS, SIZE_LIMIT_EXCEEDED = 0, 4
LONG = 0x80
"""Lengths from here on are spelled in more bytes than one."""
ENTRIES = 4096
"""Entries whose values are kept as long as they come again."""
LONGEST = 2000
"""Bytes of such an entry at most."""
ANSWERS = 256
"""Whole answers to searches of ours that are kept as long as they come again."""
LONGEST_ANSWER = 16_384
"""Bytes of such an answer at most, which come by one call of the kernel."""
_HEADERS = 24
"""Enough bytes of a message to reach what its operation holds."""
_PEEK = 32
"""Enough bytes of a message to reach the result code of a finished search."""


class Entry(NamedTuple):
    """One entry as the server gave it; attribute names are in lower case. A tuple, since lists have thousands."""

    dn: str
    values: Mapping[str, tuple[bytes, ...]]


class Incomplete(Exception):
    """The bytes end within the header of an element."""


def element(data: bytes | bytearray, place: int) -> tuple[int, int, int]:
    """Tag of the element at `place`, where its content starts and where it ends; lengths are definite in LDAP."""
    if len(data) < place + 2:
        raise Incomplete
    tag, length, start = data[place], data[place + 1], place + 2
    if length & 0x80:
        size = length & 0x7F
        if not 0 < size <= 4:
            raise ValueError("not a length that LDAP uses")
        if len(data) < start + size:
            raise Incomplete
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return tag, start, start + length


def start_tls_accepted(message: bytes) -> bool:
    """Whether `message` is the answer to START_TLS, whole, and grants it."""
    try:
        tag, place, end = element(message, 0)
        id_tag, id_start, id_end = element(message, place)
        response_tag, code_place, response_end = element(message, id_end)
        code_tag, code_start, code_end = element(message, code_place)
    except (Incomplete, ValueError):
        return False
    return (
        (tag, id_tag, response_tag, code_tag) == (_SEQUENCE, _INTEGER, _EXTENDED_RESPONSE, _ENUMERATED)
        and end == len(message)
        and code_end <= response_end <= end
        and message[id_start:id_end] == b"\x01"
        and message[code_start:code_end] == bytes([SUCCESS])
    )


class AnswerReader:
    """Lets a directory's answers to the driver through but for entries, and notes how searches end, which the driver does not tell properly.

    Entries are read here: the driver makes objects of them that cost many times as much, and throws away those that
    came before "size limit exceeded", which are an answer (LDAP-30), so that code becomes success on its way. And
    "no such object" looks to it like an empty answer, which it is not.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        """Result code of the search that ended last."""
        self._entries: list[Entry] = []
        self._whole: Sequence[Entry] | None = None
        self._held = bytearray()
        self._skip = 0
        self._own = -1
        self._ended: Callable[[], None] | None = None

    def begin(self, own: int = -1, ended: Callable[[], None] | None = None) -> None:
        """Another search is about to be sent; where it is not the driver's, its number, and who hears of its end."""
        self.code = self._whole = None
        self._entries = []
        self._own, self._ended = own, ended

    def entries(self) -> Sequence[Entry]:
        """The entries that came since the last time; of an answer of ours that came again, the same object."""
        found, self._entries = self._whole or self._entries, []
        self._whole = None
        return found

    def feed(self, data: bytes) -> bytes:
        """What to pass on of `data` and what was held back; an entry, or a few bytes of a message, may stay for later."""
        is_first = self.code is None and not (self._own < 0 or self._skip or self._held or self._entries)
        if not is_first or len(data) > LONGEST_ANSWER:
            return self._read(data)
        if (known := _ANSWERS.get(data)) is not None:
            self._whole, self.code = known
            self._tell()
            return b""
        passed = self._read(data)
        if not passed and not self._held and self.code is not None:
            self._whole = tuple(self._entries)
            _ANSWERS.keep(data, (self._whole, self.code))
        return passed

    def _tell(self) -> None:
        if self._ended is not None:
            self._ended()

    def _read(self, data: bytes) -> bytes:
        if self._skip >= len(data):
            self._skip -= len(data)
            return data
        self._held += data
        buffer, passed, begun, place = self._held, b"", 0, self._skip
        while place < len(buffer):
            try:
                number, tag, start, end = _operation(buffer, place)
            except Incomplete:
                break
            kept = tag == _SEARCH_ENTRY or number == self._own
            if len(buffer) < (end if kept else min(end, place + _PEEK)):
                break
            if kept:
                passed += buffer[begun:place]
                begun = end
            if tag == _SEARCH_ENTRY:
                content = bytes(buffer[start:end])
                again = number == self._own and len(content) <= LONGEST
                self._entries.append(_known_entry(content) if again else _entry(content))
            elif tag == _SEARCH_DONE:
                self._note(buffer, start)
                if kept:
                    self._tell()
            place = end
        reached = min(place, len(buffer))
        passed += buffer[begun:reached]
        self._skip = place - reached
        del buffer[:reached]
        return passed

    def _note(self, message: bytearray, place: int) -> None:
        code_tag, code_start, _ = element(message, place)
        if code_tag != _ENUMERATED:
            return
        self.code = message[code_start]
        if self.code == SIZE_LIMIT_EXCEEDED:
            message[code_start] = SUCCESS


def _operation(buffer: bytearray, place: int) -> tuple[int, int, int, int]:
    """Number and kind of the message at `place`, where the content of its operation starts, and where it ends itself."""
    if len(buffer) - place < _HEADERS:
        _, start, end = element(buffer, place)
        _, start, after = element(buffer, start)
        tag, content, _ = element(buffer, after)
    else:
        start, end = _span(buffer, place)
        start, after = _span(buffer, start)
        if after - start > 4:
            raise ValueError("not a number that LDAP uses")
        tag, (content, _) = buffer[after], _span(buffer, after)
    return int.from_bytes(buffer[start:after], "big"), tag, content, end


def _entry(content: bytes) -> Entry:
    """DN and attributes of an entry; raises ValueError or IndexError for what is none."""
    start, place = _span(content, 0)
    dn = content[start:place].decode("utf-8", "replace")
    place, end = _span(content, place)
    values: dict[str, tuple[bytes, ...]] = {}
    while place < end:
        start, attribute_end = _span(content, place)
        start, place = _span(content, start)
        name = _lowered(content[start:place])
        place, values_end = _span(content, place)
        found = []
        while place < values_end:
            if (length := content[place + 1]) < LONG:  # as nearly all are
                start, place = place + 2, place + 2 + length
            else:
                start, place = _span(content, place)
            found.append(content[start:place])
        if not place == values_end <= attribute_end:
            raise ValueError("an attribute that ends elsewhere than it says")
        if name not in values:  # of an attribute that stands there twice, the first counts
            values[name] = tuple(found)
        place = attribute_end
    if not place == end <= len(content):
        raise ValueError("an entry that ends elsewhere than it says")
    return Entry(dn, values)


_known_entry = lru_cache(ENTRIES)(_entry)
"""Of an entry that comes again, byte by byte, the same values; those of whole lists, read by pages, would crowd out others."""


_ANSWERS: Bounded[bytes, tuple[Sequence[Entry], int]] = Bounded(ANSWERS)
"""Entries and result code of an answer that comes again, byte by byte."""


@lru_cache(maxsize=1024)
def _lowered(name: bytes) -> str:
    return name.decode("utf-8", "replace").lower()


def _span(data: bytes | bytearray, place: int) -> tuple[int, int]:
    """Where the content of an element that is all there starts and ends."""
    length = data[place + 1]
    if length < LONG:
        return place + 2, place + 2 + length
    size = length & 0x7F
    if not 0 < size <= 4:
        raise ValueError("not a length that LDAP uses")
    start = place + 2 + size
    return start, start + int.from_bytes(data[place + 2 : start], "big")
