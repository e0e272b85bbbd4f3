"""The search grammar, by the test vectors of the specification (spec/search.md)."""

import pytest

from backends.conditions import ALWAYS, NEVER, And, Condition, In, Like, Not, Or, search_condition
from backends.errors import BadUserInput
from backends.search import (
    MAX_BRACKETS,
    MAX_LENGTH,
    MAX_WORDS,
    Search,
    parse_customer_search,
    parse_list_search,
    parse_words,
)
from tests.builders import a_mapping

# L(x): some column like x, N(x): no column like x, E(x): some column equals x; * is the only wildcard.
LIST_VECTORS = [
    ("QV-1", "hans", "L(*hans*)"),
    ("QV-2", "hans+huber", "L(*hans*) AND L(*huber*)"),
    ("QV-3", "hans huber", "L(*hans huber*)"),
    ("QV-4", "hans&&huber", "L(*hans&&huber*)"),
    ("QV-5", "hans||huber", "L(*hans||huber*)"),
    ("QV-6", "hans AND huber", "L(*hans*) AND L(*huber*)"),
    ("QV-7", "hans OR huber", "L(*hans*) OR L(*huber*)"),
    ("QV-8", "hans and huber", "L(*hans and huber*)"),
    ("QV-9", "(hans+huber)", "L(*(hans*) AND L(*huber)*)"),
    ("QV-10", "!hans", "N(*hans*)"),
    ("QV-11", "hans+!huber", "L(*hans*) AND N(*huber*)"),
    ("QV-10, QC-4", "!!hans", "N(*hans*)"),
    ("QV-10, QC-4", "! hans", "N(* hans*)"),
    ("QV-12", "!a OR !b", "N(*a*) OR N(*b*)"),
    ("QV-13", "a*b", "L(*a*b*)"),
    ("QV-13, QC-10", "a%b", "L(*a%b*)"),
    ("QV-14, QC-10", "a_b", "L(*a_b*)"),
    ("QV-15", "*", "L(*)"),
    ("QV-15", "**", "L(*)"),
    ("QV-15, QC-1", "* *", "L(*)"),
    ("QV-15, QC-10", "%", "L(*%*)"),
    ("QV-16", '"hans huber"', "L(*hans huber*)"),
    ("QV-17", '"hans"+huber', "L(*hans*) AND L(*huber*)"),
    ("QV-18", '"some and me" AND !some', "L(*some and me*) AND N(*some*)"),
    ("QV-18, QC-13", '"a AND b"+"c+d"', "L(*a AND b*) AND L(*c+d*)"),
    ("QV-19", "a AND b OR c", "(L(*a*) AND L(*b*)) OR L(*c*)"),
    ("QV-19, QC-7", "a OR b AND c", "L(*a*) OR (L(*b*) AND L(*c*))"),
    ("QV-20", "+a", "L(*a*)"),
    ("QV-20", "a+", "L(*a*)"),
    ("QV-20", "AND a", "L(*a*)"),
    ("QV-20", "a OR", "L(*a*)"),
    ("QV-21", "a++b", "L(*a*) AND L(*b*)"),
    ("QV-23", "a!b", "L(*a!b*)"),
    ("QV-24", "a ! b", "L(*a ! b*)"),
    ("QV-25", "a\\b", "L(*ab*)"),
    ("QV-26", "a&b", "L(*a&b*)"),
    ("QV-26", "a|b", "L(*a|b*)"),
    ("QV-26", "a(b", "L(*a(b*)"),
    ("QV-26", "a)b", "L(*a)b*)"),
    ("QV-27", '""', 'L(*""*)'),
    ("QV-28", "hans  huber", "L(*hans huber*)"),
    ("QV-28", "hans \t\n huber", "L(*hans huber*)"),
    ("QC-7", "a+OR+b", "nothing"),
    ("QC-7", "a AND OR b", "nothing"),
    ("SRCH-3", "  hans  ", "L(*hans*)"),
    ("SRCH-3", "   ", "no condition"),
    ("SRCH-3", "", "no condition"),
    ("QC-1", "ANDREAS+GORDON", "L(*ANDREAS*) AND L(*GORDON*)"),
    ("QC-4", "hans+!", "L(*hans*)"),
]

