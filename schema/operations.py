"""Operations that are ready to run: known texts whose checks are done, so that the next request need not repeat them.

What is refused is not answered here: whoever asks gets None and goes the long way, which has the words for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType, get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.schema._graphql_core import execution_context_class_kwargs

from backends.recorder import CURRENT
from resolvers.context import RequestContext
from resolvers.viewer import Viewer
from schema.cost import entries_of
from schema.extensions import Answers, told
from schema.limits import Measured, Measures
from schema.tariff import ROWS

REMEMBERED = 64
"""Callers, and shapes of variables, that an operation remembers."""
ABSENT = "absent"
"""The shape of a variable that is not sent."""


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
    _costs: dict[Any, int | None] = field(default_factory=dict)
    _callers: dict[Viewer, bool] = field(default_factory=dict)
    _admitted: Viewer | None = None
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
        shape = _shape(self._declared, variables) if variables else ()
        try:
            return self._costs[shape]
        except KeyError:
            cost, refused = measures.weigh(self.document, self.name, variables)
            found = None if refused else cost
            _keep(self._costs, shape, found)
            return found

    def admits(self, schema: Any, viewer: Viewer, *, introspection: bool) -> bool:
        """Whether the caller may ask for all of its root fields."""
        if viewer is self._admitted:
            return True
        known = self._callers.get(viewer)
        if known is None:
            found = schema.access.refusals(self.document, self.operation, viewer, introspection=introspection)
            known = not found
            if viewer.trouble is None:  # that is another one each time
                _keep(self._callers, viewer, known)
        if known:
            self._admitted = viewer
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
        self._execute = schema._get_execute_function()
        self._settings = {
            **execution_context_class_kwargs(schema.execution_context_class),
            **schema._get_custom_context_kwargs(),
        }

    def ready(self, text: str, name: str | None, variables: Mapping[str, Any] | None) -> Ready | None:
        """The operation of a text that is valid; None for any other, and for subscriptions."""
        measures: Measures = self._schema.measures
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
        schema = self._schema
        cost = ready.cost(schema.measures, variables)
        if cost is None or not ready.admits(schema, context.viewer, introspection=self._introspection):
            return None
        result = self._execute(
            schema._schema,
            ready.document,
            context_value=context,
            variable_values=variables,
            operation_name=ready.name,
            **self._settings,
        )
        if hasattr(result, "__await__"):
            result = await result
        if result.errors or context.beside:
            result.errors = told(result, context)
        return Outcome(result, cost)


def note(ready: Ready, errors: Sequence[GraphQLError]) -> None:
    """Tell the record of the request which operation it was, and how that went."""
    if (record := CURRENT.get()) is not None:
        codes = [(error.extensions or {}).get("code", "") for error in errors] if errors else ()
        record.answered(*ready.called, codes)


def _shape(declared: Sequence[str], variables: Mapping[str, Any]) -> Any:
    """All that the cost of an operation may depend on: numbers, and how much lists hold."""
    return tuple([_part(variables[name]) if name in variables else ABSENT for name in declared])


def _part(value: Any) -> Any:
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


def _keep(known: dict[Any, Any], key: Any, value: Any) -> None:
    if len(known) >= REMEMBERED:
        known.clear()
    known[key] = value


def covers(schema: Any, *more: type[SchemaExtension]) -> bool:
    """Whether nothing stands around operations but what is done here, and `more`, which the caller does."""
    return all(isinstance(one, (Answers, Measured, *more)) for one in schema.get_extensions())
