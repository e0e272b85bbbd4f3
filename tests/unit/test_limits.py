"""Limits before anything runs: what is counted, and that counting is quick whatever it is given."""

from __future__ import annotations

import math
from typing import Any

import pytest
from graphql import (
    ExecutableDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    get_introspection_query,
    get_operation_ast,
    parse,
    visit,
)
from graphql.language import FieldNode, Visitor
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import CostExceeded
from schema.build import build_schema
from schema.cost import MOST, Weight, weigh
from schema.limits import (
    MAX_DEFINITIONS,
    MAX_DIRECTIVES,
    MAX_REPEATED,
    MAX_ROOT_FIELDS,
    Limits,
    Measures,
    ValidDocuments,
)
from schema.operations import Ready
from schema.scanning import scan
from schema.tariff import Tariff
from tests.builders import a_customer_mapping, a_mapping

SCHEMA = build_schema([a_mapping()], [a_customer_mapping()])
TARIFF = Tariff.of(SCHEMA._schema)
PERSON = '{ customerUser(login: "ada") { login } }'


def measures(**limits: int) -> Measures:
    return Measures(SCHEMA._schema, Limits(**limits), suggestions=True)


def cost(text: str, **variables: Any) -> int:
    return measures().weigh(parse(text), None, variables)[0]


def weight_of(text: str) -> Weight:
    """What the parsed document comes to."""
    document = parse(text)
    operation = get_operation_ast(document, None)
    assert operation
    return weigh(TARIFF, document, operation, None)


def refused(text: str, /, *, variables: dict[str, Any] | None = None, **limits: int) -> list[dict[str, Any]]:
    """What is said of a document that exceeds limits, by its text or by its weight."""
    all_limits = measures(**limits)
    try:
        document = all_limits.read(text)
    except CostExceeded as error:
        return [error.extensions]
    return [error.extensions for error in all_limits.weigh(document, None, variables)[1]]


class TestCost:
    @pytest.mark.parametrize(
        ("text", "objects"),
        [
            ("{ __typename }", 0),
            (PERSON, 1),
            ("mutation { upsertCustomerUsers(input: {rows: [{}, {}, {}]}) { written } }", 3 + 3),
            (
                "mutation { upsertCustomerUsers(input: {rows: [{}, {}, {}]}) { rows { customerUser { login } } } }",
                3 + 3 + 3,
            ),
            ('{ customerUser(login: "ada") { customer { name } source { key } } }', 3),
            ('{ customerUser(login: "ada") { groups { group { name } permissions } } }', 1 + 10 + 10),
            ("{ customerUsers { totalCount } }", 100),
            ("{ customerUsers(first: null) { totalCount } }", 100),
            ("{ customerUsers(first: 0) { totalCount } }", 1),
            ("{ customerUsers(first: -5) { totalCount } }", 1),
            ("{ customerUsers(first: 7) { nodes { login } pageInfo { hasNextPage } } }", 7),
            ("{ customerUsers(first: 7) { edges { cursor node { login } } } }", 7),
            ("{ customerUsers(first: 7) { nodes { login customer { name } } } }", 7 + 7),
            ("{ customerUsers(first: 7) { edges { node { customer { name } } } } }", 7 + 7),
            ("{ customerUsers(first: 7) { nodes { login } sources { source { key } } } }", 7 + 10 + 10),
            (
                "{ customers(first: 5) { nodes { customerUsers(first: 20) { nodes { login } } } } }",
                5 + 5 * 20,
            ),
            ("{ sources { key fields { name selection { value } } } }", 10 + 100 + 1000),
            ('{ customerUsersByLogin(logins: ["a", "b", "c"]) { login customer { name } } }', 3 + 3),
            ('{ nodes(ids: ["a", "b"]) { id ... on CustomerUser { source { key } } } }', 2 + 2),
            ('{ customerUsers(first: 1, filter: { customerIds: ["a", "b"] }) { totalCount } }', 1 + 2),
            ("mutation { __typename }", 0),
            ('mutation { createGroup(input: { name: "a" }) { group { name } userErrors { code } } }', 12),
            (
                'mutation { setDefaultServices(input: { services: ["a", "b"] }) { services { name } } }',
                1 + 10 + 2,
            ),
        ],
    )
    def test_s5_objects_are_counted_as_the_contract_says(self, text: str, objects: int) -> None:
        assert cost(text) == objects

    def test_s5_page_sizes_are_read_from_variables_and_their_defaults(self) -> None:
        text = "query ($n: Int = 30) { customerUsers(first: $n) { totalCount } }"
        assert cost(text) == 30
        assert cost(text, n=4) == 4
        assert cost(text, n=None) == 100
        assert cost("query ($n: Int) { customerUsers(first: $n) { totalCount } }") == 100
        nonsense: list[Any] = [True, "7", math.nan, {}]
        for no_number in nonsense:  # refused when it is read
            assert cost(text, n=no_number) == 100
        assert cost(text, n=7.0) == 7
        assert cost(text, n=math.inf) == MOST

    def test_s5_lists_in_variables_count_wherever_they_are(self) -> None:
        keys = "query ($l: [String!]!) { customerUsersByLogin(logins: $l) { customer { name } } }"
        assert cost(keys, l=["x"] * 1000) == 2000
        grants = "mutation ($i: SetCustomerUserGroupsInput!) { setCustomerUserGroups(input: $i) { userErrors { code } } }"
        rows = [{"group": "g", "permissions": ["RO", "RW"]}] * 50
        assert cost(grants, i={"login": "ada", "grants": rows}) == 1 + 10 + 50 + 100

    def test_s5_lists_inside_of_a_page_count_for_each_of_its_entries(self) -> None:
        inner = 'customerUsers(first: 1, filter: { customerIds: ["a", "b", "c"] }) { totalCount }'
        assert cost(f"{{ customers(first: 10) {{ nodes {{ {inner} }} }} }}") == 10 + 10 * (1 + 3)

    def test_s5_skipping_and_including_change_nothing(self) -> None:
        assert (
            cost("query ($a: Boolean!) { customerUsers(first: 9) @skip(if: $a) { totalCount } }", a=True) == 9
        )

    def test_s5_a_fragment_counts_as_if_its_fields_stood_there(self) -> None:
        fragments = "fragment P on CustomerUserConnection { nodes { ...U } } fragment U on CustomerUser { customer { name } }"
        assert cost(f"{{ customerUsers(first: 6) {{ ...P }} }} {fragments}") == 12

    def test_s5_introspection_counts_in_no_limit_but_has_one_of_its_own(self) -> None:
        question = get_introspection_query(True, True, True, True, True)
        assert refused(question, depth=1, cost=1, aliases=1) == []
        assert refused("{ __schema { types { a: name b: name } } }", depth=1, cost=1, aliases=1) == []
        twice = "{ a: __schema { ...T } b: __schema { ...T } } fragment T on __Schema { types { fields { ...F } } }"
        flood = " ".join(f"x{place}: name" for place in range(450))
        [one] = refused(f"{twice} fragment F on __Field {{ {flood} }}")
        assert one["code"] == "COST_EXCEEDED"

    def test_s6_numbers_beyond_measure_are_cut(self) -> None:
        huge = "9" * 5000
        [one] = refused(f"{{ customerUsers(first: {huge}) {{ nodes {{ customer {{ name }} }} }} }}")
        assert one == {"code": "COST_EXCEEDED", "limit": 20_000, "actual": MOST}


