"""Where passwords are checked, in order (AUTH-1): every check costs the same, whoever is concerned (S8)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from backends.breaker import Breaker
from backends.errors import SourceUnavailable
from backends.model import CustomerUser, SourceStatus
from backends.passwords import Hasher, is_possible

T = TypeVar("T")


class Hashes(Protocol):
    """A store of password hashes."""

    async def stored(self, login: str) -> str | None:
        """The hash of exactly this login; None without one."""
        ...

    async def close(self) -> None: ...


class Binds(Protocol):
    """A directory that checks passwords by a bind."""

    async def verify(self, login: str, password: str | None) -> bool:
        """Whether the password is that of the login; None costs as much, binds nobody, and is never right."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right, and the hash that said so, where it was one."""

    accepted: bool
    stored: str | None = field(default=None, repr=False)


class Slot(Protocol):
    """One of the places where passwords are checked."""

    def name_of(self, login: str) -> str:
        """The login that is meant by what was typed (ALDAP-2, ALDAP-3)."""
        ...

    async def verify(self, login: str, password: str | None, owner: CustomerUser | None) -> Verdict:
        """Whether the password is right; None never is. `owner` is who has the login, where that is certain."""
        ...

    async def close(self) -> None:
        """Give back all connections."""
        ...


class Watched:
    """Asks a place within its time, once more where a connection broke, and leaves it alone while it is ill."""

    def __init__(self, name: str, timeout: float, breaker: Breaker | None = None) -> None:
        self._name = name
        self._timeout = timeout
        self._breaker = breaker or Breaker(5, 10.0)

    async def ask(self, call: Callable[[], Awaitable[T]], *, retry: bool = False) -> T:
        """The answer; raises SourceUnavailable."""
        permit = self._breaker.admit()
        if permit is None:
            raise SourceUnavailable(self._name, SourceStatus.CIRCUIT_OPEN, self._breaker.retry_after_ms)
        worked: bool | None = None
        budget = asyncio.timeout(self._timeout)
        try:
            async with budget:
                answer = await self._call(call, retry and permit.hopeful)
        except SourceUnavailable:
            worked = False
            raise
        except TimeoutError as error:
            if not budget.expired():
                raise
            worked = False
            raise SourceUnavailable(self._name, SourceStatus.TIMEOUT) from error
        else:
            worked = True
            return answer
        finally:
            self._breaker.settle(permit, worked)

    async def _call(self, call: Callable[[], Awaitable[T]], retry: bool) -> T:
        try:
            return await call()
        except SourceUnavailable as error:
            if not retry or error.status is not SourceStatus.UNAVAILABLE:
                raise
        return await call()


@dataclass(frozen=True, slots=True)
class TableSlot:
    """A table of logins and hashes, compared exactly as typed (AUTH-9)."""

    hashes: Hashes
    watched: Watched
    hasher: Hasher

    def name_of(self, login: str) -> str:
        return login

    async def verify(self, login: str, password: str | None, owner: CustomerUser | None) -> Verdict:
        del owner  # what the table says is enough
        try:
            stored = await self.watched.ask(lambda: self.hashes.stored(login), retry=True)
        except SourceUnavailable:
            await self.hasher.burn()
            raise
        return await _compared(self.hasher, stored, password)

    async def close(self) -> None:
        await self.hashes.close()


@dataclass(frozen=True, slots=True)
class DirectorySlot:
    """A directory, with what is added to a login (ALDAP-2)."""

    binds: Binds
    watched: Watched
    hasher: Hasher
    suffix: str = ""

    def name_of(self, login: str) -> str:
        trimmed = login.strip()
        return trimmed + self.suffix if trimmed else ""

    async def verify(self, login: str, password: str | None, owner: CustomerUser | None) -> Verdict:
        del owner
        burning = self.hasher.burn()
        call = self.watched.ask(lambda: self.binds.verify(login, password))
        bound, _ = await _both(call, burning)
        return Verdict(bound)

    async def close(self) -> None:
        await self.binds.close()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the customer users of one source have their passwords; neither where they have none."""

    watched: Watched
    hashes: Hashes | None = None
    binds: Binds | None = None


@dataclass(frozen=True, slots=True)
class OwnerSlot:
    """The source that owns the login checks its password; all the others do as much work."""

    places: Mapping[str, Place]
    """By key of the source."""
    hasher: Hasher

    def name_of(self, login: str) -> str:
        return login

    async def verify(self, login: str, password: str | None, owner: CustomerUser | None) -> Verdict:
        name = owner.login if owner else login
        key = owner.source_key if owner else None
        asked = [self._ask(place, name, password if of == key else None) for of, place in self.places.items()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found = dict(zip(self.places, answers, strict=True))
        mine = found.get(key) if key is not None else None
        verdict = await _compared(self.hasher, mine if isinstance(mine, str) else None, password)
        if mine is True:
            return Verdict(True)
        if not verdict.accepted and (failed := [one for one in answers if isinstance(one, BaseException)]):
            raise failed[0]
        return verdict

    async def close(self) -> None:
        places = self.places.values()
        stores = [store for place in places for store in (place.hashes, place.binds) if store is not None]
        await asyncio.gather(*(store.close() for store in stores))

    async def _ask(self, place: Place, login: str, password: str | None) -> str | bool | None:
        hashes, binds = place.hashes, place.binds
        if hashes is not None:
            return await place.watched.ask(lambda: hashes.stored(login), retry=True)
        if binds is not None:
            return await place.watched.ask(lambda: binds.verify(login, password))
        return None


def usable(password: str) -> str | None:
    """The password, if anybody could have it: never an empty one, blanks alone, `0`, or text with NUL (S3)."""
    return password if is_possible(password) and password.strip() else None


async def _compared(hasher: Hasher, stored: str | None, password: str | None) -> Verdict:
    right = await hasher.verify(stored, password or "")
    return Verdict(right, stored if right else None)


async def _both(call: Awaitable[T], burning: Awaitable[None]) -> tuple[T, None]:
    """Both, to the end, whatever the first raises."""
    answer, burnt = await asyncio.gather(call, burning, return_exceptions=True)
    for one in (answer, burnt):
        if isinstance(one, BaseException):
            raise one
    return answer, None  # type: ignore[return-value]


def in_order(slots: Sequence[Slot], login: str) -> Sequence[str]:
    """The login as typed, and what the slots make of it, each once."""
    return [name for name in dict.fromkeys([login, *(slot.name_of(login) for slot in slots)]) if name]
