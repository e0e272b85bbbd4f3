"""Answers for a terminal, from the resolvers' own functions: why somebody holds a permission, and duplicate logins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rich.console import Console

from backends.errors import GatewayError
from backends.model import CustomerUser
from gateway.config import Config
from gateway.stack import Stack
from resolvers import customer_users, duplicates, effective, groups
from resolvers.context import RequestContext
from resolvers.effective import EffectiveGrant
from resolvers.permissions import Origin, PermissionContext
from resolvers.viewer import Viewer

PAGE = 1000
WHOSE = {
    PermissionContext.SAME_CUSTOMER: "tickets of the same customer",
    PermissionContext.OTHER_CUSTOMERS: "tickets of other customers",
}


async def why(config: Config, login: str, group: str, console: Console) -> bool:
    """Print what the customer user holds in the group, and why; whether both exist and every store answered."""
    async with _context(config) as context:
        try:
            return await _explained(context, login, group, console)
        except GatewayError as error:
            _print(console, error.message)
            return False


async def _explained(context: RequestContext, login: str, group: str, console: Console) -> bool:
    user = await customer_users.by_login(context, login)
    known = await groups.by_name(context, group)
    if not isinstance(user, CustomerUser):
        _print(console, f"There is no customer user {login}.")
        return False
    if known is None:
        _print(console, f"There is no group {group}.")
        return False
    owner = customer_users.find_source(context, user)
    invalid = "" if known.is_valid else ", which is not valid"
    _print(console, f"{user.login} ({owner.name}) in {known.name}{invalid}:")
    for whose in _contexts(context):
        held = (await effective.effective_of_users(context, [user], whose))[0]
        _explain(console, whose, [one for one in held if one.group.id == known.id])
    return True


def _contexts(context: RequestContext) -> Sequence[PermissionContext]:
    """The contexts that can hold something: the first one always, for always-groups need no setting."""
    stored = context.services.policy.stored
    return [one for one in PermissionContext if one is PermissionContext.SAME_CUSTOMER or stored(one)]


async def show_duplicates(config: Config, console: Console) -> bool:
    """Print every login that more than one source holds; whether every source answered."""
    async with _context(config) as context:
        after: str | None = None
        complete = True
        while True:
            page = await duplicates.page(context, PAGE, after)
            for one in page.edges:
                owner, *hidden = (source.key for source in one.sources)
                _print(console, f"{one.login}: {owner}, hides {', '.join(hidden)}")
            complete = complete and page.total_count is not None
            after = page.end_cursor
            if not page.has_next_page:
                break
        for report in page.reports:
            if report.message:
                _print(console, report.message)
        return complete


def _print(console: Console, line: str) -> None:
    """One line, however long it is."""
    console.print(line, soft_wrap=True)


def _explain(
    console: Console, whose: PermissionContext, held: Sequence[effective.EffectivePermission]
) -> None:
    keys = ", ".join(held[0].permissions) if held else "nothing"
    _print(console, f"  {WHOSE[whose]}: {keys}")
    for permission in held:
        for grant in permission.grants:
            _print(console, f"    {', '.join(grant.permissions)}: {_reason(grant)}")


def _reason(grant: EffectiveGrant) -> str:
    match grant.origin:
        case Origin.DIRECT:
            return "granted to the customer user"
        case Origin.CUSTOMER:
            return f"granted to the customer {grant.customer_id}"
        case Origin.ALWAYS if grant.customer_id:
            return f"everybody of a customer has this group, here through {grant.customer_id}"
        case Origin.ALWAYS:
            return "everybody has this group"
        case _:
            return "group support is switched off"


@asynccontextmanager
async def _context(config: Config) -> AsyncIterator[RequestContext]:
    stack = Stack(config)
    try:
        yield RequestContext(stack.services, Viewer.named("command line", ["admin"]))
    finally:
        await stack.close()
