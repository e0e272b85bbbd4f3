"""What a field means, and how it finds its value: read off a record, asked for all parents at once, or a root.

The meaning is data on the field: Strawberry's resolver is made of it, and the compiled executor reads it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types.field import StrawberryField

from backends.cells import Columns
from backends.directory import Beside
from backends.recorder import spanned
from resolvers.context import Batch, RequestContext
from resolvers.viewer import Scope

Info = strawberry.Info[RequestContext, Any]

REQUIRES = "kundengraph.requires"
MEANING = "kundengraph.meaning"
EVERYBODY = "kundengraph.everybody"

Requires = Scope | tuple[Scope, ...] | None
"""The scope that a field needs, or several of which any will do; None: none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question for all parents, and what the field makes of the answer for each."""

    batch: Batch
    arguments: tuple[Hashable, ...] = ()
    then: Callable[[Any], Any] | None = None
    brief: Batch | None = None
    """Asks for less, where nothing of `rest` is selected of the answer."""
    rest: frozenset[str] = frozenset()
    narrows: bool = False
    """Whether the question takes as its last argument the columns that are read of the answer."""

    def of_selected(self, names: frozenset[str]) -> Asked:
        """What to ask where these fields alone are selected of the answer."""
        if self.brief is None or names & self.rest:
            return self
        return Asked(self.brief, self.arguments, self.then)


@dataclass(frozen=True, slots=True)
class Each:
    """What the field reads off each parent by itself, because nothing needs to be asked for it here."""

    of: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Related:
    """A field that is asked for all parents at once: its arguments say what is asked."""

    ask: Callable[..., Asked | Each]
    takes_request: bool = False
    batch: Batch | None = None
    """What is asked whatever the arguments are, where that is known beforehand."""
    reads: frozenset[str] | None = None
    """All attributes of a parent that are read for it, where that is known; a parent may have no others."""

    def asked(self, request: RequestContext, arguments: Mapping[str, Any]) -> Asked | Each:
        """What to ask in this request."""
        return self.ask(request, **arguments) if self.takes_request else self.ask(**arguments)


@dataclass(frozen=True, slots=True)
class Computed:
    """A field that is computed of its parent, and at most of what the request holds already."""

    read: Callable[..., Any]
    takes_request: bool = False
    custom: str | None = None
    """The custom field whose text it is, if it is nothing else."""

    def of(self, parent: Any, request: RequestContext) -> Any:
        """The value for one parent."""
        return self.read(parent, request) if self.takes_request else self.read(parent)


@dataclass(frozen=True, slots=True)
class Rooted:
    """A root field: its resolver takes `info` for the request, the path and the schema alone."""

    resolver: Callable[..., Any]
    takes_info: bool = True

    def call(self, info: Any, arguments: Mapping[str, Any]) -> Any:
        """The value, or its coroutine."""
        return self.resolver(info, **arguments) if self.takes_info else self.resolver(**arguments)


Meaning = Related | Computed | Rooted


def relation(
    batch: Batch,
    requires: Requires = Scope.READ,
    reads: frozenset[str] | None = None,
    *,
    narrows: bool = False,
) -> Any:
    """A field without arguments that is asked for all parents of a request at once; its annotation is its type."""
    asked = Asked(batch, narrows=narrows)
    return _field(Related(lambda: asked, batch=batch, reads=reads), requires, lambda: None)


def related(ask: Any) -> Any:
    """The same with arguments: the decorated function says what they ask for; its result's type is the field's."""
    return _related(ask, Scope.READ)


def reading(attributes: frozenset[str]) -> Callable[[Any], Any]:
    """The same, where it is known that of parents these attributes alone are read."""
    return lambda ask: _related(ask, Scope.READ, attributes)


def surveyed(ask: Any) -> Any:
    """The same for those alone who may look over everything: customers have no use for it."""
    return _related(ask, Scope.SURVEY)


def computed(read: Any) -> Any:
    """A field that the decorated function computes of its parent, and of the request if it takes one."""
    function = inspect.unwrap(getattr(read, "__func__", read))
    return _field(
        Computed(function, "request" in inspect.signature(function).parameters), Scope.READ, function
    )


def root(
    requires: Requires = Scope.READ, *, everybody: bool = False, name: str | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A root field, with the scope that a caller needs for it; None: whoever is known may ask.

    `everybody`: it changes what belongs to no customer, so that who sees some rows only may not.
    """

    def made(resolver: Callable[..., Any]) -> Any:
        function = getattr(resolver, "__func__", resolver)
        meaning = Rooted(function, "info" in inspect.signature(function).parameters)
        metadata = {MEANING: meaning, REQUIRES: requires, EVERYBODY: everybody}
        return strawberry.field(resolver=resolver, metadata=metadata, name=name)

    return made


