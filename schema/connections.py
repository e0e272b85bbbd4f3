"""Connections and what stands on them: edges, page information, reports, totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers import lists
from schema.enums import CountPrecision, Membership, ServedFrom, SourceStatus
from schema.fields import Info, load, relation

if TYPE_CHECKING:
    from schema.types import Customer, CustomerUser, Source

UserNode = Annotated["CustomerUser", strawberry.lazy("schema.types")]
CustomerNode = Annotated["Customer", strawberry.lazy("schema.types")]
SourceNode = Annotated["Source", strawberry.lazy("schema.types")]


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class SourceReport:
    status: SourceStatus
    served_from: ServedFrom
    elapsed_ms: float
    message: str | None

    @strawberry.field
    @staticmethod
    def source(root: strawberry.Parent[Any], info: Info) -> SourceNode:
        return info.context.users.source(root.source_key)  # type: ignore[return-value]


@strawberry.type
class CustomerUserEdge:
    cursor: str
    node: UserNode
    membership: list[Membership] | None


@strawberry.type
class CustomerUserConnection:
    edges: list[CustomerUserEdge]
    nodes: list[UserNode]

    @strawberry.field
    @staticmethod
    def page_info(root: strawberry.Parent[Any]) -> PageInfo:
        return root  # type: ignore[no-any-return]

    @strawberry.field
    @staticmethod
    async def total_count(root: strawberry.Parent[Any], info: Info) -> int | None:
        return (await load(info.context, lists.totals, root)).number  # type: ignore[no-any-return]

    @strawberry.field
    @staticmethod
    async def total_count_precision(root: strawberry.Parent[Any], info: Info) -> CountPrecision:
        total = await load(info.context, lists.totals, root)
        exact = total.exact and root.listing.silent is None  # a remembered number is no answer
        return CountPrecision.EXACT if exact else CountPrecision.AT_LEAST

    @strawberry.field
    @staticmethod
    def sources(root: strawberry.Parent[Any]) -> list[SourceReport]:
        return list(root.reports)


@strawberry.type
class CustomerEdge:
    cursor: str
    node: CustomerNode


@strawberry.type
class CustomerConnection:
    edges: list[CustomerEdge]
    nodes: list[CustomerNode]

    @strawberry.field
    @staticmethod
    def page_info(root: strawberry.Parent[Any]) -> PageInfo:
        return root  # type: ignore[no-any-return]

    total_count: int | None = relation(lists.certain_totals)
