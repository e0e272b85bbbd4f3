"""What may be answered: who is where, and which values somebody's first name may have had while a question ran."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.stage import SOURCES, people

FIRST = SOURCES[0]
CODES = {"SOURCE_UNAVAILABLE", "SOURCE_TIMEOUT"}
"""What a fault may be answered with."""


@dataclass(slots=True)
class Spell:
    """A value, since when it may have been stored, and since when it surely is not any more."""

    value: str
    since: float
    until: float | None = None


@dataclass(slots=True)
class Person:
    """One customer user."""

    login: str
    source: str
    spells: list[Spell] = field(default_factory=list)

    def may_become(self, value: str) -> Spell:
        """A write of this value begins."""
        spell = Spell(value, time.monotonic())
        self.spells.append(spell)
        return spell

    def became(self, spell: Spell) -> None:
        """The write was confirmed: nothing that was stored before it is stored now."""
        now = time.monotonic()
        for one in self.spells:
            if one is not spell and one.until is None:
                one.until = now
        del self.spells[:-20]

    def may_be(self, value: str, since: float) -> bool:
        """Whether a question that was asked at `since` and is answered now may find the value."""
        return any(one.value == value and (one.until is None or one.until >= since) for one in self.spells)


class Model:
    """Everybody, by login."""

    def __init__(self) -> None:
        self.people = {
            login: Person(login, key, [Spell(key, 0.0)]) for key in SOURCES for login in people(key)
        }
        self.people["everywhere"] = Person("everywhere", FIRST, [Spell(FIRST, 0.0)])

    def wrong_record(self, login: str, found: Mapping[str, Any] | None, since: float) -> str | None:
        """What is wrong with the record under a login, if anything."""
        person = self.people.get(login.lower())
        if person is None:
            return f"{login} does not exist" if found is not None else None
        if found is None:
            return f"{login} is absent"
        if found["source"]["key"] != person.source:
            return f"{login} is taken out of {found['source']['key']}"
        if not person.may_be(found["firstName"], since):
            return f"{login} is {found['firstName']}, which it was not then"
        return None

    def wrong_list(
        self, nodes: Iterable[Mapping[str, Any]], whole: set[str], reports: Mapping[str, bool], since: float
    ) -> Iterator[str]:
        """What is wrong with a list: `reports` says of each source whether it was OK, `whole` who should be there."""
        seen: set[tuple[str, str]] = set()
        every = all(reports.values())
        for node in nodes:
            who = (node["login"], node["source"]["key"])
            if who in seen:
                yield f"{who} comes twice"
            seen.add(who)
            if every and (wrong := self.wrong_record(node["login"], node, since)):
                yield wrong
        for login in whole:
            person = self.people[login]
            if reports[person.source] and (login, person.source) not in seen:
                yield f"{login} is missing, and {person.source} is said to be OK"
