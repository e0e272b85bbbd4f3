"""Who may ask which field: compared once, before any source is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)
from strawberry.types.field import StrawberryField

from backends.errors import Forbidden, GatewayError, Unauthenticated
from resolvers.viewer import Scope, Viewer
from schema.fields import EVERYBODY, REQUIRES, Requires

INTROSPECTION = frozenset({"__schema", "__type"})
PUBLIC = frozenset({"__typename", "customerLogin"})
"""What anybody may ask for, even with a credential that is not accepted."""


class Access:
    """What the fields of one schema ask of a caller, read off them once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
        self._inner = {
            (type_.name, name): scopes
            for type_ in schema.type_map.values()
            if isinstance(type_, GraphQLObjectType) and type_ not in roots
            for name, field in type_.fields.items()
            if (scopes := required(field)) is not None and Scope.READ not in scopes
        }
        self._needed = {scope for scopes in self._inner.values() for scope in scopes}

    def refusals(
        self, document: Any, operation: OperationDefinitionNode, viewer: Viewer, *, introspection: bool
    ) -> list[GraphQLError]:
        """One error for each field that `viewer` may not ask for; nobody known may ask but little."""
        root = self.schema.get_root_type(operation.operation)
        if root is None:
            return []
        fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        found = []
        for field in _fields(operation.selection_set, fragments):
            error = _refusal(root, field, viewer, introspection)
            if error is not None:
                found.append(GraphQLError(error.message, nodes=[field], original_error=error))
        return found or self._inside(operation, fragments, viewer)

    def _inside(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        viewer: Viewer,
    ) -> list[GraphQLError]:
        """The same for fields below the root; whoever has every scope that they need is not looked at."""
        if self._needed <= viewer.scopes:
            return []
        info = TypeInfo(self.schema)
        found: list[GraphQLError] = []
        refused = self._inner
        waiting: list[str] = []

        class Reader(Visitor):
            def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
                waiting.append(node.name.value)

            def enter_field(self, node: FieldNode, *_: Any) -> None:
                parent, name = info.get_parent_type(), node.name.value
                scopes = refused.get((parent.name, name)) if parent else None
                if scopes and not viewer.scopes & scopes:
                    error = Forbidden(f"{viewer.name} may not ask for {name}.")
                    found.append(GraphQLError(error.message, nodes=[node], original_error=error))

        reader = TypeInfoVisitor(info, Reader())
        visit(operation, reader)
        seen: set[str] = set()
        while waiting:
            if (name := waiting.pop()) not in seen and name in fragments:
                seen.add(name)
                visit(fragments[name], reader)
        return found


def required(field: GraphQLField) -> frozenset[Scope] | None:
    """The scopes of which a field needs one; None where it needs none, GRANT where nobody said."""
    definition = field.extensions.get("strawberry-definition")
    if not isinstance(definition, StrawberryField):
        return None if definition is None and not field.extensions else frozenset({Scope.GRANT})
    scopes: Requires = definition.metadata.get(REQUIRES, Scope.READ)
    if scopes is None:
        return None
    return frozenset(scopes) if isinstance(scopes, tuple) else frozenset({scopes})


def _refusal(
    root: GraphQLObjectType, field: FieldNode, viewer: Viewer, introspection: bool
) -> GatewayError | None:
    name = field.name.value
    if name in INTROSPECTION:
        if introspection or viewer.known:
            return None
        return viewer.trouble or Unauthenticated("Introspection needs a credential here.")
    if name in PUBLIC or name not in root.fields:
        return None
    scopes = required(root.fields[name])
    if scopes is None and (viewer.known or viewer.scopes):
        return None
    if scopes is None or not scopes & viewer.scopes:
        if not viewer.known:
            return viewer.trouble or Unauthenticated(f"{name} needs a credential: {viewer.complaint}.")
        return Forbidden(f"{viewer.name} may not ask for {name}.")
    if viewer.rows is not None and is_for_everybody(root.fields[name]):
        return Forbidden(f"{name} changes what all customers share; {viewer.name} is limited to some.")
    return None


def is_for_everybody(field: GraphQLField) -> bool:
    """Whether a mutation changes what belongs to no customer."""
    definition = field.extensions.get("strawberry-definition")
    return isinstance(definition, StrawberryField) and bool(definition.metadata.get(EVERYBODY))


def _fields(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    """Every field of the root selection, through fragments; validation has refused cycles."""
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            yield from _fields(fragments[node.name.value].selection_set, fragments)
