"""Filters as trees, and what a tree says of a row, by SQL's three-valued logic."""

from __future__ import annotations

import pytest

from backends.conditions import (
    ALWAYS,
    NEVER,
    And,
    Condition,
    HasValidity,
    In,
    Like,
    Lists,
    Not,
    Or,
    condition_of,
    field_condition,
    search_condition,
)
from backends.evaluate import holds, matches, number_columns
from backends.filters import EVERYTHING, DynamicHits, FieldCondition, Filter, Members, Operator
from backends.mapping import FieldType, RecordMapping
from backends.model import Membership, Validity, Value
from backends.search import AnyOf, parse_list_search, pieces
from tests.builders import CUSTOM_FIELDS, USER_FIELDS, a_field, a_mapping, a_row

MAPPING = a_mapping(fields=(*USER_FIELDS, *CUSTOM_FIELDS), columns=("login", "last_name"))


def test_nothing_asked_means_valid_records_and_everything_means_all() -> None:
    """SRCH-4."""
    assert condition_of(Filter(), MAPPING) == HasValidity(frozenset({Validity.VALID}))
    assert condition_of(EVERYTHING, MAPPING) == ALWAYS
    assert condition_of(Filter(validity=frozenset(Validity)), MAPPING) == ALWAYS


def test_a_source_without_validity_holds_valid_records_alone() -> None:
    """SRCH-4: without a validity column there is no filter, and nobody is invalid."""
    mapping = a_mapping(valid_column=None, has_validity=False)
    assert condition_of(Filter(), mapping) == ALWAYS
    assert condition_of(Filter(validity=frozenset({Validity.INVALID})), mapping) == NEVER
    assert condition_of(Filter(validity=frozenset()), mapping) == NEVER


def test_an_empty_list_matches_nothing() -> None:
    for nobody in (
        Filter(customer_ids=()),
        Filter(keys=()),
        Filter(fields=(FieldCondition("city", ()),)),
        Filter(search=AnyOf(())),
    ):
        assert condition_of(nobody, MAPPING) == NEVER


def test_a_word_must_be_in_one_column_and_a_negated_word_in_none() -> None:
    """SRCH-8."""
    wanted = parse_list_search("a+!b")
    assert wanted is not None
    a, b = ("", "a", ""), ("", "b", "")
    assert search_condition(wanted, MAPPING) == And(
        (
            Or((Like("login", a, True), Like("last_name", a, True))),
            Not(Or((Like("login", b, True), Like("last_name", b, True)))),
        )
    )


def test_a_null_leaves_a_negated_word_open_and_so_drops_the_row() -> None:
    """SRCH-8."""
    condition = condition_of(Filter(search=parse_list_search("!x")), MAPPING)
    assert told(condition, last_name="Lovelace") is True
    assert told(condition, last_name="") is True
    assert told(condition, last_name=None) is None
    assert told(condition, login="x", last_name=None) is False


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (True, True, True, True),
        (True, None, None, True),
        (True, False, False, True),
        (None, None, None, None),
        (None, False, False, None),
        (False, False, False, False),
    ],
)
def test_unknown_is_neither_true_nor_false(
    one: bool | None, other: bool | None, both: bool | None, either: bool | None
) -> None:
    """SRCH-8."""
    parts: dict[bool | None, Condition] = {True: ALWAYS, False: NEVER, None: In("title", ("x",), folded=True)}
    for pair in ((parts[one], parts[other]), (parts[other], parts[one])):
        assert told(And(pair), title=None) is both
        assert told(Or(pair), title=None) is either
        assert told(Not(And(pair)), title=None) is (None if both is None else not both)


def test_a_part_of_the_login_is_found_and_the_star_is_its_only_wildcard() -> None:
    """SRCH-9."""
    for text, login in (("d", "ada"), ("A*A", "adam anna"), ("%", "100%"), ("_", "a_b"), ("", "x")):
        assert told(condition_of(Filter(login=text), MAPPING), login=login) is True
    for text, login in (("%", "ada"), ("_", "ada"), ("a.a", "ada"), ("d*a*d", "ada")):
        assert told(condition_of(Filter(login=text), MAPPING), login=login) is False


@pytest.mark.parametrize(
    ("text", "found"),
    [("7", True), (" 7 ", True), ("70", False), ("x", False), ("7*", False), ("", False), ("1" * 17, False)],
)
def test_an_integer_login_is_compared_exactly(text: str, found: bool) -> None:
    """SRC-12, SRCH-10: an optional sign and 1 to 16 digits, else nothing."""
    mapping = a_mapping(fields=(a_field("UserLogin", "login", FieldType.INT),))
    assert bool(told(condition_of(Filter(login=text), mapping), mapping, login=7)) is found


