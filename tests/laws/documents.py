"""Random valid documents of a schema: fields, arguments, aliases, variables, fragments, conditions."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_leaf_type,
)

Texts = Mapping[str, Sequence[Any]]
"""Values of arguments and input fields by their name; those of "" for all others."""


class Documents:
    """Makes operations of one schema; the same ones for the same numbers."""

    def __init__(self, schema: GraphQLSchema, texts: Texts, without: Sequence[str] = ()) -> None:
        self._schema = schema
        self._texts = texts
        self._without = frozenset(without)

    def document(self, draw: random.Random) -> tuple[str, dict[str, Any]]:
        """An operation and its variables."""
        return _Making(self._schema, self._texts, self._without, draw).document()


class _Making:
    def __init__(
        self, schema: GraphQLSchema, texts: Texts, without: frozenset[str], draw: random.Random
    ) -> None:
        self.schema, self.texts, self.without, self.draw = schema, texts, without, draw
        self.variables: dict[str, tuple[str, Any]] = {}
        self.fragments: list[str] = []
        self.count = 0

    def document(self) -> tuple[str, dict[str, Any]]:
        root = self.schema.query_type
        if root is None:
            raise ValueError("a schema without queries")
        body = self.selection(root, self.draw.choice((2, 3, 4, 5)), self.draw.choice((1, 1, 2, 3)))
        signature = ", ".join(f"${name}: {said}" for name, (said, _) in self.variables.items())
        head = f"query Made{f'({signature})' if signature else ''} "
        values = {name: value for name, (_, value) in self.variables.items() if value is not Undefined}
        return "\n".join([head + body, *self.fragments]), values

    def selection(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int, most: int = 5) -> str:
        parts = [self.part(type_, depth) for _ in range(self.draw.randint(1, most))]
        return "{ " + " ".join(part or "__typename" for part in parts) + " }"

    def part(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        kind = self.draw.random()
        if depth > 1 and kind < 0.08:
            return self.spread(type_, depth)
        if depth > 1 and (kind < 0.14 or (isinstance(type_, GraphQLInterfaceType) and kind < 0.7)):
            types = (
                self.schema.get_possible_types(type_) if isinstance(type_, GraphQLInterfaceType) else [type_]
            )
            on = self.draw.choice([*types, type_])
            named = "" if on is type_ and self.draw.random() < 0.5 else f" on {on.name}"
            return f"...{named}{self.condition()} {self.selection(on, depth - 1, 3)}"
        if kind > 0.96:
            return "__typename"
        return self.field(type_, depth)

    def spread(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        name = f"F{self.number()}"
        self.fragments.append(f"fragment {name} on {type_.name} {self.selection(type_, depth - 1, 3)}")
        return f"...{name}{self.condition()}"

    def field(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        fields = [
            (name, field)
            for name, field in type_.fields.items()
            if name not in self.without and (depth > 1 or is_leaf_type(get_named_type(field.type)))
        ]
        if not fields:
            return ""
        objects = [one for one in fields if not is_leaf_type(get_named_type(one[1].type))]
        name, field = self.draw.choice(objects if objects and self.draw.random() < 0.5 else fields)
        given = self.arguments(field.args)
        below: Any = get_named_type(field.type)
        named = name
        if field.args or self.draw.random() < 0.1:
            named = f"a{self.number()}: {name}"
        body = "" if is_leaf_type(below) else " " + self.selection(below, depth - 1)
        return f"{named}{given}{self.condition()}{body}"

    def condition(self) -> str:
        if self.draw.random() > 0.06:
            return ""
        value = self.draw.choice(("true", "false", None))
        if value is None:
            value = "$" + self.variable("Boolean!", self.draw.random() < 0.5)
        return f" @{self.draw.choice(('skip', 'include'))}(if: {value})"

    def arguments(self, args: Mapping[str, GraphQLArgument]) -> str:
        given = []
        for name, argument in args.items():
            needed = isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
            if needed or self.draw.random() < 0.4:
                given.append(f"{name}: {self.value(name, argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def value(self, name: str, type_: GraphQLInputType) -> str:
        value = self.plain(name, type_)
        if self.draw.random() < 0.3:
            absent = not isinstance(type_, GraphQLNonNull) and self.draw.random() < 0.2
            return "$" + self.variable(str(type_), Undefined if absent else value)
        return self.literal(value, get_named_type(type_))

    def plain(self, name: str, type_: GraphQLInputType) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self.plain(name, type_.of_type)
        if self.draw.random() < 0.06:
            return None if not isinstance(type_, GraphQLNonNull) else self.plain(name, type_)
        if isinstance(type_, GraphQLList):
            return [self.needed(name, type_.of_type) for _ in range(self.draw.randint(0, 3))]
        if isinstance(type_, GraphQLInputObjectType):
            return {
                key: self.needed(key, field.type)
                for key, field in type_.fields.items()
                if isinstance(field.type, GraphQLNonNull) or self.draw.random() < 0.25
            }
        if isinstance(type_, GraphQLEnumType):
            return self.draw.choice([*type_.values])
        known = {"Boolean": (True, False), "Int": (0, 1, 2, 3, 50)}
        return self.draw.choice(self.texts.get(name) or known.get(str(type_)) or self.texts[""])

    def needed(self, name: str, type_: GraphQLInputType) -> Any:
        while True:
            value = self.plain(name, type_)
            if value is not None or not isinstance(type_, GraphQLNonNull):
                return value

    def variable(self, said: str, value: Any) -> str:
        name = f"v{self.number()}"
        if value is None and said.endswith("!"):
            said = said[:-1]
        self.variables[name] = (said, value)
        return name

    def literal(self, value: Any, type_: GraphQLNamedType) -> str:
        if isinstance(value, dict):
            fields = type_.fields if isinstance(type_, GraphQLInputObjectType) else {}
            parts = (
                f"{key}: {self.literal(one, get_named_type(fields[key].type))}" for key, one in value.items()
            )
            return "{" + ", ".join(parts) + "}"
        if isinstance(value, list):
            return f"[{', '.join(self.literal(one, type_) for one in value)}]"
        return str(value) if isinstance(type_, GraphQLEnumType) and value is not None else json.dumps(value)

    def number(self) -> int:
        self.count += 1
        return self.count


Make = Callable[[random.Random], tuple[str, dict[str, Any]]]
