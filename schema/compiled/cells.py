"""Lists whose records are never made: which columns a selection reads, and JSON of the cells of a page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

import orjson

from backends.cells import TEXTS, Cell, Cells, Columns, Form, Layout
from backends.mapping import KNOWN_VALIDITIES
from backends.model import Customer, CustomerUser, Validity
from resolvers.lists import CellEdges
from schema import ids
from schema.compiled.plan import Attribute, Leaf, Listed, Objects, Selection, Step, TypeName
from schema.fields import Computed, Related

LISTS = frozenset({"CustomerUserConnection", "CustomerConnection"})
CURSORS = frozenset({"startCursor", "endCursor"})
READABLE = {
    kind.__name__: frozenset(one.name for one in dataclasses.fields(kind))
    - {"custom", "stored", "withheld", "listed_customer_ids"}
    for kind in (CustomerUser, Customer)
}
"""Attributes that are one value of the stored row, or the same for all."""
NAMES = {number: one.name for number, one in KNOWN_VALIDITIES.items()}

Writer = Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]


def columns_of(step: Step) -> Columns | None:
    """All that a list reads of its records, if that is columns alone; None where records are needed, or it is no list."""
    below = step.objects
    if below is None or below.type.name not in LISTS or isinstance(step.shape, Listed):
        return None
    wanted = _Wanted()
    for field in below.selections[below.type.name].steps:
        if not wanted.takes_of_list(field):
            return None
    return Columns(frozenset(wanted.attributes), frozenset(wanted.custom), wanted.cursors, wanted.reports)


def columns_below(step: Step) -> Columns | None:
    """The same of the records that a relation leads to."""
    below, wanted = step.objects, _Wanted()
    if below is None or below.type.name not in READABLE or isinstance(step.shape, Listed):
        return None
    if not all(
        wanted.takes_node(below.type.name, field) for field in below.selections[below.type.name].steps
    ):
        return None
    return Columns(frozenset(wanted.attributes), frozenset(wanted.custom))


class _Wanted:
    """What was found to be read."""

    def __init__(self) -> None:
        self.attributes: set[str] = set()
        self.custom: set[str] = set()
        self.cursors = self.reports = False

    def takes_of_list(self, step: Step) -> bool:
        """Take in a field of the list; False where it needs records."""
        below = step.objects
        selections = below.selections.values() if below is not None else ()
        if step.name == "nodes":
            return all(self.takes_node(one.type.name, field) for one in selections for field in one.steps)
        if step.name == "edges":
            return all(self._takes_of_edge(field) for one in selections for field in one.steps)
        if step.name == "pageInfo":
            self.cursors |= any(field.name in CURSORS for one in selections for field in one.steps)
        self.reports |= step.name == "sources"
        return True

    def _takes_of_edge(self, step: Step) -> bool:
        if step.name == "node":
            return step.objects is not None and all(
                self._takes_record(one) for one in step.objects.selections.values()
            )
        self.cursors |= step.name == "cursor"
        return step.name in EDGE

    def takes_node(self, owner: str, step: Step) -> bool:
        """The same of a record, of which relations may be asked for as well: they say what they read."""
        meaning = step.meaning
        if not isinstance(meaning, Related):
            return self._takes_value(owner, step)
        if meaning.reads is not None:
            self.attributes |= meaning.reads
        return meaning.reads is not None

    def _takes_record(self, selection: Selection) -> bool:
        return all(self._takes_value(selection.type.name, step) for step in selection.steps)

    def _takes_value(self, type_name: str, step: Step) -> bool:
        meaning = step.meaning
        if not isinstance(step.shape, Leaf):
            return False
        if isinstance(meaning, Attribute) and meaning.name in READABLE[type_name]:
            self.attributes.add(meaning.name)
            return True
        if isinstance(meaning, Computed) and meaning.custom is not None:
            self.custom.add(meaning.custom)
            return True
        self.attributes.add("source_key")
        return isinstance(meaning, TypeName) or step.name == "id"


EDGE = frozenset({"cursor", "membership", "__typename"})
"""Fields of an edge beside its record. In a list that has cells nobody belongs to any one customer."""


def written(step: Step, value: Cells | CellEdges) -> orjson.Fragment:
    """The JSON of `nodes` or `edges`."""
    (selection,) = cast(Objects, step.objects).selections.values()
    rows = _records(selection, value) if isinstance(value, Cells) else _edges(selection, value)
    # times that name no zone are of UTC where they come as they stand
    return orjson.Fragment(orjson.dumps(rows, option=orjson.OPT_NAIVE_UTC))


def _records(selection: Selection, cells: Cells) -> list[dict[str, Any]]:
    if not cells.rows:
        return []
    certain = cells.has_texts_alone
    key = (cells.layout, cells.before, len(cells.rows[0]), certain)
    writer = selection.cell_writers.get(key)
    if writer is None:
        writer = _Code(cells.layout, certain=certain).writer(selection, cells.before, len(cells.rows[0]))
        selection.cell_writers.keep(key, writer)
    return writer(cells.rows)


def _edges(selection: Selection, edges: CellEdges) -> list[dict[str, Any]]:
    rows = edges.cells.rows
    cursors = edges.cursors() if any(step.name == "cursor" for step in selection.steps) else []

    def values(step: Step) -> Sequence[Any]:
        if step.name == "cursor":
            return cursors
        if step.objects is not None and isinstance(step.meaning, Attribute):
            (below,) = step.objects.selections.values()
            return _records(below, edges.cells)
        return [step.meaning.name if isinstance(step.meaning, TypeName) else None] * len(rows)

    keys = [step.key for step in selection.steps]
    if len(keys) == 1:
        return [{keys[0]: value} for value in values(selection.steps[0])]
    together = zip(*(values(step) for step in selection.steps), strict=True)
    return [dict(zip(keys, one, strict=True)) for one in together]


class _Code:
    """Code that writes rows of one layout; `certain`: texts are known to be texts."""

    def __init__(self, layout: Layout, *, certain: bool) -> None:
        self._layout = layout
        self._certain = certain
        self._used: set[int] = set()
        self._names: dict[str, Any] = {
            "text": layout.text,
            "time": layout.time,
            "datetime": datetime,
            "known": NAMES.get,
            "validity": lambda value: Validity.of(layout.text(value)).name,
            "encode": ids.encode,
        }

    def writer(self, selection: Selection, before: int, width: int) -> Writer:
        """The function of rows of that width."""
        parts = ", ".join(f"{step.key!r}: {self._value(selection, step)}" for step in selection.steps)
        names = [f"v{n - before}" if n - before in self._used else "_" for n in range(width)]
        text = f"def made(rows):\n    return [{{{parts}}} for {', '.join(names)}, in rows]"
        exec(text, self._names)  # noqa: S102 - our own text
        made: Writer = self._names["made"]
        return made

    def _value(self, selection: Selection, step: Step) -> str:
        meaning = step.meaning
        if isinstance(meaning, TypeName):
            return repr(meaning.name)
        if isinstance(meaning, Attribute):
            return self._read(self._layout.attributes[meaning.name])
        if isinstance(meaning, Computed) and meaning.custom is not None:
            return self._read(self._layout.custom[meaning.custom])
        return f"encode({selection.type.name!r}, {self._layout.source_key!r}, {self._read(self._layout.key)})"

    def _read(self, cell: Cell) -> str:
        if cell.form is Form.FIXED:
            return repr(getattr(cell.fixed, "name", cell.fixed))
        self._used.add(cell.place)
        value = f"v{cell.place}"
        if cell.form in TEXTS:
            if not self._certain:
                value = f"({value} if {value}.__class__ is str or {value} is None else text({value}))"
            return f"({value} or '')" if cell.form is Form.NEEDED else value
        if cell.form is Form.VALIDITY:
            return f"(known({value}) or validity({value}))"
        if str(self._layout.time_zone) != "UTC":
            return f"time({value})"
        return f"({value} if {value}.__class__ is datetime and {value}.tzinfo is None else time({value}))"
