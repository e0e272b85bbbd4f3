"""Who may ask which root field: compared once, before any source is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from strawberry.types.field import StrawberryField

from backends.errors import Forbidden, GatewayError, Unauthenticated
from resolvers.viewer import Scope, Viewer
from schema.fields import REQUIRES

INTROSPECTION = frozenset({"__schema", "__type"})


def refusals(
    schema: GraphQLSchema,
    document: Any,
    operation: OperationDefinitionNode,
    viewer: Viewer,
    *,
    introspection: bool,
) -> list[GraphQLError]:
    """One error for each root field that `viewer` may not ask for; nobody known may ask but little."""
    root = schema.get_root_type(operation.operation)
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
    return found


def _refusal(
    root: GraphQLObjectType, field: FieldNode, viewer: Viewer, introspection: bool
) -> GatewayError | None:
    name = field.name.value
    if name in INTROSPECTION:
        if introspection or viewer.known:
            return None
        return Unauthenticated("Introspection needs a credential here.")
    if name == "__typename" or name not in root.fields:
        return None
    required = _required(root, name)
    if required is None and (viewer.known or viewer.scopes):
        return None
    if required in viewer.scopes:
        return None
    if not viewer.known:
        return Unauthenticated(f"{name} needs a credential: {viewer.complaint}.")
    return Forbidden(f"{viewer.name} may not ask for {name}.")


def _required(root: GraphQLObjectType, name: str) -> Scope | None:
    definition = root.fields[name].extensions.get("strawberry-definition")
    if not isinstance(definition, StrawberryField):
        return Scope.GRANT
    scope: Scope | None = definition.metadata.get(REQUIRES, Scope.READ)
    return scope


def _fields(
    selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    """Every field of the root selection, through fragments; validation has refused cycles."""
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            yield from _fields(fragments[node.name.value].selection_set, fragments)
