"""Whatever is asked of a directory, it means itself: only an intended wildcard is one."""

from __future__ import annotations

import pytest

from backends.conditions import (
    ALWAYS,
    NEVER,
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
    condition_of,
)
from backends.filters import FieldCondition, Filter, Operator
from backends.ldap.filters import (
    EVERYBODY,
    NOBODY,
    Narrowing,
    all_of,
    any_equal,
    any_of,
    columns_of,
    equals,
    escaped,
    portions,
    resembles,
)
from backends.model import Validity
from backends.search import parse_list_search
from tests.unit.ldap.worlds import MAPPING, Item, parsed

HOSTILE = [
    "*",
    "**",
    "a*",
    "*a",
    "a*b*c",
    "(",
    ")",
    "()",
    ")(",
    "))((",
    "\\",
    "\\\\",
    "\\2a",
    "\\2A",
    "\\28",
    "\\5c2a",
    "\\0",
    "\\00",
    "\\zz",
    "a\\",
    "*)(uid=*",
    "*)(uid=*))(|(uid=*",
    "admin)(&",
    "admin)(|(uid=*)",
    "admin)(!(uid=x)",
    "x)(objectClass=*",
    "*)(&(objectClass=*",
    "*))%00",
    ")(cn=))\x01",
    "|(uid=*)",
    "&(uid=*)",
    "!(uid=*)",
    "(&)",
    "(|)",
    "(!(uid=*))",
    "uid=*",
    "=",
    "==",
    "~=",
    ">=a",
    "<=a",
    ":=a",
    ":dn:2.4.6.8.10:=a",
    "uid:caseExactMatch:=a",
    ";binary",
    "#",
    ",",
    "+",
    '"',
    "'",
    "' OR 1=1 --",
    "%",
    "_",
    "%2a",
    "&#42;",
    "＊",
    "（uid＝＊）",
    "ä",
    "Łódź",
    "ß",
    "𝒜",
    "\u202e",
    "\ufeff",
    "e\u0301",
    "\x01",
    "\x1f",
    "\x7f",
    "\t",
    "\n",
    "\r\n",
    " ",
    "  ",
    " a ",
    "a  b",
    "a" * 20_000,
    "*" * 5_000,
    "(" * 5_000,
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "cn=admin,dc=example,dc=org",
]

NARROWING = Narrowing(MAPPING, "(!(employeeType=disabled))", "utf-8")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_s1_a_value_means_itself_and_nothing_else(text: str) -> None:
    assert parsed(equals("cn", text)) == Item("cn", (text.encode(),))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_s1_a_piece_between_wildcards_means_itself(text: str) -> None:
    assert parsed(resembles("cn", ("", text, ""))) == Item("cn", (b"", text.encode(), b""))
    assert parsed(resembles("cn", (text, text))) == Item("cn", (text.encode(), text.encode()))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_s1_a_login_among_many_adds_one_comparison(text: str) -> None:
    tree = parsed(any_equal("uid", ["ada", text, "grace"]))
    assert tree == ("|", tuple(Item("uid", (name.encode(),)) for name in ("ada", text, "grace")))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_s1_every_argument_of_a_list_is_escaped(text: str) -> None:
    asked = Filter(
        login=text,
        email=text,
        customer_ids=(text,),
        keys=(text,),
        exclude_keys=(text,),
        fields=(
            FieldCondition("room", (text,), Operator.LIKE),
            FieldCondition("phone", (text,), Operator.EQUALS),
            FieldCondition("room", (text,), Operator.GREATER_THAN),
        ),
    )
    tree = parsed(NARROWING.narrow(condition_of(asked, MAPPING)).filter)
    assert names(tree) <= {"uid", "mail", "departmentNumber", "roomNumber", "telephoneNumber", "employeeType"}


@pytest.mark.parametrize("text", ["\0", "a\0", "\0*", "\ud800", "a\udc80b", "\udfff"], ids=ascii)
def test_s1_what_no_directory_can_hold_finds_nobody(text: str) -> None:
    assert escaped(text) is None
    assert equals("uid", text) == NOBODY
    assert resembles("uid", ("", text, "")) == NOBODY
    assert any_equal("uid", [text, "ada"]) == "(uid=ada)"


def test_a_charset_decides_the_bytes_and_what_it_lacks_finds_nobody() -> None:
    assert equals("cn", "Müller", "latin-1") == "(cn=M\\fcller)"
    assert equals("cn", "Müller") == "(cn=M\\c3\\bcller)"
    assert equals("cn", "Łódź", "latin-1") == NOBODY


def test_the_empty_text_is_the_absence_of_the_attribute() -> None:
    assert equals("mail", "") == "(!(mail=*))"
    assert NARROWING.narrow(Empty("mail")).filter == "(!(mail=*))"


