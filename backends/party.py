"""Who is asked for together: single keys of several callers that are ready at the same moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

LARGEST = 100
"""Keys that are asked for together at most."""
LOAD = 2
"""Calls under way from which on the next one waits for company."""
CROWD = 8
"""Keys under way from which on it does so too: who asks for as many at once is busy."""
PATIENCE = 0.001
"""Seconds for which a call waits for company at most, and for one that is under way to end."""


@dataclass(slots=True, eq=False)
class Party:
    """Single keys of several callers that one call asks for."""

    turn: int
    keys: list[str] = field(default_factory=list)


class Pace:
    """When a call for many begins.

    Nobody waits for company who is alone, and under load many are seen to by one statement: while several calls are
    under way the next one waits for the end of one of them, but no longer than a store that is near takes.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._waiting: list[asyncio.Future[None]] = []

    async def begin(self, *, is_busy: bool = False) -> None:
        """A call begins, perhaps after a moment; after one where it `is_busy`. Whatever happens, let it end."""
        try:
            if is_busy or self._under_way >= LOAD:
                await self._moment()
        finally:
            self._under_way += 1

    def end(self) -> None:
        """A call has ended."""
        self._under_way -= 1
        for answer in self._waiting:
            _end(answer)
        self._waiting.clear()

    async def _moment(self) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()
        self._waiting.append(answer)
        timer = loop.call_later(PATIENCE, _end, answer)
        try:
            await answer
        finally:
            timer.cancel()


class Parties:
    """A call begins when the loop has seen to everybody who is ready now, at a pace that lets many come together."""

    def __init__(self) -> None:
        self._gathering: Party | None = None
        self._asked_for: dict[str, Party] = {}
        self._pace = Pace()

    def join(self, key: str, turn: int, *, anew: bool = False) -> Party:
        """Those that `key` is asked for with: where it is being asked for already in this turn, or those of this moment.

        Who asks `anew` joins no call that has begun: it may have read before.
        """
        party = self._asked_for.get(key)
        if party is None or (party is not self._gathering and (anew or party.turn != turn)):
            party = self._gathering
            if party is None or len(party.keys) >= LARGEST:
                party = self._gathering = Party(turn)
            party.keys.append(key)
            self._asked_for[key] = party
        if party is self._gathering:
            party.turn = turn  # it will read later than now
        return party

    async def begin(self, party: Party) -> None:
        """Its call begins, perhaps after a moment: nobody joins any more with another key. Whatever happens, let it end."""
        try:
            others = len(self._asked_for) - len(party.keys)
            await self._pace.begin(is_busy=others >= CROWD)
        finally:
            if self._gathering is party:
                self._gathering = None

    def end(self, party: Party) -> None:
        """Its call has ended."""
        self._pace.end()
        for key in party.keys:
            if self._asked_for.get(key) is party:
                del self._asked_for[key]


def _end(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_result(None)
