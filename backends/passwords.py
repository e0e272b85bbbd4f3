"""Password hashes in OTOBO's own texts: every format is verified, three are written, plain ones are neither."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, TypeVar

import bcrypt
from passlib.hash import bigcrypt, des_crypt

from backends.conditions import is_storable
from backends.md5crypt import md5_crypt

_T = TypeVar("_T")

HashKind = Literal["bcrypt", "sha2", "sha512"]
"""What new passwords are stored as (PW-6)."""

DEFAULT_COST: Final = 12
LEAST_COST: Final = 9
MOST_COST: Final = 16
"""A dearer hash, written by whomever, would hold a thread for minutes; it is not verified."""

_LONGEST_STORED: Final = 512
_LONGEST_PASSWORD: Final = 4096
_BCRYPT_BYTES: Final = 72
_ALPHANUMERIC: Final = string.digits + string.ascii_letters
_UNAMBIGUOUS: Final = "".join(sign for sign in _ALPHANUMERIC if sign not in "0O1Il")
_BCRYPT_64: Final = bytes.maketrans(
    (string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/").encode(),
    ("./" + string.ascii_uppercase + string.ascii_lowercase + string.digits).encode(),
)
_BCRYPT: Final = re.compile(r"BCRYPT:([0-9]{1,2}):(.{16}):(.{31})", re.DOTALL)


def is_possible(password: str) -> bool:
    """Whether OTOBO could let anybody in with it (AUTH-10): not empty, not `0`, and text throughout."""
    return password not in ("", "0") and len(password) <= _LONGEST_PASSWORD and is_storable(password)


def verify(stored: str, password: str) -> bool:
    """Whether the stored text is a hash of the password; what is stored is recognised in OTOBO's order (PW-2)."""
    if not is_possible(password) or not stored or len(stored) > _LONGEST_STORED or not is_storable(stored):
        return False
    return _verifier(stored)(stored, password)


def hash_password(password: str, kind: HashKind = "bcrypt", cost: int = DEFAULT_COST) -> str:
    """The password as a running OTOBO verifies it; ValueError for one that is not possible."""
    if not is_possible(password):
        raise ValueError("a password is text, neither empty nor 0")
    if kind == "sha2":
        return _sha256(password)
    if kind == "sha512":
        return _sha512(password)
    if not LEAST_COST <= cost <= MOST_COST:
        raise ValueError(f"the cost of bcrypt lies between {LEAST_COST} and {MOST_COST}")
    salt = "".join(secrets.choice(_ALPHANUMERIC) for _ in range(16))
    return f"BCRYPT:{cost}:{salt}:{_bcrypt(password, cost, salt.encode())}"


def generate(length: int = 20) -> str:
    """A new password of digits and letters that nobody mistakes for others; some of each kind (PW-15)."""
    while True:
        password = "".join(secrets.choice(_UNAMBIGUOUS) for _ in range(max(16, length)))
        if all(any(test(sign) for sign in password) for test in (str.isdigit, str.islower, str.isupper)):
            return password


def is_weak(stored: str) -> bool:
    """Whether the stored text is a hash that is fast or without salt (PW-12); no password at all is not weak."""
    return bool(stored) and _cost(stored) is None


class Hasher:
    """Hashes beside the event loop, a few at a time; every answer costs one bcrypt of the same cost (S8)."""

    def __init__(self, workers: int = 2, cost: int = DEFAULT_COST) -> None:
        self.cost = cost
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="hashing")

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the stored text, if there is any, is a hash of the password."""
        return await self._beside(lambda: _verify_at(self.cost, stored or "", password))

    async def hash(self, password: str, kind: HashKind = "bcrypt") -> str:
        """The password as a running OTOBO verifies it; ValueError for one that is not possible."""
        return await self._beside(lambda: hash_password(password, kind, self.cost))

    async def burn(self) -> None:
        """As much work as one verification."""
        await self._beside(lambda: _burn(self.cost))

    def close(self) -> None:
        """Let the threads end; what waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _beside(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _verifier(stored: str) -> Callable[[str, str], bool]:
    if len(stored) == 13 and not re.match(r"\$[0-9]\$", stored):
        return _verify_crypt
    if re.fullmatch(r"\$.+?\$.+?\$.*", stored, re.DOTALL):
        return _verify_md5
    if re.fullmatch("[0-9a-fA-F]{64}", stored):
        return lambda stored, password: _same(_sha256(password), stored)
    if re.fullmatch("[0-9a-fA-F]{128}", stored):
        return lambda stored, password: _same(_sha512(password), stored)
    if stored.startswith("BCRYPT:"):
        return _verify_bcrypt
    if re.fullmatch("[0-9a-fA-F]{40}", stored):
        return lambda stored, password: _same(_sha1(password), stored)
    return _verify_crypt


def _verify_crypt(stored: str, password: str) -> bool:
    """DES, and the form that libxcrypt makes of long passwords and long logins (PW-5); the salt is stored."""
    crypt = des_crypt if len(stored) == 13 else bigcrypt
    blocks = -(-len(password.encode()) // 8)
    if crypt is bigcrypt and len(stored) != 2 + 11 * blocks:
        return False
    try:
        return bool(crypt.verify(password, stored))
    except (ValueError, TypeError):
        return False


def _verify_md5(stored: str, password: str) -> bool:
    magic = "$apr1$" if stored.startswith("$apr1$") else "$1$"
    salt = re.sub(r"\A\$.+?\$(.+?)\$.*\Z", r"\1", stored, flags=re.DOTALL)
    return _same(md5_crypt(password.encode(), salt.encode(), magic.encode()), stored)


def _verify_bcrypt(stored: str, password: str) -> bool:
    match, cost = _BCRYPT.fullmatch(stored), _cost(stored)
    if match is None or cost is None:
        return False
    return _same(_bcrypt(password, cost, match[2].encode()), match[3])


def _verify_at(cost: int, stored: str, password: str) -> bool:
    """Verify, then do what is left of the work of one bcrypt: doubling from the stored cost adds up to it."""
    verified = verify(stored, password)
    spent = _cost(stored) if is_possible(password) else None
    for remaining in range(spent, cost) if spent is not None else (cost,):
        _burn(remaining)
    return verified


def _burn(cost: int) -> None:
    _bcrypt("kundengraph", cost, b"kundengraph-burn")


def _cost(stored: str) -> int | None:
    """What verifying a stored bcrypt costs; None for anything else."""
    match = _BCRYPT.fullmatch(stored)
    if match is None or not match[2].isascii() or not 4 <= int(match[1]) <= MOST_COST:
        return None
    return int(match[1])


def _bcrypt(password: str, cost: int, salt: bytes) -> str:
    """The 31 characters of the hash; the salt is raw, the password is cut as bcrypt itself would (PW-3)."""
    encoded = base64.b64encode(salt).rstrip(b"=").translate(_BCRYPT_64)
    setting = b"$2b$%02d$%s" % (cost, encoded)
    return bcrypt.hashpw(password.encode()[:_BCRYPT_BYTES], setting)[29:].decode()


def _sha1(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest()  # noqa: S324  (verified, never written)


def _sha256(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _sha512(password: str) -> str:
    return hashlib.sha512(password.encode()).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
