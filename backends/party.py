"""Who is asked for together: single keys of several callers that are ready at the same moment."""

from __future__ import annotations

from dataclasses import dataclass, field

LARGEST = 100
"""Keys that are asked for together at most."""


@dataclass(slots=True, eq=False)
class Party:
    """Single keys of several callers that one call asks for."""

    turn: int
    keys: list[str] = field(default_factory=list)


class Parties:
    """A call begins when the loop has seen to everybody who is ready now.

    So nobody waits for company, and under load many are asked for by one statement.
    """

    def __init__(self) -> None:
        self._gathering: Party | None = None
        self._asked_for: dict[str, Party] = {}

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

    def begin(self, party: Party) -> None:
        """Its call begins: nobody joins any more with another key."""
        if self._gathering is party:
            self._gathering = None

    def end(self, party: Party) -> None:
        """Its call has ended."""
        for key in party.keys:
            if self._asked_for.get(key) is party:
                del self._asked_for[key]
