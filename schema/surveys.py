"""Surveys over all sources: how often a value occurs, and which logins the order hides."""

from __future__ import annotations

from typing import Any

import strawberry

from schema.connections import PageInfo, SourceReport
from schema.enums import CountPrecision
from schema.types import Source


@strawberry.type
class CustomerUserCount:
    value: str | None
    count: int


@strawberry.type
class CustomerUserCounts:
    nodes: list[CustomerUserCount]

    @strawberry.field
    @staticmethod
    def precision(root: strawberry.Parent[Any]) -> CountPrecision:
        return CountPrecision.EXACT if root.exact else CountPrecision.AT_LEAST

    @strawberry.field
    @staticmethod
    def sources(root: strawberry.Parent[Any]) -> list[SourceReport]:
        return list(root.reports)


@strawberry.type
class DuplicateLoginEdge:
    cursor: str
    login: str
    sources: list[Source]


@strawberry.type
class DuplicateLoginConnection:
    edges: list[DuplicateLoginEdge]
    total_count: int | None

    @strawberry.field
    @staticmethod
    def page_info(root: strawberry.Parent[Any]) -> PageInfo:
        return root  # type: ignore[no-any-return]

    @strawberry.field
    @staticmethod
    def sources(root: strawberry.Parent[Any]) -> list[SourceReport]:
        return list(root.reports)
