"""The statements of a Perl text that set something to a literal; all others are passed over, and noted."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from gateway.perl.literals import CLOSING, OPENING, Key, Literals, Path
from gateway.perl.scalars import Unreadable
from gateway.perl.tokens import Kind, Token, Unended, tokens

CONDITIONS = ("if", "elsif", "else", "unless", "while", "until", "for", "foreach", "continue")
PLAIN_BLOCKS = ("BEGIN", "END", "INIT", "CHECK", "UNITCHECK")
MOST_FINDINGS = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was not read: where, of which setting, if that is known, and why."""

    line: int
    path: Path
    sentence: str

    @property
    def setting(self) -> str:
        """The setting concerned; "" where that is not known."""
        return str(self.path[0]) if self.path else ""

    @property
    def name(self) -> str:
        """The setting with the keys that lead into it, such as `CustomerUser1.Params.Host`."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text sets, and what could not be read of it."""

    settings: dict[str, Any]
    findings: list[Finding]
    assigned: frozenset[str]
    """Settings that the text itself sets, or takes away."""


def read(text: str, defaults: Mapping[str, Any] | None = None) -> Reading:
    """Everything that is set by `$Self->{…} = literal`, on top of what `defaults` set before."""
    reader = _Reader(deepcopy(dict(defaults or {})))
    found: list[Token] = []
    try:
        found.extend(tokens(text))
    except Unended as error:
        sentence = "what begins here in quotes does not end; nothing behind it is read"
        reader.report(error.line, (), sentence)
    reader.run(found)
    reader.findings.sort(key=lambda finding: finding.line)
    return Reading(reader.settings, reader.findings, frozenset(reader.assigned))


@dataclass(slots=True)
class _Reader:
    settings: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)
    blocks: list[bool] = field(default_factory=list)
    """For each block that is open whether it depends on a condition."""
    tokens: Sequence[Token] = ()
    at: int = 0

    def report(self, line: int, path: Path, sentence: str) -> None:
        finding = Finding(line, path, sentence)
        if len(self.findings) < MOST_FINDINGS and finding not in self.findings[-5:]:
            self.findings.append(finding)

    def run(self, found: Sequence[Token]) -> None:
        self.tokens = found
        while token := self._peek():
            if token.is_(";"):
                self.at += 1
            elif token.is_("}"):
                self.at += 1
                if self.blocks:
                    self.blocks.pop()
            elif not self._opened_block(token):
                self._statement(token)

    def _opened_block(self, token: Token) -> bool:
        """Enter a block that begins here."""
        if token.is_("{"):
            return self._enter(self.at, conditional=False)
        if token.kind is not Kind.WORD:
            return False
        if token.text in CONDITIONS:
            return self._enter(self._brace(), conditional=True)
        if token.text in ("sub", "package", *PLAIN_BLOCKS):
            return self._enter(self._brace(), conditional=False)
        label = self._peek(1)
        if label is not None and label.is_(":"):
            self.at += 2
            return True
        return False

    def _enter(self, place: int | None, *, conditional: bool) -> bool:
        if place is None:
            return False
        self.at = place + 1
        self.blocks.append(conditional)
        return True

    def _brace(self) -> int | None:
        """Where the block of this statement begins; what stands in round brackets before it is passed over."""
        depth = 0
        for place in range(self.at + 1, len(self.tokens)):
            token = self.tokens[place]
            if token.is_("(", "["):
                depth += 1
            elif token.is_(")", "]"):
                depth -= 1
            elif token.is_("{") and depth <= 0:
                return place
            elif depth <= 0 and token.is_(";", "}"):
                return None
        return None

    def _statement(self, token: Token) -> None:
        start = self.at
        path: Path = ()
        try:
            path = self._changed(token)
        except Unreadable as error:
            self.at = start
            self._pass(error.sentence, error.line)
            return
        if not path:
            self.at = start
            self._pass("is changed by a statement that only Perl can run", token.line)

    def _changed(self, token: Token) -> Path:
        """Do what the statement says, if it is one of those we know; what it changed."""
        literals = Literals(self.tokens, self.report, self._known, self.at)
        if token.kind is Kind.VARIABLE and token.text == "$Self":
            path = self._assign(literals)
        elif token.kind is Kind.WORD and token.text == "delete":
            path = self._delete(literals)
        elif token.kind is Kind.WORD and token.text in ("push", "unshift"):
            path = self._push(literals, first=token.text == "unshift")
        else:
            return ()
        self.at = literals.at
        return path

    def _assign(self, literals: Literals) -> Path:
        path = _path(literals)
        literals.expect("=")
        self._unconditional(literals.line)
        value = literals.value(path)
        _ended(literals)
        place, key = self._place(path, literals.line)
        if isinstance(place, list):
            _put(place, key, value, literals.line)
        else:
            place[str(key)] = value
        self.assigned.add(str(path[0]))
        return path

    def _delete(self, literals: Literals) -> Path:
        literals.at += 1
        path = _path(literals)
        _ended(literals)
        self._unconditional(literals.line)
        place, key = self._place(path, literals.line)
        if isinstance(place, list):
            raise Unreadable("is changed by a statement that only Perl can run", literals.line)
        place.pop(str(key), None)
        self.assigned.add(str(path[0]))
        return path

    def _push(self, literals: Literals, *, first: bool) -> Path:
        """`push @{ $Self->{…} }, …;`"""
        literals.at += 1
        literals.expect("@")
        literals.expect("{")
        path = _path(literals)
        literals.expect("}")
        self._unconditional(literals.line)
        values = []
        while (token := literals.peek()) and token.is_(","):
            literals.at += 1
            if (token := literals.peek()) and not token.is_(";", "}"):
                values.append(literals.value(path))
        _ended(literals)
        place, key = self._place(path, literals.line)
        target = place.setdefault(str(key), []) if isinstance(place, MutableMapping) else None
        if not isinstance(target, list):
            raise Unreadable("is changed by a statement that only Perl can run", literals.line)
        target[0 if first else len(target) : 0 if first else len(target)] = values
        self.assigned.add(str(path[0]))
        return path

    def _unconditional(self, line: int) -> None:
        if any(self.blocks):
            raise Unreadable("is changed under a condition, which only Perl can decide", line)

    def _place(self, path: Path, line: int) -> tuple[dict[str, Any] | list[Any], Key]:
        """The table or list that holds the last key of a path, made where it is not there yet."""
        place: Any = self.settings
        for key in path[:-1]:
            if isinstance(place, list) and isinstance(key, int) and 0 <= key < len(place):
                place = place[key]
            elif isinstance(place, dict):
                if place.get(str(key)) is None:
                    place[str(key)] = {}
                place = place[str(key)]
            else:
                raise Unreadable("is not there to be changed", line)
        if not isinstance(place, dict | list):
            raise Unreadable("is not there to be changed", line)
        return place, path[-1]

    def _known(self, name: str) -> Any:
        value = self.settings.get(name)
        return value if isinstance(value, str | int | float) else None

    def _pass(self, sentence: str, line: int) -> None:
        """Go behind the statement, and note which settings it is about."""
        depth, start = 0, self.at
        while token := self._peek():
            if not depth and (token.is_(";") or token.is_("}")):
                break
            depth = max(depth + token.is_(*OPENING) - token.is_(*CLOSING), 0)
            self.at += 1
        if self.at == start:
            self.at += 1
        for place in range(start, self.at):
            if self.tokens[place].kind is Kind.VARIABLE and self.tokens[place].text == "$Self":
                literals = Literals(self.tokens, self.report, self._known, place)
                try:
                    path = _path(literals)
                except Unreadable:
                    continue
                self.report(line, path, sentence)
                return

    def _peek(self, ahead: int = 0) -> Token | None:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else None


