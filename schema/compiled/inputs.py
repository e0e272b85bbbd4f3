"""Variables and arguments as graphql-core and Strawberry make them; plain texts, numbers and flags without their help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    Node,
    ObjectValueNode,
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
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryMaybe, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UnsetType

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
    coerced = {}
    for name, kind, signature in plain:
        value = given.get(name)
        if value is None:
            if name not in given or isinstance(signature.type, GraphQLNonNull):
                return None
        elif value.__class__ is not kind or (kind is int and not _is_small(value)):
            return None
        coerced[name] = value
    return cast(VariableValues, Plainly(coerced, plain))


class Plainly:
    """Values of variables that stand for themselves; where they came from is made for whoever asks."""

    __slots__ = ("_plain", "coerced")

    def __init__(
        self, coerced: dict[str, Any], plain: Sequence[tuple[str, type, GraphQLVariableSignature]]
    ) -> None:
        self.coerced = coerced
        self._plain = plain

    @property
    def sources(self) -> dict[str, VariableValueSource]:
        """As graphql-core has them."""
        return {
            name: VariableValueSource(signature, self.coerced[name]) for name, _, signature in self._plain
        }


def _is_small(number: Any) -> bool:
    return bool(-LARGEST <= number < LARGEST)


def _plain(type_: Any) -> type | None:
    return PLAIN.get(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)


def plainly(
    field: GraphQLField,
    definition: StrawberryField,
    given: Mapping[str, ValueNode],
    names: NameConverter,
    made: Callable[[Run], dict[str, Any]],
) -> Callable[[Run], dict[str, Any]]:
    """The same as `made`, which makes the `given` arguments of a field, without it where all are plain variables.

    An input with plain variables in it is made like the first one, unless that holds what somebody could change. A
    variable that is absent may stand for a default, and null may be wrong.
    """
    known = {names.from_argument(one): one for one in definition.arguments}
    bound: list[tuple[str, str, bool]] = []
    inputs: dict[str, list[tuple[str, str]]] = {}
    for name, node in given.items():
        type_, wrapped = field.args[name].type, isinstance(known[name].type, StrawberryMaybe)
        if isinstance(node, VariableNode) and not wrapped and _plain(type_) is not None:
            nullable = not isinstance(type_, GraphQLNonNull)
            bound.append((known[name].python_name, node.name.value, nullable))
        elif attributes := _attributes(type_, known[name].type, node, names):
            inputs[known[name].python_name] = attributes
        else:
            return made
    models: dict[str, Any] = {}

    def quickly(run: Run) -> dict[str, Any]:
        coerced, found = run.variables.coerced, {}
        for name, variable, nullable in bound:
            value = coerced.get(variable)
            if value is None and not (nullable and variable in coerced):
                return made(run)
            found[name] = value
        for name, attributes in inputs.items():
            values = {attribute: coerced.get(variable) for attribute, variable in attributes}
            if None in values.values():
                return made(run)
            if (model := models.get(name)) is None:
                whole = made(run)
                models.update((each, whole[each]) for each in inputs if _is_flat(whole[each]))
                return whole
            found[name] = _like(model, values)
        return found

    return quickly


def holds_variable(node: Node) -> bool:
    """Whether a value is a variable, or has one in it."""
    if isinstance(node, VariableNode):
        return True
    below = [*(getattr(node, "values", None) or ()), *(getattr(node, "fields", None) or ())]
    value = getattr(node, "value", None)
    return any(map(holds_variable, [*below, value] if isinstance(value, Node) else below))


def _attributes(type_: Any, kind: Any, node: ValueNode, names: NameConverter) -> list[tuple[str, str]] | None:
    """The attributes of an input that are plain variables; None where it has others, or is made in its own way."""
    type_ = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    kind = kind.of_type if isinstance(kind, StrawberryOptional) else kind
    known = getattr(kind, "__strawberry_definition__", None)
    if not (isinstance(node, ObjectValueNode) and isinstance(type_, GraphQLInputObjectType) and known):
        return None
    if type_.is_one_of or known.from_input is not None or hasattr(kind, "__post_init__"):
        return None
    fields = {names.from_field(one): one for one in known.fields}
    found = []
    for one in node.fields:
        own = fields[one.name.value]
        wrapped = isinstance(own.type, StrawberryMaybe)
        if isinstance(one.value, VariableNode) and not wrapped and _plain(type_.fields[one.name.value].type):
            found.append((own.python_name, one.value.name.value))
        elif holds_variable(one.value):
            return None
    return found


def _is_flat(model: Any) -> bool:
    """Whether an input holds nothing that could be changed."""
    return all(isinstance(one, str | int | float | Enum | UnsetType | None) for one in vars(model).values())


def _like(model: Any, values: Mapping[str, Any]) -> Any:
    """Another input, which differs from the model in these values."""
    made = object.__new__(type(model))
    made.__dict__.update(model.__dict__, **values)
    return made
