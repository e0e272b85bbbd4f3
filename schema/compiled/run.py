"""Runs a plan: level by level over lists of records, with one question for a relation and a level."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from operator import attrgetter
from types import CoroutineType
from typing import Any, cast

import orjson
from graphql import GraphQLError, OperationType
from graphql.error import located_error
from graphql.pyutils import Path

from backends.cells import Cells, Columns
from backends.narrow import records_of
from resolvers.lists import CellEdges
from schema.compiled.cells import written as cells_written
from schema.compiled.meeting import alone, together
from schema.compiled.plan import Attribute, Listed, Objects, Run, Selection, Step
from schema.compiled.rows import WORTH, column_writer, write
from schema.compiled.single import wrote_object
from schema.compiled.values import FAILED, Children, Faults, Taken, Trouble, settled
from schema.fields import Asked, Each, Related, Rooted

AGAIN = 4
"""How often objects have to stand in an answer, on average, for their JSON to be made once."""


class Place:
    """What a root resolver sees of the operation: the request, where its value stands, the schema, and what is read of a list."""

    __slots__ = ("_step", "context", "schema")

    def __init__(self, context: Any, schema: Any, step: Step) -> None:
        self.context = context
        self.schema = schema
        self._step = step

    @property
    def path(self) -> Path:
        """Where the value stands."""
        return Path(None, self._step.key, self._step.owner)

    @property
    def columns(self) -> Columns | None:
        """All that is read of a list, where that is known."""
        return self._step.columns


async def execute(run: Run) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The data of the answer, and what was wrong."""
    plan = run.plan
    outs: list[Any] = [dict(plan.blank)]
    troubles: list[Trouble] = []
    for step in plan.plain:
        outs[0][step.key] = step.meaning.of(None, run.request)  # type: ignore[union-attr]
    steps = plan.root.below
    if len(steps) == 1 or plan.operation.operation is OperationType.MUTATION:
        for step in steps:
            troubles += await _root(run, step, outs)
            if troubles and troubles[-1].failed:
                break
    else:
        for some in await asyncio.gather(*(_root(run, step, outs) for step in steps)):
            troubles += some
    faults = settled(outs, plan.root, troubles).get(0, ()) if troubles else ()
    return outs[0], [located_error(one.error, one.nodes, list(one.path)) for one in faults]


async def _root(run: Run, step: Step, outs: Sequence[Any]) -> Sequence[Trouble]:
    stage = 0
    try:
        value = _called(run, step)
        if value.__class__ is CoroutineType:
            stage = 1
            value = await value
    except Exception as error:
        value = error
    if wrote_object(run, step, value, outs[0]):
        return ()
    return await _below(run, step, [value], outs, stage)


def _called(run: Run, step: Step) -> Any:
    """The value of a root field, or its coroutine."""
    arguments = step.arguments(run) if step.arguments is not None else {}
    return cast(Rooted, step.meaning).call(Place(run.request, run.schema, step), arguments)


async def _fill(
    run: Run, selection: Selection, rows: Sequence[Any]
) -> tuple[list[Any], Mapping[int, Faults]]:
    """What is written of the records, None where one has to be null; and what is wrong in each."""
    outs, troubles = write(selection, rows, run.request)
    waiting = []
    for step in selection.below:
        if step.suspends:
            waiting.append(step)
        else:
            troubles += await _step(run, step, rows, outs)
    if len(waiting) == 1:
        troubles += await _step(run, waiting[0], rows, outs)
    elif waiting:
        for some in await asyncio.gather(*(_step(run, step, rows, outs) for step in waiting)):
            troubles += some
    return outs, settled(outs, selection, troubles) if troubles else {}


async def _step(run: Run, step: Step, rows: Sequence[Any], outs: Sequence[Any]) -> Sequence[Trouble]:
    """Put the values of one field into the rows."""
    if isinstance(step.meaning, Attribute):
        return await _below(run, step, _each(attrgetter(step.meaning.name), rows), outs, 0)
    if not isinstance(step.meaning, Related):
        return await _below(run, step, _each(lambda row: step.meaning.of(row, run.request), rows), outs, 0)  # type: ignore[union-attr]
    stage = 0
    values: Sequence[Any]
    try:
        asked = step.meaning.asked(run.request, step.arguments(run) if step.arguments else {})
        if isinstance(asked, Each):
            values = _each(asked.of, rows)
        else:
            stage = 1
            if asked.narrows and step.columns is not None:
                asked = Asked(asked.batch, (*asked.arguments, step.columns), asked.then)
            if asked.brief is not None:
                asked = asked.of_selected(step.selected)
            values = await (together(run, asked, rows) if step.shared else alone(run, asked, rows))
            if (then := asked.then) is not None:
                values = _each(lambda value: value if isinstance(value, Exception) else then(value), values)
    except Exception as error:
        values = [error] * len(rows)
    return await _below(run, step, values, outs, stage)


