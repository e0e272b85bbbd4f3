"""Values exactly as GraphQL completes them: what is wrong stands at its path, and nulls go up as far as types say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from graphql import FieldNode, GraphQLError, GraphQLObjectType, Undefined
from graphql.pyutils import inspect, is_iterable

from schema.compiled.plan import Leaf, Listed, Objects, Selection, Shape, Step


class Fault(NamedTuple):
    """What went wrong at a place of an answer."""

    stage: int
    """How often was waited before; of two that null the same place, the earlier one is told."""
    path: tuple[str | int, ...]
    """From the object or field that it is looked at from."""
    error: Exception
    nodes: list[FieldNode]


Faults = Sequence[Fault]

FAILED: Any = object()
"""Stands for a value that had to be there and is not: what is around it is null."""


class Trouble(NamedTuple):
    """What is wrong in one field of one row."""

    row: int
    place: int
    failed: bool
    """Whether the whole row is null for it."""
    faults: Faults


class Children:
    """The objects below a field, each once, with what was written of them."""

    __slots__ = ("_index", "faults", "outs", "rows", "selection")

    def __init__(self, selection: Selection, rows: list[Any] | None = None) -> None:
        self.selection = selection
        self.rows = [] if rows is None else rows
        self._index: dict[int, int] | None = None
        self.outs: Sequence[dict[str, Any] | None] = ()
        self.faults: Mapping[int, Faults] = {}

    def add(self, value: object) -> int:
        """Where the object stands among the rows."""
        if self._index is None:
            self._index = {id(row): place for place, row in enumerate(self.rows)}
        place = self._index.setdefault(id(value), len(self.rows))
        if place == len(self.rows):
            self.rows.append(value)
        return place


@dataclass(frozen=True, slots=True)
class _Done:
    value: Any


@dataclass(frozen=True, slots=True)
class _Child:
    children: Children
    index: int


@dataclass(slots=True)
class Taken:
    """The values of a field as they came, and the objects among them that are still to be completed."""

    step: Step
    stage: int
    tokens: list[Any] = field(default_factory=list)
    children: dict[int, Children] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Take the value for the next row."""
        self.tokens.append(self._take(self.step.shape, value))

    def given(self, row: int) -> tuple[Any, Faults]:
        """The completed value for a row, or FAILED, and what was wrong in it; objects must have been written."""
        return self._give(self.step.shape, self.tokens[row])

    def _take(self, shape: Shape, value: Any) -> Any:
        try:
            if isinstance(value, Exception):
                return self._fault(value)
            if value is None or value is Undefined:
                return None
            if isinstance(shape, Leaf):
                return _Done(coerced(shape, value))
            if isinstance(shape, Listed):
                if not is_iterable(value):
                    where = f"{self.step.owner}.{self.step.name}"
                    message = f"Expected Iterable, but did not find one for field '{where}'."
                    return self._fault(GraphQLError(message))
                return [self._take(shape.item, one) for one in value]
            return self._object(shape, value)
        except Exception as error:
            return self._fault(error)

    def _object(self, shape: Objects, value: Any) -> _Child:
        selection = shape.selection(value)
        if selection is None:
            raise GraphQLError(_no_object(shape, self.step, value), self.step.nodes)
        children = self.children.setdefault(id(selection), Children(selection))
        return _Child(children, children.add(value))

    def _give(self, shape: Shape, token: Any) -> tuple[Any, Faults]:
        value, faults = self._inner(shape, token)
        if value is None and shape.required and not faults:
            message = f"Cannot return null for non-nullable field {self.step.owner}.{self.step.name}."
            return FAILED, [self._fault(TypeError(message))]
        if value is FAILED and not shape.required:
            return None, faults
        return value, faults

    def _inner(self, shape: Shape, token: Any) -> tuple[Any, Faults]:
        if token is None:
            return None, ()
        if isinstance(token, Fault):
            return FAILED, [token]
        if isinstance(token, _Done):
            return token.value, ()
        if isinstance(token, _Child):
            faults = token.children.faults.get(token.index, ())
            value = token.children.outs[token.index]
            return FAILED if value is None else value, [_later(one, self.stage) for one in faults]
        return self._list(cast(Listed, shape), token)

    def _list(self, shape: Listed, tokens: list[Any]) -> tuple[Any, Faults]:
        values: list[Any] = []
        faults: list[Fault] = []
        failed: list[Fault] = []
        for index, token in enumerate(tokens):
            value, wrong = self._give(shape.item, token)
            below = [one._replace(path=(index, *one.path)) for one in wrong]
            (failed if value is FAILED else faults).extend(below)
            values.append(value)
        if failed:
            return FAILED, [min(failed, key=_stage)]
        return values, faults

    def _fault(self, error: Exception) -> Fault:
        return Fault(self.stage, (), error, self.step.nodes)


def _no_object(shape: Objects, step: Step, value: Any) -> str:
    if isinstance(shape.type, GraphQLObjectType):
        return f"Expected value of type '{shape.type}' but got: {inspect(value)}."
    return (
        f"Abstract type '{shape.type}' must resolve to an Object type at runtime for field"
        f" '{step.owner}.{step.name}'. Either the '{shape.type}' type should provide a 'resolve_type'"
        " function or each possible type should provide an 'is_type_of' function."
    )


def coerced(shape: Leaf, value: Any) -> Any:
    """The value of a leaf as its type writes it; raises where it does not fit."""
    found = shape.type.coerce_output_value(value)
    if found is None or found is Undefined:
        raise TypeError(
            f"Expected `{inspect(shape.type)}.coerce_output_value({inspect(value)})`"
            f" to return non-nullable value, returned: {inspect(found)}"
        )
    return found


def settled(
    outs: list[dict[str, Any] | None], selection: Selection, troubles: Sequence[Trouble]
) -> Mapping[int, Faults]:
    """What is wrong in each row; rows that lack what had to be there become null."""
    rows: dict[int, list[Trouble]] = {}
    for one in sorted(troubles, key=lambda one: one.place):
        rows.setdefault(one.row, []).append(one)
    found: dict[int, Faults] = {}
    for row, some in rows.items():
        steps = selection.steps
        failed = [
            _under(steps[one.place].key, fault) for one in some if one.failed for fault in one.faults[:1]
        ]
        if failed:
            outs[row] = None
            found[row] = [min(failed, key=_stage)]
        else:
            found[row] = [_under(steps[one.place].key, fault) for one in some for fault in one.faults]
    return found


def _stage(fault: Fault) -> int:
    return fault.stage


def _later(fault: Fault, stage: int) -> Fault:
    return fault._replace(stage=fault.stage + stage)


def _under(key: str, fault: Fault) -> Fault:
    return fault._replace(path=(key, *fault.path))