CUSTOMER_VECTORS = [
    ("QV-40", "hans&&huber", "L(*hans*) AND L(*huber*)"),
    ("QV-41", "hans||huber", "L(*hans*) OR L(*huber*)"),
    ("QV-42", "(a&&b)||c", "(L(*a*) AND L(*b*)) OR L(*c*)"),
    ("QV-43, COMP-8", "(a&&b)||(c&&d)", "(L(*a*) AND L(*b*)) OR (L(*c*) AND L(*d*))"),
    ("QV-44", "((ABC&&DEF)&&!GHI)", "(L(*ABC*) AND L(*DEF*)) AND N(*GHI*)"),
    ("QV-45", "a||b&&c", "L(*a*) OR (L(*b*) AND L(*c*))"),
    ("QV-46", "(a", "nothing"),
    ("QV-46", "a)", "nothing"),
    ("QV-46", "a\\", "nothing"),
    ("QV-47", "!(a||b)", "N(*a*) OR L(*b*)"),
    ("QV-48", "()", "no condition"),
    ("QV-48", "(())", "no condition"),
    ("QV-48", "", "no condition"),
    ("QV-49", "\\(a\\)", "L(*(a)*)"),
    ("QV-50, QC-6", "(a)(b)", "L(*a*) AND L(*b*)"),
    ("QV-50, QC-6", "(a) b", "L(*a*) AND L(*b*)"),
    ("QV-50, QC-6", "a (b)", "L(*a*) AND L(*b*)"),
    ("QV-51", "a&&", "L(*a*)"),
    ("QV-51", "&&a", "L(*a*)"),
    ("QV-52", "a&&&b", "L(*a*) AND L(*b*)"),
    ("QV-53", '"a&&b"', "L(*a&&b*)"),
    ("QV-54", "*!a*", "N(*a*)"),
    ("QC-5", "a&b|c", "L(*a&b|c*)"),
    ("QC-7", "a&&||b", "nothing"),
    ("QC-8", ")a(", "nothing"),
    ("QC-13", '"a (b"', "L(*a (b*)"),
    ("QV-6", "hans AND huber", "L(*hans*) AND L(*huber*)"),
    ("QV-20", "a+", "L(*a*)"),
]

AFFIX_VECTORS = [
    ("QV-28", "", "*", "hans", "L(hans*)"),
    ("QV-28", "", "*", "*hans", "L(*hans*)"),
    ("QV-28", "", "", "hans", "E(hans)"),
    ("QV-28", "", "", "a*c", "L(a*c)"),
    ("QC-9", "*", "", "hans", "L(*hans)"),
    ("QC-9", "*", "*", "*hans*", "L(*hans*)"),
    ("QC-9", "", "", "!hans", "NE(hans)"),
    ("QC-9", "DE-", "", "hans", "E(DE-hans)"),
    ("QC-13", "*", "*", '"hans"', "L(*hans*)"),
]


@pytest.mark.parametrize(("rule", "text", "condition"), LIST_VECTORS)
def test_the_list_search_reads_as_the_specification_says(rule: str, text: str, condition: str) -> None:
    assert spelled(parse_list_search(text)) == condition, rule


@pytest.mark.parametrize(("rule", "text", "condition"), CUSTOMER_VECTORS)
def test_the_customer_search_reads_as_the_specification_says(rule: str, text: str, condition: str) -> None:
    assert spelled(parse_customer_search(text)) == condition, rule


def test_a_group_with_another_suffix_keeps_its_words_apart() -> None:
    """QV-55."""
    assert spelled(parse_customer_search("(ABC+DEF)"), prefix="") == "L(ABC*) AND L(DEF*)"


@pytest.mark.parametrize(("rule", "prefix", "suffix", "text", "condition"), AFFIX_VECTORS)
def test_the_prefix_and_suffix_of_a_source_go_around_every_word(
    rule: str, prefix: str, suffix: str, text: str, condition: str
) -> None:
    assert spelled(parse_list_search(text), prefix, suffix) == condition, rule


