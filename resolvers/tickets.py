"""What a ticket takes over from its customer user, by the configured mapping (DFC rules)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends import labels
from backends.directory import Directory
from backends.errors import GatewayError
from backends.gathering import gathered
from backends.mapping import first
from backends.model import Customer, CustomerUser, Record
from backends.protocol import R
from resolvers import dynamic_fields
from resolvers.context import RequestContext
from resolvers.customer_users import customer_of
from resolvers.preferences import is_secret


@dataclass(frozen=True, slots=True)
class DynamicFieldValue:
    """A ticket's dynamic field, and what it gets."""

    name: str
    value: str | None


async def ticket_fields_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[DynamicFieldValue] | GatewayError]:
    """The values for each user's tickets; the error of a source that may hold its customer."""
    if not context.services.ticket_fields:
        return [[] for _ in users]
    customers = await customer_of(context, users)
    known = [None if isinstance(one, GatewayError) else one for one in customers]
    values = await ticket_fields_with(context, users, known)
    pairs = zip(customers, values, strict=True)
    return [
        customer if isinstance(customer, GatewayError) else told(context, some) for customer, some in pairs
    ]


def told(context: RequestContext, values: Sequence[DynamicFieldValue]) -> Sequence[DynamicFieldValue]:
    """Without those that hidden fields go into."""
    hidden = context.viewer.hidden_fields
    if not hidden:
        return values
    mappings = [one.mapping for one in context.users.sources]
    mappings += [one.mapping for one in context.customers.sources]
    variables = {row.variable for mapping in mappings for row in mapping.fields if row.name in hidden}
    wanted = context.services.ticket_fields
    untold = {name for variable, name in sorted(wanted.items()) if variable in variables}
    return [one for one in values if one.name not in untold]


async def ticket_fields_with(
    context: RequestContext, users: Sequence[CustomerUser], customers: Sequence[Customer | None]
) -> Sequence[Sequence[DynamicFieldValue]]:
    """The same with each user's customer in hand; an empty value is the empty text (DFC-5)."""
    wanted = context.services.ticket_fields
    return [_mapped(wanted, some) for some in await _values(context, users, customers)]


def emptied(context: RequestContext) -> Sequence[DynamicFieldValue]:
    """The values for a ticket whose customer user does not exist (DFC-6)."""
    return _mapped(context.services.ticket_fields, {})


def _mapped(wanted: Mapping[str, str], values: Mapping[str, str]) -> list[DynamicFieldValue]:
    """By variable in the order of their names; of two that name one field, the later counts (DFC-3)."""
    fields = {wanted[variable]: values.get(variable) or "" for variable in sorted(wanted)}
    return [DynamicFieldValue(name, value) for name, value in sorted(fields.items())]


async def _values(
    context: RequestContext, users: Sequence[CustomerUser], customers: Sequence[Customer | None]
) -> Sequence[Mapping[str, str]]:
    """All that is known of each user by variable: its customer's, below preferences, below its own (CU-7, PREF-6)."""
    preferences, dynamic, of_customers = await gathered(
        context.services.preferences.preferences_of([user.login for user in users]),
        dynamic_fields.of_users(context, users),
        _customer_fields(context, [one for one in customers if one is not None]),
    )
    found = []
    for user, customer in zip(users, customers, strict=True):
        mapping = context.users.mapping(user.source_key)
        values: dict[str, str] = {}
        if customer is not None:
            values |= _stored(context.customers, customer)
            values |= of_customers.get(customer.customer_id, {})
        values |= {
            key: value or ""
            for key, value in preferences.get(user.login, {}).items()
            if not is_secret(context, key)
        }
        values |= _stored(context.users, user)
        values |= {
            row.variable: " ".join(dynamic[user.login].get(row.column, ())) for row in mapping.dynamic_fields
        }
        values["UserFullname"] = labels.full_name(mapping, user, dynamic[user.login])
        found.append(values)
    return found


async def _customer_fields(
    context: RequestContext, customers: Sequence[Customer]
) -> Mapping[str, Mapping[str, str]]:
    """Dynamic fields of customers by variable."""
    found = await dynamic_fields.of_customers(context, customers)
    return {
        one.customer_id: {
            row.variable: " ".join(found[one.customer_id].get(row.column, ()))
            for row in context.customers.mapping(one.source_key).dynamic_fields
        }
        for one in customers
    }


def _stored(directory: Directory[R], record: Record) -> dict[str, str]:
    """A record's mapped values by variable, as stored."""
    mapping = directory.mapping(record.source_key)
    return {
        row.variable: first(record.stored[mapping.column_index(row.column)]) or ""
        for row in mapping.fields
        if not row.is_dynamic and row.column not in record.withheld
    }
