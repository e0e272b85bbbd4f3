"""Positions as sealed text: authenticated, the same for the same row, without readable names, bound to a question."""

from __future__ import annotations

import base64
import binascii
import hashlib

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from backends.errors import CursorInvalid
from backends.order import Position


class Seal:
    """Seals positions under a key derived from the configured signing key; any other use is CURSOR_INVALID."""

    def __init__(self, signing_key: str) -> None:
        self._cipher = AESSIV(
            hashlib.blake2b(signing_key.encode(), person=b"cursor", digest_size=32).digest()
        )
        self._version_key = hashlib.blake2b(signing_key.encode(), person=b"version", digest_size=32).digest()

    def seal(self, position: Position, question: bytes) -> str:
        """A cursor for `position` in the list that `question` describes."""
        plain = orjson.dumps([position.values, position.folded, position.key, position.source_key])
        return base64.urlsafe_b64encode(self._cipher.encrypt(plain, [question])).decode().rstrip("=")

    def open(self, cursor: str, question: bytes) -> Position:
        """The position in `cursor`, when it was made for the same question."""
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            values, folded, key, source_key = orjson.loads(self._cipher.decrypt(sealed, [question]))
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise CursorInvalid(
                "The cursor is damaged or belongs to another list: start again without `after`.",
                argument="after",
            ) from error
        return Position(tuple(values), folded, key, source_key)

    def version(self, stored: object) -> str:
        """A keyed hash of a stored row: changes with every change, tells nothing of the values."""
        digest = hashlib.blake2b(orjson.dumps(stored, default=str), key=self._version_key, digest_size=12)
        return digest.hexdigest()


def question(*parts: object) -> bytes:
    """What a cursor is bound to: the list's field, order, filter, scope and sources, as one short text."""
    return hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=16).digest()
