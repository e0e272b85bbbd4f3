"""What the fields of customer users mean: look-ups, lists, and the relations that hang on a login."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backends import labels
from backends.directory import Beside, Lookup
from backends.errors import BadUserInput, GatewayError
from backends.filters import Members
from backends.mapping import RecordMapping
from backends.model import Customer, CustomerUser, Membership, Value
from backends.order import OrderTerm, fold
from backends.protocol import R
from backends.source import Source
from resolvers import dynamic_fields
from resolvers.asked import UserFilter
from resolvers.context import RequestContext
from resolvers.lists import Connection, ListRequest, Policy, order_of, page_size

MAX_KEYS = 1000
"""Logins of one look-up at most."""


@dataclass(frozen=True, slots=True)
class UserList:
    """A list of customer users as the caller asked for it."""

    filter: UserFilter = field(default_factory=UserFilter)
    search: str | None = None
    words: bool = False
    order: tuple[OrderTerm, ...] = ()
    first: int | None = None
    after: str | None = None
    policy: Policy = Policy.PARTIAL


async def by_login(
    context: RequestContext, login: str, source: str | None = None, policy: Policy = Policy.FAIL
) -> CustomerUser | Beside[CustomerUser] | None:
    """The owner's record, None where nobody has it; a gap raises, or with PARTIAL stands beside what was found."""
    lookup = await context.users.get_many([login], source=source, stop_at_gap=policy is Policy.FAIL)
    return lookup.certain(login) if policy is Policy.FAIL else lookup.best(login)


async def by_logins(
    context: RequestContext, logins: Sequence[str]
) -> Sequence[CustomerUser | GatewayError | None]:
    """One record, None or error for each login, in the order asked."""
    if len(logins) > MAX_KEYS:
        raise BadUserInput(f"At most {MAX_KEYS} logins at once, not {len(logins)}.", argument="logins")
    lookup = await context.users.get_many(logins, stop_at_gap=True)
    return [_or_error(lookup, login) for login in logins]


async def page(context: RequestContext, wanted: UserList) -> Connection[CustomerUser]:
    """One page over all sources, each login once."""
    checked = await dynamic_fields.user_filter(context, wanted.filter, wanted.search, words=wanted.words)
    request = ListRequest(
        "customerUsers",
        context.users,
        (wanted.filter, wanted.search, wanted.words),
        order_of(wanted.order, "login"),
        page_size(wanted.first),
        wanted.after,
        _only(context, wanted.filter),
    )
    connection = (await request.fetch(context, [checked]))[0]
    if wanted.policy is Policy.FAIL and (silent := connection.listing.silent):
        raise silent
    return connection


async def of_customers(
    context: RequestContext,
    customers: Sequence[Customer],
    filter: UserFilter,
    membership: frozenset[Membership] | None,
    first: int | None,
    after: str | None,
) -> Sequence[Connection[CustomerUser]]:
    """The customer users of each customer: primary, listed and additional, each once (MULTI-11)."""
    kinds = membership if membership is not None else frozenset(Membership)
    related: Mapping[str, Sequence[str]] = {}
    if Membership.ADDITIONAL in kinds or membership is None:
        related = await context.registry.logins_of([customer.customer_id for customer in customers])
    base = await dynamic_fields.user_filter(context, filter, None)
    filters = [
        replace(base, members=Members(one.customer_id, tuple(related.get(one.customer_id, ())), kinds))
        for one in customers
    ]
    request = ListRequest(
        "Customer.customerUsers",
        context.users,
        (filter, membership),
        order_of((), "login"),
        page_size(first),
        after,
        _only(context, filter),
    )
    connections = await request.fetch(context, filters, [one.customer_id for one in customers])
    return [
        replace(connection, memberships=_memberships(connection, customer, related))
        for connection, customer in zip(connections, customers, strict=True)
    ]


async def customers_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[Customer] | GatewayError]:
    """The customers stored under each user's customer IDs, in their order."""
    ids = await customer_ids_of(context, users)
    lookup = await context.customers.get_many({one for some in ids for one in some}, stop_at_gap=True)
    found: list[Sequence[Customer] | GatewayError] = []
    for some in ids:
        try:
            records = [record for one in some if (record := lookup.certain(one)) is not None]
        except GatewayError as error:
            found.append(error)
        else:
            found.append(list({record.customer_id: record for record in records}.values()))
    return found


async def customer_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Customer | GatewayError | None]:
    """The primary customer of each user; None where its source has no customer support (SRC-20)."""
    ids = [user.customer_id if _mapping(context, user).customer_support else None for user in users]
    lookup = await context.customers.get_many({one for one in ids if one}, stop_at_gap=True)
    return [_or_error(lookup, one) if one else None for one in ids]


