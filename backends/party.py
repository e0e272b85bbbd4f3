"""Who is asked for together: single keys of several callers that are ready at the same moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

LARGEST = 100
"""Keys that are asked for together at most."""
LOAD = 2
"""Calls under way from which on the next one waits for company."""
PATIENCE = 0.001
"""Seconds for which a call waits for company at most, and for one that is under way to end."""


@dataclass(slots=True, eq=False)
class Party:
    """Single keys of several callers that one call asks for."""

    turn: int
    keys: list[str] = field(default_factory=list)


class Parties:
    """A call begins when the loop has seen to everybody who is ready now.

    So nobody waits for company who is alone, and under load many are asked for by one statement: while several calls
    are under way the next one waits for the end of one of them, but no longer than a store that is near takes.
    """

    def __init__(self) -> None:
        self._gathering: Party | None = None
        self._asked_for: dict[str, Party] = {}
        self._under_way = 0
        self._waiting: list[asyncio.Future[None]] = []

    def join(self, key: str, turn: int) -> Party:
        """Those that `key` is asked for with: where it is being asked for already in this turn, or those of this moment."""
        party = self._asked_for.get(key)
        if party is not None and party.turn == turn:
            return party
        party = self._gathering
        if party is None or party.turn != turn or len(party.keys) >= LARGEST:
            party = self._gathering = Party(turn)
        party.keys.append(key)
        self._asked_for[key] = party
        return party

    async def begin(self, party: Party) -> None:
        """Its call begins, perhaps after a moment: nobody joins any more with another key. Whatever happens, let it end."""
        try:
            if self._under_way >= LOAD:
                await self._moment()
        finally:
            self._under_way += 1
            if self._gathering is party:
                self._gathering = None

    def end(self, party: Party) -> None:
        """Its call has ended."""
        self._under_way -= 1
        for answer in self._waiting:
            _end(answer)
        self._waiting.clear()
        for key in party.keys:
            if self._asked_for.get(key) is party:
                del self._asked_for[key]

    async def _moment(self) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()
        self._waiting.append(answer)
        timer = loop.call_later(PATIENCE, _end, answer)
        try:
            await answer
        finally:
            timer.cancel()


def _end(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_result(None)
