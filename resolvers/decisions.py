"""Decisions rest on no record past its lifetime: what a silent source last said may have been revoked since (R12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from backends.errors import GatewayError, SourceUnavailable
from backends.model import CustomerUser, ServedFrom
from resolvers.context import RequestContext

V = TypeVar("V")
P = ParamSpec("P")

Batch = Callable[Concatenate[RequestContext, Sequence[CustomerUser], P], Awaitable[Sequence[V]]]


def on_fresh_records(batch: Batch[P, V]) -> Batch[P, V | GatewayError]:
    """The same relation, with SOURCE_UNAVAILABLE in the place of each user who is known from before only."""

    async def decide(
        context: RequestContext, users: Sequence[CustomerUser], /, *args: P.args, **kwargs: P.kwargs
    ) -> Sequence[V | GatewayError]:
        found = await batch(context, users, *args, **kwargs)
        return [
            SourceUnavailable(user.source_key) if user.served_from is ServedFrom.STALE_CACHE else value
            for user, value in zip(users, found, strict=True)
        ]

    return decide