def _related(ask: Any, requires: Scope, reads: frozenset[str] | None = None) -> Any:
    function = inspect.unwrap(getattr(ask, "__func__", ask))
    takes_request = "request" in inspect.signature(function).parameters
    return _field(Related(function, takes_request, reads=reads), requires, function)


def _field(
    meaning: Related | Computed, requires: Requires, function: Callable[..., Any], **settings: Any
) -> Any:
    """The field with the resolver that Strawberry calls, and its meaning beside it."""
    metadata = {MEANING: meaning, REQUIRES: requires}
    return strawberry.field(resolver=_resolver(meaning, function), metadata=metadata, **settings)


def _resolver(meaning: Related | Computed, function: Callable[..., Any]) -> Callable[..., Any]:
    """A resolver of one parent after another that takes the arguments, and has the type, of `function`."""

    def compute(root: Any, info: Info) -> Any:
        return meaning.of(root, info.context)  # type: ignore[union-attr]

    async def ask(root: Any, info: Info, **arguments: Any) -> Any:
        asked = meaning.asked(info.context, arguments)  # type: ignore[union-attr]
        if isinstance(asked, Each):
            return asked.of(root)
        value = await load(info.context, asked.batch, root, *asked.arguments)
        return value if asked.then is None else asked.then(value)

    resolve: Any = ask if isinstance(meaning, Related) else compute
    known = inspect.signature(function)
    own = [
        inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Parent[Any]),  # type: ignore[misc]
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
    ]
    given = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in known.parameters.values()
        if one.name not in ("root", "request")
    ]
    resolve.__signature__ = known.replace(parameters=[*own, *given])
    resolve.__module__ = function.__module__
    resolve.__name__ = function.__name__
    return resolve  # type: ignore[no-any-return]


async def load(context: RequestContext, batch: Batch, parent: Any, *arguments: Hashable) -> Any:
    """The value of `batch` for one parent, asked together with those of its siblings."""
    key = (batch, arguments)
    if (loader := context.loaders.get(key)) is None:

        async def fetch(parents: Sequence[Any]) -> list[Any]:
            with spanned(f"batch {batch.__name__}"):
                return list(await batch(context, parents, *arguments))

        loader = context.loaders[key] = DataLoader(load_fn=fetch, cache_key_fn=_Same)
    return await loader.load(parent)


class _Same:
    """A parent as a key: itself alone, and kept alive, lest another one be taken for it."""

    __slots__ = ("parent",)

    def __init__(self, parent: object) -> None:
        self.parent = parent

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.parent is other.parent

    def __hash__(self) -> int:
        return id(self.parent)


def aside(info: Info, value: Any) -> Any:
    """Hand over the value, and note the error that stands beside it under the field's path."""
    if isinstance(value, Beside):
        info.context.beside.append((info.path, value.error))
        return value.value
    return value


def columns(info: Any) -> Columns | None:
    """All that is read of the records of the list that is asked for, where the executor can do with cells."""
    return getattr(info, "columns", None)


CustomFields = Mapping[str, Sequence[StrawberryField]]
"""Fields that only a configuration knows, by the name of their type."""


def custom_field(name: str, type_: type, meaning: Related | Computed) -> StrawberryField:
    """A mapped custom field: `name` in the schema."""
    field: StrawberryField = _field(meaning, Scope.READ, lambda: None, name=name, graphql_type=type_ | None)
    field.python_name = name
    return field
