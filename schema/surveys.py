"""Surveys over all sources: how often a value occurs, and which logins the order hides."""

from __future__ import annotations

from typing import Any

import strawberry

from schema.connections import PageInfo, SourceReport
from schema.enums import CountPrecision
from schema.fields import computed
from schema.types import Source


@strawberry.type
class CustomerUserCount:
    value: str | None
    count: int


@strawberry.type
class CustomerUserCounts:
    nodes: list[CustomerUserCount]

    @computed
    @staticmethod
    def precision(root: Any) -> CountPrecision:
        return CountPrecision.EXACT if root.exact else CountPrecision.AT_LEAST

    @computed
    @staticmethod
    def sources(root: Any) -> list[SourceReport]:
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

    @computed
    @staticmethod
    def page_info(root: Any) -> PageInfo:
        return root  # type: ignore[no-any-return]

    @computed
    @staticmethod
    def sources(root: Any) -> list[SourceReport]:
        return list(root.reports)
