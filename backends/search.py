"""What a person types into a search box, parsed once into a small tree (spec/search.md, QC rules).

Two grammars share one reader. The list search of customer users knows `+`, AND, OR, `!`, quotes and `*`; brackets,
`&&` and `||` are literal there (SRCH-7). The list search of customers knows `&&`, `||` and brackets as well
(COMP-8). In both `*` is the only wildcard (QC-10), and AND binds before OR, as in SQL (QC-7).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from backends.errors import BadUserInput

MAX_WORDS = 100
MAX_LENGTH = 10_000
MAX_BRACKETS = 50
TEXTS = 128
"""Texts of each grammar that are remembered as long as they are asked for."""


@dataclass(frozen=True, slots=True)
class Word:
    """A text that must occur in some search field, or, negated, in none."""

    pieces: tuple[str, ...]
    """The text, cut at its wildcards."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must match."""

    parts: tuple[Search, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part must match; with no parts, nothing does."""

    parts: tuple[Search, ...]


Search = Word | AllOf | AnyOf

NOTHING = AnyOf(())


def pieces(text: str) -> tuple[str, ...]:
    """Cut `text` at its wildcards; one piece means no wildcard."""
    return tuple(re.split(r"\*+", text))


@lru_cache(TEXTS)
def parse_list_search(text: str) -> Search | None:
    """The grammar of `customerUsers(searchMode: OTOBO)`; None where there is no text."""
    return _parse(text, brackets=False)


@lru_cache(TEXTS)
def parse_customer_search(text: str) -> Search | None:
    """The grammar of `customers`, with `&&`, `||` and brackets; None where there is no text."""
    return _parse(text, brackets=True)


@lru_cache(TEXTS)
def parse_words(text: str) -> Search | None:
    """Plain words, each of which must occur; `*` is the only character that means something."""
    _check_length(text)
    if "\0" in text:
        return NOTHING
    words = tuple(Word(pieces(word)) for word in text.split())
    _check_words(len(words))
    return AllOf(words) if words else None


# The operators while a text is read: characters that no search field can hold.
_AND, _OR, _OPEN, _CLOSE, _PROTECTED = "\x01", "\x02", "\x03", "\x04", "\x05"
_NOT = "!"


def _parse(text: str, *, brackets: bool) -> Search | None:
    """Follow QC-1 step by step, then read the operators that are left."""
    _check_length(text)
    text = text.strip()
    if not text:
        return None
    if re.search(r"[\x00-\x05]", text):
        return NOTHING
    if not text.strip("\\"):
        return Word(("", ""))
    if _ends_escaped(text):
        return NOTHING  # the closing bracket that OTOBO adds would be escaped (QV-46)
    protected: list[str] = []

    def protect(match: re.Match[str]) -> str:
        protected.append(match[1].replace("\\", ""))
        return f"{_PROTECTED}{len(protected) - 1}{_PROTECTED}"

    text = re.sub(r'"([^"]+)"', protect, text)
    if brackets:
        text = re.sub(r"\\([()&|])", protect, text)
        text = re.sub(r"&&+", _AND, text)
        text = re.sub(r"\|\|+", _OR, text)
    text = re.sub(r"(?<![^\s()])AND(?![^\s()])", _AND, text.replace("\\", "").replace("+", _AND))
    text = re.sub(r"(?<![^\s()\x01])OR(?![^\s()\x01])", _OR, text)
    if brackets:
        text = text.replace("(", _OPEN).replace(")", _CLOSE)
    text = re.sub(r"\*(\s*\*)+", "*", re.sub(r"\s+", " ", text))
    text = re.sub(r"\*!\*?", "!*", text)
    tokens = list(_tokens(text, protected))
    if not any(isinstance(token, Word) for token in tokens) and text.strip(f"{_OPEN}{_CLOSE} "):
        raise BadUserInput("search holds only operators: give at least one word.", argument="search")
    return _read(tokens)


def _tokens(text: str, protected: list[str]) -> Iterator[str | Word]:
    """Operators and words; `!` negates once, and a blank behind it belongs to the word (QC-4).

    A lone `!` is kept only before a bracket, whose first word it negates.
    """

    def restore(match: re.Match[str]) -> str:
        return protected[int(match[1])]

    parts = [part.strip() for part in re.split(r"([\x01-\x04])", text)]
    parts = [part for part in parts if part]
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if part in (_AND, _OR, _OPEN, _CLOSE):
            yield part
        elif not (word := part.lstrip("!")):
            if following == _OPEN:
                yield _NOT
        else:
            yield Word(pieces(re.sub(r"\x05(\d+)\x05", restore, word)), part != word)


def _read(tokens: list[str | Word]) -> Search | None:
    words = sum(isinstance(token, Word) for token in tokens)
    _check_words(words)
    if not words:
        return None if _balanced(tokens) else NOTHING
    if not _balanced(tokens) or _mixed(tokens):
        return NOTHING
    return _Reader(tokens).any_of()


@dataclass(slots=True)
class _Reader:
    """Reads OR over AND over words and brackets; superfluous operators are passed over."""

    tokens: list[str | Word]
    place: int = 0
    negate_next: bool = False

    def any_of(self) -> Search:
        parts = [self.all_of()]
        while self.peek() == _OR:
            self.place += 1
            if self.peek() not in (None, _CLOSE, _OR):
                parts.append(self.all_of())
        kept = [part for part in parts if part != AllOf(())]
        return kept[0] if len(kept) == 1 else AnyOf(tuple(kept)) if kept else AllOf(())

    def all_of(self) -> Search:
        parts: list[Search] = []
        while (token := self.peek()) not in (None, _OR, _CLOSE):
            self.place += 1
            if token == _NOT:
                self.negate_next = True
            elif token == _OPEN:
                parts.append(self.any_of())
                self.place += 1
            elif isinstance(token, Word):
                parts.append(Word(token.pieces, token.negated or self.negate_next))
                self.negate_next = False
        kept = [part for part in parts if part != AllOf(())]
        return kept[0] if len(kept) == 1 else AllOf(tuple(kept))

    def peek(self) -> str | Word | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None


def _balanced(tokens: list[str | Word]) -> bool:
    depth = deepest = 0
    for token in tokens:
        depth += (token == _OPEN) - (token == _CLOSE)
        deepest = max(deepest, depth)
        if depth < 0:
            return False
    if deepest > MAX_BRACKETS:
        raise BadUserInput(f"search nests more than {MAX_BRACKETS} brackets.", argument="search")
    return depth == 0


def _mixed(tokens: list[str | Word]) -> bool:
    """Whether two different operators stand side by side (QC-7)."""
    return any({one, other} == {_AND, _OR} for one, other in itertools.pairwise(tokens))


def _ends_escaped(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise BadUserInput(f"search is longer than {MAX_LENGTH} characters.", argument="search")


def _check_words(number: int) -> None:
    if number > MAX_WORDS:
        raise BadUserInput(f"search holds more than {MAX_WORDS} words.", argument="search")