def _path(literals: Literals) -> Path:
    """`$Self->{CustomerUser}->{Map}->[3]` as its keys."""
    token = literals.peek()
    if token is None or token.kind is not Kind.VARIABLE or token.text != "$Self":
        raise Unreadable("is changed by a statement that only Perl can run", literals.line)
    literals.at += 1
    path: list[Key] = []
    while (sign := literals.peek()) and sign.is_("->", "{", "["):
        if sign.is_("->"):
            literals.at += 1
        opening = literals.expect("{", "[") if path else literals.expect("{")
        path.append(_subscript(literals, opening))
        literals.expect("}" if opening.text == "{" else "]")
    if not path:
        raise Unreadable("is changed by a statement that only Perl can run", literals.line)
    return tuple(path)


def _subscript(literals: Literals, opening: Token) -> Key:
    token, following = literals.peek(), literals.tokens[literals.at + 1 : literals.at + 2]
    if opening.text == "{" and token and token.kind is Kind.WORD and following and following[0].is_("}"):
        literals.at += 1
        return token.text
    key = literals.value(())
    if opening.text == "[" and isinstance(key, int):
        return key
    if opening.text == "{" and isinstance(key, str | int | float):
        return str(key)
    raise Unreadable("has a key that only Perl can read", literals.line)


def _ended(literals: Literals) -> None:
    """A statement ends here; the last of a block may lack its sign."""
    token = literals.peek()
    if token is not None and not token.is_(";", "}"):
        raise Unreadable("is more than a literal value", literals.line)


def _put(place: list[Any], key: Key, value: Any, line: int) -> None:
    if not isinstance(key, int) or not 0 <= key <= len(place):
        raise Unreadable("is not there to be changed", line)
    place[key : key + 1] = [value]
