"""Words, quotes and signs of a Perl text, each with its line; comments and documentation are passed over."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass


class Kind(enum.Enum):
    """What a token is."""

    WORD = "word"
    VARIABLE = "variable"
    NUMBER = "number"
    SINGLE = "'…'"
    DOUBLE = '"…"'
    WORDS = "qw"
    CODE = "code"
    """What only Perl can read: patterns, commands, here-documents."""
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; the text of a quote is what stands between its delimiters."""

    kind: Kind
    text: str
    line: int
    close: str = ""
    """The delimiter that ends a quote."""

    def is_(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind is Kind.SIGN and self.text in signs


class Unended(Exception):
    """A quote or here-document that begins in `line` and does not end."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


SPACE = re.compile(r"\s*")
KEY = re.compile(r"\s*(=>|\})")
BLANK = re.compile(r"(?:[^\S\n]+|#[^\n]*)+")
POD = re.compile(r"=[A-Za-z]")
WORD = re.compile(r"[^\W\d]\w*(?:::\w+)*")
VARIABLE = re.compile(
    r"\$#?\$*(?:::)?[^\W\d]\w*(?:::\w+)*|[@%&]\$*(?:::)?[^\W\d]\w*(?:::\w+)*|\$#(?=[{$])|\$\$|\$[\d!@/\\,;.&\"'`+<>()\[\]|^~=%:?-]"
)
NUMBER = re.compile(
    r"0[xX][0-9A-Fa-f_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?"
)
HEREDOC = re.compile(r"<<(~?)(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\W\d]\w*))")
SIGNS = re.compile(
    r"<=>|\*\*=|\|\|=|&&=|//=|\.\.\.|=>|->|==|=~|!~|!=|<=|>=|\|\||&&|//|\*\*|\.\.|\.=|\+=|-=|\*=|/=|\+\+|--|::|.",
    re.DOTALL,
)
PATTERN = re.compile(r"/(?:[^/\\\n]|\\.){0,300}/[a-z]*")
QUOTES = {"q": Kind.SINGLE, "qq": Kind.DOUBLE, "qw": Kind.WORDS, "m": Kind.CODE, "qr": Kind.CODE}
QUOTES |= {"qx": Kind.CODE, "s": Kind.CODE, "tr": Kind.CODE, "y": Kind.CODE}
TWICE = ("s", "tr", "y")
PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}
BEFORE_TERM = (
    "and",
    "or",
    "not",
    "if",
    "unless",
    "while",
    "until",
    "return",
    "x",
    "eq",
    "ne",
    "split",
    "grep",
)
END = ("__END__", "__DATA__")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, up to its end or `__END__`; raises Unended."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.counted = 0
        self.last: Token | None = None
        self.heredocs: list[tuple[str, bool, int]] = []

    def run(self) -> Iterator[Token]:
        while self._skip_blank():
            token = self._next()
            if token.kind is Kind.WORD and token.text in END and not self._is_key():
                return
            self.last = token
            yield token
        if self.heredocs:
            raise Unended(self.heredocs[0][2])

    def _next(self) -> Token:
        self._count()
        text, at = self.text, self.at
        sign = text[at]
        if sign == "'" or sign == '"' or sign == "`":
            kinds = {"'": Kind.SINGLE, '"': Kind.DOUBLE, "`": Kind.CODE}
            return self._quoted(kinds[sign], at)
        if match := WORD.match(text, at):
            return self._word(match[0])
        if match := NUMBER.match(text, at):
            return self._token(Kind.NUMBER, match[0])
        if (sign == "$" or (sign in "@%&" and not self._after_term())) and (
            match := VARIABLE.match(text, at)
        ):
            return self._token(Kind.VARIABLE, match[0])
        if sign == "<" and not self._after_value() and (match := HEREDOC.match(text, at)):
            name = next(part for part in match.groups()[1:] if part is not None)
            self.heredocs.append((name, bool(match[1]), self.line))
            return self._token(Kind.CODE, match[0])
        if sign == "/" and not self._after_term() and (match := PATTERN.match(text, at)):
            return self._token(Kind.CODE, match[0])
        found = SIGNS.match(text, at)
        return self._token(Kind.SIGN, found[0] if found else sign)

    def _word(self, word: str) -> Token:
        kind = QUOTES.get(word)
        self.at += len(word)
        if kind is None or self._is_key() or (self.last is not None and self.last.is_("->", "-", "&")):
            return Token(Kind.WORD, word, self.line)
        at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        delimiter = self.text[at : at + 1]
        if (
            delimiter in ("", "=", ",", ";", ")")
            or delimiter.isalnum()
            or (delimiter == "#" and at > self.at)
        ):
            return Token(Kind.WORD, word, self.line)
        token = self._quoted(kind, at)
        if word in TWICE:
            self._second_half(token)
        return token

    def _second_half(self, token: Token) -> None:
        """The replacement of `s{…}{…}`, or of `s/…/…/`."""
        if token.close in PAIRS.values():
            self._skip_blank()
            self._quoted(Kind.CODE, self.at)
        else:
            self._quoted(Kind.CODE, self.at - 1)

    def _quoted(self, kind: Kind, at: int) -> Token:
        """The quote whose delimiter stands at `at`."""
        line, opening = self.line, self.text[at : at + 1]
        closing = PAIRS.get(opening, opening)
        if not opening:
            raise Unended(line)
        stops = re.compile(rf"\\.|{re.escape(closing)}|{re.escape(opening)}", re.DOTALL)
        depth, place = 1, at + 1
        while depth:
            match = stops.search(self.text, place)
            if match is None:
                raise Unended(line)
            place = match.end()
            if match[0] == closing:
                depth -= 1
            elif match[0] == opening:
                depth += 1
        self.at = place
        return Token(kind, self.text[at + 1 : place - 1], line, closing)

    def _is_key(self) -> bool:
        """Whether the word that ends here is only a name: before `=>`, or alone in curly brackets."""
        match = KEY.match(self.text, self.at)
        if match is None or match[1] == "=>":
            return match is not None
        return self.last is not None and self.last.is_("{")

    def _after_term(self) -> bool:
        """Whether an operator must follow here, and not a value."""
        if self.last is not None and self.last.kind is Kind.WORD:
            return self.last.text not in BEFORE_TERM
        return self._after_value()

    def _after_value(self) -> bool:
        """Whether a value has just ended; a word may be a function that takes one."""
        last = self.last
        if last is None or last.kind is Kind.WORD:
            return False
        return last.kind is not Kind.SIGN or last.text in (")", "]", "}")

    def _skip_blank(self) -> bool:
        """Go to the next token; whether there is one."""
        text = self.text
        while self.at < len(text):
            if text[self.at] == "\n":
                self.at += 1
                self._pass_heredocs()
            elif match := BLANK.match(text, self.at):
                self.at = match.end()
            elif text[self.at] == "=" and self._begins_line() and POD.match(text, self.at):
                end = re.compile(r"^=cut\b[^\n]*", re.MULTILINE).search(text, self.at)
                self.at = end.end() if end else len(text)
            else:
                return True
        return False

    def _begins_line(self) -> bool:
        return self.at == 0 or self.text[self.at - 1] == "\n"

    def _pass_heredocs(self) -> None:
        """Go behind the here-documents that begin after this line."""
        for name, indented, line in self.heredocs:
            blank = r"[^\S\n]*" if indented else ""
            end = re.compile(rf"^{blank}{re.escape(name)}$\n?", re.MULTILINE).search(self.text, self.at)
            if end is None:
                raise Unended(line)
            self.at = end.end()
        self.heredocs = []

    def _token(self, kind: Kind, text: str) -> Token:
        self.at += len(text)
        return Token(kind, text, self.line)

    def _count(self) -> None:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
