"""What a caller may not ask about: fields that are hidden from it, and texts that list customers it may not be told of."""

from __future__ import annotations

from collections.abc import Iterable

from backends.errors import Forbidden
from backends.filters import FieldCondition
from backends.order import OrderTerm
from resolvers.asked import UserFilter
from resolvers.context import RequestContext

LISTED = "listedCustomerIds"


def check_names(context: RequestContext, names: Iterable[str], argument: str) -> None:
    """FORBIDDEN where one of the fields is hidden, or, for whoever sees some customers only, lists all of them."""
    for name in names:
        if name in context.viewer.hidden_fields or (name == LISTED and context.is_limited):
            raise Forbidden(f"{name} is hidden from {context.viewer.name}.", argument=argument)


def check_order(context: RequestContext, terms: Iterable[OrderTerm]) -> None:
    """The same for the terms of an order."""
    check_names(context, (term.field for term in terms), "orderBy")


def check_fields(context: RequestContext, conditions: Iterable[FieldCondition]) -> None:
    """The same for conditions on fields."""
    check_names(context, (one.name for one in conditions), "filter.fields")


def check_user_filter(context: RequestContext, asked: UserFilter) -> None:
    """The same for a filter of customer users; `email` compares whatever fields the sources use for it (SRC-13)."""
    if not context.viewer.hidden_fields:
        return
    if asked.customer_ids is not None:
        check_names(context, ["customerId"], "filter.customerIds")
    if asked.email is not None:
        names = {
            row.name
            for source in context.users.sources
            for row in source.mapping.fields
            if row.column
            in (
                *source.mapping.search.post_master_columns,
                *source.mapping.search.post_master_dynamic_fields,
            )
        }
        check_names(context, sorted({"email", *names}), "filter.email")
