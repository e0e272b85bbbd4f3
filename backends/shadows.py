"""Keys that no earlier source has, remembered for as long as all of these would say so again without being asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Generic, Protocol, cast, runtime_checkable

from backends.protocol import R
from backends.source import Source

MOST = 65536
"""Keys that are remembered at most."""


@runtime_checkable
class Absences(Protocol):
    """A backend that remembers in this process whom it lacks."""

    clock: Callable[[], float]

    @property
    def turn(self) -> int:
        """Another number whenever something that is remembered may be wrong."""
        ...

    def absent_until(self, key: str) -> float:
        """Until when it would say that it lacks the key, without asking its store; 0 where it would ask."""
        ...

    def used(self, number: int) -> None:
        """That many keys were answered by what it said before."""
        ...


@dataclass(slots=True)
class Asked:
    """Keys by the place of the source that has them."""

    keys: Mapping[int, Set[str]]
    until: float = 0.0
    """Until when all are certain to be in no earlier source, as long as `turns` are the last ones."""
    turns: tuple[int, ...] = ()


class Shadows(Generic[R]):
    """One look for each key in place of one in the memory of each earlier source."""

    def __init__(self, sources: Sequence[Source[R]]) -> None:
        backends = [source.backend for source in sources[:-1]]
        able = all(isinstance(one, Absences) for one in backends)
        self._earlier = cast(Sequence[Absences], backends) if able else ()
        self._until: dict[int, dict[str, float]] = {}
        self._turns: tuple[int, ...] = ()

    def doubtful(self, asked: Asked) -> Mapping[int, Set[str]]:
        """For each place those of its keys that a source before it may have; the others are certain to be in none."""
        if not self._until or not self._is_current():
            return asked.keys
        now, left = self._earlier[0].clock(), dict[int, set[str]]()
        if asked.turns is not self._turns or asked.until <= now:
            none = dict[str, float]()
            for place, keys in asked.keys.items():
                until = self._until.get(place, none)
                if doubtful := {key for key in keys if until.get(key, 0.0) <= now}:
                    left[place] = doubtful
            if not left:
                ends = (self._until[place][key] for place, keys in asked.keys.items() for key in keys)
                asked.until, asked.turns = min(ends, default=0.0), self._turns
        number = 0
        for place in range(len(self._earlier), 0, -1):
            if number := number + len(asked.keys.get(place, ())) - len(left.get(place, ())):
                self._earlier[place - 1].used(number)
        return left

    def keep(self, place: int, keys: Collection[str]) -> None:
        """Remember that the sources before `place` have just said to have none of the keys."""
        if not self._earlier or not keys:
            return
        if not self._is_current() or sum(map(len, self._until.values())) + len(keys) > MOST:
            self._until.clear()
        known = self._until.setdefault(place, {})
        for key in keys:
            until = min(one.absent_until(key) for one in self._earlier[:place])
            if until:
                known[key] = until

    def _is_current(self) -> bool:
        """Whether nothing was written since; otherwise what is remembered is to be dropped."""
        turns = tuple([one.turn for one in self._earlier])
        if turns == self._turns:
            return True
        self._turns = turns
        self._until.clear()
        return False
