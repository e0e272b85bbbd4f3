"""Reading a document's text once, before the parser: floods are seen here, where they cost next to nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from schema.access import INTROSPECTION

TOKEN = re.compile(
    r'#[^\r\n]*|"""(?:[^"\\]++|\\"""|\\|"(?!""))*+"""|"(?!"")(?:[^"\\\r\n]++|\\.)*+"|"'
    r"|\.\.\.|[A-Za-z_][A-Za-z0-9_]*+|-?[0-9][0-9A-Za-z_.+-]*+|[^\s,\ufeff]"
)
OPENING, CLOSING = frozenset("(["), frozenset(")]")


@dataclass(slots=True)
class Scan:
    """What a text holds, as far as was read; exact for a document that can be parsed."""

    tokens: int = 0
    depth: int = 0
    """Levels of fields in one definition, but for fragments that it names."""
    aliases: int = 0
    directives: int = 0
    definitions: int = 0
    repeated: int = 0
    """Fields whose name stands in the same braces already: their merging is compared pair by pair."""


@dataclass(slots=True)
class _Block:
    """A pair of braces: the names in it, and whether it asks about the schema itself."""

    introspects: bool = False
    level: int = 1
    names: set[str] = field(default_factory=set)


def scan(text: str, most_tokens: int) -> Scan:
    """Count what is in `text`; where it holds more than `most_tokens`, nothing but that."""
    tokens = [match[0] for match in islice(TOKEN.finditer(text), most_tokens + 1)]
    return _Scanner().read(tokens) if len(tokens) <= most_tokens else Scan(len(tokens))


class _Scanner:
    """Knows of the grammar only where names are fields: in braces, outside of brackets."""

    def __init__(self) -> None:
        self._found = Scan()
        self._blocks: list[_Block] = []
        self._next: _Block | None = None  # what the next brace opens, where that is known
        self._before = ""

    def read(self, tokens: list[str]) -> Scan:
        """Count in the tokens up to a quotation mark without its partner, of which the parser will complain."""
        self._found.tokens = len(tokens)
        brackets = 0
        for token in tokens:
            if token == '"':
                break
            if token[0] == "#":
                continue
            if token in OPENING:
                brackets += 1
            elif token in CLOSING:
                brackets -= 1
            elif token == "@":
                self._found.directives += 1
            elif brackets <= 0:
                self._see(token)
            self._before = token
        return self._found

    def _see(self, token: str) -> None:
        if token == "{":
            self._open()
        elif token == "}":
            if self._blocks:
                self._blocks.pop()
            self._next = None
        elif not self._blocks:
            self._define(token)
        elif token == "...":
            self._next = self._blocks[-1]  # an inline fragment's fields are those of the field around it
        elif token == ":":
            self._alias()
        elif token[0].isalpha() or token[0] == "_":
            self._name(token)

    def _open(self) -> None:
        if not self._blocks and self._next is None:
            self._found.definitions += 1
        self._blocks.append(self._next or _Block())
        self._next = None

    def _define(self, token: str) -> None:
        """A word outside of all braces: the head of a definition, or the type that a fragment is on."""
        if token in ("query", "mutation", "subscription", "fragment") and self._next is None:
            self._found.definitions += 1
            self._next = _Block()
        elif self._before == "on" and self._next is not None:
            self._next.introspects = token.startswith("__")

    def _alias(self) -> None:
        """The name before was an alias; that of the field follows."""
        self._found.aliases += not self._blocks[-1].introspects

    def _name(self, token: str) -> None:
        block = self._blocks[-1]
        if self._before in ("@", "...", "on") and (self._before != "on" or self._next is block):
            if self._before == "..." and token != "on":
                self._next = None  # a fragment by its name
            return
        if self._before != ":":
            self._found.repeated += token in block.names
            block.names.add(token)
        if not block.introspects:
            self._found.depth = max(self._found.depth, block.level)
        introspects = block.introspects or token in INTROSPECTION
        self._next = _Block(introspects, block.level + 1)
