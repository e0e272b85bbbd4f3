"""Variables and arguments as graphql-core and Strawberry make them; plain texts, numbers and flags without their help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValuesOrErrors,
    VariableValueSource,
    get_variable_values,
)
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.compiled.plan import Run

PLAIN: Mapping[Any, type] = {GraphQLString: str, GraphQLInt: int, GraphQLBoolean: bool}
"""Scalars of which a value of this very class stands for itself."""
LARGEST = 2**31


class Variables:
    """The variables that an operation declares."""

    def __init__(self, operation: OperationDefinitionNode) -> None:
        self._nodes = operation.variable_definitions or ()
        self._plain: list[tuple[str, type, GraphQLVariableSignature]] | None = None
        self._looked = False

    def coerced(
        self, schema: GraphQLSchema, given: dict[str, Any], hide_suggestions: bool
    ) -> VariableValuesOrErrors:
        """The values as fields take them, or what is wrong with them."""
        if not self._looked:
            self._plain, self._looked = self._look(schema), True
        if self._plain is not None and (found := _as_given(self._plain, given)) is not None:
            return found
        return get_variable_values(schema, self._nodes, given, 50, hide_suggestions)

    def _look(self, schema: GraphQLSchema) -> list[tuple[str, type, GraphQLVariableSignature]] | None:
        """Name, class and signature of each; None where one is of another kind."""
        found = []
        for node in self._nodes:
            signature = get_variable_signature(schema, node)
            if isinstance(signature, GraphQLError) or (kind := _plain(signature.type)) is None:
                return None
            found.append((signature.name, kind, signature))
        return found


def _as_given(
    plain: list[tuple[str, type, GraphQLVariableSignature]], given: Mapping[str, Any]
) -> VariableValues | None:
    sources, coerced = {}, {}
    for name, kind, signature in plain:
        value = given.get(name)
        if value.__class__ is not kind or (kind is int and not _is_small(value)):
            return None
        coerced[name] = value
        sources[name] = VariableValueSource(signature, value)
    return VariableValues(sources, coerced)


def _is_small(number: Any) -> bool:
    return bool(-LARGEST <= number < LARGEST)


def _plain(type_: Any) -> type | None:
    return PLAIN.get(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)


def plainly(
    field: GraphQLField,
    definition: StrawberryField,
    given: Mapping[str, ValueNode],
    named: Callable[[StrawberryArgument], str],
    made: Callable[[Run], dict[str, Any]],
) -> Callable[[Run], dict[str, Any]]:
    """The same as `made`, which makes the `given` arguments of a field, without it where all are plain variables.

    `named` is an argument's name in GraphQL. A variable that is absent or null may stand for a default, or be wrong.
    """
    python = {named(one): one.python_name for one in definition.arguments}
    bound = [
        (python[name], one.name.value)
        for name, one in given.items()
        if isinstance(one, VariableNode) and _plain(field.args[name].type) is not None
    ]
    if len(bound) < len(given):
        return made

    def quickly(run: Run) -> dict[str, Any]:
        coerced, found = run.variables.coerced, {}
        for name, variable in bound:
            value = coerced.get(variable)
            if value is None:
                return made(run)
            found[name] = value
        return found

    return quickly
