"""What the fields of customer users mean: look-ups, lists, and the relations that hang on a login."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backends import labels
from backends.cells import Columns
from backends.directory import Beside, Directory
from backends.errors import BadUserInput, CursorInvalid, GatewayError, SourceUnavailable
from backends.filters import Members
from backends.mapping import RecordMapping
from backends.model import Customer, CustomerUser, Membership, Value
from backends.order import Order, OrderTerm, fold
from backends.source import Source
from resolvers import dynamic_fields
from resolvers.asked import UserFilter
from resolvers.context import RequestContext
from resolvers.lists import Connection, ListRequest, Policy, only_sources, page_size
from resolvers.refusals import check_order, check_user_filter
from resolvers.rows import customer_ids
from resolvers.viewer import Viewer

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
    columns: Columns | None = None
    """All that is read of the records, where whoever asks can do with cells."""


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
    return [lookup.or_error(login) for login in logins]


async def behind(
    context: RequestContext, viewers: Sequence[Viewer]
) -> Sequence[CustomerUser | GatewayError | None]:
    """The customer user that each caller is, where it is one."""
    lookup = await context.users.get_many([one.login for one in viewers if one.login], stop_at_gap=True)
    return [lookup.or_error(one.login) if one.login else None for one in viewers]


async def page(context: RequestContext, wanted: UserList) -> Connection[CustomerUser]:
    """One page over all sources, each login once."""
    check_order(context, wanted.order)
    check_user_filter(context, wanted.filter)
    checked = await dynamic_fields.user_filter(context, wanted.filter, wanted.search, words=wanted.words)
    request = ListRequest(
        "customerUsers",
        context.users,
        (wanted.filter, wanted.search, wanted.words),
        Order.of(wanted.order, "login"),
        page_size(wanted.first),
        wanted.after,
        only_sources(context, wanted.filter),
        wanted.columns,
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
) -> Sequence[Connection[CustomerUser] | CursorInvalid]:
    """The customer users of each customer: primary, listed and additional, each once (MULTI-11)."""
    check_user_filter(context, filter)
    related = await context.registry.logins_of([customer.customer_id for customer in customers])
    base = await dynamic_fields.user_filter(context, filter, None)
    kinds = frozenset(Membership) if membership is None else membership
    filters = [
        replace(base, members=Members(one.customer_id, tuple(related.get(one.customer_id, ())), kinds))
        for one in customers
    ]
    request = ListRequest(
        "Customer.customerUsers",
        context.users,
        (filter, membership),
        Order.of((), "login"),
        page_size(first),
        after,
        only_sources(context, filter),
    )
    connections = await request.fetch_each(context, filters, [one.customer_id for one in customers])
    return [
        one
        if isinstance(one, CursorInvalid)
        else replace(one, memberships=_memberships(one, customer, related.get(customer.customer_id, ())))
        for one, customer in zip(connections, customers, strict=True)
    ]


async def customers_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[Customer] | GatewayError]:
    """The customers stored under each user's customer IDs, in their order."""
    ids = await customer_ids_of(context, users)
    records = await context.customer_records.of(one for some in ids for one in some)
    return [_all_or_error(records[one] for one in some) for some in ids]


async def customer_of(
    context: RequestContext, users: Sequence[CustomerUser], columns: Columns | None = None
) -> Sequence[Customer | GatewayError | None]:
    """The primary customer of each user; None where its source has no customer support (SRC-20).

    `columns`: all that is read of them, where nothing else of the request asks for customers of users.
    """
    mapping = context.users.mapping
    supporting = {one for one in {user.source_key for user in users} if mapping(one).customer_support}
    ids = [user.customer_id if user.source_key in supporting else None for user in users]
    wanted = [one for one in ids if one]
    records: Mapping[str, Customer | SourceUnavailable | None] | None = None
    if columns is not None and isinstance(context.customers, Directory):
        records = await context.customers.narrow(wanted, columns)
    if records is None:
        records = await context.customer_records.of(wanted)
    return [records[one] if one else None for one in ids]


