"""Documents are found valid exactly where graphql-core finds them valid (S6), and leave nothing that has to be collected."""

from __future__ import annotations

import gc
import random
import re
from contextlib import suppress

import pytest
from graphql import GraphQLError, parse, specified_rules, validate
from hypothesis import given
from hypothesis import strategies as st
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.limits import Limits, Measures
from schema.validation import MAX_BRACES, Validation
from tests.laws.test_executors import COMPILED, DOCUMENTS
from tests.laws.worlds import lawful, patient

pytestmark = patient

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
VALIDATION = Validation(COMPILED._schema, RULES)
TOKENS = re.compile(r'"[^"]*"|\.\.\.|[$@!:={}()\[\]|&]|[\w.+-]+')
WORDS = (
    *("$", "@", "!", ":", "{", "}", "(", ")", "[", "]", "...", "null", "1", '"a"', "{}", "[1]", "login", "nodes"),
    *("query", "fragment", "on", "CustomerUser", "Customer", "Node", "__typename", "__schema", "$first", "$x", "x:"),
    *("@skip(if: true)", "@skip", "@nothing", "@include(if: $x)", "...F", "...F1", "... on CustomerUser { login }"),
    *("fragment F on Customer { name }", "query Made { sources { key } }", "{ sources { key } }", "first: 1", "first: null"),
    *("filter: {login: {startsWith: null}}", "customerUser(login: 1) { login }", "orderBy: [{field: LOGIN}]", "String"),
)  # fmt: skip
WRONG = (
    "{ nothing }",
    "{ sources }",
    "{ sources { key { x } } }",
    "{ sources { key } } { sources { key } }",
    "query A { sources { key } } query A { sources { key } }",
    "query A($x: Int) { sources { key } }",
    "query A { customerUser(login: $x) { login } }",
    "query A($x: Int) { customerUser(login: $x) { login } }",
    "query A($x: String) { customerUser(login: $x) { login } }",
    "query A($x: CustomerUser) { sources { key } }",
    "query A($x: String!, $x: String!) { customerUser(login: $x) { login } }",
    '{ customerUser { login } a: customerUser(login: "a", login: "b") { login } }',
    '{ customerUser(login: "a", nothing: 1) { login } }',
    '{ a: customerUser(login: "a") { x: login } a: customerUser(login: "b") { x: login } }',
    '{ customerUser(login: "a") { x: login x: firstName } }',
    '{ customerUser(login: "a") { ...A } } fragment A on Customer { name }',
    '{ customerUser(login: "a") { ...A } } fragment A on CustomerUser { ...A }',
    '{ customerUser(login: "a") { ...A } } fragment A on String { login }',
    '{ customerUser(login: "a") { ... on Nothing { login } ...B } }',
    "{ sources { key } } fragment A on CustomerUser { login }",
    "{ sources @nothing { key } }",
    "{ sources @skip { key } }",
    "{ sources @skip(if: true) @skip(if: true) { key } }",
    "query A @include(if: true) { sources { key } }",
    "{ customerUsers(first: 1, filter: {login: {startsWith: 1}}) { totalCount } }",
    '{ customerUsers(first: 1, filter: {login: {eq: "a", eq: "b"}}) { totalCount } }',
    "{ customerUsers(first: 1, filter: {nothing: 1}) { totalCount } }",
    "subscription { customerUserChanged { at } a: customerUserChanged { at } }",
    "type A { b: Int }",
)


def is_found_valid(text: str) -> tuple[bool, bool]:
    """By us and by graphql-core."""
    document = parse(text)
    return VALIDATION.proves(document, text), not validate(COMPILED._schema, document, RULES)


@given(st.integers(0, 2**32))
@lawful()
def test_s6_documents_are_valid_where_graphql_core_finds_them_valid(number: int) -> None:
    text, _ = DOCUMENTS.document(random.Random(number))  # noqa: S311
    proven, valid = is_found_valid(text)
    assert proven == (valid and text.count("{") <= MAX_BRACES), text


@given(st.integers(0, 2**32), st.data())
@lawful(3)
def test_s6_documents_with_a_wrong_word_are_valid_where_graphql_core_finds_them_valid(
    number: int, data: st.DataObject
) -> None:
    tokens = TOKENS.findall(DOCUMENTS.document(random.Random(number))[0])  # noqa: S311
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(tokens) - 1))
        words = data.draw(st.sampled_from([*WORDS, "", tokens[place], data.draw(st.sampled_from(tokens))]))
        if data.draw(st.booleans()):
            tokens.insert(place, words)
        else:
            tokens[place] = words
    text = " ".join(tokens)
    with suppress(GraphQLError):  # the parser's
        proven, valid = is_found_valid(text)
        assert proven == (valid and text.count("{") <= MAX_BRACES), text


@pytest.mark.parametrize("text", WRONG)
def test_s6_what_breaks_one_rule_is_not_valid(text: str) -> None:
    assert is_found_valid(text) == (False, False)


def test_s6_what_could_be_too_deep_through_fragments_is_left_to_graphql_core() -> None:
    chain = "".join(
        f" fragment F{place} on CustomerUser {{ ...F{place + 1} }}" for place in range(MAX_BRACES - 3)
    )
    text = f'{{ customerUser(login: "a") {{ ...F0 }} }}{chain} fragment F{MAX_BRACES - 3} on CustomerUser {{ login }}'
    assert is_found_valid(text) == (True, True)
    longer = text.replace("{ ...F0 }", "{ ...F0 ... { login } }")
    assert not VALIDATION.proves(parse(longer), longer)


def test_what_was_made_of_a_text_goes_with_it() -> None:
    measures = Measures(COMPILED._schema, Limits(), suggestions=False)
    text = "query A($x: String!) { customerUser(login: $x) { ...B } } fragment B on CustomerUser { login }"
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        assert measures.validate(measures._parse(text), text, specified_rules, suggestions=False) == []
        measures.valid = type(measures.valid)()
        gc.collect()
        assert [one for one in gc.garbage if "graphql" in type(one).__module__] == []
    finally:
        gc.set_debug(0)
        gc.enable()
        gc.garbage.clear()
