"""Services: who they are assigned to, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backends.model import CustomerUser, Validity
from backends.records import Service
from backends.registries import DEFAULT_LOGIN, Naming, Taken
from resolvers.context import RequestContext
from resolvers.services import by_name, defaults
from resolvers.writing import findings
from resolvers.writing.findings import Findings, Refused, UserError, UserErrorCode, each

LONGEST_NAME = 191
LONGEST_COMMENT = 250


@dataclass(frozen=True, slots=True)
class Names:
    """What a group or service is to be called; None leaves as it is."""

    name: str | None = None
    comment: str | None = None
    validity: Validity | None = None


async def set_customer_user_services(
    context: RequestContext, login: str, services: Sequence[str]
) -> CustomerUser:
    """Replace the services assigned to one customer user."""
    noted = Findings()
    found = await findings.users(context, {("login",): login}, noted)
    wanted = each("services", services)
    known = await findings.services(context, wanted, noted)
    noted.named_twice(wanted)
    noted.check()
    user = found["login",]
    await context.services.offers.set_services(user.login, [known[path].id for path in wanted])
    return user


async def update_service_customer_users(
    context: RequestContext, service: str, add: Sequence[str], remove: Sequence[str]
) -> Service:
    """Assign one service to customer users, and take it away from others."""
    noted = Findings()
    found = await findings.services(context, {("service",): service}, noted)
    adding, removing = each("add", add), each("remove", remove)
    assigned = await context.services.offers.assigned(list(removing.values()))
    orphans = set(assigned) - {DEFAULT_LOGIN}
    known = await findings.users(
        context,
        {path: login for path, login in {**adding, **removing}.items() if login not in orphans},
        noted,
    )
    noted.named_twice({**adding, **removing})
    noted.check()
    await context.services.offers.change_members(
        found["service",].id,
        [known[path].login if path in known else login for path, login in adding.items()],
        [known[path].login if path in known else login for path, login in removing.items()],
    )
    return found["service",]


async def set_default_services(context: RequestContext, services: Sequence[str]) -> Sequence[Service]:
    """Replace the default services."""
    noted = Findings()
    wanted = each("services", services)
    known = await findings.services(context, wanted, noted)
    noted.named_twice(wanted)
    noted.check()
    await context.services.offers.set_services(DEFAULT_LOGIN, [known[path].id for path in wanted])
    return await defaults(context)


async def create_service(context: RequestContext, names: Names) -> Service:
    """A new service; its parent must be there (SVC-13)."""
    noted = Findings()
    name = await _service_name(context, names.name or "", ("name",), noted)
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    noted.check()
    try:
        return await context.services.offers.create_service(Naming(name, names.comment, names.validity))
    except Taken as error:
        raise taken(("name",), name) from error


async def update_service(context: RequestContext, name: str, names: Names) -> Service:
    """Change a service; a new name renames everything below it."""
    noted = Findings()
    found = await findings.services(context, {("name",): name}, noted)
    new = None if names.name is None else await _service_name(context, names.name, ("newName",), noted)
    if new is not None and new.startswith(f"{name}::"):
        noted.add(("newName",), UserErrorCode.INVALID, "A service cannot be put below itself.")
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    noted.check()
    try:
        naming = Naming(new, names.comment, names.validity)
        return await context.services.offers.update_service(found["name",].id, naming)
    except Taken as error:
        raise taken(("newName",), new or name) from error


def taken(path: tuple[str, ...], name: str) -> Refused:
    """The refusal of a name that belongs to another already."""
    return Refused([UserError(path, UserErrorCode.TAKEN, f"{name} is there already.")])


async def _service_name(context: RequestContext, name: str, path: tuple[str, ...], noted: Findings) -> str:
    """The full name without line breaks and tabs; every part must say something, and the parent must exist."""
    clean = re.sub(r"[\r\n\t]+", "", name).strip()
    parts = clean.split("::")
    if not clean:
        noted.add(path, UserErrorCode.REQUIRED, "A service needs a name.")
    elif any(not part.strip() for part in parts) or clean.startswith(":") or clean.endswith(":"):
        noted.add(path, UserErrorCode.INVALID, "Every part of the name between :: must say something.")
    elif len(parts) > 1 and await by_name(context, "::".join(parts[:-1])) is None:
        noted.add(
            path, UserErrorCode.NOT_FOUND, f"There is no service {'::'.join(parts[:-1])} to put it under."
        )
    noted.too_long(path, clean, LONGEST_NAME)
    return clean
