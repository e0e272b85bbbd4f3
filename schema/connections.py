"""Connections and what stands on them: edges, page information, reports, totals."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from backends.directory import Total
from resolvers import lists
from resolvers.context import RequestContext
from schema.enums import CountPrecision, Membership, ServedFrom, SourceStatus
from schema.fields import Asked, computed, related, relation

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

    @computed
    @staticmethod
    def source(root: Any, request: RequestContext) -> SourceNode:
        return request.users.source(root.source_key)  # type: ignore[return-value]


@strawberry.type
class CustomerUserEdge:
    cursor: str
    node: UserNode
    membership: list[Membership] | None


@strawberry.type
class CustomerUserConnection:
    edges: list[CustomerUserEdge]
    nodes: list[UserNode]

    @computed
    @staticmethod
    def page_info(root: Any) -> PageInfo:
        return root  # type: ignore[no-any-return]

    @related
    @staticmethod
    def total_count() -> int | None:
        return Asked(lists.known_totals, then=attrgetter("number"))  # type: ignore[return-value]

    @related
    @staticmethod
    def total_count_precision() -> CountPrecision:
        return Asked(lists.known_totals, then=_precision)  # type: ignore[return-value]

    @computed
    @staticmethod
    def sources(root: Any) -> list[SourceReport]:
        return list(root.reports)


@strawberry.type
class CustomerEdge:
    cursor: str
    node: CustomerNode


@strawberry.type
class CustomerConnection:
    edges: list[CustomerEdge]
    nodes: list[CustomerNode]

    @computed
    @staticmethod
    def page_info(root: Any) -> PageInfo:
        return root  # type: ignore[no-any-return]

    total_count: int | None = relation(lists.certain_totals)


def _precision(total: Total) -> CountPrecision:
    return CountPrecision.EXACT if total.exact else CountPrecision.AT_LEAST
