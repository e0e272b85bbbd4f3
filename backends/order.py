"""One logical order over all stores: folded keys compared by code point, ties by login and place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower `text` code point by code point, as SQL's lower() does; never longer than it was."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def number_text(value: str | int | None) -> str:
    """A number as text that sorts as numbers do: a sign and 19 digits; what is no number is empty and comes first.

    A database makes the same of a bigint: `1` and the number, or `0` and 2⁶³ + number, filled up with zeros.
    """
    try:
        number = int(str(value))
    except ValueError:
        return ""
    number = min(max(number, -(2**63)), 2**63 - 1)
    return f"1{number:019}" if number >= 0 else f"0{2**63 + number:019}"


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One field, by GraphQL name, and its direction."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """Fields and directions; the key field, when named, ends the list, since nothing is left to order after it."""

    terms: tuple[OrderTerm, ...]
    """Without the key field: it is the tie-break."""
    descending_ties: bool = False

    @classmethod
    def of(cls, terms: Sequence[OrderTerm], key_field: str) -> Order:
        """Cut `terms` at the key field; ties run in the direction of the last term that is left."""
        kept: list[OrderTerm] = []
        for term in terms:
            if term.field == key_field:
                return cls(tuple(kept), term.descending)
            if all(term.field != earlier.field for earlier in kept):
                kept.append(term)
        return cls(tuple(kept), kept[-1].descending if kept else False)

    @property
    def directions(self) -> tuple[bool, ...]:
        """Whether each part of a sort key descends: the terms, then folded key and key."""
        return (*(term.descending for term in self.terms), self.descending_ties, self.descending_ties)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: the sort values as the row's own store reported them, and the row's identity."""

    values: tuple[str, ...]
    folded: str
    key: str
    source_key: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The values that a store compares, in order: terms, folded key, key."""
        return (*self.values, self.folded, self.key)


class Descending(str):
    """Text that sorts backwards."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

    def __gt__(self, other: str) -> bool:
        return str.__lt__(self, other)

    def __le__(self, other: str) -> bool:
        return str.__ge__(self, other)

    def __ge__(self, other: str) -> bool:
        return str.__le__(self, other)


def sort_key(order: Order, position: Position, place: int) -> tuple[object, ...]:
    """A tuple that compares as the list runs, across sources; `place` is the source's, counted from 0."""
    if not order.terms and not order.descending_ties:
        return position.folded, position.key, place
    parts = tuple(
        Descending(part) if down else part
        for part, down in zip(position.parts, order.directions, strict=True)
    )
    return (*parts, -place if order.descending_ties else place)


def other_spellings(keys: Iterable[tuple[str, str]]) -> list[str]:
    """Of ascending pairs of folded key and key, the keys that an earlier spelling precedes."""
    found: dict[str, None] = {}
    owner = ("", "")
    for folded, key in keys:
        if folded != owner[0] or not owner[1]:
            owner = (folded, key)
        elif key != owner[1]:
            found[key] = None
    return list(found)
