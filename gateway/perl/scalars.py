"""Numbers and texts as Perl calculates and joins them, within bounds."""

from __future__ import annotations

import math
import re
from typing import Any

from gateway.perl.tokens import Token

LONGEST = 100_000


class Unreadable(Exception):
    """Something that is not written out; the sentence says what."""

    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence, line)
        self.sentence = sentence
        self.line = line


class Hopeless(Unreadable):
    """The same of a whole statement: nothing within it is worth a second look."""


def number(token: Token) -> int | float:
    """A number as it is written: decimal, hexadecimal, binary or octal."""
    try:
        return _number(token)
    except ValueError:
        raise Unreadable("is no number", token.line) from None


def _number(token: Token) -> int | float:
    text = token.text.replace("_", "")
    if re.fullmatch(r"0[xX].+|0[bB].+", text):
        return _finite(int(text, 0) if len(text) < 70 else math.inf, token.line)
    if re.fullmatch(r"0[0-7]+", text):
        return int(text, 8) if len(text) < 25 else _finite(math.inf, token.line)
    return _finite(int(text) if text.isdecimal() and len(text) < 18 else float(text), token.line)


def calculated(left: Any, right: Any, sign: Token) -> int | float:
    """A sum, difference, product or quotient."""
    if not all(isinstance(value, int | float) for value in (left, right)):
        raise Unreadable("calculates with what is no number", sign.line)
    if sign.text == "+":
        return _finite(left + right, sign.line)
    if sign.text == "-":
        return _finite(left - right, sign.line)
    if sign.text == "*":
        return _finite(left * right, sign.line)
    if not right:
        raise Unreadable("divides by zero", sign.line)
    return _finite(left // right if left % right == 0 else left / right, sign.line)


def _finite(number: int | float, line: int) -> int | float:
    """A number as Perl keeps it: whole ones exactly, up to 64 bits."""
    if not math.isfinite(number):
        raise Unreadable("is too large a number", line)
    if isinstance(number, int):
        return number if abs(number) < 2**63 else float(number)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def joined(left: Any, right: Any, sign: Token) -> str:
    """Two scalars as one text."""
    if not all(isinstance(value, str | int | float) for value in (left, right)):
        raise Unreadable("joins what is no text", sign.line)
    return bounded(
        "".join(f"{one:.15g}" if isinstance(one, float) else str(one) for one in (left, right)), sign.line
    )


def bounded(text: str, line: int) -> str:
    """A text that is not too long."""
    if len(text) > LONGEST:
        raise Unreadable("is too long", line)
    return text