async def customer_ids_of(context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[Sequence[str]]:
    """All customer IDs that apply and may be named, primary first, each once (MULTI-1 to MULTI-5)."""
    return await _named(context, users, await all_customer_ids_of(context, users))


async def all_customer_ids_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[str]]:
    """The same whoever asks: what permissions are decided by."""
    related = await context.relations.of(user.login for user in users)
    return [customer_ids(_mapping(context, user), user, related.get(user.login, ())) for user in users]


async def additional_customer_ids_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[str]]:
    """The additional customers of each user as stored, ordered by ID (MULTI-8)."""
    related = await context.relations.of(user.login for user in users)
    return await _named(context, users, [list(related.get(user.login, ())) for user in users])


async def shadowed_sources_of(
    context: RequestContext, users: Sequence[CustomerUser]
) -> Sequence[Sequence[Source[CustomerUser]] | SourceUnavailable]:
    """Later sources that hold the same login and are hidden."""
    return await context.users.shadowing(users)


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
        shown = values.keys() - context.viewer.hidden_fields
        rows = (row for row in mapping.fields if row.name in shown)
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
    """Full names with dynamic fields in them, as stored (CU-9)."""
    dynamic = await dynamic_fields.of_users(context, users)
    return [labels.full_name(_mapping(context, user), user, dynamic[user.login]) for user in users]


async def labels_of(context: RequestContext, users: Sequence[CustomerUser]) -> Sequence[str]:
    """Labels with dynamic fields in them, as people read them (SRCH-17)."""
    dynamic = await dynamic_fields.displayed(context, users)
    return [labels.label(_mapping(context, user), user, dynamic[user.login]) for user in users]


def find_source(context: RequestContext, user: CustomerUser) -> Source[CustomerUser]:
    """The source that owns `user`."""
    return context.users.source(user.source_key)


def _mapping(context: RequestContext, user: CustomerUser) -> RecordMapping:
    return context.users.mapping(user.source_key)


def _all_or_error(
    found: Iterable[Customer | SourceUnavailable | None],
) -> Sequence[Customer] | SourceUnavailable:
    """The customers that exist, each once, unless a silent source may own one of them."""
    records: dict[str, Customer] = {}
    for one in found:
        if isinstance(one, SourceUnavailable):
            return one
        if one is not None:
            records.setdefault(one.customer_id, one)
    return list(records.values())


async def _named(
    context: RequestContext, users: Sequence[CustomerUser], ids: Sequence[Sequence[str]]
) -> Sequence[Sequence[str]]:
    """Those customer IDs of each user that the viewer may be told."""
    if not context.is_limited:
        return ids
    sight = await context.sight()
    return [sight.named(_mapping(context, user), some) for user, some in zip(users, ids, strict=True)]


def _memberships(
    connection: Connection[CustomerUser], customer: Customer, related: Sequence[str]
) -> Mapping[str, tuple[Membership, ...]]:
    """How each customer user on the page belongs to `customer`; texts are compared as the owner's source does."""
    additional = {True: frozenset(related), False: frozenset(map(fold, related))}
    found = {}
    for user in connection.nodes:
        case_sensitive = connection.directory.mapping(user.source_key).search.case_sensitive
        same: Callable[[str], str] = str if case_sensitive else fold
        wanted = same(customer.customer_id)
        kinds = {
            Membership.PRIMARY: user.customer_id is not None and same(user.customer_id) == wanted,
            Membership.LISTED: any(same(one) == wanted for one in user.listed_customer_ids),
            Membership.ADDITIONAL: same(user.login) in additional[case_sensitive],
        }
        found[user.login] = tuple(kind for kind, holds in kinds.items() if holds)
    return found


def texts(value: Value) -> tuple[str, ...]:
    """A mapped value as texts: none, one, or several."""
    if isinstance(value, tuple):
        return value
    return () if value is None else (str(value),)