def test_wildcards_alone_ask_for_presence_and_adjacent_ones_are_one() -> None:
    assert resembles("cn", ("", "")) == "(cn=*)"
    assert resembles("cn", ("", "", "a", "", "")) == "(cn=*a*)"
    assert resembles("cn", ("a",)) == "(cn=a)"


def test_joined_filters_keep_their_brackets_and_drop_what_asks_nothing() -> None:
    assert all_of(["(a=1)", "", EVERYBODY, "(b=2)", "(a=1)"]) == "(&(a=1)(b=2))"
    assert all_of([]) == EVERYBODY
    assert all_of(["(a=1)", NOBODY]) == NOBODY
    assert any_of(["(a=1)", NOBODY, "(b=2)"]) == "(|(a=1)(b=2))"
    assert any_of([]) == NOBODY
    assert any_of(["(a=1)", EVERYBODY]) == EVERYBODY


def test_a_search_is_a_tree_of_substrings_over_the_search_fields() -> None:
    search = parse_list_search("hans+huber OR ma*ier")
    narrowed = NARROWING.narrow(condition_of(Filter(search=search, validity=None), MAPPING))
    assert narrowed.rest == ALWAYS
    assert narrowed.filter == (
        "(|(&(|(uid=*hans*)(cn=*hans*)(mail=*hans*))(|(uid=*huber*)(cn=*huber*)(mail=*huber*)))"
        "(|(uid=*ma*ier*)(cn=*ma*ier*)(mail=*ma*ier*)))"
    )


def test_only_validities_that_a_directory_knows_are_asked_of_it() -> None:
    def asked(*validities: Validity) -> str:
        return NARROWING.narrow(HasValidity(frozenset(validities))).filter

    assert asked(Validity.VALID) == "(!(employeeType=disabled))"
    assert asked(Validity.INVALID) == "(!(!(employeeType=disabled)))"
    assert asked(Validity.INVALID_TEMPORARILY) == NOBODY
    assert asked(Validity.VALID, Validity.INVALID_TEMPORARILY) == "(!(employeeType=disabled))"
    assert asked(*Validity) == EVERYBODY


def test_without_a_valid_filter_everybody_is_valid() -> None:
    plain = Narrowing(MAPPING, "", "utf-8")
    assert plain.narrow(HasValidity(frozenset({Validity.VALID}))).filter == EVERYBODY
    assert plain.narrow(HasValidity(frozenset({Validity.INVALID}))).filter == NOBODY


LIKE = Like("cn", ("", "x", ""), folded=True)


@pytest.mark.parametrize(
    ("condition", "filter"),
    [
        (Not(LIKE), EVERYBODY),
        (Not(In("uid", ("x",), folded=True)), EVERYBODY),
        (In("uid", ("x",), folded=True), "(uid=x)"),
        (In("departmentNumber", ("x",), folded=True), "(departmentNumber=x)"),
        (In("cn", ("x",), folded=False), "(cn=x)"),
        (Compare("cn", Operator.GREATER_THAN, "x", folded=True), "(cn=*)"),
        (Lists("o", "x", folded=True), "(o=*x*)"),
        (Or((LIKE, In("uid", ("x",), folded=False))), "(|(cn=*x*)(uid=x))"),
    ],
    ids=str,
)
def test_what_a_directory_compares_by_other_rules_is_decided_again(condition: Condition, filter: str) -> None:
    narrowed = NARROWING.narrow(condition)
    assert (narrowed.filter, narrowed.rest) == (filter, condition)
    both = NARROWING.narrow(And((LIKE, condition)))
    assert both.rest == condition


def test_validity_inside_what_python_decides_is_refused() -> None:
    nested = Or((In("uid", ("x",), folded=True), HasValidity(frozenset({Validity.VALID}))))
    with pytest.raises(ValueError, match="of its own"):
        NARROWING.narrow(nested)


def test_long_lists_of_values_become_several_searches() -> None:
    keys = tuple(f"u{number}" for number in range(450))
    listed = In("uid", keys, folded=True)
    assert [len(part.values) for part in portions(listed) if isinstance(part, In)] == [200, 200, 50]
    either = portions(Or((LIKE, listed)))
    assert either[0] == Or((LIKE,)) and len(either) == 4
    both = portions(And((LIKE, Or((Empty("cn"), listed)))))
    assert len(both) == 4 and all(isinstance(part, And) and part.parts[0] == LIKE for part in both)
    assert portions(And((LIKE, ALWAYS))) == [And((LIKE, ALWAYS))]


def test_the_columns_of_a_condition_are_those_that_decide_it() -> None:
    condition = And((Not(LIKE), Or((Empty("mail"), Lists("o", "x", folded=True))), ALWAYS, NEVER))
    assert columns_of(condition) == {"cn", "mail", "o"}


def names(tree: object) -> set[str]:
    """The attributes that a filter compares."""
    if isinstance(tree, Item):
        return {tree.attribute}
    assert isinstance(tree, tuple)
    return set().union(*(names(part) for part in tree[1]))
