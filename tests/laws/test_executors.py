"""Both executors give the same answers: data, errors and order of keys, whatever is asked and whatever fails (A20)."""

from __future__ import annotations

import base64
import logging
import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from graphql import parse, validate
from hypothesis import assume, given
from hypothesis import strategies as st

from resolvers.context import RequestContext
from schema import ids
from schema.build import KundengraphSchema, build_schema
from schema.limits import Limits
from tests.builders import a_customer_mapping
from tests.laws.answers import same
from tests.laws.desks import CUSTOMERS, GROUPS, SERVICES, USERS, a_desk
from tests.laws.documents import Documents
from tests.laws.worlds import LOGINS, lawful, patient

pytestmark = patient

PLENTY = Limits(depth=30, cost=10_000_000, aliases=1000, tokens=20_000)
CHANGING = ("elapsedMs", "latencyMs", "checkedAt")
"""Fields that are never the same twice."""


def a_schema(*, compiled: bool) -> KundengraphSchema:
    keys = ("ro", "move_into", "rw")
    return build_schema(
        [USERS], [a_customer_mapping("customers")], permission_keys=keys, limits=PLENTY, compiled=compiled
    )


COMPILED, INTERPRETED = a_schema(compiled=True), a_schema(compiled=False)
NODE_IDS = [
    ids.encode("CustomerUser", "s0", "ada"),
    ids.encode("CustomerUser", "s1", "bob"),
    ids.encode("Customer", "customers", "ACME"),
    ids.encode("Group", "", "users"),
    ids.encode("Service", "", "Mail"),
    ids.encode("Source", "s0", ""),
    base64.b64encode(b"nothing").decode(),
]
TEXTS = {
    "": ("a", "ada", "", "x*", "ü"),
    "login": (*LOGINS, "ghost"),
    "logins": LOGINS,
    "customerId": CUSTOMERS,
    "customerIds": CUSTOMERS,
    "name": (*GROUPS, *SERVICES, "room", "city"),
    "group": GROUPS,
    "source": ("s0", "s1", "nowhere"),
    "sources": ("s0", "s0", "s1"),
    "id": NODE_IDS,
    "ids": NODE_IDS,
    "first": (0, 1, 2, 5, 5, 50, 5000),
    "after": ("nonsense",),
    "by": ("city", "customerId", "nothing"),
}
DOCUMENTS = Documents(COMPILED._schema, TEXTS, CHANGING)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Bugs are among what is tried; their log is not wanted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


async def answer(
    schema: KundengraphSchema, request: RequestContext, text: str, values: Any
) -> tuple[bytes, list[dict[str, Any]]]:
    """All of the answer that is the same on every run, with its order."""
    result = await schema.execute(text, values, context_value=request)
    errors: list[dict[str, Any]] = [dict(error.formatted) for error in result.errors or ()]
    for error in errors:
        error.get("extensions", {}).pop("errorId", None)
    return orjson.dumps([result.data, result.extensions], option=orjson.OPT_INDENT_2), errors


@pytest.mark.usefixtures("swept")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")
@given(st.integers(0, 2**32), st.integers(0, 500))
@lawful()
async def test_a20_both_executors_give_the_same_answer(number: int, desk: int) -> None:
    text, values = DOCUMENTS.document(random.Random(number))  # noqa: S311
    assume(not validate(COMPILED._schema, parse(text)))
    left = COMPILED.executor.left.total()  # type: ignore[union-attr]
    expected, wrong = await answer(INTERPRETED, a_desk(desk), text, values)
    for _ in range(2):
        found, errors = await answer(COMPILED, a_desk(desk), text, values)
        assert found == expected, f"{text}\n{values}"
        assert same(orjson.loads(found)[0], errors, wrong), f"{text}\n{values}"
    assert COMPILED.executor.left.total() == left  # type: ignore[union-attr]
