"""Groups: what they are called, and whether they count."""

from __future__ import annotations

from backends.changes import ChangeKind, Target
from backends.records import Group
from backends.registries import Naming
from resolvers.context import RequestContext
from resolvers.writing import findings
from resolvers.writing.deeds import Deed, recorded
from resolvers.writing.findings import Findings, Path, UserErrorCode
from resolvers.writing.services import LONGEST_COMMENT, LONGEST_NAME, Names, changed_names, named


async def create_group(context: RequestContext, names: Names) -> Group:
    """A new group."""
    noted = Findings()
    name = _checked(names, ("name",), noted)
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    noted.check()
    naming = Naming(name, names.comment, names.validity)
    deed = Deed("createGroup", ChangeKind.CREATED, Target.GROUP, name, changed_names)
    async with recorded(context, deed) as note:
        return await named(context.services.groups.create_group(naming, note), ("name",), name)


async def update_group(context: RequestContext, name: str, names: Names) -> Group:
    """Change a group."""
    noted = Findings()
    found = await findings.groups(context, {("name",): name}, noted)
    new = None if names.name is None else _checked(names, ("newName",), noted)
    noted.too_long(("comment",), names.comment, LONGEST_COMMENT)
    names.check_validity(noted)
    noted.check()
    naming = Naming(new, names.comment, names.validity)
    deed = Deed("updateGroup", ChangeKind.UPDATED, Target.GROUP, name, changed_names)
    async with recorded(context, deed) as note:
        writing = context.services.groups.update_group(found["name",].id, naming, note)
        return await named(writing, ("newName",), new or name)


def _checked(names: Names, path: Path, noted: Findings) -> str:
    name = (names.name or "").strip()
    if not name:
        noted.add(path, UserErrorCode.REQUIRED, "A group needs a name.")
    noted.too_long(path, name, LONGEST_NAME)
    return name
