"""Customers: made, changed, and given another ID, which everything that hangs on the old one follows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from backends.changes import ChangeKind, Target
from backends.errors import SourceUnavailable
from backends.filters import Filter, Members
from backends.model import Customer, CustomerUser, Membership, Validity, Value
from backends.order import fold
from backends.source import Source
from resolvers.context import RequestContext
from resolvers.writing import findings
from resolvers.writing.deeds import Deed, changed_of, recorded
from resolvers.writing.fields import Given, checked
from resolvers.writing.findings import Findings, Refused, UserErrorCode
from resolvers.writing.logins import customer_id_checked, free, inheritable, named_source
from resolvers.writing.outcome import Guard, written
from resolvers.writing.reach import customer_checked, hidden_checked

MOST_NAMED = 1000
"""Logins of read-only sources that a rename names at most."""
PAGE = 1000

_LASTING = frozenset({Membership.PRIMARY, Membership.LISTED})
"""Memberships that stand in the source itself."""


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to make, as the caller gave it."""

    customer_id: str
    fields: Given
    source: str | None = None
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class CustomerChanges:
    """What changes of a customer: only what the caller gave."""

    customer_id: str
    fields: Given
    new_customer_id: str | None = None
    if_version: str | None = None
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class ChangedCustomer:
    """The customer as it is then, and those whose sources could not follow it to a new ID (COMP-19)."""

    customer: Customer
    unchanged_logins: Sequence[str] = ()


async def create(context: RequestContext, new: NewCustomer) -> ChangedCustomer:
    """Make a customer in the named or first writable customer source."""
    noted = Findings()
    source = named_source(context.customers.sources, new.source, noted)
    if source is None:
        raise Refused(noted.errors)
    writes, path, customer_id = context.services.writes, ("customerId",), new.customer_id
    customer_id_checked(customer_id, path, noted)
    hidden_checked(context, new.fields, noted)
    await customer_checked(context, source.mapping, customer_id, path, noted)
    values = checked(source.mapping, {**new.fields, "customerId": customer_id}, noted, new=True)
    await free(context, context.services.customers, customer_id, path, noted)
    left = partial(writes.relatives.left_of_customer, customer_id)
    await inheritable(context, left, path, noted, adopt=new.adopt)
    noted.check()

    async def claim() -> None:
        late = Findings()
        await free(context, context.services.customers, customer_id, path, late)
        late.check()

    fields = changed_of(source.mapping, values)
    deed = Deed("createCustomer", ChangeKind.CREATED, Target.CUSTOMER, customer_id, fields, source.key)
    async with recorded(context, deed) as note:
        try:
            async with writes.turns.alone:
                writing = writes.customers[source.key].writer.create(values, claim=claim, note=note)
                customer = await written(writing, "customerId")
        finally:
            await _forget(context, source, customer_id)
    return ChangedCustomer(customer)


async def update(context: RequestContext, changes: CustomerChanges) -> ChangedCustomer:
    """Change what was given of a customer, in the source that owns the ID."""
    noted = Findings()
    source, before = await _owner(context, changes.customer_id, noted)
    values = await _changed(context, source, before, changes, noted)
    old, new = before.customer_id, changes.new_customer_id or before.customer_id
    members = _Members((), {}) if new == old else await _members(context, old, noted)
    noted.check()
    writes, guard = context.services.writes, Guard(context, before, changes.if_version)

    async def claim() -> None:
        late = Findings()
        if fold(new) != fold(old):
            await free(context, context.services.customers, new, ("newCustomerId",), late)
        late.check()

    renamed = new != old
    fields = changed_of(source.mapping, values)
    following = tuple(login for logins in members.following.values() for login in logins)
    deed = Deed(
        "updateCustomer", ChangeKind.UPDATED, Target.CUSTOMER, old, fields, source.key, logins=following
    )
    async with recorded(context, deed) as note:
        writing = writes.customers[source.key].writer.update(
            old,
            values,
            seen=before,
            check=guard,
            claim=claim if renamed else None,
            carry=writes.relatives.of_customer(old, new) if renamed else None,
            note=note,
        )
        try:
            async with writes.turns.of(source, old, takes_name=renamed):
                customer = await written(writing, "customerId", {"customerId": "newCustomerId"}, guard)
        finally:
            await _forget(context, source, old, new)
            await members.forget(context)
    return ChangedCustomer(customer, members.unchanged[:MOST_NAMED])


