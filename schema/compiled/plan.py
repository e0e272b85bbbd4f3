"""What a plan is made of: selections of fields over object types, and the shapes of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInterfaceType,
    GraphQLLeafType,
    GraphQLObjectType,
    OperationDefinitionNode,
)

from backends.bounded import Bounded
from backends.cells import Columns
from resolvers.context import RequestContext
from schema.fields import Computed, Related, Rooted
from schema.hiding import hidden

LAYOUTS = 16
"""Writers of one selection for pages of cells: one for each layout it meets."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that is read off its parent as it stands there."""

    name: str

    def of(self, parent: Any, request: RequestContext) -> Any:
        """The value for one parent."""
        return getattr(parent, self.name)


@dataclass(frozen=True, slots=True)
class TypeName:
    """`__typename`."""

    name: str

    def of(self, parent: Any, request: RequestContext) -> Any:
        """The same for all parents."""
        return self.name


@dataclass(frozen=True, slots=True)
class Hidden:
    """A field that the caller may not read."""

    name: str

    def of(self, parent: Any, request: RequestContext) -> Any:
        """Never a value."""
        raise hidden(request.viewer, self.name)


Meaning = Attribute | TypeName | Hidden | Computed | Related | Rooted


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an enum."""

    type: GraphQLLeafType
    required: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A list."""

    item: Shape
    required: bool


@dataclass(slots=True, eq=False)
class Objects:
    """An object; of an interface, one of the types that implement it."""

    type: GraphQLObjectType | GraphQLInterfaceType
    required: bool
    selections: Mapping[str, Selection]
    """What is selected, by the name of the object type."""
    known: dict[Any, Selection | None] = field(default_factory=dict)

    @property
    def suspends(self) -> bool:
        """Whether something below may have to wait."""
        return any(one.suspends for one in self.selections.values())

    def selection(self, value: object) -> Selection | None:
        """What is selected of this value; None where it is no object of the type. Its class alone decides."""
        kind = type(value)
        if kind not in self.known:
            self.known[kind] = self._find(value)
        return self.known[kind]

    def _find(self, value: object) -> Selection | None:
        if isinstance(value, Exception) or value is None:
            return None
        for one in self.selections.values():
            accepts = one.type.is_type_of
            if accepts(value, None) if accepts else isinstance(self.type, GraphQLObjectType):  # type: ignore[arg-type]
                return one
        return None


Shape = Leaf | Listed | Objects


@dataclass(slots=True, eq=False)
class Step:
    """One field of a selection."""

    key: str
    name: str
    owner: str
    """The type that the field is one of."""
    nodes: list[FieldNode]
    meaning: Meaning
    shape: Shape
    place: int
    """Which of the selection's fields it is."""
    arguments: Callable[[Run], Mapping[str, Any]] | None = None
    suspends: bool = False
    shared: bool = False
    """Whether another field of the plan may ask the same, so that both have to meet."""
    column: Callable[[Sequence[Any]], list[Any]] | None = None
    """Writes the values of a field that is asked, where they are as they should be."""

    columns: Columns | None = None
    """All that a list reads of its records, where that is columns alone."""
    objects: Objects | None = field(init=False)
    """What it leads to: an object, or lists of objects; None for all else."""

    def __post_init__(self) -> None:
        shape = self.shape
        while isinstance(shape, Listed):
            shape = shape.item
        self.objects = shape if isinstance(shape, Objects) else None

    @property
    def selected(self) -> frozenset[str]:
        """Names of the fields that are selected of what it leads to."""
        below = self.objects
        return frozenset(
            one.name for some in (below.selections.values() if below else ()) for one in some.steps
        )


@dataclass(slots=True, eq=False)
class Selection:
    """What is selected of one object type, in the order of the answer."""

    type: GraphQLObjectType
    steps: Sequence[Step] = ()
    below: Sequence[Step] = ()
    """Those that lead to objects, or are asked for all parents at once; the others are written with the row."""
    writers: dict[Any, Callable[[Sequence[Any], RequestContext], list[dict[str, Any]]]] = field(
        default_factory=dict
    )
    """Write rows of records of one class, where all is as it should be."""
    cell_writers: Bounded[Any, Callable[[Sequence[Any]], list[dict[str, Any]]]] = field(
        default_factory=partial(Bounded, LAYOUTS)
    )
    """The same for pages of cells, by their layout."""
    seen: int = 0
    """Rows so far."""
    hidden: Sequence[Step] = field(init=False)
    """Values that the caller may not read."""
    suspends: bool = field(init=False)
    """Whether something in it may have to wait."""

    def __post_init__(self) -> None:
        self.suspends = any(one.suspends for one in self.below)
        self.hidden = [one for one in self.steps if isinstance(one.meaning, Hidden) and one.objects is None]


@dataclass(slots=True, eq=False)
class Plan:
    """How one operation is executed."""

    operation: OperationDefinitionNode
    root: Selection
    fields: int
    blank: Mapping[str, Any] = field(init=False)
    """The answer before anything is known of it."""
    plain: Sequence[Step] = field(init=False)
    """Root fields that nobody is asked for."""

    def __post_init__(self) -> None:
        self.blank = dict.fromkeys(step.key for step in self.root.steps)
        self.plain = [step for step in self.root.steps if not isinstance(step.meaning, Rooted)]


@dataclass(slots=True, eq=False)
class Run:
    """One execution of a plan."""

    plan: Plan
    request: RequestContext
    variables: Any
    """As graphql-core has coerced them."""
    hide_suggestions: bool
    schema: Any = None
    asking: dict[Any, Any] = field(default_factory=dict)
    """Questions that are about to be asked, so that equal ones of several fields are asked once."""
