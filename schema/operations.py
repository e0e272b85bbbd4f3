"""Operations that are ready to run: known texts whose checks are done, so that the next request need not repeat them.

What is refused is not answered here: whoever asks gets None and goes the long way, which has the words for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType, get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.schema._graphql_core import execution_context_class_kwargs

from backends.bounded import Bounded
from backends.recorder import CURRENT
from resolvers.context import RequestContext
from resolvers.viewer import Viewer
from schema.compiled.compiler import Refused
from schema.compiled.executor import CompiledExecutor
from schema.compiled.plan import Run
from schema.compiled.run import execute
from schema.cost import entries_of
from schema.extensions import Answers, told
from schema.limits import Measured, Measures
from schema.tariff import ROWS

REMEMBERED = 64
"""Callers, and shapes of variables, that an operation remembers."""
ABSENT = object()
"""Stands for a variable that is not sent."""


@dataclass(slots=True, eq=False)
class Ready:
    """One operation of a valid document."""

    document: DocumentNode
    operation: OperationDefinitionNode
    name: str | None
    """As it was asked for."""
    reads: bool = field(init=False)
    """Whether it changes nothing."""
    called: tuple[str, str | None] = field(init=False)
    """Its type and name, as the record of a request has them."""
    _costs: Bounded[Any, int | None] = field(default_factory=partial(Bounded, REMEMBERED))
    _callers: Bounded[Viewer, bool] = field(default_factory=partial(Bounded, REMEMBERED))
    admitted: Viewer | None = None
    """The last one of them who was."""
    _declared: tuple[str, ...] = field(init=False)
    """Its variables; whatever else is sent is nothing to it, and is not remembered."""

    def __post_init__(self) -> None:
        name = self.operation.name
        self.called = self.operation.operation.value, name.value if name else None
        self.reads = self.operation.operation is OperationType.QUERY
        self._declared = tuple(one.variable.name.value for one in self.operation.variable_definitions or ())

    def cost(self, measures: Measures, variables: Mapping[str, Any] | None) -> int | None:
        """What the operation may come to with these variables; None where that is too much."""
        shape: Any = ()
        if variables:
            shape = tuple([_part(variables.get(name, ABSENT)) for name in self._declared])
        try:
            return self._costs[shape]
        except KeyError:
            cost, refused = measures.weigh(self.document, self.name, variables)
            found = None if refused else cost
            self._costs.keep(shape, found)
            return found

    def admits(self, schema: Any, viewer: Viewer, *, introspection: bool) -> bool:
        """Whether the caller may ask for all of its root fields."""
        known = self._callers.get(viewer)
        if known is None:
            found = schema.access.refusals(self.document, self.operation, viewer, introspection=introspection)
            known = not found
            if viewer.trouble is None:  # that is another one each time
                self._callers.keep(viewer, known)
        if known:
            self.admitted = viewer
        return known


@dataclass(slots=True)
class Outcome:
    """What came of an operation."""

    result: Any
    """Of the executor: `data` and, for clients, `errors`."""
    cost: int


class Operations:
    """Runs what is ready, without the steps that are the same every time."""

    def __init__(self, schema: Any, *, introspection: bool) -> None:
        self._schema = schema
        self._introspection = introspection
        self._graphql = schema._schema
        self._measures: Measures = schema.measures
        self._executor: CompiledExecutor | None = schema.executor
        self._hides: bool = schema.config.disable_field_suggestions
        self._execute = schema._get_execute_function()
        self._settings = {
            **execution_context_class_kwargs(schema.execution_context_class),
            **schema._get_custom_context_kwargs(),
        }

    def ready(self, text: str, name: str | None, variables: Mapping[str, Any] | None) -> Ready | None:
        """The operation of a text that is valid; None for any other, and for subscriptions."""
        measures = self._measures
        known = measures.valid.known(text)
        if known is None and (known := measures.learn(text, name, variables)) is None:
            return None
        ready: Ready | None = known.operations.get(name)
        if ready is None:
            operation = get_operation_ast(known.document, name)
            if operation is None or operation.operation is OperationType.SUBSCRIPTION:
                return None
            ready = known.operations[name] = Ready(known.document, operation, name)
        return ready

    async def run(
        self, ready: Ready, variables: dict[str, Any] | None, context: RequestContext
    ) -> Outcome | None:
        """What comes of it; None where it costs too much, or the caller may not ask."""
        cost, viewer = ready.cost(self._measures, variables), context.viewer
        if cost is None:
            return None
        if viewer is not ready.admitted and not self._admits(ready, viewer):
            return None
        run = self._run_of(ready, variables, context)
        result: Any
        if run.__class__ is Run:
            result = self._executor.written(*await execute(run))  # type: ignore[union-attr]
        elif hasattr(run, "__await__"):
            result = await run
        else:
            result = run
        if result.errors or context.beside:
            result.errors = told(result, context)
        return Outcome(result, cost)

    def _admits(self, ready: Ready, viewer: Viewer) -> bool:
        return ready.admits(self._schema, viewer, introspection=self._introspection)

    def _run_of(self, ready: Ready, variables: dict[str, Any] | None, context: RequestContext) -> Any:
        """What is to be executed by a plan; else the result, or its coroutine."""
        if self._executor is not None:
            try:
                return self._executor.run_of(
                    self._graphql, ready.document, ready.name, context, variables, self._hides
                )
            except Refused:
                pass  # is met again below, and counted
        return self._execute(
            self._graphql,
            ready.document,
            context_value=context,
            variable_values=variables,
            operation_name=ready.name,
            **self._settings,
        )


def note(ready: Ready, errors: Sequence[GraphQLError]) -> None:
    """Tell the record of the request which operation it was, and how that went."""
    if (record := CURRENT.get()) is not None:
        codes = [(error.extensions or {}).get("code", "") for error in errors] if errors else ()
        record.answered(*ready.called, codes)


def _part(value: Any) -> Any:
    """All of a variable that the cost of an operation may depend on: numbers, and how much lists hold."""
    kind = value.__class__
    if kind is str:
        return None
    if kind is int or kind is float:
        return value
    if kind is list:
        return "list", len(value), entries_of(value)
    if kind is dict:
        rows = value.get(ROWS)
        return "object", entries_of(value), len(rows) if isinstance(rows, list) else 0
    return kind


def covers(schema: Any, *more: type[SchemaExtension]) -> bool:
    """Whether nothing stands around operations but what is done here, and `more`, which the caller does."""
    return all(isinstance(one, (Answers, Measured, *more)) for one in schema.get_extensions())
