"""Additional customers of customer users, from either side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from backends.changes import ChangeKind, Target
from backends.limits import RELATION
from backends.model import Customer, CustomerUser, Freshness
from resolvers.context import RequestContext
from resolvers.writing import findings
from resolvers.writing.deeds import Deed, recorded
from resolvers.writing.findings import Findings, Path, each
from resolvers.writing.reach import still_related


async def set_customer_user_customers(
    context: RequestContext, login: str, customer_ids: Sequence[str]
) -> CustomerUser:
    """Replace the additional customers of one customer user."""
    noted = Findings()
    found = await findings.users(context, {("login",): login}, noted)
    wanted = each("customerIds", customer_ids)
    ids = findings.keys(await findings.customers(context, wanted, noted))
    noted.named_twice(wanted, ids)
    for path, one in findings.keys(found).items():
        noted.too_long(path, one, RELATION["login"])
    for path, one in ids.items():
        noted.too_long(path, one, RELATION["customer_id"])
    noted.check()
    user, customers = found["login",], [ids[path] for path in wanted]
    await still_related(context, user, customers, ("customerIds",), noted)
    noted.check()
    kept = await _out_of_sight(context, user)
    kind, target, fields = ChangeKind.RELATIONS_CHANGED, Target.CUSTOMER_USER, ("additionalCustomerIds",)
    deed = Deed("setCustomerUserCustomers", kind, target, user.login, fields, user.source_key)
    async with recorded(context, deed) as note:
        await context.services.relations.set_customers(user.login, [*customers, *kept], note)
    return user


async def update_customer_members(
    context: RequestContext, customer_id: str, add: Sequence[str], remove: Sequence[str]
) -> Customer:
    """Relate and unrelate customer users of one customer; a login that nobody has any more can be taken away."""
    noted = Findings()
    found = await findings.customers(context, {("customerId",): customer_id}, noted)
    related = await context.registry.logins_of([one.customer_id for one in found.values()])
    changed = await members(context, add, remove, {one for some in related.values() for one in some}, noted)
    for path, one in findings.keys(found).items():
        noted.too_long(path, one, RELATION["customer_id"])
    for path, one in changed.added.items():
        noted.too_long(path, one, RELATION["login"])
    noted.check()
    customer = found["customerId",]
    await _all_still_related(context, customer, changed.removed, noted)
    noted.check()
    adding, removing = list(changed.added.values()), list(changed.removed.values())
    deed = Deed(
        "updateCustomerMembers",
        ChangeKind.RELATIONS_CHANGED,
        Target.CUSTOMER,
        customer.customer_id,
        ("additionalCustomerIds",),
        customer.source_key,
        logins=(*adding, *removing),
    )
    async with recorded(context, deed) as note:
        await context.services.relations.change_members(customer.customer_id, adding, removing, note)
    return customer


async def _out_of_sight(context: RequestContext, user: CustomerUser) -> Sequence[str]:
    """Additional customers of the user that the caller is not told of, and so cannot mean to take away."""
    if not context.is_limited:
        return ()
    sight, mapping = await context.sight(), context.users.mapping(user.source_key)
    stored = (await context.registry.customers_of([user.login])).get(user.login, ())
    return [one for one in stored if not sight.names(mapping, one)]


async def _all_still_related(
    context: RequestContext, customer: Customer, removed: Mapping[Path, str], noted: Findings
) -> None:
    """Note everybody who would be out of the caller's rows without the customer."""
    if not context.is_limited or not removed:
        return
    logins = list(removed.values())
    lookup = await context.users.get_many(logins, Freshness.LIVE)
    stored = await context.registry.customers_of(logins)
    for path, login in removed.items():
        if user := lookup.found.get(login):
            others = [one for one in stored.get(login, ()) if one != customer.customer_id]
            await still_related(context, user, others, path, noted)


@dataclass(frozen=True, slots=True)
class Members:
    """Logins to add and to take away, as they are stored, by their paths."""

    added: Mapping[Path, str]
    removed: Mapping[Path, str]


async def members(
    context: RequestContext,
    add: Sequence[str],
    remove: Sequence[str],
    present: Collection[str],
    noted: Findings,
) -> Members:
    """Whom both lists mean; whoever is `present` can be taken away, no matter whether anybody has the login."""
    adding, removing = each("add", add), each("remove", remove)
    left = {path: login for path, login in removing.items() if login in present}
    unknown = {path: login for path, login in {**adding, **removing}.items() if path not in left}
    meant = {**findings.keys(await findings.users(context, unknown, noted)), **left}
    noted.named_twice({**adding, **removing}, meant)
    return Members(
        {path: meant[path] for path in adding if path in meant},
        {path: meant[path] for path in removing if path in meant},
    )
