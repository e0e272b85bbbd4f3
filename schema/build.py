"""Building the schema: the contract's types, and what a configuration adds to them."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import strawberry
from graphql import GraphQLEnumValue, GraphQLError, get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from backends.mapping import FieldMapping, FieldType, RecordMapping
from backends.names import CUSTOMER_ATTRIBUTES, USER_ATTRIBUTES
from resolvers import customer_users
from schema.access import Access
from schema.compiled.executor import CompiledExecutor
from schema.enums import CustomerUserOrderField
from schema.extensions import Answers
from schema.federation import SCALARS, FederatedQuery, subgraph_text
from schema.fields import Asked, Computed, CustomFields, Related, custom_field
from schema.hiding import add_hiding
from schema.limits import SHIPPED, Limits, Measured, Measures
from schema.operations import Operations
from schema.query import Query
from schema.record_inputs import record_inputs
from schema.record_mutations import mutation_type
from schema.subscription import Subscription
from schema.types import CustomerUser
from schema.words import describe

HIDDEN_FROM_TYPE = frozenset({"validity", "listedCustomerIds"})
"""Mapped names that have a field of their own, or show in `attributes` alone."""


class KundengraphSchema(strawberry.Schema):
    """A schema whose types also carry the fields of the configured mappings."""

    operations: Operations

    def __init__(
        self, *, custom_fields: CustomFields, limits: Limits, mutation: Any, compiled: bool, **settings: Any
    ) -> None:
        self._custom_fields = custom_fields
        super().__init__(mutation=mutation, **settings)
        self.access = Access(self._schema)
        self.executor = CompiledExecutor(self) if compiled else None
        self.measures = Measures(self._schema, limits, suggestions=not self.config.disable_field_suggestions)

    @cached_property
    def subgraph(self) -> str:
        """Its text for a router that joins it with other schemas."""
        return subgraph_text(self._schema)

    def process_errors(self, errors: Sequence[GraphQLError], execution_context: Any = None) -> None:
        """Nothing: `Answers` logs what is worth it, without what people typed."""

    def _get_custom_context_kwargs(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Values that do not fit get no suggestions either, where fields get none."""
        found = super()._get_custom_context_kwargs(*arguments, **named)
        return found | {"hide_suggestions": self.config.disable_field_suggestions}

    def _get_execute_function(self) -> Callable[..., Any]:
        """What executes validated operations."""
        return self.executor or super()._get_execute_function()

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """The fields of the type, and those that the configuration adds."""
        return [*type_definition.fields, *self._custom_fields.get(type_definition.name, ())]


def build_schema(
    users: Sequence[RecordMapping],
    customers: Sequence[RecordMapping] = (),
    *,
    permission_keys: Sequence[str] = ("ro", "rw"),
    introspection: bool = True,
    federation: bool = False,
    hidden: frozenset[str] | None = None,
    limits: Limits = SHIPPED,
    compiled: bool = True,
    extensions: Iterable[Any] = (),
) -> KundengraphSchema:
    """The schema for these mappings; a mapped custom field is a field, and can be ordered by.

    `hidden` names the fields that some credential hides; None: any may be.
    """
    user_fields = _custom(users, {*USER_ATTRIBUTES, *HIDDEN_FROM_TYPE})
    customer_fields = _custom(customers, {*CUSTOMER_ATTRIBUTES, *HIDDEN_FROM_TYPE})
    inputs = record_inputs(user_fields.values(), customer_fields.values())
    schema = KundengraphSchema(
        query=FederatedQuery if federation else Query,
        scalar_overrides=SCALARS if federation else None,
        mutation=mutation_type(inputs),
        subscription=Subscription,
        limits=limits,
        compiled=compiled,
        custom_fields={
            "CustomerUser": [_user_field(row) for row in user_fields.values()],
            "Customer": [_customer_field(row) for row in customer_fields.values() if not row.is_dynamic],
        },
        types=[CustomerUser, JSON],  # the contract names JSON, which no field has yet
        config=StrawberryConfig(disable_field_suggestions=not introspection),
        extensions=[
            Answers,
            *extensions,
            Measured,
            lambda: AccessCheck(introspection=introspection),
        ],
    )
    add_hiding(schema._schema, hidden)
    schema.operations = Operations(schema, introspection=introspection)
    _set_values(schema, "CustomerUserOrderField", _order_values(user_fields.values()))
    _set_values(schema, "PermissionKey", {key.upper(): key for key in permission_keys})
    describe(
        schema._schema,
        _words(("CustomerUser", *inputs.of_users), user_fields)
        | _words(("Customer", "CreateCustomerInput", "UpdateCustomerInput"), customer_fields),
    )
    return schema


class AccessCheck(SchemaExtension):
    """Refuses the operation before it runs where the caller's roles do not reach its root fields."""

    def __init__(self, *, introspection: bool) -> None:
        self.introspection = introspection

    def on_execute(self) -> Iterator[None]:
        """Compare once what the document asks for with what the viewer may."""
        execution = self.execution_context
        document = execution.graphql_document
        operation = get_operation_ast(document, execution.operation_name) if document else None
        if document and operation:
            viewer = execution.context.viewer
            schema: Any = execution.schema
            access: Access = schema.access
            found = access.refusals(document, operation, viewer, introspection=self.introspection)
            if found:
                raise found[0]
        yield


def _custom(mappings: Sequence[RecordMapping], known: set[str]) -> Mapping[str, FieldMapping]:
    rows: dict[str, FieldMapping] = {}
    for mapping in mappings:
        for row in mapping.fields:
            if row.name not in known:
                rows.setdefault(row.name, row)
    return rows


def _words(type_names: Iterable[str], rows: Mapping[str, FieldMapping]) -> dict[str, str]:
    return {
        f"{type_name}.{row.name}": f"{row.label or row.name} ({row.variable}, a field of this installation)."
        for type_name in type_names
        for row in rows.values()
    }


def _user_field(row: FieldMapping) -> StrawberryField:
    name = row.name

    asked = Asked(customer_users.dynamic_values_of, then=lambda values: values.get(name))
    return custom_field(name, str, Related(lambda: asked)) if row.is_dynamic else _customer_field(row)


def _customer_field(row: FieldMapping) -> StrawberryField:
    name = row.name

    def plain(root: Any) -> Any:
        value = root.custom.get(name)
        return value[0] if isinstance(value, tuple) else value

    if row.type is FieldType.INT:
        return custom_field(name, int, Computed(plain))
    return custom_field(name, str, Computed(plain, custom=name))


def _set_values(schema: KundengraphSchema, name: str, values: Mapping[str, str]) -> None:
    """Give the enum `name` of this schema, and of no other, these names and values."""
    members = enum.Enum(name, dict(values))  # type: ignore[misc]
    type_: Any = schema._schema.type_map[name]
    type_.values.clear()
    type_.values.update({member.name: GraphQLEnumValue(member.value) for member in members})
    type_.wrapped_cls = members


def _order_values(rows: Iterable[FieldMapping]) -> Mapping[str, str]:
    """The fields that lists can be ordered by: the standard ones, and custom ones that live in a source."""
    standard = {one.name: one.value for one in CustomerUserOrderField}
    custom = {_upper_snake(row.name): row.name for row in rows if not row.is_dynamic}
    return standard | custom


def _upper_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
