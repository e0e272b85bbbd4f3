"""A store that does what the test says, and counts what it was asked; and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.model import CustomerUser, Inspection, SourceKind
from backends.order import fold
from backends.protocol import Count, Page

Deed = Callable[[], Awaitable[None]]


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Scripted:
    """Customer users by login. Each call is noted, then does the next deed, if there is one, and then answers."""

    kind = SourceKind.SQLITE

    def __init__(self, logins: Iterable[str] = (), deeds: Iterable[Deed] = ()) -> None:
        self.users = {login: a_user(login) for login in logins}
        self.deeds = list(deeds)
        self.always: Deed | None = None
        self.asked: list[tuple[str, ...]] = []
        self.running = 0
        self.cancelled = 0
        self.closed = False

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, CustomerUser]:
        found = {
            key: user for key in keys if (user := self._owner(key))
        }  # as it was when the store was asked
        await self._act(tuple(keys))
        return found

    async def have(self, keys: Sequence[str]) -> AbstractSet[str]:
        present = {key for key in keys if self._owner(key)}
        await self._act(tuple(keys))
        return present

    async def pages(self, questions: Sequence[Question]) -> Sequence[Page[CustomerUser]]:
        await self._act(("pages",))
        return [Page((), more=False) for _ in questions]

    async def counts(self, filters: Sequence[Filter]) -> Sequence[Count]:
        await self._act(("counts",))
        return [Count(len(self.users)) for _ in filters]

    async def tally(self, field: str, filter: Filter) -> Mapping[str | None, int]:
        await self._act(("tally",))
        return {}

    async def keys(
        self, filter: Filter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        await self._act(("keys",))
        return [(fold(login), login) for login in self.users]

    async def twins(self) -> Sequence[str]:
        await self._act(("twins",))
        return []

    async def ping(self) -> None:
        await self._act(("ping",))

    async def inspect(self) -> Inspection:
        await self._act(("inspect",))
        return Inspection(rows=len(self.users))

    async def close(self) -> None:
        await self._act(("close",))
        self.closed = True

    async def _act(self, asked: tuple[str, ...]) -> None:
        self.asked.append(asked)
        self.running += 1
        try:
            if self.deeds:
                await self.deeds.pop(0)()
            elif self.always:
                await self.always()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    def _owner(self, key: str) -> CustomerUser | None:
        if key in self.users:
            return self.users[key]
        return next((user for login, user in sorted(self.users.items()) if fold(login) == fold(key)), None)


def a_user(login: str, source: str = "one") -> CustomerUser:
    """A record that only its login distinguishes."""
    return CustomerUser(login=login, source_key=source, email=f"{login}@example.org")


async def works() -> None:
    """Answer."""


async def hangs() -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def fails() -> None:
    """Be out of reach."""
    raise SourceUnavailable("one")


async def is_wrong() -> None:
    """Have a bug."""
    raise ZeroDivisionError


def waits_for(event: asyncio.Event) -> Deed:
    """Answer once the event is set."""

    async def wait() -> None:
        await event.wait()

    return wait


async def settled() -> None:
    """Return when every task that can go on has done so."""
    for _ in range(20):
        await asyncio.sleep(0)
