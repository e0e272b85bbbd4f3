"""Rows of an answer: dictionaries of what is read off records, by code that is made for one class of record.

The code trusts what the annotations of our records prove, checks the rest, and raises at whatever is not as it should
be; then the rows are written once more, field by field, as GraphQL says.
"""

from __future__ import annotations

import enum
import math
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from graphql import GraphQLEnumType, GraphQLError

from resolvers.context import RequestContext
from schema.compiled.plan import Attribute, Hidden, Leaf, Listed, Objects, Selection, Shape, TypeName
from schema.compiled.values import FAILED, Fault, Taken, Trouble, coerced
from schema.fields import Computed
from schema.hiding import hidden

WORTH = 8
"""Rows after which code for a selection is worth making."""

SCALARS = {"String": str, "ID": str, "Int": int, "Float": float, "Boolean": bool, "DateTime": datetime}
"""Classes whose values are written as they stand."""

LARGEST = 2**31
PROVEN = ("backends.", "resolvers.")
"""Packages whose annotations are checked, and describe what is there."""


RowWriter = Callable[[Sequence[Any], RequestContext], list[dict[str, Any]]]
ColumnWriter = Callable[[Sequence[Any]], list[Any]]


class Unfit(Exception):
    """A value that needs to be looked at by itself."""


def write(
    selection: Selection, rows: Sequence[Any], request: RequestContext
) -> tuple[list[Any], list[Trouble]]:
    """One dictionary for each record, with places for what comes from below; and what was wrong."""
    selection.seen += len(rows)
    if selection.seen > WORTH and rows:
        kinds = set(map(type, rows))
        if len(kinds) == 1:
            kind = kinds.pop()
            writer = selection.writers.get(kind)
            if writer is None:
                writer = selection.writers[kind] = row_writer(selection, kind)
            try:
                return writer(rows, request), _hidden(selection, rows, request)
            except Exception:  # noqa: S110 - whatever it is, it is found and told below
                pass
    return _exactly(selection, rows, request)


def _hidden(selection: Selection, rows: Sequence[Any], request: RequestContext) -> list[Trouble]:
    """That the caller may not read some of the fields, for each row."""
    troubles: list[Trouble] = []
    for step in selection.hidden:
        faults = [Fault(0, (), hidden(request.viewer, step.name), step.nodes)]
        troubles += [Trouble(index, step.place, False, faults) for index in range(len(rows))]
    return troubles


def _exactly(
    selection: Selection, rows: Sequence[Any], request: RequestContext
) -> tuple[list[Any], list[Trouble]]:
    outs: list[Any] = [{} for _ in rows]
    troubles: list[Trouble] = []
    below = {step.place for step in selection.below}
    for step in selection.steps:
        if step.place in below:
            for out in outs:
                out[step.key] = None
            continue
        taken = Taken(step, 0)
        for index, row in enumerate(rows):
            try:
                value = step.meaning.of(row, request)  # type: ignore[union-attr]
            except Exception as error:
                value = error
            taken.add(value)
            found, faults = taken.given(index)
            outs[index][step.key] = found
            if faults:
                troubles.append(Trouble(index, step.place, found is FAILED, faults))
    return outs, troubles


def row_writer(selection: Selection, kind: type) -> RowWriter:
    """Code that writes rows of records of this class."""
    code = _Code()
    hints = proven(kind)
    below = {step.place for step in selection.below}
    parts = []
    for step in selection.steps:
        meaning = step.meaning
        if step.place in below or isinstance(meaning, Hidden):
            value = "None"
        elif isinstance(meaning, TypeName):
            value = repr(meaning.name)
        elif isinstance(meaning, Attribute):
            value = code.value(step.shape, f"r.{meaning.name}", hints.get(meaning.name))
        elif isinstance(meaning, Computed):
            called = f"{code.name(meaning.read)}(r{', q' if meaning.takes_request else ''})"
            value = code.value(step.shape, called, None)
        else:
            raise Unfit
        parts.append(f"{step.key!r}: {value}")
    made: RowWriter = code.function("rows, q", f"[{{{', '.join(parts)}}} for r in rows]")
    return made


def column_writer(shape: Shape) -> ColumnWriter:
    """Code that writes the values of one field."""
    code = _Code()
    value = code.value(shape, "r", None)
    made: ColumnWriter = code.function("rows", f"[{value} for r in rows]")
    return made


