"""Subscriptions over HTTP: which requests they are, and how their events are written."""

from __future__ import annotations

from graphql import GraphQLError, OperationType, get_operation_ast, parse
from strawberry.http.streaming import SSETransport

MOST_TOKENS = 10_000
"""A document with more of them is no subscription worth finding out."""


def is_subscription(query: str | None, name: str | None) -> bool:
    """Whether a document asks for events; one that cannot be read does not."""
    if not query or "subscription" not in query:
        return False
    try:
        operation = get_operation_ast(parse(query, no_location=True, max_tokens=MOST_TOKENS), name)
    except (GraphQLError, RecursionError):
        return False
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


class Events(SSETransport):
    """Server-sent events whose lines end with LF alone, which every client reads."""

    def encode_event(self, event: str, data: str | None = None) -> str:
        return super().encode_event(event, data).replace("\r\n", "\n")

    def encode_comment(self, comment: str) -> str:
        return super().encode_comment(comment).replace("\r\n", "\n")