@dataclass(frozen=True, slots=True)
class _Members:
    """Who belongs to a customer that gets another ID."""

    unchanged: Sequence[str]
    """Logins in sources that are not written, which keep the old ID."""
    following: Mapping[str, Sequence[str]]
    """Logins that are written along, by source."""

    async def forget(self, context: RequestContext) -> None:
        """Let no cache show their old customer ID: a shared one forgets by login, this process everything."""
        for key, logins in self.following.items():
            source = context.users.source(key)
            await source.forget(logins)
            await source.forget_all()


async def _owner(
    context: RequestContext, customer_id: str, noted: Findings
) -> tuple[Source[Customer], Customer]:
    found = await findings.customers(context, {("customerId",): customer_id}, noted)
    noted.check()
    customer = found["customerId",]
    source = context.customers.source(customer.source_key)
    if not source.writable:
        noted.add(("customerId",), UserErrorCode.READ_ONLY, f"{source.name} is read-only.")
        noted.check()
    return source, customer


async def _changed(
    context: RequestContext,
    source: Source[Customer],
    before: Customer,
    changes: CustomerChanges,
    noted: Findings,
) -> dict[str, Value | Validity]:
    """The values to be stored; a new ID is free, and nothing is left under it."""
    given, path, new = dict(changes.fields), ("newCustomerId",), changes.new_customer_id
    hidden_checked(context, changes.fields, noted)
    if new is not None:
        customer_id_checked(new, path, noted)
        await customer_checked(context, source.mapping, new, path, noted)
        given["customerId"] = new
    values = checked(source.mapping, given, noted, new=False, paths={"customerId": "newCustomerId"})
    if new and fold(new) != fold(before.customer_id):
        await free(context, context.services.customers, new, path, noted)
    if new and new != before.customer_id:
        left = partial(context.services.writes.relatives.left_of_customer, new, before.customer_id)
        await inheritable(context, left, path, noted, adopt=changes.adopt)
    return values


async def _forget(context: RequestContext, source: Source[Customer], *customer_ids: str) -> None:
    await source.forget(list(customer_ids))
    context.customers.duplicates.forget()


async def _members(context: RequestContext, customer_id: str, noted: Findings) -> _Members:
    """Those whose sources name the customer; a silent source stops the rename (R15)."""
    unchanged: list[str] = []
    following: dict[str, Sequence[str]] = {}
    for source in context.users.sources:
        try:
            if _follows(source):
                following[source.key] = [login async for login in _logins(source, customer_id)]
            elif len(unchanged) < MOST_NAMED:
                unchanged += [login async for login in _logins(source, customer_id)]
            else:
                await source.backend.ping()
        except SourceUnavailable as silent:
            message = f"{silent.source} does not answer, so its customer users cannot follow."
            noted.add(("newCustomerId",), UserErrorCode.SOURCE_UNAVAILABLE, message)
    return _Members(unchanged, following)


def _follows(source: Source[CustomerUser]) -> bool:
    """Whether a rename writes the customer IDs of this source."""
    row = source.mapping.field("customerId")
    return source.writable and row is not None and not row.read_only and not row.is_dynamic


async def _logins(source: Source[CustomerUser], customer_id: str) -> AsyncIterator[str]:
    asked = Filter(members=Members(customer_id, (), _LASTING), validity=None)
    after: tuple[str, str] | None = None
    while page := await source.backend.keys(asked, after, PAGE):
        for _, login in page:
            yield login
        if len(page) < PAGE:
            return
        after = page[-1]
