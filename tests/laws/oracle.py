"""What a list is, said naively: load everything, judge each row, sort, and drop what an earlier source hides.

It shares the words of questions with the program, but none of its reasoning: no conditions, no merge, no directory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.filters import FieldCondition, Operator
from backends.model import Validity, Value
from backends.order import OrderTerm
from tests.builders import Columns
from tests.laws.worlds import Asked, Place, World

COLUMNS = {
    "login": "login",
    "firstName": "first_name",
    "lastName": "last_name",
    "city": "city",
    "customerId": "customer_id",
    "email": "email",
    "room": "room",
    "floor": "floor",
    "country": "country",
}

HOLDS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.GREATER_THAN: lambda one, other: bool(one > other),
    Operator.GREATER_THAN_EQUALS: lambda one, other: bool(one >= other),
    Operator.SMALLER_THAN: lambda one, other: bool(one < other),
    Operator.SMALLER_THAN_EQUALS: lambda one, other: bool(one <= other),
}


@dataclass(frozen=True)
class Found:
    """A row of the world, and where it stands."""

    login: str
    place: int
    row: Columns = field(compare=False)

    @property
    def folded(self) -> str:
        return self.login.lower()


class Oracle:
    """Knows everything about one world.

    Sources in `mute` keep their rows to themselves; those in `blind` do not say whom they have.
    """

    def __init__(self, world: World, mute: Collection[str] = (), blind: Collection[str] = ()) -> None:
        self.world = world
        self.mute = mute
        self.blind = blind
        self.rows = [
            Found(str(row["login"]), place, row) for place, source in enumerate(world) for row in source.rows
        ]

    def listed(self, asked: Asked, *, capped: bool = True) -> list[tuple[str, str]]:
        """Login and source of every row of the list, in order; without the sources' limits if not `capped`."""
        return [(one.login, self.world[one.place].key) for one in self.found(asked, capped)]

    def found(self, asked: Asked, capped: bool = True) -> list[Found]:
        """Every row of the list, in order."""
        kept = [
            one
            for place, source in enumerate(self.world)
            if source.key not in self.mute
            for one in (self.capped(place, asked) if capped else self.matches(place, asked))
            if not self.is_hidden(one)
        ]
        return self.sorted(kept, asked.order)

    def ranks(self, asked: Asked) -> dict[tuple[str, str], int]:
        """Where each row of the world would stand, if all were listed."""
        everybody = self.sorted(self.rows, asked.order)
        return {(one.login, self.world[one.place].key): rank for rank, one in enumerate(everybody)}

    def is_cut(self, place: int, asked: Asked) -> bool:
        """Whether the source has more matches than it shows."""
        return bool(asked.search) and len(self.matches(place, asked)) > self.world[place].list_limit

    def capped(self, place: int, asked: Asked) -> list[Found]:
        """What the source itself lists: of a search its first matches in the order asked."""
        found = self.sorted(self.matches(place, asked), asked.order)
        return found[: self.world[place].list_limit] if asked.search else found

    def matches(self, place: int, asked: Asked) -> list[Found]:
        """Rows of the source that match, without those that another spelling in it hides."""
        if self.is_skipped(place, asked):
            return []
        mine = [one for one in self.rows if one.place == place and not self.is_twin(one)]
        return [one for one in mine if Judge(self.world[place], one.row).accepts(asked)]

    def is_skipped(self, place: int, asked: Asked) -> bool:
        """Whether the source is not searched at all."""
        source, asked_of = self.world[place], asked.filter
        if asked_of.sources is not None and source.key not in asked_of.sources:
            return True
        if any(one.name == "room" and not source.has_room for one in asked_of.fields):
            return True
        return bool(asked.search) and not source.columns

    def is_twin(self, one: Found) -> bool:
        """Whether its own source has another spelling that comes first."""
        return not self.world[one.place].case_sensitive and any(
            other.place == one.place and other.folded == one.folded and other.login < one.login
            for other in self.rows
        )

    def is_hidden(self, one: Found) -> bool:
        """Whether an earlier source has the login."""
        return any(self.has(place, one.login) for place in range(one.place))

    def has(self, place: int, login: str) -> bool:
        """Whether the source knows the login, by its own rule of case."""
        source = self.world[place]
        return source.key not in self.blind and any(
            other.login == login or (not source.case_sensitive and other.folded == login.lower())
            for other in self.rows
            if other.place == place
        )

    def owner(self, one: Found) -> Found:
        """Whom a look-up that begins at this row ends with: whoever hides it, and whoever hides that."""
        rivals = [
            other
            for other in self.rows
            if (other.place, other.login) < (one.place, one.login)
            and (
                other.login == one.login
                or (not self.world[other.place].case_sensitive and other.folded == one.folded)
            )
        ]
        first = min(rivals, key=lambda other: (other.place, other.login), default=None)
        return one if first is None else self.owner(first)

    def duplicates(self) -> list[tuple[str, list[str]]]:
        """Logins that several sources hold, as their owners spell them, with the sources in order."""
        holders: dict[Found, set[int]] = {}
        for one in self.rows:
            holders.setdefault(self.owner(one), set()).add(one.place)
        several = [(owner, places) for owner, places in holders.items() if len(places) > 1]
        several.sort(key=lambda pair: (pair[0].folded, pair[0].login))
        return [(owner.login, [self.world[place].key for place in sorted(some)]) for owner, some in several]

    def counts(self, by: str, asked: Asked) -> Counter[str | None]:
        """How many rows of the list hold each value; a source without the field is left out."""
        values = Counter[str | None]()
        for one in self.found(asked):
            if by == "room" and not self.world[one.place].has_room:
                continue
            value = one.row[COLUMNS[by]]
            values[str(value) if value not in (None, "") else None] += 1
        return values

    def sorted(self, rows: Collection[Found], order: tuple[OrderTerm, ...]) -> list[Found]:
        """By the terms as far as the login, then by login and place, in the direction of the last term."""
        terms: list[OrderTerm] = []
        ties = False
        for term in order:
            if term.field == "login":
                ties = term.descending
                break
            if term.field not in [one.field for one in terms]:
                terms.append(term)
                ties = term.descending
        found = sorted(rows, key=lambda one: (one.folded, one.login, one.place), reverse=ties)
        for term in reversed(terms):
            found.sort(key=lambda one: self.value(one, term.field), reverse=term.descending)
        return found

    def value(self, one: Found, name: str) -> tuple[int, str]:
        """What a row is sorted by: missing is empty and comes first; numbers as numbers, text without case."""
        if name == "validity":
            return (validity_of(self.world[one.place], one.row).value, "")
        if name == "room" and not self.world[one.place].has_room:
            return (0, "")
        value = one.row[COLUMNS[name]]
        if name == "floor":
            return (-(10**9), "") if value is None else (int(str(value)), "")
        return (0, str(value or "").lower())


