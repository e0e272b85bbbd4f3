"""How a field finds its resolver: relations through a dataloader for each request, roots with the scope they need."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types.field import StrawberryField

from backends.directory import Beside
from resolvers.context import Batch, RequestContext
from resolvers.viewer import Scope

Info = strawberry.Info[RequestContext, Any]

REQUIRES = "kundengraph.requires"
BATCH = "kundengraph.batch"


def relation(batch: Batch, requires: Scope = Scope.READ) -> Any:
    """A field whose values are fetched for all parents of a request at once; its annotation is its type."""

    async def resolve(root: strawberry.Parent[Any], info: Info):  # type: ignore[no-untyped-def]
        return await load(info.context, batch, root)

    return strawberry.field(resolver=resolve, metadata={BATCH: batch, REQUIRES: requires})


def root(requires: Scope | None = Scope.READ) -> Callable[[Callable[..., Any]], Any]:
    """A root field, with the scope that a caller needs for it; None: whoever is known may ask."""

    def made(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(resolver=resolver, metadata={REQUIRES: requires})

    return made


async def load(context: RequestContext, batch: Batch, parent: Any, *arguments: Hashable) -> Any:
    """The value of `batch` for one parent, asked together with those of its siblings."""
    key = (batch, arguments)
    if (loader := context.loaders.get(key)) is None:

        async def fetch(parents: Sequence[Any]) -> list[Any]:
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


CustomFields = Mapping[str, Sequence[StrawberryField]]
"""Fields that only a configuration knows, by the name of their type."""


def custom_field(name: str, type_: type, resolver: Callable[..., Any]) -> StrawberryField:
    """A mapped custom field: `name` in the schema, read by `resolver`."""
    field: StrawberryField = strawberry.field(resolver=resolver, name=name, graphql_type=type_ | None)
    field.python_name = name
    return field