def test_an_address_is_compared_whole_in_every_post_master_column_and_in_brackets() -> None:
    """SRCH-12, SRCH-13."""
    mapping = a_mapping(post_master_columns=("email", "comments"))
    condition = condition_of(Filter(email="O'neil@x.org"), mapping)
    assert isinstance(condition, And)
    assert told(condition, email="o'neil@x.org") is True
    assert told(condition, email="o'neil@x.org.uk") is not True
    assert told(condition, email="*", comments="o'neil@x.org") is True
    assert told(condition, comments="o'neil@x.org", valid_id=2) is False
    assert told(condition_of(Filter(email="*"), mapping)) is not True
    assert condition_of(Filter(email="a@b.c"), a_mapping(post_master_columns=())) == NEVER


def test_case_counts_where_the_source_says_so() -> None:
    """SRC-7."""
    for case_sensitive in (False, True):
        mapping = a_mapping(case_sensitive=case_sensitive)
        for wanted in (
            Filter(search=parse_list_search("LOVE")),
            Filter(login="ADA"),
            Filter(email="Ada@Example.org"),
            Filter(customer_ids=("acme",)),
            Filter(keys=("ADA",)),
            Filter(fields=(FieldCondition("lastName", ("LOVE*",)),)),
        ):
            assert told(condition_of(wanted, mapping)) is not case_sensitive
        excluded = condition_of(Filter(exclude_keys=("ADA",)), mapping)
        assert told(excluded) is case_sensitive


def test_equals_takes_a_value_exactly_as_stored() -> None:
    equals = FieldCondition("lastName", ("Lovelace", "lov*"), Operator.EQUALS)
    condition = field_condition(equals, MAPPING)
    assert told(condition) is True
    assert told(condition, last_name="LOVELACE") is False
    assert told(condition, last_name="lov*") is True
    assert told(condition, last_name="love") is False


@pytest.mark.parametrize("text", ["*", "**", "***"])
def test_wildcards_alone_ask_for_nothing(text: str) -> None:
    """DET-5: such a criterion does not require a value."""
    condition = field_condition(FieldCondition("city", (text,)), MAPPING)
    assert told(condition, city=None) is True


@pytest.mark.parametrize(
    ("operator", "value", "floors"),
    [
        (Operator.GREATER_THAN, "2", [10, 1000]),
        (Operator.GREATER_THAN_EQUALS, "2", [2, 10, 1000]),
        (Operator.SMALLER_THAN, "10", [-5, 2]),
        (Operator.SMALLER_THAN_EQUALS, "+10", [-5, 2, 10]),
        (Operator.SMALLER_THAN, "ten", []),
        (Operator.EQUALS, "10", [10]),
        (Operator.LIKE, "10*", [10, 1000]),
        (Operator.EMPTY, "", [None]),
    ],
)
def test_numbers_compare_as_numbers(operator: Operator, value: str, floors: list[int | None]) -> None:
    condition = field_condition(FieldCondition("floor", (value,), operator), MAPPING)
    assert [floor for floor in (None, -5, 2, 10, 1000) if told(condition, floor=floor)] == floors


def test_texts_compare_folded_and_by_code_point() -> None:
    above = field_condition(FieldCondition("city", ("M",), Operator.GREATER_THAN), MAPPING)
    cities = ("Aachen", "m", "München", "ulm", "Århus", "")
    assert [city for city in cities if told(above, city=city)] == ["München", "ulm", "Århus"]
    assert told(above, city=None) is None


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "ü\udfff"])
def test_what_no_store_can_hold_is_neither_above_nor_below_anybody(text: str) -> None:
    """S2."""
    for operator in (Operator.GREATER_THAN, Operator.SMALLER_THAN_EQUALS):
        assert field_condition(FieldCondition("city", (text,), operator), MAPPING) == NEVER


def test_empty_and_missing_are_the_same_to_the_operator_empty() -> None:
    condition = field_condition(FieldCondition("city", (), Operator.EMPTY), MAPPING)
    assert told(condition, city=None) is True
    assert told(condition, city="") is True
    assert told(condition, city=()) is True
    assert told(condition, city=" ") is False


@pytest.mark.parametrize(
    ("values", "validities"),
    [
        (("VALID",), {Validity.VALID}),
        (("1", "2"), {Validity.VALID, Validity.INVALID}),
        (("INVALID_TEMPORARILY", "nonsense"), {Validity.INVALID_TEMPORARILY}),
    ],
)
def test_validity_is_named_by_word_or_number(values: tuple[str, ...], validities: set[Validity]) -> None:
    condition = field_condition(FieldCondition("validity", values), MAPPING)
    assert condition == HasValidity(frozenset(validities))
    assert field_condition(FieldCondition("validity", ("nonsense",)), MAPPING) == NEVER