@lru_cache(maxsize=256)
def proven(kind: type) -> Mapping[str, Any]:
    """What the annotations of one of our own classes say of its attributes; nothing is proven of other classes."""
    if not kind.__module__.startswith(PROVEN):
        return {}
    found: dict[str, Any] = {}
    try:
        found |= typing.get_type_hints(kind)
        for name in dir(kind):
            read = getattr(getattr(kind, name), "fget", None)
            if read is not None:
                found[name] = typing.get_type_hints(read).get("return")
    except NameError:  # an annotation that only type checkers can read
        return {}
    return found


class _Code:
    """An expression in the making, with the objects that it names."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"isfinite": math.isfinite}
        self._count = 0

    def name(self, value: object) -> str:
        """A name under which the code finds the object."""
        self._count += 1
        self._names[f"n{self._count}"] = value
        return f"n{self._count}"

    def function(self, parameters: str, expression: str) -> Any:
        """The function of that expression."""
        exec(f"def made({parameters}):\n    return {expression}", self._names)  # noqa: S102 - our own text
        return self._names["made"]

    def value(self, shape: Shape, source: str, hint: Any) -> str:
        """What writes the value that `source` reads; `hint` is what is proven of it."""
        optional, bare = _bare(hint)
        if isinstance(shape, Objects):
            raise Unfit
        if isinstance(shape, Listed):
            return self._list(shape, source, bare)
        if optional and shape.required:
            bare = None
        if _is_proven(shape, bare):
            if not isinstance(shape.type, GraphQLEnumType):
                return source
            if not optional:
                return f"{source}._name_"
        self._count += 1
        name = f"v{self._count}"
        return f"({self._checked(shape, name, source)} else {self.name(partial(exact, shape))}({name}))"

    def _checked(self, shape: Leaf, name: str, source: str) -> str:
        read = f"({name} := {source})"
        if isinstance(shape.type, GraphQLEnumType):
            members, plain = _names_of(shape.type)
            names, kind = self.name(plain), self.name(members)
            return f"{name}._name_ if {read}.__class__ is {kind} else {names}[{name}] if {name} in {names}"
        scalar = SCALARS[shape.type.name]
        checked = f"{name} if {read}.__class__ is {self.name(scalar)}"
        if scalar is int:
            checked += f" and {-LARGEST} <= {name} < {LARGEST}"
        if scalar is float:
            checked += f" and isfinite({name})"
        return checked

    def _list(self, shape: Listed, source: str, hint: Any) -> str:
        self._count += 1
        name, item = f"v{self._count}", f"i{self._count}"
        arguments = typing.get_args(hint)
        known = arguments[0] if arguments else None
        written = self.value(shape.item, item, known)
        value = name if written == item else f"[{written} for {item} in {name}]"
        classes = self.name(frozenset({list, tuple}))
        whole = self.name(partial(exact, shape))
        return f"({value} if ({name} := {source}).__class__ in {classes} else {whole}({name}))"


def exact(shape: Shape, value: Any) -> Any:
    """The value as its type writes it; raises Unfit where it needs to be looked at by itself."""
    if value is None and not shape.required:
        return None
    if isinstance(shape, Leaf) and value is not None and not isinstance(value, Exception):
        return coerced(shape, value)
    raise Unfit


def _bare(hint: Any) -> tuple[bool, Any]:
    """Whether a value may be None, and what it is otherwise."""
    arguments = typing.get_args(hint)
    if type(None) in arguments:
        rest = [one for one in arguments if one is not type(None)]
        return True, rest[0] if len(rest) == 1 else None
    return False, hint


def _is_proven(shape: Leaf, hint: Any) -> bool:
    if hint is None:
        return False
    if isinstance(shape.type, GraphQLEnumType):
        return hint is _names_of(shape.type)[0]
    return hint is SCALARS[shape.type.name] and hint is not int and hint is not float


@lru_cache(maxsize=256)
def _names_of(type_: GraphQLEnumType) -> tuple[type | None, Mapping[str, str]]:
    """The class whose members are written by their own names, if there is one; and names by plain value."""
    members: Any = getattr(type_, "wrapped_cls", None)
    if not (isinstance(members, type) and issubclass(members, enum.Enum)):
        return None, {}
    own = all(type_.coerce_output_value(one) == one._name_ for one in members)
    texts = [one.value for one in members if isinstance(one.value, str)]
    return members if own else None, {one: name for one in texts if (name := _name_of(type_, one))}


def _name_of(type_: GraphQLEnumType, value: str) -> str | None:
    try:
        return type_.coerce_output_value(value)
    except GraphQLError:
        return None
