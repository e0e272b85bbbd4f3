"""The compiled executor beside graphql-core on values of which any can be wrong, and what it refuses."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import strawberry
from graphql import get_operation_ast, parse
from hypothesis import given
from hypothesis import strategies as st
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.permission import BasePermission
from strawberry.scalars import JSON

from schema.compiled.compiler import Outline, Refused
from schema.compiled.executor import CompiledExecutor, Plans
from schema.fields import root
from schema.hiding import HIDEABLE
from schema.ordering import in_order, settled
from tests.laws.answers import same
from tests.laws.documents import Documents
from tests.laws.worlds import lawful, patient
from tests.unit.things import Node, Query, Thing, Tree

INTERPRETED = strawberry.Schema(query=Query, types=[Thing])


class Compiled(strawberry.Schema):
    """The same schema with the other executor."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.executor = CompiledExecutor(self)

    def _get_execute_function(self) -> Any:
        return self.executor


COMPILED = Compiled(query=Query, types=[Thing])
DOCUMENTS = Documents(
    INTERPRETED._schema, {"": ("many",), "name": ("many", "many", "wrong", "one"), "which": (0, 1, 5)}
)


async def answer(schema: strawberry.Schema, request: Any, text: str, values: Any) -> tuple[bytes, list[Any]]:
    """The data, and what was wrong in the order of its fields."""
    result = await schema.execute(text, values, context_value=request)
    errors = in_order(result.data, settled(result.data, result.errors or ()))
    return orjson.dumps(result.data, option=orjson.OPT_INDENT_2), [dict(error.formatted) for error in errors]


@patient
@pytest.mark.usefixtures("swept")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")
@given(st.integers(0, 2**32), st.integers(0, 2**32))
@lawful(0.5)
async def test_a20_whatever_is_wrong_with_a_value_stands_where_graphql_core_puts_it(
    document: int, tree: int
) -> None:
    text, values = DOCUMENTS.document(random.Random(document))  # noqa: S311
    expected = await answer(INTERPRETED, Tree(tree).request(), text, values)
    for _ in range(2):
        found = await answer(COMPILED, Tree(tree).request(), text, values)
        assert found[0] == expected[0], f"{text}\n{values}"
        assert same(orjson.loads(found[0]), found[1], expected[1]), f"{text}\n{values}"


class Never(BasePermission):
    message = "not for you"

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return False


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs) + "!"


class Resolving(SchemaExtension):
    def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        found = _next(root, info, *args, **kwargs)
        return "seen" if info.field_name == "plain" else found


@strawberry.type
class One:
    text: str


@strawberry.type
class Other:
    number: int


@strawberry.type
class Odd:
    plain: str
    allowed: str | None = strawberry.field(permission_classes=[Never])
    loud: str = strawberry.field(extensions=[Louder()])
    anything: JSON
    either: One | Other
    wrapped: str
    noted: str

    @strawberry.field
    @staticmethod
    def unknown(root: strawberry.Parent[Any]) -> str:
        return "resolved"


@strawberry.type
class OddQuery:
    @root()
    @staticmethod
    def odd(info: strawberry.Info) -> Odd:
        return Odd(
            plain="a",
            allowed="b",
            loud="c",
            anything={"d": [1]},  # type: ignore[arg-type]
            either=One(text="e"),
            wrapped="f",
            noted="g",
        )

    @strawberry.field
    @staticmethod
    def bare() -> str:
        return "bare"