@pytest.mark.parametrize("text", ["AND", "OR", "!", "+", "++", "AND AND", "! + !", "AND OR"])
def test_operators_alone_are_the_callers_mistake_and_not_an_empty_list(text: str) -> None:
    """QV-22, QC-12."""
    for parse in (parse_list_search, parse_customer_search):
        with pytest.raises(BadUserInput, match="only operators"):
            parse(text)


@pytest.mark.parametrize("text", ["&&", "||", "(!)", "&&||"])
def test_signs_are_operators_for_customers_and_text_for_customer_users(text: str) -> None:
    """QC-12 against SRCH-7."""
    with pytest.raises(BadUserInput, match="only operators"):
        parse_customer_search(text)
    assert spelled(parse_list_search(text)) == f"L(*{text}*)"


def test_plain_words_must_all_occur_and_nothing_but_the_star_means_anything() -> None:
    """SRCH-7 [DNC]: the mode WORDS."""
    assert spelled(parse_words("Hans  AND\t!hu*r")) == "L(*Hans*) AND L(*AND*) AND L(*!hu*r*)"
    assert spelled(parse_words(' "(a+b)" ')) == 'L(*"(a+b)"*)'
    assert spelled(parse_words("   ")) == "no condition"


@pytest.mark.parametrize("parse", [parse_list_search, parse_customer_search, parse_words])
def test_a_text_with_a_nul_finds_nobody(parse: object) -> None:
    assert callable(parse)
    assert spelled(parse("han\0s")) == "nothing"
    assert spelled(parse("\0")) == "nothing"


def test_a_search_has_bounds_that_name_their_argument() -> None:
    with pytest.raises(BadUserInput, match="longer") as long:
        parse_list_search("a" * (MAX_LENGTH + 1))
    with pytest.raises(BadUserInput, match="words"):
        parse_list_search("a+" * (MAX_WORDS + 1))
    with pytest.raises(BadUserInput, match="words"):
        parse_words("a " * (MAX_WORDS + 1))
    with pytest.raises(BadUserInput, match="brackets"):
        parse_customer_search("(" * (MAX_BRACKETS + 1) + "a" + ")" * (MAX_BRACKETS + 1))
    assert long.value.extensions == {"code": "BAD_USER_INPUT", "argument": "search"}


def test_the_largest_search_allowed_is_read_at_once() -> None:
    words = "+".join(["!a*" * 3] * MAX_WORDS)
    nested = "(" * MAX_BRACKETS + "a" + ")" * MAX_BRACKETS
    assert spelled(parse_list_search(words)).count("N(") == MAX_WORDS
    assert spelled(parse_customer_search(nested)) == "L(*a*)"
    assert spelled(parse_list_search('"' * MAX_LENGTH)) != "nothing"
    assert spelled(parse_list_search("*" * MAX_LENGTH)) == "L(*)"
    assert spelled(parse_customer_search(" " * MAX_LENGTH)) == "no condition"


def spelled(search: Search | None, prefix: str = "*", suffix: str = "*") -> str:
    """A search as the specification writes it, over one column."""
    if search is None:
        return "no condition"
    mapping = a_mapping(columns=("login",), prefix=prefix, suffix=suffix)
    return _spelled(search_condition(search, mapping))


def _spelled(condition: Condition, *, inside: bool = False) -> str:
    match condition:
        case Like(pieces=pieces):
            return f"L({'*'.join(pieces)})"
        case In(values=(value,)):
            return f"E({value})"
        case Not(part=Like(pieces=pieces)):
            return f"N({'*'.join(pieces)})"
        case Not(part=In(values=(value,))):
            return f"NE({value})"
        case And(parts=parts) | Or(parts=parts):
            text = (" AND " if isinstance(condition, And) else " OR ").join(
                _spelled(part, inside=True) for part in parts
            )
            return f"({text})" if inside else text
    assert condition in (ALWAYS, NEVER)
    return "no condition" if condition == ALWAYS else "nothing"