async def customer_ids_of(context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[Sequence[str]]:
    """All customer IDs that apply, primary first, each once (MULTI-1 to MULTI-5)."""
    related = await context.registry.customers_of([user.login for user in users])
    return [_customer_ids(context, user, related.get(user.login, ())) for user in users]


async def additional_customer_ids_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[str]]:
    """The additional customers of each user as stored, ordered by ID (MULTI-8)."""
    related = await context.registry.customers_of([user.login for user in users])
    return [list(related.get(user.login, ())) for user in users]


async def shadowed_sources_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[Source[CustomerUser]]]:
    """Later sources that hold the same login and are hidden."""
    held = await context.users.shadowing({user.login: user.source_key for user in users})
    return [held.get(user.login, ()) for user in users]


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """One mapped value that is not a standard field."""

    name: str
    variable: str
    label: str
    values: Sequence[str]

    @property
    def value(self) -> str | None:
        """The value, or the first of several."""
        return self.values[0] if self.values else None


async def attributes_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[AttributeValue]]:
    """Mapped values beside the standard fields, dynamic fields included, in the order of the mapping."""
    dynamic = await dynamic_fields.of_users(context, users)
    found = []
    for user in users:
        mapping = _mapping(context, user)
        values = {name: texts(value) for name, value in user.custom.items()}
        values |= {row.name: tuple(dynamic[user.login].get(row.column, ())) for row in mapping.dynamic_fields}
        if listed := mapping.field("listedCustomerIds"):
            values[listed.name] = user.listed_customer_ids
        rows = (row for row in mapping.fields if row.name in values)
        found.append([AttributeValue(row.name, row.variable, row.label, values[row.name]) for row in rows])
    return found


async def dynamic_values_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Mapping[str, str | None]]:
    """Dynamic fields of each user by GraphQL name; several values are joined by a comma and a blank."""
    dynamic = await dynamic_fields.of_users(context, users)
    return [
        {
            row.name: ", ".join(dynamic[user.login].get(row.column, ())) or None
            for row in _mapping(context, user).dynamic_fields
        }
        for user in users
    ]


async def full_names_of(context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[str]:
    """Full names with dynamic fields in them (CU-9)."""
    dynamic = await dynamic_fields.displayed(context, users)
    return [labels.full_name(_mapping(context, user), user, dynamic[user.login]) for user in users]


async def labels_of(context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[str]:
    """Labels with dynamic fields in them (SRCH-17)."""
    dynamic = await dynamic_fields.displayed(context, users)
    return [labels.label(_mapping(context, user), user, dynamic[user.login]) for user in users]


def find_source(context: RequestContext, user: CustomerUser) -> Source[CustomerUser]:
    """The source that owns `user`."""
    return context.users.source(user.source_key)


def _mapping(context: RequestContext, user: CustomerUser) -> RecordMapping:
    return context.users.mapping(user.source_key)


def _or_error(lookup: Lookup[R], key: str) -> R | GatewayError | None:
    try:
        return lookup.certain(key)
    except GatewayError as error:
        return error


def _only(context: RequestContext, filter: UserFilter) -> Collection[str] | None:
    if filter.sources is None:
        return None
    return [context.users.source(key).key for key in filter.sources]


def _customer_ids(context: RequestContext, user: CustomerUser, related: Sequence[str]) -> list[str]:
    own = [] if _mapping(context, user).exclude_primary_customer_id else [user.customer_id]
    ids = (*own, *user.listed_customer_ids, *related)
    return list(dict.fromkeys(one for one in ids if one))


def _memberships(
    connection: Connection[CustomerUser], customer: Customer, related: Mapping[str, Sequence[str]]
) -> Mapping[str, tuple[Membership, ...]]:
    """How each customer user on the page belongs to `customer`; IDs are compared as the owner's source does."""
    additional = {fold(login) for login in related.get(customer.customer_id, ())}
    found = {}
    for user in connection.nodes:
        same = _same_as(customer.customer_id, connection.directory.mapping(user.source_key))
        kinds = {
            Membership.PRIMARY: user.customer_id is not None and same(user.customer_id),
            Membership.LISTED: any(same(one) for one in user.listed_customer_ids),
            Membership.ADDITIONAL: fold(user.login) in additional,
        }
        found[user.login] = tuple(kind for kind, holds in kinds.items() if holds)
    return found


def _same_as(customer_id: str, mapping: RecordMapping) -> Callable[[str], bool]:
    if mapping.search.case_sensitive:
        return customer_id.__eq__
    folded = fold(customer_id)
    return lambda other: fold(other) == folded


def texts(value: Value) -> tuple[str, ...]:
    """A mapped value as texts: none, one, or several."""
    if isinstance(value, tuple):
        return value
    return () if value is None else (str(value),)