@dataclass(frozen=True)
class Judge:
    """Decides whether one row of a source matches."""

    source: Place
    row: Columns

    def accepts(self, asked: Asked) -> bool:
        wanted = asked.filter
        return (
            (wanted.validity is None or validity_of(self.source, self.row) in wanted.validity)
            and all(self.holds_word(negated, word) for negated, word in asked.words)
            and (wanted.login is None or self.like("login", f"*{wanted.login}*"))
            and (wanted.email is None or self.is_one_of("email", (wanted.email,)))
            and (wanted.customer_ids is None or self.is_one_of("customer_id", wanted.customer_ids))
            and not self.is_one_of("login", wanted.exclude_logins)
            and all(self.fits(condition) for condition in wanted.fields)
        )

    def holds_word(self, negated: bool, word: str) -> bool:
        pattern = f"{self.source.prefix}{word}*"
        if not negated:
            return any(self.like(column, pattern) for column in self.source.columns)
        return all(
            not self.like(column, pattern) and (self.source.is_directory or self.text(column) is not None)
            for column in self.source.columns
        )

    def fits(self, condition: FieldCondition) -> bool:
        column = COLUMNS[condition.name]
        text = self.text(column)
        if condition.operator is Operator.EMPTY:
            return not text
        return any(self.compares(condition.operator, column, text, value) for value in condition.values)

    def compares(self, operator: Operator, column: str, text: str | None, value: str) -> bool:
        if operator is Operator.LIKE:
            return value == "*" or self.like(column, value)
        if operator is Operator.EQUALS:
            return text == value or (text is None and self.source.is_directory and not value)
        if text is None:
            return False
        if column == "floor":
            return HOLDS[operator](int(text), int(value))
        return HOLDS[operator](self.same(text), self.same(value))

    def like(self, column: str, pattern: str) -> bool:
        text = self.text(column)
        if text is None:
            return self.source.is_directory and not pattern
        expression = ".*".join(re.escape(piece) for piece in self.same(pattern).split("*"))
        return re.fullmatch(expression, self.same(text), re.DOTALL) is not None

    def is_one_of(self, column: str, values: Collection[str]) -> bool:
        text = self.text(column)
        if text is None:
            return self.source.is_directory and "" in values
        return self.same(text) in [self.same(value) for value in values]

    def text(self, column: str) -> str | None:
        value: Value = self.row[column]
        if value is None or (self.source.is_directory and value == ""):
            return None
        return str(value)

    def same(self, text: str) -> str:
        return text if self.source.case_sensitive else text.lower()


def validity_of(source: Place, row: Columns) -> Validity:
    """A directory only tells valid from invalid; elsewhere what is missing is invalid."""
    if source.is_directory:
        return Validity.VALID if row["valid_id"] == 1 else Validity.INVALID
    known = {1: Validity.VALID, 2: Validity.INVALID, 3: Validity.INVALID_TEMPORARILY}
    value = row["valid_id"]
    return known.get(value, Validity.INVALID) if isinstance(value, int) else Validity.INVALID
