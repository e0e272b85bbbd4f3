"""Hidden fields: which fields of records may be hidden is metadata, which executors read; a hidden one is FORBIDDEN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLField, GraphQLNonNull, GraphQLSchema, default_field_resolver

from backends.errors import Forbidden
from resolvers.viewer import Viewer

HIDEABLE = "kundengraph.hideable"
"""Under this key of its extensions a field has the name by which credentials hide it."""

TYPES = ("CustomerUser", "Customer")


def add_hiding(schema: GraphQLSchema, names: frozenset[str] | None) -> None:
    """Name the fields that may be hidden, and guard those in `names`, or all where it is None.

    Whoever resolves the others pays nothing.
    """
    for type_name in TYPES:
        type_: Any = schema.type_map[type_name]
        for name, field in type_.fields.items():
            if isinstance(field.type, GraphQLNonNull):
                continue
            field.extensions = {**field.extensions, HIDEABLE: name}
            if names is None or name in names:
                field.resolve = _guarded(name, field)


def hidden(viewer: Viewer, name: str) -> Forbidden:
    """The error at the path of a hidden field."""
    return Forbidden(f"{name} is hidden from {viewer.name}.")


def _guarded(name: str, field: GraphQLField) -> Callable[..., Any]:
    resolve = field.resolve or default_field_resolver

    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        viewer: Viewer = info.context.viewer
        if name in viewer.hidden_fields:
            raise hidden(viewer, name)
        return resolve(source, info, **arguments)

    return guarded
