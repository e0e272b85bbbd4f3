"""Additional customers of customer users, from either side."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model import Customer, CustomerUser
from resolvers.context import RequestContext
from resolvers.writing import findings
from resolvers.writing.findings import Findings, each
from resolvers.writing.permissions import LONGEST_LOGIN


async def set_customer_user_customers(
    context: RequestContext, login: str, customer_ids: Sequence[str]
) -> CustomerUser:
    """Replace the additional customers of one customer user."""
    noted = Findings()
    found = await findings.users(context, {("login",): login}, noted)
    wanted = each("customerIds", customer_ids)
    customers = await findings.customers(context, wanted, noted)
    noted.named_twice(wanted)
    noted.too_long(("login",), login, LONGEST_LOGIN)
    noted.check()
    user = found["login",]
    await context.services.relations.set_customers(
        user.login, [customers[path].customer_id for path in wanted]
    )
    return user


async def update_customer_members(
    context: RequestContext, customer_id: str, add: Sequence[str], remove: Sequence[str]
) -> Customer:
    """Relate and unrelate customer users of one customer; a login that nobody has any more can be taken away."""
    noted = Findings()
    found = await findings.customers(context, {("customerId",): customer_id}, noted)
    related = await context.registry.logins_of([one.customer_id for one in found.values()])
    left = {login for some in related.values() for login in some}
    adding, removing = each("add", add), each("remove", remove)
    orphans = [login for login in remove if login in left]
    known = await findings.users(
        context,
        {path: login for path, login in {**adding, **removing}.items() if login not in orphans},
        noted,
    )
    noted.named_twice({**adding, **removing})
    for path, login in adding.items():
        noted.too_long(path, login, LONGEST_LOGIN)
    noted.check()
    customer = found["customerId",]
    await context.services.relations.change_members(
        customer.customer_id,
        [known[path].login for path in adding],
        [known[path].login if path in known else login for path, login in removing.items()],
    )
    return customer
