"""Conditions as filters of RFC 4515, escaped throughout, and what is left for Python to decide.

A directory compares by its schema (LDAP-19): usually without case, often without repeated blanks, and "undefined"
where the schema cannot compare at all, which even the negation of a comparison then is. So a filter made here
matches at least what the condition means, and `rest` says what must be checked on each entry:

- everything under a NOT, since the negation of "undefined" finds nobody;
- equality of logins and customer IDs, where a blank more or less is somebody else, and whatever is asked exactly;
- greater and smaller, since directories order by rules of their own, if at all;
- lists of customer IDs within one value.

Words of a search stay with the directory, which looks at every value of an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from backends.conditions import (
    ALWAYS,
    Always,
    And,
    Compare,
    Condition,
    Empty,
    HasValidity,
    In,
    Like,
    Lists,
    Not,
    Or,
)
from backends.mapping import RecordMapping
from backends.model import Validity

EVERYBODY = "(objectClass=*)"
NOBODY = "(!(objectClass=*))"
MANY = 200
"""Values in one filter, at most."""
LONGEST = 20_000
"""Bytes of a value that is asked for: no directory has such a key, name or DN, and it fits into a filter, escaped."""
LARGEST = 65_536
"""Characters of one filter: libldap sends a question in one go, and what no socket takes at once holds up everybody."""
ROOM = LARGEST // 2
"""Characters that the values of one filter may take, so that others find room beside them."""

_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b"*()\\")
_HARMLESS = re.compile(r"[A-Za-z0-9@._-]*")
"""Most logins and addresses; they stand for themselves."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter that lets through at least what is meant, and the condition that decides on each entry."""

    filter: str
    rest: Condition = ALWAYS


def escaped(text: str, charset: str = "utf-8") -> str | None:
    """`text` as an assertion value without any wildcard; None where no directory can hold it."""
    if len(text) > LONGEST:
        return None
    if _HARMLESS.fullmatch(text) and charset == "utf-8":
        return text
    if "\0" in text:
        return None
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        return None
    if len(data) > LONGEST:
        return None
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in data)


def equals(attribute: str, value: str, charset: str = "utf-8") -> str:
    """The attribute has this value; the empty value means that it has none."""
    if not value:
        return f"(!({attribute}=*))"
    text = escaped(value, charset)
    return NOBODY if text is None else f"({attribute}={text})"


def any_equal(attribute: str, values: Iterable[str], charset: str = "utf-8") -> str:
    """The attribute has one of these values."""
    return any_of([equals(attribute, value, charset) for value in values])


def batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values, as many at a time as one filter holds."""
    some: list[str] = []
    size = 0
    for value in values:
        size += 30 + 3 * len(value.encode("utf-8", "surrogatepass"))  # escaped, with what stands around it
        if some and (len(some) == MANY or size > ROOM):
            yield some
            some, size = [], 30 + 3 * len(value.encode("utf-8", "surrogatepass"))
        some.append(value)
    if some:
        yield some


def resembles(attribute: str, pieces: tuple[str, ...], charset: str = "utf-8") -> str:
    """The attribute has a value made of `pieces` with anything in between."""
    if len(pieces) == 1:
        return equals(attribute, pieces[0], charset)
    texts = [escaped(piece, charset) for piece in (pieces[0], *filter(None, pieces[1:-1]), pieces[-1])]
    known = [text for text in texts if text is not None]
    return f"({attribute}={'*'.join(known)})" if len(known) == len(texts) else NOBODY


def all_of(parts: Iterable[str]) -> str:
    """Every filter of `parts`; those that are empty ask for nothing."""
    kept = list(dict.fromkeys(part for part in parts if part and part != EVERYBODY))
    if NOBODY in kept:
        return NOBODY
    return kept[0] if len(kept) == 1 else f"(&{''.join(kept)})" if kept else EVERYBODY


def any_of(parts: Iterable[str]) -> str:
    """Some filter of `parts`."""
    kept = list(dict.fromkeys(part for part in parts if part != NOBODY))
    if EVERYBODY in kept:
        return EVERYBODY
    return kept[0] if len(kept) == 1 else f"(|{''.join(kept)})" if kept else NOBODY


def portions(condition: Condition, size: int = MANY) -> list[Condition]:
    """Conditions that together match what `condition` matches, none with a list longer than `size` outside a NOT."""
    match condition:
        case In() if len(condition.values) > size:
            starts = range(0, len(condition.values), size)
            return [replace(condition, values=condition.values[start : start + size]) for start in starts]
        case Or():
            split = [portions(part, size) for part in condition.parts]
            small = tuple(
                part for part, several in zip(condition.parts, split, strict=True) if len(several) == 1
            )
            if len(small) == len(condition.parts):
                return [condition]
            return [
                *([Or(small)] if small else []),
                *(one for several in split if len(several) > 1 for one in several),
            ]
        case And():
            for place, part in enumerate(condition.parts):
                if len(several := portions(part, size)) > 1:
                    rest = condition.parts[place + 1 :]
                    return [And((*condition.parts[:place], one, *rest)) for one in several]
    return [condition]


class Narrowing:
    """Turns conditions into filters for one source."""

    def __init__(self, mapping: RecordMapping, valid_filter: str, charset: str) -> None:
        self._valid_filter = valid_filter
        self._valid_column = mapping.valid_column
        self._charset = charset
        self._precise = {mapping.key_column, mapping.customer_id_column}

    def narrow(self, condition: Condition) -> Narrowed:
        """The filter for `condition`, and what is left of it."""
        parts = condition.parts if isinstance(condition, And) else (condition,)
        rest = tuple(part for part in parts if not self._settled(part))
        if self._valid_filter and any(map(_names_validity, rest)):
            raise ValueError("validity is a condition of its own, beside the others")
        left: Condition = ALWAYS if not rest else rest[0] if len(rest) == 1 else And(rest)
        return Narrowed(all_of(self._wide(part) for part in parts), left)

    def validity(self, wanted: frozenset[Validity]) -> str:
        """The filter for entries of these validities; a directory knows no INVALID_TEMPORARILY."""
        valid, invalid = Validity.VALID in wanted, Validity.INVALID in wanted
        if (valid and invalid) or (self._valid_column and not self._valid_filter):
            return EVERYBODY
        if not self._valid_filter:
            return EVERYBODY if valid else NOBODY
        return self._valid_filter if valid else f"(!{self._valid_filter})" if invalid else NOBODY

    def _settled(self, condition: Condition) -> bool:
        """Whether the directory's answer is the last word."""
        match condition:
            case And() | Or():
                return all(map(self._settled, condition.parts))
            case In():
                return condition.folded and condition.column not in self._precise
            case HasValidity():
                return bool(self._valid_filter) or self._valid_column is None
            case _:
                return isinstance(condition, Always | Like | Empty)

    def _wide(self, condition: Condition) -> str:
        match condition:
            case Always():
                return EVERYBODY if condition.value else NOBODY
            case And():
                return all_of(map(self._wide, condition.parts))
            case Or():
                return any_of(map(self._wide, condition.parts))
            case Not():
                return NOBODY if condition.part == ALWAYS else EVERYBODY
            case Like():
                return resembles(condition.column, condition.pieces, self._charset)
            case In():
                return any_equal(condition.column, condition.values, self._charset)
            case Compare():
                return f"({condition.column}=*)"
            case Empty():
                return f"(!({condition.column}=*))"
            case HasValidity():
                return self.validity(condition.validities)
            case Lists():
                return resembles(condition.column, ("", condition.value, ""), self._charset)


def columns_of(condition: Condition) -> frozenset[str]:
    """The columns whose values decide `condition`."""
    match condition:
        case And() | Or():
            return frozenset().union(*map(columns_of, condition.parts))
        case Not():
            return columns_of(condition.part)
        case Always() | HasValidity():
            return frozenset()
        case _:
            return frozenset({condition.column})


def _names_validity(condition: Condition) -> bool:
    match condition:
        case And() | Or():
            return any(map(_names_validity, condition.parts))
        case Not():
            return _names_validity(condition.part)
        case _:
            return isinstance(condition, HasValidity)
