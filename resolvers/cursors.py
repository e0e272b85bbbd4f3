"""Positions as sealed text: authenticated, the same for the same row, without readable names, bound to a question."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import fields, is_dataclass
from functools import lru_cache

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from backends.errors import CursorInvalid
from backends.order import Position

QUESTIONS = 256
"""Questions whose short texts are remembered: most pages are of few lists."""


class Seal:
    """Seals positions under a key derived from the configured signing key; any other use is CURSOR_INVALID."""

    def __init__(self, signing_key: str) -> None:
        self._cipher = AESSIV(
            hashlib.blake2b(signing_key.encode(), person=b"cursor", digest_size=32).digest()
        )
        key = hashlib.blake2b(signing_key.encode(), person=b"version", digest_size=32).digest()
        self._versions = hashlib.blake2b(key=key, digest_size=12)
        """Has taken in the key; each version goes on from a copy."""

    def seal(self, position: Position, question: bytes) -> str:
        """A cursor for `position` in the list that `question` describes."""
        plain = orjson.dumps([position.values, position.folded, position.key, position.source_key])
        return _text(self._cipher.encrypt(plain, [question]))

    def open(self, cursor: str, question: bytes) -> Position:
        """The position in `cursor`, when it was made for the same question."""
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            plain = self._cipher.decrypt(sealed, [question])
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise _invalid() from error
        if _text(sealed) != cursor:  # base64 has several spellings for the same bytes
            raise _invalid()
        values, folded, key, source_key = orjson.loads(plain)
        return Position(tuple(values), folded, key, source_key)

    def version(self, stored: object) -> str:
        """A keyed hash of a stored row: changes with every change, tells nothing of the values."""
        digest = self._versions.copy()
        digest.update(orjson.dumps(stored, default=str))
        return digest.hexdigest()


def question(*parts: object) -> bytes:
    """What a cursor is bound to: the list's field, order, filter, scope and sources, as one short text."""
    try:
        return _bound(parts)
    except TypeError:  # a part that cannot be looked up
        return _bound.__wrapped__(parts)


@lru_cache(maxsize=QUESTIONS)
def _bound(parts: tuple[object, ...]) -> bytes:
    text = repr(_in_order(parts))
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def _in_order(part: object) -> object:
    """Sets as sorted lists, at any depth: the next process has them in another order."""
    if isinstance(part, frozenset | set):
        return ["set", *sorted(repr(_in_order(one)) for one in part)]
    if isinstance(part, tuple | list):
        return [_in_order(one) for one in part]
    if is_dataclass(part) and not isinstance(part, type):
        values = [_in_order(getattr(part, one.name)) for one in fields(part)]
        return [type(part).__name__, *values]
    return part


def _invalid() -> CursorInvalid:
    return CursorInvalid(
        "The cursor is damaged or belongs to another list: start again without `after`.", argument="after"
    )


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")