def test_who_matches_by_a_dynamic_field_is_added_to_the_search_and_not_to_the_other_conditions() -> None:
    """DF-1, DF-3: only the exact login, under the same validity, where the source searches that field."""
    mapping = a_mapping(dynamic_fields=("Language",), post_master_dynamic_fields=("Alias",))
    hits = (DynamicHits("Language", ("ada",)), DynamicHits("Alias", ("bob",)))
    for wanted, login, other in (
        (Filter(search=parse_list_search("nobody"), search_hits=hits), "ada", "bob"),
        (Filter(email="x@y.z", email_hits=hits), "bob", "ada"),
    ):
        condition = condition_of(wanted, mapping)
        assert told(condition, login=login) is True
        assert told(condition, login=login.upper()) is False
        assert told(condition, login=login, valid_id=2) is False
        assert told(condition, login=other) is False


@pytest.mark.parametrize(
    ("kind", "login", "customer_id", "listed"),
    [
        (Membership.PRIMARY, "x", "nord", None),
        (Membership.LISTED, "x", "acme", "ACME; Nord"),
        (Membership.ADDITIONAL, "ada", "acme", None),
    ],
)
def test_members_belong_by_primary_id_by_list_or_by_relation(
    kind: Membership, login: str, customer_id: str, listed: str | None
) -> None:
    """MULTI-11."""
    row = {"login": login, "customer_id": customer_id, "customer_ids": listed}
    for kinds in (frozenset(Membership), frozenset({kind}), frozenset(Membership) - {kind}):
        members = Members("NORD", ("ada",), kinds)
        found = told(condition_of(Filter(members=members), MAPPING), **row)
        assert bool(found) is (kind in kinds)


def test_a_list_of_customer_ids_is_taken_apart_and_never_searched_in_parts() -> None:
    """MULTI-2."""
    condition = Lists("customer_ids", "ACME", folded=True)
    assert told(condition, customer_ids=" nord ; acme") is True
    assert told(condition, customer_ids="ACME-2;XACME") is False
    assert told(condition, customer_ids=("NORD", "ACME")) is True
    assert told(condition, customer_ids=None) is None


def test_excluded_keys_are_left_out_and_exact_spellings_exactly() -> None:
    """DET-7."""
    assert told(condition_of(Filter(exclude_keys=("*", "ad")), MAPPING)) is True
    assert told(condition_of(Filter(exclude_keys=("x", "Ada")), MAPPING)) is False
    assert told(condition_of(Filter(exclude_exactly=("Ada",)), MAPPING)) is True
    assert told(condition_of(Filter(exclude_exactly=("ada",)), MAPPING)) is False


def test_one_of_several_values_is_enough() -> None:
    """LDAP-21."""
    like = Like("mail", ("a", ""), folded=True)
    assert matches(like, lambda _: ("b@x", "A@x"), Validity.VALID) is True
    assert matches(like, lambda _: ("b@x",), Validity.VALID) is False
    assert matches(like, lambda _: (), Validity.VALID) is None


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("abc", ["abc"], ["abcd", "xabc", ""]),
        ("", [""], ["a"]),
        ("*", ["", "a"], []),
        ("a*a", ["aa", "aba"], ["a", "ab"]),
        ("*ab*ab*", ["abab", "xabxabx"], ["ab", "aab"]),
        ("ab*ba", ["abba", "ab ba"], ["aba"]),
        ("*a*b", ["ab", "xxaxb"], ["ba", "a", "abc"]),
        ("a.c*", ["a.c"], ["abc"]),
        ("a\n*", ["a\nb"], ["a"]),
    ],
)
def test_pieces_stand_in_order_and_do_not_overlap(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in (*yes, *no) if holds(pieces(pattern), text)] == yes


def test_a_field_that_is_not_mapped_matches_nobody() -> None:
    assert field_condition(FieldCondition("room", ("x",)), a_mapping()) == NEVER
    assert field_condition(FieldCondition("room", (), Operator.EMPTY), a_mapping()) == NEVER


def told(condition: Condition, mapping: RecordMapping = MAPPING, /, **columns: Value) -> bool | None:
    """What the condition says of a row."""
    row = a_row(**columns) if "login" in columns else a_row("ada", **columns)
    validity = Validity.of(row["valid_id"])
    return matches(condition, row.get, validity, numbers=number_columns(mapping))


def test_a_number_equals_its_own_spelling_and_is_greater_by_its_value() -> None:
    def floor(operator: Operator, value: str) -> bool | None:
        mapping = a_mapping(fields=(*USER_FIELDS, a_field("UserFloor", "floor", FieldType.INT)))
        condition = field_condition(FieldCondition("floor", (value,), operator), mapping)
        return matches(condition, {"floor": 3}.get, Validity.VALID, numbers={"floor"})

    assert floor(Operator.EQUALS, "3")
    assert not floor(Operator.EQUALS, "003")
    assert not floor(Operator.LIKE, "+3")
    assert floor(Operator.GREATER_THAN, "002")
