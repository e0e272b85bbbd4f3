"""As much of BER as a relay must understand: where elements begin and end, and two kinds of message."""

from __future__ import annotations

START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""The extended request for TLS, as message 1."""

_SEQUENCE, _INTEGER, _ENUMERATED = 0x30, 0x02, 0x0A
_SEARCH_DONE, _EXTENDED_RESPONSE = 0x65, 0x78
SUCCESS, SIZE_LIMIT_EXCEEDED = 0, 4
_PEEK = 32
"""Enough bytes of a message to reach the result code of a finished search."""


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
    """Lets a directory's answers through and notes how searches end, which the driver does not tell properly.

    It throws away the entries that came before "size limit exceeded", and they are an answer (LDAP-30), so that code
    becomes success on its way. And "no such object" looks to it like an empty answer, which it is not.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        """Result code of the search that ended last."""
        self._held = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> bytes:
        """What to pass on of `data` and what was held back; a few bytes of a message may stay for later."""
        if self._skip >= len(data):
            self._skip -= len(data)
            return data
        buffer, place = self._held + data, self._skip
        self._skip = 0
        while place < len(buffer):
            try:
                _, _, end = element(buffer, place)
                if len(buffer) < min(end, place + _PEEK):
                    break
                self._note(buffer, place)
            except Incomplete:
                break
            place = end
        passed = min(place, len(buffer))
        self._skip = max(place - len(buffer), 0)
        self._held = buffer[passed:]
        return bytes(buffer[:passed])

    def _note(self, message: bytearray, place: int) -> None:
        _, start, _ = element(message, place)
        _, _, id_end = element(message, start)
        if message[id_end] != _SEARCH_DONE:
            return
        _, code_place, _ = element(message, id_end)
        code_tag, code_start, _ = element(message, code_place)
        if code_tag != _ENUMERATED:
            return
        self.code = message[code_start]
        if self.code == SIZE_LIMIT_EXCEEDED:
            message[code_start] = SUCCESS
