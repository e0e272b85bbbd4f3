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
NAME_STARTS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
OPERATIONS = frozenset({"query", "mutation", "subscription"})


@dataclass(slots=True)
class Scan:
    """What a text holds, as far as was read; exact for a document that can be parsed."""

    tokens: int = 0
    depth: int = 0
    """Levels of fields, those of fragments where they are named included."""
    fields: int = 0
    """On the first level of an operation, but for those of fragments that it names."""
    aliases: int = 0
    directives: int = 0
    definitions: int = 0
    repeated: int = 0
    """Fields whose name stands in the same braces already: their merging is compared pair by pair."""


@dataclass(slots=True)
class _Definition:
    """An operation, or a fragment by its name."""

    is_operation: bool = True
    name: str = ""
    depth: int = 0
    spreads: list[tuple[int, str]] = field(default_factory=list)
    """Fragments that it names, each with the levels above them."""


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
        self._definitions: list[_Definition] = []
        self._blocks: list[_Block] = []
        self._next: _Block | None = None  # what the next brace opens, where that is known
        self._before = ""

    def read(self, tokens: list[str]) -> Scan:
        """Count in the tokens up to a quotation mark without its partner, of which the parser will complain."""
        self._found.tokens = len(tokens)
        brackets = 0
        for token in tokens:
            first = token[0]
            if first in NAME_STARTS:
                if brackets <= 0:
                    self._word(token)
            elif token == '"':
                break
            elif first == "#":
                continue
            elif first == "(" or first == "[":
                brackets += 1
            elif first == ")" or first == "]":
                brackets -= 1
            elif first == "@":
                self._found.directives += 1
            elif brackets <= 0:
                self._mark(token)
            self._before = token
        self._found.definitions = len(self._definitions)
        self._found.depth = _deepest(self._definitions)
        return self._found

    def _mark(self, token: str) -> None:
        """A punctuator, or a value where none belongs."""
        if token == "{":
            if not self._blocks and self._next is None:
                self._definitions.append(_Definition())
            self._blocks.append(self._next or _Block())
            self._next = None
        elif token == "}":
            if self._blocks:
                self._blocks.pop()
            self._next = None
        elif token == "..." and self._blocks:
            self._next = self._blocks[-1]  # an inline fragment's fields are those of the field around it
        elif token == ":" and self._blocks:  # the name before was an alias; that of the field follows
            self._found.aliases += not self._blocks[-1].introspects

    def _word(self, token: str) -> None:
        if not self._blocks:
            self._define(token)
            return
        block, before = self._blocks[-1], self._before
        if before == "..." and token != "on":
            self._spread(token, block)
            return
        if before in ("@", "...") or (before == "on" and self._next is block):
            return
        introspects, definition = block.introspects, self._definitions[-1]
        if before != ":":  # an alias stands for its field
            if token in block.names:
                self._found.repeated += 1
            block.names.add(token)
            self._found.fields += block.level == 1 and definition.is_operation
        if not introspects:
            definition.depth = max(definition.depth, block.level)
            introspects = token in INTROSPECTION
        self._next = _Block(introspects, block.level + 1)

    def _define(self, token: str) -> None:
        """A word outside of all braces: the head of a definition, a fragment's name, or the type that it is on."""
        if self._next is None:
            if token in OPERATIONS or token == "fragment":
                self._definitions.append(_Definition(token != "fragment"))
                self._next = _Block()
        elif self._before == "on":
            self._next.introspects = token.startswith("__")
        elif self._before == "fragment":
            self._definitions[-1].name = token

    def _spread(self, name: str, block: _Block) -> None:
        """A fragment by its name."""
        self._next = None
        if not block.introspects:
            self._definitions[-1].spreads.append((block.level - 1, name))


def _deepest(definitions: list[_Definition]) -> int:
    """Levels of the deepest definition; in a circle of fragments, which is refused later, of each as it stands."""
    fragments = {one.name: one for one in definitions if not one.is_operation}
    begun: set[int] = set()
    for root in definitions:
        path = [root]
        while path:
            one = path[-1]
            inner = [(levels, fragments[name]) for levels, name in one.spreads if name in fragments]
            if id(one) not in begun:
                begun.add(id(one))
                path += [fragment for _, fragment in inner if id(fragment) not in begun]
            else:
                path.pop()
                one.depth = max([one.depth, *(levels + fragment.depth for levels, fragment in inner)])
    return max((one.depth for one in definitions), default=0)
