"""Services: who they are assigned to, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from backends.changes import ChangeKind, Target
from backends.limits import ASSIGNMENT, NAMING
from backends.model import CustomerUser, Validity
from backends.records import Group, Service
from backends.registries import DEFAULT_LOGIN, Naming, Taken, Unstorable
from resolvers.context import RequestContext
from resolvers.services import by_name, defaults
from resolvers.writing import findings
from resolvers.writing.deeds import Deed, recorded
from resolvers.writing.findings import Findings, Path, Refused, UserError, UserErrorCode, each
from resolvers.writing.relations import members

LONGEST_NAME, LONGEST_COMMENT = NAMING["name"], NAMING["comment"]

N = TypeVar("N", Group, Service)


@dataclass(frozen=True, slots=True)
class Names:
    """What a group or service is to be called; None leaves as it is."""

    name: str | None = None
    comment: str | None = None
    validity: Validity | None = None
    no_validity: bool = False
    """Whether validity was to be emptied."""

    def check_validity(self, noted: Findings) -> None:
        """Note a validity that was to be emptied: there always is one."""
        if self.no_validity:
            noted.add(("validity",), UserErrorCode.REQUIRED, "It is valid, invalid or temporarily invalid.")


async def set_customer_user_services(
    context: RequestContext, login: str, services: Sequence[str]
) -> CustomerUser:
    """Replace the services assigned to one customer user."""
    noted = Findings()
    found = await findings.users(context, {("login",): login}, noted)
    wanted = each("services", services)
    known = await findings.services(context, wanted, noted)
    noted.named_twice(wanted, {})
    for path, one in findings.keys(found).items():
        noted.too_long(path, one, ASSIGNMENT["login"])
    noted.check()
    user = found["login",]
    deed = Deed(
        "setCustomerUserServices",
        ChangeKind.RELATIONS_CHANGED,
        Target.CUSTOMER_USER,
        user.login,
        ("services",),
        user.source_key,
    )
    async with recorded(context, deed) as note:
        await context.services.offers.set_services(user.login, [known[path].id for path in wanted], note)
    return user


async def update_service_customer_users(
    context: RequestContext, service: str, add: Sequence[str], remove: Sequence[str]
) -> Service:
    """Assign one service to customer users, and take it away from others."""
    noted = Findings()
    found = await findings.services(context, {("service",): service}, noted)
    assigned = await context.services.offers.assigned(remove)
    present = {
        login
        for login, ids in assigned.items()
        if login != DEFAULT_LOGIN and {*ids} & {one.id for one in found.values()} and not context.is_limited
    }
    changed = await members(context, add, remove, present, noted)
    for path, one in changed.added.items():
        noted.too_long(path, one, ASSIGNMENT["login"])
    noted.check()
    adding, removing = list(changed.added.values()), list(changed.removed.values())
    deed = Deed(
        "updateServiceCustomerUsers",
        ChangeKind.RELATIONS_CHANGED,
        Target.SERVICE,
        found["service",].name,
        ("services",),
        logins=(*adding, *removing),
    )
    async with recorded(context, deed) as note:
        await context.services.offers.change_members(found["service",].id, adding, removing, note)
    return found["service",]


async def set_default_services(context: RequestContext, services: Sequence[str]) -> Sequence[Service]:
    """Replace the default services."""
    noted = Findings()
    wanted = each("services", services)
    known = await findings.services(context, wanted, noted)
    noted.named_twice(wanted, {})
    noted.check()
    kind, target = ChangeKind.RELATIONS_CHANGED, Target.DEFAULT_SERVICES
    async with recorded(context, Deed("setDefaultServices", kind, target, fields=("services",))) as note:
        await context.services.offers.set_services(DEFAULT_LOGIN, [known[path].id for path in wanted], note)
    return await defaults(context)


async def create_service(context: RequestContext, names: Names) -> Service:
    """A new service; its parent must be there (SVC-13)."""
    noted = Findings()
    name = await _service_name(context, names.name or "", ("name",), noted)
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    noted.check()
    naming = Naming(name, names.comment, names.validity)
    deed = Deed("createService", ChangeKind.CREATED, Target.SERVICE, name, changed_names)
    async with recorded(context, deed) as note:
        return await named(context.services.offers.create_service(naming, note), ("name",), name)


async def update_service(context: RequestContext, name: str, names: Names) -> Service:
    """Change a service; a new name renames everything below it."""
    noted = Findings()
    found = await findings.services(context, {("name",): name}, noted)
    new = None if names.name is None else await _service_name(context, names.name, ("newName",), noted)
    if new is not None and new.startswith(f"{name}::"):
        noted.add(("newName",), UserErrorCode.INVALID, "A service cannot be put below itself.")
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    names.check_validity(noted)
    noted.check()
    naming = Naming(new, names.comment, names.validity)
    deed = Deed("updateService", ChangeKind.UPDATED, Target.SERVICE, name, changed_names)
    async with recorded(context, deed) as note:
        writing = context.services.offers.update_service(found["name",].id, naming, note)
        return await named(writing, ("newName",), new or name)


def changed_names(before: Group | Service | None, after: Group | Service | None) -> list[str]:
    """GraphQL names of what differs of a group or service."""
    return [
        name
        for name in ("name", "comment", "validity")
        if getattr(before, name, None) != getattr(after, name, None)
    ]


async def named(writing: Awaitable[N], path: Path, name: str) -> N:
    """What is called so from now on; a name that belongs to another, or is too long with what hangs on it, is none."""
    try:
        return await writing
    except Taken as error:
        refusal = UserError(path, UserErrorCode.TAKEN, f"{name} is there already.")
        raise Refused([refusal]) from error
    except Unstorable as error:
        message = f"With it, a name below would be longer than {LONGEST_NAME} characters."
        raise Refused([UserError(path, UserErrorCode.INVALID, message)]) from error


async def _service_name(context: RequestContext, name: str, path: tuple[str, ...], noted: Findings) -> str:
    """The full name without line breaks and tabs; every part must say something, and the parent must exist."""
    above, joint, own = re.sub(r"[\r\n\t]+", "", name).strip().rpartition("::")
    clean = f"{above}{joint}{own.strip()}"
    parts = clean.split("::")
    if not clean:
        noted.add(path, UserErrorCode.REQUIRED, "A service needs a name.")
    elif any(not part.strip() or part != part.strip(":") for part in parts):
        noted.add(path, UserErrorCode.INVALID, "Every part of the name between :: must say something.")
    elif len(parts) > 1 and await by_name(context, "::".join(parts[:-1])) is None:
        noted.add(
            path, UserErrorCode.NOT_FOUND, f"There is no service {'::'.join(parts[:-1])} to put it under."
        )
    noted.too_long(path, clean, LONGEST_NAME)
    return clean
