"""Customers: made, changed, and given another ID, which everything that hangs on the old one follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.errors import SourceUnavailable
from backends.filters import Filter, Question
from backends.model import Customer, Freshness
from backends.order import Order, fold
from backends.source import Source
from resolvers.context import RequestContext
from resolvers.viewer import Scope
from resolvers.writing import findings
from resolvers.writing.fields import Given, checked
from resolvers.writing.findings import Findings, Refused, UserErrorCode
from resolvers.writing.logins import customer_id_checked, named_source
from resolvers.writing.outcome import version_check, written

MOST_NAMED = 1000
"""Logins of read-only sources that a rename names at most."""


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
    customer_id_checked(new.customer_id, ("customerId",), noted)
    values = checked(source.mapping, {**new.fields, "customerId": new.customer_id}, noted, new=True)
    await _is_free(context, new.customer_id, ("customerId",), noted)
    await _may_inherit(context, new.customer_id, ("customerId",), new.adopt, noted)
    noted.check()
    writer = context.services.writes.customers[source.key].writer
    customer = await written(writer.create(values), {})
    await source.forget([new.customer_id])
    return ChangedCustomer(customer)


async def update(context: RequestContext, changes: CustomerChanges) -> ChangedCustomer:
    """Change what was given of a customer, in the source that owns the ID."""
    noted = Findings()
    source, before = await _owner(context, changes.customer_id, noted)
    given = dict(changes.fields)
    if changes.new_customer_id is not None:
        customer_id_checked(changes.new_customer_id, ("newCustomerId",), noted)
        given["customerId"] = changes.new_customer_id
    values = checked(source.mapping, given, noted, new=False)
    new_id = changes.new_customer_id or before.customer_id
    if fold(new_id) != fold(before.customer_id):
        await _is_free(context, new_id, ("newCustomerId",), noted)
    renamed = new_id != before.customer_id
    unchanged: Sequence[str] = ()
    if renamed:
        await _may_inherit(context, new_id, ("newCustomerId",), changes.adopt, noted, heir=before.customer_id)
        unchanged = await _cannot_follow(context, before.customer_id, noted)
    noted.check()
    writes = context.services.writes
    writing = writes.customers[source.key].writer.update(
        before.customer_id,
        values,
        check=version_check(context, changes.if_version),
        carry=writes.relatives.of_customer(before.customer_id, new_id) if renamed else None,
    )
    customer = await written(writing, {"customerId": "newCustomerId"})
    await source.forget([before.customer_id, new_id])
    if renamed:
        for users in context.users.sources:
            await users.forget_all()
    return ChangedCustomer(customer, unchanged)


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


async def _is_free(context: RequestContext, customer_id: str, path: tuple[str, ...], noted: Findings) -> None:
    """No customer source has the ID; a silent one may, so nothing is written then (COMP-3)."""
    lookup = await context.customers.get_many([customer_id], Freshness.LIVE)
    if gaps := lookup.gaps.get(customer_id):
        message = f"{gaps[0].source} does not answer, so nobody knows whether {customer_id} is free."
        noted.add(path, UserErrorCode.SOURCE_UNAVAILABLE, message)
    elif lookup.found.get(customer_id):
        noted.add(path, UserErrorCode.TAKEN, f"{customer_id} is there already.")


async def _may_inherit(
    context: RequestContext,
    customer_id: str,
    path: tuple[str, ...],
    adopt: bool,
    noted: Findings,
    heir: str | None = None,
) -> None:
    """Nothing is left under the ID from before, or an admin takes it over knowingly (DB-4)."""
    if adopt and Scope.GRANT not in context.viewer.scopes:
        noted.add(("adoptRelations",), UserErrorCode.FORBIDDEN, "Only admins may take over what is left.")
    if not adopt and (left := await context.services.writes.relatives.left_of_customer(customer_id, heir)):
        message = f"Under {customer_id} there are still {', '.join(left)} from before; admins may set adoptRelations."
        noted.add(path, UserErrorCode.CONFLICT, message)


async def _cannot_follow(context: RequestContext, customer_id: str, noted: Findings) -> Sequence[str]:
    """Logins with this primary ID in sources that are not written; a silent source stops the rename (R15)."""
    question = Question(Filter(customer_ids=(customer_id,), validity=None), Order(()), MOST_NAMED)
    logins: list[str] = []
    for source in context.users.sources:
        try:
            if source.writable:
                await source.backend.ping()
            else:
                page = (await source.backend.pages([question]))[0]
                logins += [row.record.login for row in page.rows if row.record.customer_id == customer_id]
        except SourceUnavailable as silent:
            message = f"{silent.source} does not answer, so its customer users cannot follow."
            noted.add(("newCustomerId",), UserErrorCode.SOURCE_UNAVAILABLE, message)
    return logins