class TestRefusals:
    def test_s5_an_operation_may_be_as_deep_as_the_limit_and_no_deeper(self) -> None:
        text = '{ customerUser(login: "a") { customer { name } } }'
        assert refused(text, depth=3) == []
        assert refused(text, depth=2) == [{"code": "COST_EXCEEDED", "limit": 2, "actual": 3}]

    def test_s5_depth_is_found_through_fragments(self) -> None:
        text = '{ ...Q } fragment Q on Query { customerUser(login: "a") { ...U } } fragment U on CustomerUser { login }'
        assert refused(text, depth=1) == [{"code": "COST_EXCEEDED", "limit": 1, "actual": 2}]

    def test_s5_cost_may_be_the_limit_and_no_more(self) -> None:
        text = "{ customerUsers(first: 50) { totalCount } }"
        assert refused(text, cost=50) == []
        assert refused(text, cost=49) == [{"code": "COST_EXCEEDED", "limit": 49, "actual": 50}]

    def test_s5_aliases_are_counted_in_the_text_and_as_often_as_fragments_are_spread(self) -> None:
        def aliases(number: int) -> str:
            return "{ " + " ".join(f"a{place}: __typename" for place in range(number)) + " }"

        assert refused(aliases(30)) == []
        assert refused(aliases(31)) == [{"code": "COST_EXCEEDED", "limit": 30, "actual": 31}]
        spread = "{ a: sources { ...S } b: sources { ...S } } fragment S on Source { c: key }"
        assert refused(spread, aliases=4) == []
        assert refused(spread, aliases=3) == [{"code": "COST_EXCEEDED", "limit": 3, "actual": 4}]

    @pytest.mark.parametrize(
        ("text", "limit"),
        [
            ("{ " + "sources { key } " * (MAX_ROOT_FIELDS + 1) + "}", MAX_ROOT_FIELDS),
            ("{ sources { " + "key " * (MAX_REPEATED + 2) + "} }", MAX_REPEATED),
            ("{ sources { key " + "... { key } " * (MAX_REPEATED + 1) + "} }", MAX_REPEATED),
            ("{ __typename " + "@a " * (MAX_DIRECTIVES + 1) + "}", MAX_DIRECTIVES),
            (
                " ".join(f"query q{one} {{ __typename }}" for one in range(MAX_DEFINITIONS + 1)),
                MAX_DEFINITIONS,
            ),
        ],
    )
    def test_s5_other_floods_are_refused_too(self, text: str, limit: int) -> None:
        assert refused(text) == [{"code": "COST_EXCEEDED", "limit": limit, "actual": limit + 1}]

    def test_s5_tokens_end_the_reading_before_the_parser(self) -> None:
        assert refused("{ " + "a " * 1998 + "}", aliases=30)[0]["limit"] == MAX_REPEATED
        assert refused("{" * 300_00) == [{"code": "COST_EXCEEDED", "limit": 2000}]

    @pytest.mark.parametrize("filler", [",", " ", "#", "x", "# \n"])
    def test_s5_a_text_that_is_too_long_is_not_read(self, filler: str) -> None:
        text = "{" + filler * 64_001
        assert refused(text) == [{"code": "COST_EXCEEDED", "limit": 64_000, "actual": len(text)}]

    def test_s5_a_customer_signs_in_once_in_an_operation(self) -> None:
        login = 'customerLogin(input: { login: "a", password: "b" }) { token }'
        assert refused(f"mutation {{ {login} }}") == []
        for text in (
            f"mutation {{ a: {login} b: {login} }}",
            f"mutation {{ ...L b: {login} }} fragment L on Mutation {{ {login} }}",
        ):
            assert refused(text) == [{"code": "COST_EXCEEDED", "limit": 1, "actual": 2}]

    def test_only_the_operation_that_runs_is_weighed(self) -> None:
        document = parse("query A { sources { key } } query B { customerUsers(first: 900) { totalCount } }")
        assert measures().weigh(document, "A", None)[0] == 10
        assert measures().weigh(document, "B", None)[0] == 900


