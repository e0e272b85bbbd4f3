"""Groups: what they are called, and whether they count."""

from __future__ import annotations

from backends.records import Group
from backends.registries import Naming, Taken
from resolvers.context import RequestContext
from resolvers.writing import findings
from resolvers.writing.findings import Findings, UserErrorCode
from resolvers.writing.services import LONGEST_COMMENT, LONGEST_NAME, Names, taken


async def create_group(context: RequestContext, names: Names) -> Group:
    """A new group."""
    noted = Findings()
    name = _checked(names, ("name",), noted) or ""
    noted.check()
    try:
        return await context.services.groups.create_group(Naming(name, names.comment, names.validity))
    except Taken as error:
        raise taken(("name",), name) from error


async def update_group(context: RequestContext, name: str, names: Names) -> Group:
    """Change a group."""
    noted = Findings()
    found = await findings.groups(context, {("name",): name}, noted)
    new = None if names.name is None else _checked(names, ("newName",), noted)
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    noted.check()
    try:
        naming = Naming(new, names.comment, names.validity)
        return await context.services.groups.update_group(found["name",].id, naming)
    except Taken as error:
        raise taken(("newName",), new or name) from error


def _checked(names: Names, path: tuple[str, ...], noted: Findings) -> str | None:
    name = (names.name or "").strip()
    if not name:
        noted.add(path, UserErrorCode.REQUIRED, "A group needs a name.")
    noted.too_long(path, name, LONGEST_NAME)
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    return name