def odd_schema(kind: type[strawberry.Schema], **settings: Any) -> Any:
    """A schema with a field of every kind that no plan is made for."""
    schema = kind(query=OddQuery, **settings)
    fields: Any = schema._schema.type_map["Odd"].fields  # type: ignore[attr-defined]
    fields["noted"].extensions = {**fields["noted"].extensions, "somebody.policy": "ask first"}
    resolve = fields["wrapped"].resolve
    fields["wrapped"].resolve = lambda *given, **named: resolve(*given, **named) + ", wrapped"
    return schema


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{ odd { allowed } }", "policy of Odd.allowed"),
        ("{ odd { loud } }", "policy of Odd.loud"),
        ("{ odd { noted } }", "policy of Odd.noted"),
        ("{ odd { anything } }", "type JSON"),
        ("{ odd { either { ... on One { text } } } }", "type OneOther"),
        ("{ odd { wrapped } }", "resolver of Odd.wrapped"),
        ("{ odd { unknown } }", "resolver of Odd.unknown"),
        ("{ bare }", "resolver of OddQuery.bare"),
        ("{ __schema { queryType { name } } }", "introspection"),
        ('{ odd { plain } __type(name: "Odd") { name } }', "introspection"),
    ],
)
async def test_a_field_whose_policy_or_kind_is_not_known_leaves_its_operation_to_graphql_core(
    query: str, reason: str
) -> None:
    schema = odd_schema(Compiled)
    request = Tree(1).request()
    expected = await odd_schema(strawberry.Schema).execute(query, context_value=request)
    for times in (1, 2):
        found = await schema.execute(query, context_value=request)
        assert (found.data, found.errors) == (expected.data, expected.errors)
        assert schema.executor.left == {reason: times}
    assert schema.executor.compiled == 0
    await schema.execute("{ odd { plain } }", context_value=request)
    assert schema.executor.compiled == 1


async def test_extensions_that_resolve_fields_are_never_passed_over() -> None:
    schema = odd_schema(Compiled, extensions=[Resolving])
    found = await schema.execute("{ odd { plain } }", context_value=Tree(1).request())
    assert found.data == {"odd": {"plain": "seen"}}
    assert schema.executor.left.total() == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("subscription { odd }", "subscription"),
        ("{ odd @upper { plain } }", "directive @upper"),
        ("{ ...F } fragment F on OddQuery { odd { ... @defer { plain } } }", "directive @defer"),
    ],
)
def test_operations_that_no_values_make_fit_have_no_outline(text: str, reason: str) -> None:
    document = parse(text)
    with pytest.raises(Refused, match=reason):
        Outline(document, get_operation_ast(document))


def test_plans_are_forgotten_where_they_are_too_many() -> None:
    plans = Plans(most=3)
    documents = [parse("{ bare }") for _ in range(5)]
    for document in documents:
        plans.known(document, None)
    assert len(plans) == 3


async def test_conditions_are_part_of_a_plan() -> None:
    query = "query($yes: Boolean!) { odd { plain @include(if: $yes) again: plain @skip(if: $yes) } }"
    schema = odd_schema(Compiled)
    for yes, key in ((True, "plain"), (False, "again"), (True, "plain")):
        found = await schema.execute(query, {"yes": yes}, context_value=Tree(1).request())
        assert found.data == {"odd": {key: "a"}}


async def test_s13_a_hidden_field_is_part_of_a_plan() -> None:
    query = "{ thing { text } }"
    schema = Compiled(query=Query, types=[Thing])
    fields: Any = schema._schema.type_map["Thing"].fields  # type: ignore[attr-defined]
    fields["text"].extensions = {**fields["text"].extensions, HIDEABLE: "text"}
    request = Tree(1).request()
    request.thing = Node({"text": "secret"})
    assert (await schema.execute(query, context_value=request)).data == {"thing": {"text": "secret"}}
    request.viewer = SimpleNamespace(name="limited", hidden_fields=frozenset({"text"}))
    found = await schema.execute(query, context_value=request)
    assert found.data == {"thing": {"text": None}}
    assert [(error.message, error.path) for error in found.errors or ()] == [
        ("text is hidden from limited.", ["thing", "text"])
    ]
    assert schema.executor.left.total() == 0


@strawberry.input
class Pair:
    left: str
    right: str = "by default"


@strawberry.type
class Said:
    text: str


@strawberry.input
class Whom:
    name: str
    number: int | None = strawberry.UNSET
    sure: bool = True
    titles: list[str] = strawberry.field(default_factory=lambda: ["Dr"])
    pair: Pair | None = None


