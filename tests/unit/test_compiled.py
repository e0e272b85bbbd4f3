"""The compiled executor beside graphql-core on values of which any can be wrong, and what it refuses."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st

from schema.compiled.executor import CompiledExecutor
from schema.ordering import in_order, settled
from tests.laws.documents import Documents
from tests.laws.worlds import lawful, patient
from tests.unit.things import Query, Thing, Tree

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
    found = [(error.message, error.path, error.locations) for error in errors]
    return orjson.dumps(result.data, option=orjson.OPT_INDENT_2), found


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether the errors are the same; of what fails in several places at once, and nulls one, either may be told."""
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(a == b or a[0] == b[0] == "for all of them" for a, b in pairs)


@patient
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")
@given(st.integers(0, 2**32), st.integers(0, 2**32))
@lawful()
async def test_a20_whatever_is_wrong_with_a_value_stands_where_graphql_core_puts_it(
    document: int, tree: int
) -> None:
    text, values = DOCUMENTS.document(random.Random(document))  # noqa: S311
    expected = await answer(INTERPRETED, Tree(tree).request(), text, values)
    for _ in range(2):
        found = await answer(COMPILED, Tree(tree).request(), text, values)
        assert found[0] == expected[0], f"{text}\n{values}"
        assert same(found[1], expected[1]), f"{text}\n{values}"
