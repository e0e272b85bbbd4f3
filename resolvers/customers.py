"""What the fields of customers mean: look-ups, lists, attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backends.cells import Columns
from backends.model import Customer
from backends.order import Order, OrderTerm
from resolvers import dynamic_fields
from resolvers.asked import CustomerFilter
from resolvers.context import RequestContext
from resolvers.customer_users import AttributeValue, texts
from resolvers.lists import Connection, ListRequest, page_size
from resolvers.refusals import check_order


@dataclass(frozen=True, slots=True)
class CustomerList:
    """A list of customers as the caller asked for it."""

    filter: CustomerFilter = field(default_factory=CustomerFilter)
    search: str | None = None
    order: tuple[OrderTerm, ...] = ()
    first: int | None = None
    after: str | None = None
    columns: Columns | None = None
    """All that is read of the records, where whoever asks can do with cells."""


async def by_id(context: RequestContext, customer_id: str, source: str | None = None) -> Customer | None:
    """The first customer source that knows the ID answers; a silent earlier one is an error."""
    lookup = await context.customers.get_many([customer_id], source=source, stop_at_gap=True)
    return lookup.certain(customer_id)


async def page(context: RequestContext, wanted: CustomerList) -> Connection[Customer]:
    """One page over all customer sources, each ID once; a silent source is an error."""
    check_order(context, wanted.order)
    checked = await dynamic_fields.customer_filter(context, wanted.filter, wanted.search)
    request = ListRequest(
        "customers",
        context.customers,
        (wanted.filter, wanted.search),
        Order.of(wanted.order, "customerId"),
        page_size(wanted.first),
        wanted.after,
        columns=wanted.columns,
    )
    connection = (await request.fetch(context, [checked]))[0]
    if silent := connection.listing.silent:
        raise silent
    return connection


async def attributes_of(
    context: RequestContext, customers: Sequence[Customer]
) -> Sequence[Sequence[AttributeValue]]:
    """Mapped values beside the standard fields, dynamic fields included, in the order of the mapping."""
    dynamic = await dynamic_fields.of_customers(context, customers)
    found = []
    for customer in customers:
        mapping = context.customers.mapping(customer.source_key)
        values = {name: texts(value) for name, value in customer.custom.items()}
        own = dynamic[customer.customer_id]
        values |= {row.name: tuple(own.get(row.column, ())) for row in mapping.dynamic_fields}
        shown = values.keys() - context.viewer.hidden_fields
        rows = (row for row in mapping.fields if row.name in shown)
        found.append([AttributeValue(row.name, row.variable, row.label, values[row.name]) for row in rows])
    return found