@strawberry.type
class SayingQuery:
    @root()
    @staticmethod
    def greet(info: strawberry.Info, whom: Whom, twice: Whom | None = None, how: str = "hello") -> Said:
        return Said(text=repr((whom, twice, how)))

    @root()
    @staticmethod
    def say(
        info: strawberry.Info,
        text: str | None = "by default",
        number: int = 3,
        sure: bool | None = None,
        many: list[str | None] | None = None,
    ) -> Said:
        return Said(text=repr((text, number, sure, many)))


SAY = "query($t: String, $n: Int! = 4, $s: Boolean) "


@strawberry.type
class SayingMutation:
    @root()
    @staticmethod
    def greet(info: strawberry.Info, whom: Whom, twice: Whom | None = None, how: str | None = None) -> Said:
        text = repr((whom, twice, how))
        whom.titles.append("changed")
        return Said(text=text)

    @root()
    @staticmethod
    def match(info: strawberry.Info, pair: Pair, again: Pair | None = None) -> Said:
        return Said(text=repr((pair, again)))

    @root()
    @staticmethod
    def by_default(info: strawberry.Info, pair: Pair, how: str = "hello") -> Said:
        return Said(text=repr((pair, how)))


@pytest.mark.parametrize(
    "query",
    [
        SAY + "{ say(text: $t, number: $n, sure: $s) { text } }",
        SAY + '{ say(sure: $s, number: $n, many: ["a", $t]) { text } }',
        SAY + "{ say(text: $t, number: 5) { text } more: say(number: $n, sure: $s) { text } }",
        'query($t: [String]) { say(text: "a", many: $t) { text } }',
        "query($t: String!, $n: Int, $s: Boolean! = false) { greet(whom: {name: $t, number: $n, sure: $s}, how: $t) { text } }",
        'query($t: String!) { greet(whom: {titles: ["Prof"], name: $t, pair: {left: "l"}}, how: "hi") { text } }',
        "query($t: String!) { greet(whom: {name: $t, pair: {left: $t}}) { text } }",
        'query($n: Int, $s: Boolean! = false) { greet(whom: {name: "a", number: $n}, twice: {name: "b", sure: $s}) { text } }',
        'query($t: String!) { greet(whom: {name: "a", titles: [$t]}, twice: {name: $t}) { text } }',
        "query($t: Whom!) { greet(whom: $t) { text } }",
        "mutation($t: String!, $n: Int) { greet(whom: {name: $t, number: $n}, how: $t) { text } }",
        "mutation($t: String!) { match(pair: {left: $t}, again: {left: $t, right: $t}) { text } }",
        'mutation($t: String) { match(pair: {left: "l", right: $t}, again: {left: "l"}) { text } }',
        'mutation($t: String! = "x") { byDefault(pair: {left: $t, right: "r"}) { text } }',
        "mutation($t: String!) { match(pair: {left: $t}) { text } byDefault(pair: {left: $t}, how: $t) { text } }",
    ],
)
async def test_arguments_are_made_of_variables_as_graphql_core_makes_them(query: str) -> None:
    schema = Compiled(query=SayingQuery, mutation=SayingMutation)
    other = strawberry.Schema(query=SayingQuery, mutation=SayingMutation)
    given: list[dict[str, Any]] = [
        {},
        {"t": None, "n": None, "s": None},
        {"t": "b", "n": 1, "s": False},
        {"t": "", "n": 0, "s": True, "unknown": 1},
        {"t": 1, "n": "1", "s": 1},
        {"t": ["c"], "n": True, "s": "true"},
        {"t": "\ud800", "n": 2**31, "s": None},
        {"n": -(2**31), "t": "d"},
        {"n": 2.0, "s": 0.0},
        {"n": float("inf")},
        {"t": "e", "n": None},
        {"t": "f", "n": 6},
        {"t": {"name": "g", "pair": {"left": "h"}}},
    ]
    for values in [*given, *reversed(given)]:
        request = Tree(1).request()
        expected = await other.execute(query, values, context_value=request)
        found = await schema.execute(query, values, context_value=request)
        assert found.data == expected.data
        assert [one.formatted for one in found.errors or ()] == [
            one.formatted for one in expected.errors or ()
        ]
    assert schema.executor.compiled > 0
    assert not schema.executor.left
