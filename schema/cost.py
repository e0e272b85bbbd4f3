"""What an operation may come to, measured before it runs: each field and each fragment is looked at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from schema.access import INTROSPECTION
from schema.tariff import DEFAULT_PAGE, ROWS, Price, Size, Tariff

MOST = 2**53 - 1
"""The largest number that is told, since JSON's readers take numbers for floats."""
LOGIN = "customerLogin"


@dataclass(slots=True)
class Weight:
    """What a selection comes to for one parent."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    """On the first level."""
    logins: int = 0
    """`customerLogin` on the first level."""
    cost: int = 0
    entry_cost: int = 0
    """What comes on top for each entry of the page that the parent is."""
    introspection: int = 0

    def add(self, other: Weight) -> None:
        """What stands beside it."""
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.fields += other.fields
        self.logins += other.logins
        self.cost += other.cost
        self.entry_cost += other.entry_cost
        self.introspection += other.introspection


def weigh(
    tariff: Tariff,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
) -> Weight:
    """The weight of `operation`; the document need not be valid, only parsed."""
    scales = _Scales(tariff, _Inputs(operation, variables or {}))
    for fragment in _inner_first(document):
        name = fragment.type_condition.name.value
        scales.fragments[fragment.name.value] = scales.selection(fragment.selection_set, name)
    return scales.selection(operation.selection_set, tariff.roots.get(operation.operation.value, ""))


class _Scales:
    """Weighs selections; fragments that they name have been weighed before."""

    def __init__(self, tariff: Tariff, inputs: _Inputs) -> None:
        self.fragments: dict[str, Weight] = {}
        self._tariff = tariff
        self._inputs = inputs

    def selection(self, selections: SelectionSetNode | None, parent: str) -> Weight:
        """All fields of a selection; a fragment that is named twice in it counts once."""
        found = Weight()
        named: set[str] = set()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                found.add(self._field(node, parent))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                found.add(self.selection(node.selection_set, condition.name.value if condition else parent))
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in named:
                named.add(node.name.value)
                found.add(self.fragments.get(node.name.value, Weight()))
        return found

    def _field(self, node: FieldNode, parent: str) -> Weight:
        name = node.name.value
        if name in INTROSPECTION:
            below = self.selection(node.selection_set, f"__{name[2:].capitalize()}")
            return Weight(introspection=1 + below.cost)
        price = self._tariff.price(parent, name)
        below = self.selection(node.selection_set, price.type)
        found = Weight(
            depth=1 + below.depth,
            aliases=below.aliases + (node.alias is not None),
            fields=1,
            logins=int(name == LOGIN),
            introspection=below.introspection,
        )
        if price.size is Size.ENTRIES:
            found.entry_cost = below.cost
        else:
            found.cost = self._cost(node, price, below)
        found.cost += self._inputs.entries(node, price.keys)
        return found

    def _cost(self, node: FieldNode, price: Price, below: Weight) -> int:
        if price.size in (Size.PAGE, Size.ROWS):
            rows = price.size is Size.ROWS
            first = self._inputs.rows(node) if rows else self._inputs.first(node, price.number)
            return max(1, first) + below.cost + first * below.entry_cost
        if price.keys:
            return self._inputs.length(node, price.keys) * (1 + below.cost)
        return price.number * (1 + below.cost) if price.size is Size.OBJECTS else below.cost


class _Inputs:
    """What an operation is given: its arguments, with the values of its variables."""

    def __init__(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._defaults = {
            node.variable.name.value: node.default_value for node in operation.variable_definitions or ()
        }
        self._counted: dict[str, int] = {}

    def first(self, node: FieldNode, default: int) -> int:
        """The page size that is asked for, none of which is negative."""
        value = self._argument(node, "first")
        if isinstance(value, VariableNode):
            name = value.name.value
            if name in self._variables:
                return _page_size(self._variables[name])
            value = self._defaults.get(name)
        if isinstance(value, IntValueNode):
            return _page_size(int(value.value) if len(value.value) <= len(str(MOST)) else MOST)
        return DEFAULT_PAGE if isinstance(value, NullValueNode) else default

    def length(self, node: FieldNode, argument: str) -> int:
        """How many keys a list of keys holds; one at least."""
        value = self._argument(node, argument)
        if isinstance(value, VariableNode):
            given = self._variables.get(value.name.value)
            if isinstance(given, list):
                return max(1, len(given))
            value = self._defaults.get(value.name.value)
        return max(1, len(value.values)) if isinstance(value, ListValueNode) else 1

    def rows(self, node: FieldNode) -> int:
        """How many rows the input of a field holds."""
        value = self._argument(node, "input")
        if isinstance(value, VariableNode):
            name = value.name.value
            given = self._variables.get(name)
            if name in self._variables:
                rows = given.get(ROWS) if isinstance(given, dict) else None
                return len(rows) if isinstance(rows, list) else 1
            value = self._defaults.get(name)
        fields = value.fields if isinstance(value, ObjectValueNode) else ()
        found = next((one.value for one in fields if one.name.value == ROWS), None)
        if isinstance(found, VariableNode):
            listed = self._variables.get(found.name.value)
            return len(listed) if isinstance(listed, list) else 1
        return len(found.values) if isinstance(found, ListValueNode) else 1

    def entries(self, node: FieldNode, without: str) -> int:
        """How many entries all lists in a field's arguments hold, but for those of one argument."""
        return sum(self._count(one.value) for one in node.arguments or () if one.name.value != without)

    def _argument(self, node: FieldNode, name: str) -> ValueNode | None:
        found: Iterator[ArgumentNode] = (one for one in node.arguments or () if one.name.value == name)
        return next((one.value for one in found), None)

    def _count(self, value: ValueNode | None) -> int:
        if isinstance(value, ListValueNode):
            return len(value.values) + sum(self._count(one) for one in value.values)
        if isinstance(value, ObjectValueNode):
            return sum(self._count(one.value) for one in value.fields)
        if isinstance(value, VariableNode):
            name = value.name.value
            if name not in self._counted:
                given = name in self._variables
                self._counted[name] = (
                    entries_of(self._variables[name]) if given else self._count(self._defaults.get(name))
                )
            return self._counted[name]
        return 0


def _page_size(given: object) -> int:
    """The number that is meant; what is none is refused when it is read, and counts as the usual."""
    if isinstance(given, bool) or not isinstance(given, int | float) or math.isnan(given):
        return DEFAULT_PAGE
    return int(max(0, min(given, MOST)))


def entries_of(given: object) -> int:
    """How many entries all lists in a value hold."""
    found, open_ = 0, [given]
    while open_:
        one = open_.pop()
        if isinstance(one, list):
            found += len(one)
            open_.extend(one)
        elif isinstance(one, dict):
            open_.extend(one.values())
    return found


def _inner_first(document: DocumentNode) -> Iterator[FragmentDefinitionNode]:
    """The fragments, each after those that it names; in a circle, which is refused later, somewhere."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    seen: set[str] = set()
    done: set[str] = set()
    for root in fragments:
        path = [root]
        while path:
            name = path[-1]
            if name not in seen:
                seen.add(name)
                path += [one for one in _named(fragments[name]) if one in fragments and one not in seen]
            else:
                path.pop()
                if name not in done:
                    done.add(name)
                    yield fragments[name]


def _named(fragment: FragmentDefinitionNode) -> Iterator[str]:
    open_: list[SelectionSetNode | None] = [fragment.selection_set]
    while open_:
        for node in getattr(open_.pop(), "selections", ()):
            if isinstance(node, FragmentSpreadNode):
                yield node.name.value
            else:
                open_.append(node.selection_set)