class TestHostileDocuments:
    def test_s6_fragments_that_spread_each_other_are_weighed_once_each(self) -> None:
        chain = " ".join(
            f"fragment F{one} on Customer {{ a: customerUsers {{ nodes {{ customer {{ ...F{one + 1} }} }} }} "
            f"b: customerUsers {{ nodes {{ customer {{ ...F{one + 1} }} }} }} }}"
            for one in range(60)
        )
        text = f'{{ customer(customerId: "a") {{ ...F0 }} }} {chain} fragment F60 on Customer {{ name }}'
        assert [one["actual"] for one in refused(text, aliases=1000)] == [182]
        assert [one["actual"] for one in refused(text, aliases=1000, depth=182)] == [MOST, MOST]

    def test_s6_circles_of_fragments_end(self) -> None:
        text = "{ ...A } fragment A on Query { ...B ...A } fragment B on Query { ...A sources { key } }"
        assert refused(text) == []

    @pytest.mark.parametrize("opening", ["{a", "{a(b:[", "{a(b:{c:", "{...{", "query($a:[", "[[", '{a(b:"""'])
    def test_s6_ten_thousand_brackets_are_an_error_like_any_other(self, opening: str) -> None:
        for times in (10, 190, 660, 10_000):
            with pytest.raises((GraphQLError, CostExceeded)):
                measures(tokens=1_000_000).read(opening * times)

    def test_s6_a_chain_of_fragments_is_as_deep_as_it_may_be(self) -> None:
        links = [f"fragment F{one} on Query {{ ... {{ ...F{one + 1} }} }}" for one in range(98)]
        text = "{ ...F0 } " + " ".join(links) + " fragment F98 on Query { sources { key } }"
        assert refused(text) == []

    def test_s6_deep_variables_are_counted_without_recursion(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        text = "query ($a: Int) { customerUsers(first: 1, after: $a) { totalCount } }"
        assert cost(text, a=deep) == 100_001

    def test_what_is_remembered_is_bound_by_its_size(self) -> None:
        known = ValidDocuments(most=1000)
        for place in range(500):
            text = f"query q{place} {{ sources {{ key }} }}"
            known.add(text, parse(text))
        assert 50 < len(known) < 150
        assert known.get("query q499 { sources { key } }") is not None
        assert known.get("query q0 { sources { key } }") is None
        known.add("x" * 500_000, parse("{ a }"))
        assert len(known) == 0


names = st.sampled_from(["a", "on", "login", "query", "fragment", "__schema", "__type", "customers", "nodes"])


@st.composite
def selections(draw: st.DrawFn, depth: int = 3) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        alias = draw(st.sampled_from(["", "", "x: ", "on: "]))
        given_ = draw(st.sampled_from(["", '(a: {b: ["}", 1]})', "(first: 3)", '(a: """ } " """)']))
        directive = draw(st.sampled_from(["", " @skip(if: true)", " @a"]))
        below = draw(selections(depth=depth - 1)) if depth and draw(st.booleans()) else ""
        kind = draw(st.sampled_from(["field", "field", "inline", "on", "spread", "# comment {\n"]))
        parts.append(
            {
                "field": f"{alias}{draw(names)}{given_}{directive} {below}",
                "inline": f"...{directive} {below or '{ a }'}",
                "on": f"... on {draw(names)}{directive} {below or '{ a }'}",
                "spread": f"...{draw(names.filter(lambda one: one != 'on'))}{directive} ",
            }.get(kind, f"a # comment {{\n{below}")
        )
    return "{ " + ", ".join(parts) + " }"


class _Counting(Visitor):
    """What the scanner counts, counted in the parsed document."""

    def __init__(self) -> None:
        super().__init__()
        self.directives = self.definitions = 0
        self.all_aliases = 0

    def enter(self, node: Any, *_: Any) -> None:
        self.directives += node.kind == "directive"
        self.definitions += isinstance(node, ExecutableDefinitionNode)
        self.all_aliases += isinstance(node, FieldNode) and node.alias is not None


@given(selections(), selections(), st.sampled_from(["", "query ", "mutation Q($a: [Int!] = [1]) @b "]))
def test_s5_the_text_is_read_as_the_parser_reads_it(first: str, second: str, head: str) -> None:
    text = f"{head}{first} fragment query on Query {second}"
    counting = _Counting()
    visit(parse(text), counting)
    found = scan(text, 10_000)
    assert (found.directives, found.definitions) == (counting.directives, counting.definitions)
    assert found.aliases <= counting.all_aliases
    if "__" not in text:
        assert found.aliases == counting.all_aliases
        assert found.depth >= weight_of(text).depth


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("{ a { b { c } } }", 3),
        ("{ a { ... { b } ... on B @x { c { d } } } }", 3),
        ("{ a { ...F } } fragment F on B { b { ...G } } fragment G on C { c d { e } }", 4),
        ("fragment G on C { c } fragment F on B { b { ...G } } { a { ...F ...G } }", 3),
        ("{ a { ...F } } fragment F on B { b { ...F } }", 3),
        ("{ a ...G } fragment F on B { b { c { d } } } fragment G on A { ...F }", 3),
        ("{ __schema { types { ...F } } } fragment F on __Type { fields { type { name } } }", 1),
        ("{ a: b { c: d } }", 2),
    ],
)
def test_s5_depth_is_seen_through_fragments_before_the_parser(text: str, depth: int) -> None:
    assert scan(text, 1000).depth == depth


