"""The schema as an Apollo Federation 2 subgraph: its text for a router, and records by the keys that others hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, NewType

import strawberry
from graphql import DefinitionNode, DocumentNode, GraphQLSchema, parse, print_ast, print_schema
from graphql.language import ObjectTypeDefinitionNode

from resolvers import entities
from resolvers.entities import ENTITIES
from schema.fields import Info, root
from schema.groups import Group, Service
from schema.query import Query
from schema.types import Customer, CustomerUser

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])'
SHARED = frozenset({"PageInfo"})
"""Types that other services may have too."""
OWN = frozenset({"_Any", "_Entity", "_Service"})
ADDED = frozenset({"_entities", "_service"})
"""What the router adds by itself."""

FederationAny = NewType("FederationAny", object)
SCALARS: dict[object, Any] = {
    FederationAny: strawberry.scalar(name="_Any", serialize=lambda one: one, parse_value=lambda one: one)
}
Entity = Annotated[CustomerUser | Customer | Group | Service, strawberry.union("_Entity")]


@strawberry.type(name="_Service")
class Subgraph:
    sdl: str


@strawberry.type(name="Query")
class FederatedQuery(Query):
    @root(name="_entities")
    @staticmethod
    async def entities(info: Info, representations: list[FederationAny]) -> list[Entity | None]:
        return list(await entities.found(info.context, representations))

    @root(requires=None, name="_service")
    @staticmethod
    def service_text(info: Info) -> Subgraph:
        return Subgraph(sdl=info.schema.subgraph)  # type: ignore[attr-defined]


def subgraph_text(schema: GraphQLSchema) -> str:
    """The schema as a router composes it: with keys, without what it adds by itself."""
    document = parse(print_schema(schema))
    kept = [_marked(one) for one in document.definitions if _name(one) not in OWN]
    return f"{LINK}\n\n{print_ast(DocumentNode(definitions=tuple(kept)))}\n"


def _marked(node: DefinitionNode) -> DefinitionNode:
    if not isinstance(node, ObjectTypeDefinitionNode):
        return node
    name = _name(node)
    if name in ENTITIES:
        return replace(node, directives=_directives(f'@key(fields: "{ENTITIES[name].key}")'))
    if name in SHARED:
        return replace(node, directives=_directives("@shareable"))
    if name == "Query":
        return replace(node, fields=tuple(one for one in node.fields or () if one.name.value not in ADDED))
    return node


def _directives(text: str) -> Any:
    [node] = parse(f"type Any {text}").definitions
    return node.directives  # type: ignore[attr-defined]


def _name(node: DefinitionNode) -> str:
    return str(getattr(getattr(node, "name", None), "value", ""))
