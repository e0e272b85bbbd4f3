"""Values that are written out: texts, numbers and their arithmetic, lists and tables of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.perl.scalars import Hopeless, Unreadable, bounded, calculated, joined, number
from gateway.perl.tokens import Kind, Token

DEEPEST = 40
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")
Key = str | int
Path = tuple[Key, ...]

PLAIN = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "a": "\a", "b": "\b", "f": "\f"}
ESCAPE = re.compile(
    r"\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{1,2})|N\{U\+([0-9A-Fa-f]{1,6})\}|([0-7]{1,3})|(.))",
    re.DOTALL,
)
SETTING = re.compile(r"\$Self(?:->)?\{\s*(?:'([^'{}$@\\]*)'|([A-Za-z_]\w*))\s*\}(?!\s*(?:->)?[\[{])")
VARIABLE = re.compile(r"\$(?!\Z)|@(?=[\w{$:+-])")


@dataclass(slots=True)
class Literals:
    """Reads values from tokens; what cannot be read within a list or table is reported and left out."""

    tokens: Sequence[Token]
    report: Callable[[int, Path, str], None]
    known: Callable[[str], Any]
    """The text or number that a setting was given before; None where it was none."""
    at: int = 0

    def value(self, path: Path, depth: int = 0) -> Any:
        """The value that begins here: sums and joined texts of literals."""
        if depth > DEEPEST:
            raise Hopeless("is nested too deeply", self.line)
        left = self._product(path, depth)
        while (sign := self.peek()) and sign.is_("+", "-", "."):
            self.at += 1
            right = self._product(path, depth)
            left = joined(left, right, sign) if sign.text == "." else calculated(left, right, sign)
        return left

    def peek(self) -> Token | None:
        """The token that comes next."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    @property
    def line(self) -> int:
        """Where we are."""
        token = self.peek() or (self.tokens[-1] if self.tokens else None)
        return token.line if token else 1

    def expect(self, *signs: str) -> Token:
        """Take one of these signs; anything else makes what came before it no literal."""
        token = self.peek()
        if token is None or not token.is_(*signs):
            raise Unreadable("is more than a literal value", self.line)
        self.at += 1
        return token

    def skip(self, *ends: str) -> bool:
        """Go to the next of these signs outside of brackets, or to a bracket that closes more than was opened."""
        depth = 0
        while token := self.peek():
            if not depth and token.is_(*ends, *CLOSING):
                return token.is_(*ends)
            depth += token.is_(*OPENING) - token.is_(*CLOSING)
            self.at += 1
        return False

    def _product(self, path: Path, depth: int) -> Any:
        left = self._unary(path, depth)
        while (sign := self.peek()) and sign.is_("*", "/"):
            self.at += 1
            left = calculated(left, self._unary(path, depth), sign)
        return left

    def _unary(self, path: Path, depth: int) -> Any:
        signs = []
        while (sign := self.peek()) and sign.is_("+", "-"):
            signs.append(sign)
            self.at += 1
        value = self._primary(path, depth)
        for sign in reversed(signs):
            value = value if sign.text == "+" else calculated(0, value, sign)
        return value

    def _primary(self, path: Path, depth: int) -> Any:
        token = self.peek()
        if token is None:
            raise Unreadable("has no value", self.line)
        self.at += 1
        if token.kind is Kind.NUMBER:
            return number(token)
        if token.kind in (Kind.SINGLE, Kind.DOUBLE):
            return self.text(token)
        if token.is_("["):
            return self._list(path, depth + 1)
        if token.is_("{"):
            return self._table(path, depth + 1)
        if token.is_("("):
            value = self.value(path, depth + 1)
            self.expect(")")
            return value
        if token.kind is Kind.WORD:
            return self._word(token, path, depth)
        if token.kind is Kind.VARIABLE and token.text == "$Self":
            return self._setting(token)
        raise Unreadable(_WHAT.get(token.kind, "is more than a literal value"), token.line)

    def text(self, token: Token) -> str:
        """What a quote says."""
        if token.kind is Kind.SINGLE:
            opening = {")": "(", "]": "[", "}": "{", ">": "<"}.get(token.close, token.close)
            return re.sub(rf"\\([\\{re.escape(token.close)}{re.escape(opening)}])", r"\1", token.text)
        return self._interpolated(token)

    def _interpolated(self, token: Token) -> str:
        parts: list[str] = []
        at = 0
        for match in re.finditer(
            rf"{ESCAPE.pattern}|{SETTING.pattern}|{VARIABLE.pattern}", token.text, re.DOTALL
        ):
            parts.append(token.text[at : match.start()])
            at = match.end()
            if match[0].startswith("\\"):
                parts.append(_escaped(match, token.line))
            elif match[0].startswith("$Self"):
                parts.append(str(self._known(match[6] if match[6] is not None else match[7], token.line)))
            else:
                raise Unreadable(_WHAT[Kind.VARIABLE], token.line)
        return bounded("".join([*parts, token.text[at:]]), token.line)

    def _word(self, token: Token, path: Path, depth: int) -> Any:
        following = self.peek()
        if following is not None and following.is_("=>"):
            return token.text
        if token.text == "undef":
            if following is not None and following.is_("("):
                self.at += 1
                self.expect(")")
            return None
        if token.text.rpartition("::")[2] == "Translatable" and following is not None and following.is_("("):
            self.at += 1
            value = self.value(path, depth + 1)
            if (comma := self.peek()) and comma.is_(","):
                self.at += 1
            self.expect(")")
            return value
        raise Unreadable("calls what only Perl can call", token.line)

    def _setting(self, token: Token) -> Any:
        """A text or number that was set before, as in `$Self->{Database}`."""
        if (arrow := self.peek()) and arrow.is_("->"):
            self.at += 1
        self.expect("{")
        name = self.peek()
        self.at += 1
        self.expect("}")
        more = self.peek()
        if name is None or name.kind not in (Kind.WORD, Kind.SINGLE) or (more and more.is_("->", "{", "[")):
            raise Unreadable(_WHAT[Kind.VARIABLE], token.line)
        return self._known(name.text, token.line)

    def _known(self, name: str, line: int) -> Any:
        value = self.known(name)
        if value is None:
            raise Unreadable(_WHAT[Kind.VARIABLE], line)
        return value

    def _list(self, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            token = self.peek()
            if token is not None and token.is_("]"):
                self.at += 1
                return found
            if token is not None and token.kind is Kind.WORDS:
                self.at += 1
                found += token.text.split()
            else:
                found.append(self._element((*path, len(found)), depth, "]"))
            self._separated("]")

    def _element(self, path: Path, depth: int, closing: str) -> Any:
        """One value of a list or table, which must end with it; undefined where it cannot be read."""
        start = self.at
        try:
            value = self.value(path, depth)
            self._ends(closing)
        except Hopeless:
            raise
        except Unreadable as error:
            self.at = start
            if not self.skip(",") and not ((token := self.peek()) and token.is_(closing)):
                raise Hopeless(f"lacks its {closing}", error.line) from None
            self.report(error.line, path, error.sentence)
            return None
        return value

    def _ends(self, closing: str) -> None:
        token = self.peek()
        if token is None or not token.is_(",", "=>", closing):
            raise Unreadable("is more than a literal value", self.line)

    def _table(self, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            token = self.peek()
            if token is not None and token.is_("}"):
                self.at += 1
                return found
            start = self.at
            key = self._key(path, depth)
            if key is None:
                self.at = start
                line = self.line
                self.skip(",")
                self.report(line, path, "has an entry that is more than a literal value")
            else:
                found[key] = self._element((*path, key), depth, "}")
            self._separated("}")

    def _key(self, path: Path, depth: int) -> str | None:
        """The key that stands here, with its arrow or comma; None where none can be read."""
        try:
            key = self.value(path, depth)
            self.expect("=>", ",")
        except Hopeless:
            raise
        except Unreadable:
            return None
        return str(key) if isinstance(key, str | int | float) else None

    def _separated(self, closing: str) -> None:
        token = self.peek()
        if token is not None and token.is_(closing):
            return
        if token is None or token.is_(*CLOSING):
            raise Hopeless(f"lacks its {closing}", self.line)
        self.expect(",", "=>")
        while (token := self.peek()) and token.is_(","):
            self.at += 1


_WHAT: Mapping[Kind, str] = {
    Kind.VARIABLE: "holds a variable, which only Perl can read",
    Kind.CODE: "holds a here-document, a pattern or a command, which only Perl can read",
    Kind.WORDS: "is a list of words where one value belongs",
}


def _escaped(match: re.Match[str], line: int) -> str:
    """What an escape in double quotes stands for."""
    digits = match[1] or match[2] or match[3]
    if digits or match[4]:
        code = int(digits, 16) if digits else int(match[4], 8)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise Unreadable("holds what is no character", line)
        return chr(code)
    sign = match[5]
    if sign in PLAIN:
        return PLAIN[sign]
    if sign.isalnum():
        raise Unreadable(f"holds \\{sign}, which only Perl can read", line)
    return sign
