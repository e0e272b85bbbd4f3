"""Pages as values alone: the columns that somebody reads, as the store gave them, and how each is to be read."""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from backends.order import Position


@dataclass(frozen=True, slots=True)
class Columns:
    """All that is read of the records of a list; whoever is asked for it may answer with cells."""

    attributes: frozenset[str]
    """Attributes that are one value of the row, or the same in all."""
    custom: frozenset[str] = frozenset()
    """Custom fields that are texts, by GraphQL name."""
    cursors: bool = False
    """Whether the place of a row in the list is told."""
    reports: bool = False
    """Whether it is told what each source had to do with it."""


class Form(enum.Enum):
    """How the value of an attribute is made of a stored one."""

    TEXT = enum.auto()
    NEEDED = enum.auto()
    """A text that is empty where there is none."""
    VALIDITY = enum.auto()
    TIME = enum.auto()
    LIST = enum.auto()
    """Several customer IDs in one value."""
    FIXED = enum.auto()
    """Not at all: it is the same in all rows."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Where an attribute comes from."""

    form: Form
    place: int = 0
    fixed: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What the rows of a source hold for one choice of columns."""

    source_key: str
    of_users: bool
    """Whether the records are customer users, or else customers."""
    columns: tuple[str, ...]
    """Columns of the store, in the order of the row."""
    attributes: Mapping[str, Cell]
    custom: Mapping[str, Cell]
    key: Cell
    text: Callable[[Any], str | None]
    """The one text of a value that is none already."""
    time: Callable[[Any], Any]
    time_zone: tzinfo
    """Of times that name none."""
    texts: Sequence[int]
    """The places of what is said to be text."""
    makers: dict[Hashable, Callable[[Sequence[Any]], list[Any]]] = field(default_factory=dict)
    """What makes records of rows, by how these stand."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows in order: `before` values that say nothing of the record, those of the layout, and the sort values."""

    layout: Layout
    rows: Sequence[Sequence[Any]]
    before: int
    sorts: int
    """How many sort values there are, the last two of which are folded key and key."""
    typed: bool
    """Whether the values of a column are of one class, or None, since the store sees to it."""

    def cut(self, most: int) -> Cells:
        """The first rows."""
        if len(self.rows) <= most:
            return self
        return Cells(self.layout, self.rows[:most], self.before, self.sorts, self.typed)

    def position(self, index: int) -> Position:
        """The place of a row in the list."""
        *values, folded, key = tuple(self.rows[index])[-self.sorts :]
        return Position(tuple(values), folded, key, self.layout.source_key)

    @property
    def has_texts_alone(self) -> bool:
        """Whether it is certain that what is said to be text is text, or None."""
        if not self.typed:
            return False
        for cell in self.layout.texts:
            place = self.before + cell
            for row in self.rows:
                if (value := row[place]) is not None:
                    if value.__class__ is not str:
                        return False
                    break
        return True


TEXTS = frozenset({Form.TEXT, Form.NEEDED})
