"""MD5-crypt, which OTOBO salts with the login: any bytes, where libraries take letters and digits alone (PW-4)."""

from __future__ import annotations

from hashlib import md5

_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TRIPLES = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))
_ROUNDS = 1000


def md5_crypt(password: bytes, salt: bytes, magic: bytes = b"$1$") -> str:
    """Magic, salt and hash in one text; of the salt only eight bytes count."""
    salt = salt[:8]
    digest = _first(password, salt, magic)
    for number in range(_ROUNDS):
        digest = md5(_mixed(number, digest, password, salt)).digest()  # noqa: S324
    return f"{(magic + salt).decode(errors='replace')}${_encoded(digest)}"


def _first(password: bytes, salt: bytes, magic: bytes) -> bytes:
    inner = md5(password + salt + password).digest()  # noqa: S324
    text = password + magic + salt + (inner * (len(password) // 16 + 1))[: len(password)]
    length = len(password)
    while length:
        text += b"\0" if length & 1 else password[:1]
        length >>= 1
    return md5(text).digest()  # noqa: S324


def _mixed(number: int, digest: bytes, password: bytes, salt: bytes) -> bytes:
    odd = number & 1
    text = password if odd else digest
    text += salt if number % 3 else b""
    text += password if number % 7 else b""
    return text + (digest if odd else password)


def _encoded(digest: bytes) -> str:
    groups = [(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _TRIPLES]
    return "".join(_base64(value, length) for value, length in (*groups, (digest[11], 2)))


def _base64(value: int, length: int) -> str:
    return "".join(_ALPHABET[value >> 6 * place & 63] for place in range(length))
