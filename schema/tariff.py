"""What each field of a schema counts, in objects: worked out once when the schema is built."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
)

DEFAULT_PAGE = 100
"""What `first: null` means."""
UNPAGED = 10
"""What a list counts whose length nobody says."""
KEYS = frozenset({"ids", "logins", "representations"})
"""Arguments that say how long the list is that they ask for."""
ROWS = "rows"
"""What an input calls its list of things to write, and its payload the list of their outcomes."""


class Size(enum.Enum):
    """How what a field returns is counted."""

    NOTHING = enum.auto()
    """A value, or the wrapping of a page."""
    OBJECTS = enum.auto()
    """So many objects."""
    PAGE = enum.auto()
    """A page of `first` entries."""
    ROWS = enum.auto()
    """As a page of as many entries as the input has rows."""
    ENTRIES = enum.auto()
    """The entries of the page around it, which has been counted."""


@dataclass(frozen=True, slots=True)
class Price:
    """How one field counts."""

    type: str = ""
    """The object type behind it."""
    size: Size = Size.NOTHING
    number: int = 0
    """Of objects; of a page whose size is not given."""
    keys: str = ""
    """The argument that lists what is asked for."""


NOTHING = Price()


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of all fields, by type and name; what is not there costs nothing, for it will be refused."""

    roots: Mapping[str, str]
    _prices: Mapping[str, Mapping[str, Price]]

    @classmethod
    def of(cls, schema: GraphQLSchema) -> Tariff:
        """The tariff of a schema."""
        types = [one for one in schema.type_map.values() if isinstance(one, _HAVE_FIELDS)]
        pages = {
            _target(field).name
            for one in types
            for field in one.fields.values()
            if "first" in field.args or _takes_rows(field)
        }
        edges = {
            _target(one.fields["edges"]).name for one in types if one.name in pages and "edges" in one.fields
        }
        lengths = _lengths(schema)
        prices = {
            one.name: {
                name: _introspected(one, name, field, lengths)
                if one.name.startswith("__")
                else _price(one, name, field, pages, edges)
                for name, field in one.fields.items()
            }
            for one in types
        }
        roots = {
            "query": schema.query_type,
            "mutation": schema.mutation_type,
            "subscription": schema.subscription_type,
        }
        return cls({name: type_.name for name, type_ in roots.items() if type_}, prices)

    def price(self, type_name: str, field: str) -> Price:
        """What the field counts."""
        return self._prices.get(type_name, {}).get(field, NOTHING)


_HAVE_FIELDS = (GraphQLObjectType, GraphQLInterfaceType)


def _target(field: GraphQLField) -> GraphQLNamedType:
    return get_named_type(field.type)


def _takes_rows(field: GraphQLField) -> bool:
    inputs = (get_named_type(argument.type) for argument in field.args.values())
    return any(isinstance(one, GraphQLInputObjectType) and ROWS in one.fields for one in inputs)


def _is_list(field: GraphQLField) -> bool:
    return isinstance(get_nullable_type(field.type), GraphQLList)


def _price(
    parent: GraphQLObjectType | GraphQLInterfaceType,
    name: str,
    field: GraphQLField,
    pages: set[str],
    edges: set[str],
) -> Price:
    target = _target(field)
    if not is_composite_type(target):
        return NOTHING
    if first := field.args.get("first"):
        usual = first.default_value if isinstance(first.default_value, int) else DEFAULT_PAGE
        return Price(target.name, Size.PAGE, usual)
    if _takes_rows(field):
        return Price(target.name, Size.ROWS)
    if parent.name in pages and name in ("edges", "nodes", ROWS):
        return Price(target.name, Size.ENTRIES)
    if (parent.name in edges and name == "node") or target.name == "PageInfo":
        return Price(target.name)
    if not _is_list(field):
        return Price(target.name, Size.OBJECTS, 1)
    keys = next((argument for argument in field.args if argument in KEYS), "")
    return Price(target.name, Size.OBJECTS, UNPAGED, keys)


def _introspected(
    parent: GraphQLObjectType | GraphQLInterfaceType,
    name: str,
    field: GraphQLField,
    lengths: Mapping[str, int],
) -> Price:
    """Of the schema's own description every value counts, and a list as many as there are on average."""
    target = _target(field)
    type_name = target.name if is_composite_type(target) else ""
    number = lengths.get(f"{parent.name}.{name}", 1) if _is_list(field) else 1
    return Price(type_name, Size.OBJECTS, number)


def _lengths(schema: GraphQLSchema) -> Mapping[str, int]:
    """How long the lists of the schema's description are, the shorter ones on average."""
    types = list(schema.type_map.values())
    fields = [field for one in types if isinstance(one, _HAVE_FIELDS) for field in one.fields.values()]
    inputs = sum(len(one.fields) for one in types if isinstance(one, GraphQLInputObjectType))
    values = sum(len(one.values) for one in types if isinstance(one, GraphQLEnumType))
    return {
        "__Schema.types": len(types),
        "__Schema.directives": len(schema.directives),
        "__Type.fields": 1 + len(fields) // len(types),
        "__Type.inputFields": 1 + inputs // len(types),
        "__Type.enumValues": 1 + values // len(types),
        "__Field.args": 1 + sum(len(field.args) for field in fields) // len(fields),
    }
