"""Executes what it has plans for, and leaves the rest to graphql-core; remembers plans, and counts both."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError, get_operation_ast
from graphql import execute as interpret
from graphql.execution.values import VariableValues
from strawberry.types import ExecutionResult as Answer

from backends.recorder import Event, count
from schema.compiled.compiler import Compiler, Outline, Refused
from schema.compiled.plan import Plan, Run
from schema.compiled.run import execute

REMEMBERED_FIELDS = 20_000
"""Fields of all plans that are remembered together: about 20 MB."""


class Written(Answer):
    """An answer whose data is JSON already; as objects it is made for whoever looks."""

    def __init__(self, raw: bytes, errors: list[GraphQLError] | None) -> None:
        self.raw: bytes | None = raw
        """`data` as JSON."""
        self._data: Any = None
        self.errors = errors
        self.extensions = None

    @property
    def data(self) -> Any:
        """The data as objects."""
        if self._data is None and self.raw is not None:
            self._data = orjson.loads(self.raw)
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        self._data, self.raw = value, None


class CompiledExecutor:
    """Takes graphql-core's place for one schema."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._plans = Plans()
        self.compiled = 0
        """Operations that were executed by a plan."""
        self.left: Counter[str] = Counter()
        """Operations that were left to graphql-core, by the reason."""

    async def __call__(
        self,
        schema: Any,
        document: DocumentNode,
        *,
        context_value: Any = None,
        variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        middleware: Any = None,
        hide_suggestions: bool = False,
        **settings: Any,
    ) -> ExecutionResult | Answer:
        """Execute the operation; called as graphql-core's `execute` is."""
        try:
            _check(middleware)
            run = self.run_of(
                schema, document, operation_name, context_value, variable_values, hide_suggestions
            )
        except Refused as refused:
            self.left[str(refused)] += 1
            count(Event.EXECUTOR_FALLBACK)
            result = interpret(
                schema,
                document,
                context_value=context_value,
                variable_values=variable_values,
                operation_name=operation_name,
                middleware=middleware,
                hide_suggestions=hide_suggestions,
                **settings,
            )
            return result if isinstance(result, ExecutionResult) else await result
        return run if isinstance(run, Answer) else self.written(*await execute(run))

    def run_of(
        self,
        schema: Any,
        document: DocumentNode,
        operation_name: str | None,
        context: Any,
        given: dict[str, Any] | None,
        hide_suggestions: bool,
    ) -> Run | Answer:
        """What is to be executed, or what is wrong with the variables; raises Refused."""
        known = self._plans.known(document, operation_name)
        outline = known.outline
        if outline.__class__ is not Outline:
            outline = known.checked()
        variables = outline.variables.coerced(schema, given or {}, hide_suggestions)
        if isinstance(variables, list):
            return Answer(None, variables)
        plan = self._plan(known, outline, variables, context.viewer.hidden_fields)
        return Run(plan, context, variables, hide_suggestions, self._schema)

    def written(self, data: Any, errors: list[GraphQLError]) -> Written:
        """What came of one execution."""
        self.compiled += 1
        return Written(orjson.dumps(data), errors or None)

    def plan(
        self,
        document: DocumentNode,
        operation_name: str | None,
        variables: VariableValues,
        hidden: frozenset[str] = frozenset(),
    ) -> Plan:
        """The plan of an operation for these variables, and for callers from whom fields are hidden; raises Refused."""
        known = self._plans.known(document, operation_name)
        return self._plan(known, known.checked(), variables, hidden)

    def _plan(
        self, known: Known, outline: Outline, variables: VariableValues, hidden: frozenset[str]
    ) -> Plan:
        flags: Any = hidden
        if outline.flags:
            flags = (*(variables.coerced.get(one) for one in outline.flags), hidden)
        plan = known.plans.get(flags)
        if plan is None:
            try:
                plan = Compiler(self._schema, outline, variables, hidden).plan()
            except Refused as refused:
                plan = refused
            self._plans.add(known, flags, plan)
        if isinstance(plan, Refused):
            raise plan
        return plan


def _check(middleware: Any) -> None:
    """Refuse what is not compiled into plans."""
    if middleware is not None and middleware.middlewares:
        raise Refused("extensions that resolve fields")


class Plans:
    """The plans used last, as far as all of them together are not too large."""

    def __init__(self, most: int = REMEMBERED_FIELDS) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[Any, Known] = OrderedDict()

    def known(self, document: DocumentNode, operation_name: str | None) -> Known:
        """What is known of an operation."""
        key = (id(document), operation_name)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Known(document, operation_name)
            self._grow(known, 1)
        self._known.move_to_end(key)
        return known

    def add(self, known: Known, flags: Any, plan: Plan | Refused) -> None:
        """Remember the plan, and forget those that were not used for longest."""
        known.plans[flags] = plan
        self._grow(known, plan.fields if isinstance(plan, Plan) else 1)

    def _grow(self, known: Known, size: int) -> None:
        known.size += size
        self._size += size
        while self._size > self._most and len(self._known) > 1:
            _, forgotten = self._known.popitem(last=False)
            self._size -= forgotten.size

    def __len__(self) -> int:
        return len(self._known)


class Known:
    """What is known of one operation of a document, which is kept lest another one be taken for it."""

    def __init__(self, document: DocumentNode, operation_name: str | None) -> None:
        self.document = document
        self.size = 0
        self.plans: dict[Any, Plan | Refused] = {}
        self.outline: Outline | Refused
        operation = get_operation_ast(document, operation_name)
        try:
            self.outline = Outline(document, operation)
        except Refused as refused:
            self.outline = refused

    def checked(self) -> Outline:
        """The outline; raises Refused."""
        if isinstance(self.outline, Refused):
            raise self.outline
        return self.outline
