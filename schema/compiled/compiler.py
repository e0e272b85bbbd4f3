"""Makes plans; refuses what it does not know, so that nothing is left out that a field wants to have checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    Node,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    get_argument_values,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from resolvers import customer_users
from schema import hiding
from schema.compiled.cells import columns_below, columns_of
from schema.compiled.inputs import Variables, holds_variable, plainly
from schema.compiled.plan import (
    Attribute,
    Hidden,
    Leaf,
    Listed,
    Meaning,
    Objects,
    Plan,
    Run,
    Selection,
    Shape,
    Step,
    TypeName,
)
from schema.compiled.rows import SCALARS
from schema.fields import MEANING, Computed, Related, Rooted
from schema.hiding import HIDEABLE

DEFINITION = "strawberry-definition"
CONVERTER = "strawberry.schema.schema_converter"
LOOKING_UP = frozenset({customer_users.customer_of, customer_users.customers_of})
CONDITIONS = frozenset({"skip", "include"})


class Refused(Exception):
    """Why an operation is left to graphql-core."""


class Outline:
    """What can be said of an operation before its variables are known."""

    def __init__(self, document: DocumentNode, operation: OperationDefinitionNode | None) -> None:
        """Raises Refused for operations that no values make fit."""
        if operation is None:
            raise Refused("no such operation")
        self.operation = operation
        self.fragments = {
            one.name.value: FragmentDetails(one)
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        if operation.operation not in (OperationType.QUERY, OperationType.MUTATION):
            raise Refused("subscription")
        flags: set[str] = set()
        for node in (operation, *(one.definition for one in self.fragments.values())):
            if getattr(node, "variable_definitions", None) and node is not operation:
                raise Refused("fragment variables")
            _conditions(node, flags)
        self.variables = Variables(operation)
        self.flags = sorted(flags)
        """Variables that decide what is selected."""


def _conditions(node: Node, flags: set[str]) -> None:
    """Collect the variables of all conditions; a directive that is none is refused."""
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value not in CONDITIONS:
            raise Refused(f"directive @{directive.name.value}")
        flags.update(
            one.value.name.value for one in directive.arguments if isinstance(one.value, VariableNode)
        )
    selections = getattr(node, "selection_set", None)
    for one in selections.selections if selections else ():
        _conditions(one, flags)


class Compiler:
    """Makes the plan of an operation for one set of conditions."""

    def __init__(
        self, schema: Any, outline: Outline, variables: VariableValues, hidden: frozenset[str] = frozenset()
    ) -> None:
        self._strawberry = schema
        self._schema: GraphQLSchema = schema._schema
        self._outline = outline
        self._variables = variables
        self._hidden = hidden
        self._fields = 0
        self._asking: Counter[Any] = Counter()
        self._narrowing: list[Step] = []
        """Fields that look up customers by what users name, which meet where there are several."""

    def plan(self) -> Plan:
        """The plan; raises Refused."""
        operation = self._outline.operation
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            raise Refused("no such root")
        collected = collect_fields(self._schema, self._outline.fragments, self._variables, root, operation)
        selection = self._selection(root, collected.grouped_field_set)
        _share(selection, self._asking)
        if len(self._narrowing) == 1:
            step = self._narrowing[0]
            step.columns = columns_below(step)
        return Plan(operation, selection, self._fields)

    def _selection(self, type_: GraphQLObjectType, grouped: Mapping[str, Any]) -> Selection:
        steps = [
            self._step(type_, key, details, place) for place, (key, details) in enumerate(grouped.items())
        ]
        asked = (Related, Rooted)
        below = [one for one in steps if one.objects is not None or isinstance(one.meaning, asked)]
        return Selection(type_, steps, below)

    def _step(self, type_: GraphQLObjectType, key: str, details: Any, place: int) -> Step:
        self._fields += 1
        nodes = [one.node for one in details]
        name = nodes[0].name.value
        if any(one.fragment_variable_values for one in details):
            raise Refused("fragment variables")
        if name == "__typename":
            return Step(key, name, type_.name, nodes, TypeName(type_.name), Leaf(GraphQLString, True), place)
        if name.startswith("__"):
            raise Refused("introspection")
        field = type_.fields[name]
        definition = _definition(type_, name, field)
        meaning = _meaning(type_, name, definition)
        if field.extensions.get(HIDEABLE) in self._hidden:
            meaning = Hidden(name)
        step = Step(key, name, type_.name, nodes, meaning, self._shape(field.type, details), place)
        if isinstance(meaning, Related | Rooted):
            keeps = self._outline.operation.operation is OperationType.QUERY
            step.arguments = _arguments(self._strawberry, field, definition, nodes[0], keeps=keeps)
        elif field.args and not isinstance(meaning, Hidden):
            raise Refused(f"arguments of {type_.name}.{name}")
        if isinstance(meaning, Rooted):
            step.columns = columns_of(step)
        if isinstance(meaning, Related):
            self._asking[_question(meaning)] += 1
            if meaning.batch in LOOKING_UP:
                self._narrowing.append(step)
        below = step.objects
        step.suspends = isinstance(meaning, Related | Rooted) or (below is not None and below.suspends)
        return step

    def _shape(self, type_: GraphQLOutputType, details: Any) -> Shape:
        required = isinstance(type_, GraphQLNonNull)
        inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(inner, GraphQLList):
            return Listed(self._shape(inner.of_type, details), required)
        if isinstance(inner, GraphQLObjectType):
            return Objects(inner, required, {inner.name: self._below(inner, details)})
        if isinstance(inner, GraphQLInterfaceType):
            types = self._schema.get_possible_types(inner)
            if not all(one.is_type_of for one in types):
                raise Refused(f"type {inner.name}")
            return Objects(inner, required, {one.name: self._below(one, details) for one in types})
        if isinstance(inner, GraphQLEnumType) or getattr(inner, "name", "") in SCALARS:
            leaf: GraphQLLeafType = inner
            return Leaf(leaf, required)
        raise Refused(f"type {inner}")

    def _below(self, type_: GraphQLObjectType, details: Any) -> Selection:
        operation, fragments = self._outline.operation, self._outline.fragments
        collected = collect_subfields(self._schema, fragments, self._variables, operation, type_, details)
        return self._selection(type_, collected.grouped_field_set)


def _definition(type_: GraphQLObjectType, name: str, field: GraphQLField) -> StrawberryField:
    """The definition of a field whose policy is known: none, beyond what was checked before the operation runs."""
    where = f"{type_.name}.{name}"
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField) or not field.extensions.keys() <= {DEFINITION, HIDEABLE}:
        raise Refused(f"policy of {where}")
    if definition.permission_classes or definition.extensions:
        raise Refused(f"policy of {where}")
    known = {CONVERTER, hiding.__name__} if HIDEABLE in field.extensions else {CONVERTER}
    if getattr(field.resolve, "__module__", None) not in known:
        raise Refused(f"resolver of {where}")
    return definition


def _meaning(type_: GraphQLObjectType, name: str, definition: StrawberryField) -> Meaning:
    if definition.base_resolver is None:
        return Attribute(definition.python_name)
    meaning = definition.metadata.get(MEANING)
    if not isinstance(meaning, Computed | Related | Rooted):
        raise Refused(f"resolver of {type_.name}.{name}")
    return meaning


def _arguments(
    schema: Any, field: GraphQLField, definition: StrawberryField, node: Any, *, keeps: bool
) -> Callable[[Run], Mapping[str, Any]] | None:
    """How the arguments of a field are made for one run, as Strawberry makes them; None where there are none.

    `keeps`: those that name no variable are made once, since nobody changes them.
    """
    if not field.args:
        return None
    config: StrawberryConfig = schema.config
    scalars = schema.schema_converter.scalar_registry
    named = config.name_converter.from_argument

    def maker(names: Collection[str]) -> Callable[[Run], dict[str, Any]]:
        some = GraphQLField(field.type, {name: one for name, one in field.args.items() if name in names})
        known = [one for one in definition.arguments if named(one) in names]

        def made(run: Run) -> dict[str, Any]:
            given = get_argument_values(some, node, run.variables, None, run.hide_suggestions)
            return convert_arguments(given, known, scalars, config)

        return made

    whole = maker(field.args)
    if not keeps:
        given = {one.name.value: one.value for one in node.arguments or ()}
        absent = (one for name, one in field.args.items() if name not in given)
        if any(one.default_value is not Undefined or one.default is not None for one in absent):
            return whole
        return plainly(field, definition, given, config.name_converter, whole)
    varying = {one.name.value: one.value for one in node.arguments or () if holds_variable(one)}
    own = plainly(field, definition, varying, config.name_converter, maker(varying))
    rest = maker(field.args.keys() - varying)
    kept: list[dict[str, Any]] = []

    def values(run: Run) -> Mapping[str, Any]:
        if not kept:
            found = whole(run)  # it raises what is wrong in the order of the arguments
            kept.append(rest(run))
            return found
        if not varying:
            return kept[0]
        return kept[0] | own(run) if kept[0] else own(run)

    return values


def _question(meaning: Related) -> Any:
    """What tells questions apart that surely differ; those that depend on arguments may be the same."""
    return meaning.batch


def _share(selection: Selection, asking: Counter[Any]) -> None:
    """Mark the fields that may ask what another one asks too."""
    for step in selection.steps:
        if isinstance(step.meaning, Related):
            step.shared = asking[_question(step.meaning)] > 1
        if step.objects is not None:
            for below in step.objects.selections.values():
                _share(below, asking)