def test_s5_the_fields_of_an_operation_are_counted_before_the_parser() -> None:
    assert scan("{ a b: c ... { d } e { f g } } fragment F on Query { h i }", 1000).fields == 4
    assert refused("{ " + " ".join(f"f{one}" for one in range(1900)) + " }")[0]["actual"] == 1900


@given(st.text('{}()[]@:!$"#\\\n .,…äaon19-\u2028\x00query_fragment', max_size=300), st.integers(0, 20))
def test_s6_any_text_is_read_or_refused(text: str, times: int) -> None:
    limits = measures()
    try:
        document = limits.read(text * times)
    except (GraphQLError, CostExceeded):
        return
    limits.weigh(document, None, None)


@given(selections(), st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.lists(st.floats())))
def test_s6_what_is_parsed_can_be_weighed_though_it_fits_no_schema(
    text: str, variables: dict[str, Any]
) -> None:
    found, _ = measures().weigh(parse(text), None, variables)
    assert 0 <= found <= MOST


def a_ready_one(text: str) -> Ready:
    document = parse(text)
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return Ready(document, operation, None)


def test_s5_variables_that_an_operation_does_not_have_are_not_remembered() -> None:
    ready, known = a_ready_one("query ($n: Int) { customerUsers(first: $n) { totalCount } }"), measures()
    for number in range(20):
        assert ready.cost(known, {"n": 5, f"x{number}" * 1000: number}) == 5
    assert len(ready._costs) == 1
    assert "x" not in str(ready._costs)


def test_s5_rows_are_not_taken_for_the_entries_of_other_lists() -> None:
    text = (
        "mutation ($i: UpsertCustomerUsersInput!) { upsertCustomerUsers(input: $i)"
        " { rows { customerUser { customers { customerUsers(first: 100) { totalCount } } } } } }"
    )
    many: dict[str, Any] = {"rows": [{}] * 60}
    for sent in ({"rows": [{"x": [1] * 59}]}, many):
        ready = a_ready_one(text)
        ready.cost(measures(), {"i": {"rows": [{"x": [1] * 59}]}})
        assert ready.cost(measures(), {"i": sent}) == a_ready_one(text).cost(measures(), {"i": sent})
    assert a_ready_one(text).cost(measures(), {"i": many}) is None