def _each(read: Any, rows: Sequence[Any]) -> list[Any]:
    """What is read off each; an error in the place of one that cannot be read."""
    try:
        return list(map(read, rows))
    except Exception:  # noqa: S110 - read again below, one by one, so that each error is its own
        pass
    values: list[Any] = []
    for row in rows:
        try:
            values.append(read(row))
        except Exception as error:
            values.append(error)
    return values


async def _below(
    run: Run, step: Step, values: Sequence[Any], outs: Sequence[Any], stage: int
) -> Sequence[Trouble]:
    """Complete the values of a field, one for each row, and whatever is selected of them."""
    below = step.objects
    if below is None:
        if len(values) > WORTH:
            step.column = step.column or column_writer(step.shape)
            try:
                written = step.column(values)
            except Exception:  # noqa: S110 - whatever it is, it is found and told below
                pass
            else:
                for out, value in zip(outs, written, strict=True):
                    out[step.key] = value
                return ()
        taken = Taken(step, stage)
    else:
        if len(values) == 1 and isinstance(values[0], Cells) and below.suspends:
            values = [records_of(values[0])]
        known = await (_lists if isinstance(step.shape, Listed) else _singles)(run, step, values, outs)
        if known is None:
            return ()
        taken = Taken(step, stage, children=known)
    for value in values:
        taken.add(value)
    for children in taken.children.values():
        if len(children.outs) < len(children.rows):
            children.outs, children.faults = await _fill(run, children.selection, children.rows)
    troubles = []
    for index, out in enumerate(outs):
        value, faults = taken.given(index)
        out[step.key] = value
        if faults:
            troubles.append(Trouble(index, step.place, value is FAILED, faults))
    return troubles


async def _singles(
    run: Run, step: Step, values: Sequence[Any], outs: Sequence[Any]
) -> dict[int, Children] | None:
    """Write objects that are all as they should be, and None; otherwise what is known of them."""
    shape = cast(Objects, step.shape)
    ids = list(map(id, values))
    unique = dict(zip(ids, values, strict=True))
    lacking = unique.pop(id(None), unique) is None
    if not unique and not shape.required:
        for out in outs:
            out[step.key] = None
        return None
    rows = list(unique.values())
    selection = _one_selection(shape, rows)
    if selection is None or (shape.required and lacking):
        return {}
    children = Children(selection, rows)
    children.outs, children.faults = await _fill(run, selection, rows)
    if children.faults:
        return {id(selection): children}
    written: dict[int, Any] = dict(zip(unique, children.outs, strict=True))
    written[id(None)] = None
    key = step.key
    for out, one in zip(outs, ids, strict=True):
        out[key] = written[one]
    return None


async def _lists(
    run: Run, step: Step, values: Sequence[Any], outs: Sequence[Any]
) -> dict[int, Children] | None:
    """The same for lists of objects."""
    shape = cast(Listed, step.shape)
    if len(values) == 1 and isinstance(values[0], Cells | CellEdges):
        outs[0][step.key] = cells_written(step, values[0])
        return None
    if not isinstance(shape.item, Objects) or not {list, tuple}.issuperset(map(type, values)):
        return {}
    flat = [one for value in values for one in value]
    selection = _one_selection(shape.item, flat)
    if selection is None:
        if flat:
            return {}
        for out in outs:
            out[step.key] = []
        return None
    ids = list(map(id, flat))
    unique = dict(zip(ids, flat, strict=True))
    several = len(unique) < len(flat)
    children = Children(selection, list(unique.values()) if several else flat)
    children.outs, children.faults = await _fill(run, selection, children.rows)
    if children.faults:
        return {id(selection): children}
    key, start = step.key, 0
    written: Sequence[Any] = children.outs
    if several:
        if len(flat) > AGAIN * len(unique):
            written = [orjson.Fragment(orjson.dumps(one)) for one in written]
        by_id = dict(zip(unique, written, strict=True))
        written = list(map(by_id.__getitem__, ids))
    for out, value in zip(outs, values, strict=True):
        end = start + len(value)
        out[key] = written[start:end]
        start = end
    return None


def _one_selection(shape: Objects, values: Sequence[Any]) -> Selection | None:
    """What is selected of all these values, if they are of one class that the type accepts."""
    kinds = set(map(type, values))
    return shape.selection(values[0]) if len(kinds) == 1 else None
