"""Keys of records that are made or renamed, and the source that new ones go into."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from backends.conditions import is_storable
from backends.directory import Directory
from backends.model import Freshness
from backends.protocol import R
from backends.registries import DEFAULT_LOGIN
from backends.source import Source
from resolvers.context import RequestContext
from resolvers.viewer import Scope
from resolvers.writing.findings import Findings, Path, UserErrorCode

LONGEST_LOGIN = 100
"""What the tables of grants and relations can hold (DB-6)."""
LONGEST_CUSTOMER_ID = 150


def login_checked(login: str, path: Path, noted: Findings) -> None:
    """Note what keeps a login from being one."""
    _key_checked(login, path, LONGEST_LOGIN, noted)
    if login == DEFAULT_LOGIN:
        noted.add(path, UserErrorCode.INVALID, "This login is reserved for the default services.")


def customer_id_checked(customer_id: str, path: Path, noted: Findings) -> None:
    """Note what keeps a customer ID from being one."""
    _key_checked(customer_id, path, LONGEST_CUSTOMER_ID, noted)


def named_source(sources: Sequence[Source[R]], key: str | None, noted: Findings) -> Source[R] | None:
    """The source named, or the first one that can be written."""
    path = ("source",)
    if key is None:
        found = next((source for source in sources if source.writable), None)
        if found is None:
            noted.add(path, UserErrorCode.READ_ONLY, "None of the sources can be written.")
        return found
    found = next((source for source in sources if source.key == key), None)
    if found is None:
        known = ", ".join(source.key for source in sources)
        noted.add(path, UserErrorCode.NOT_FOUND, f"There is no source {key}; there are {known}.")
    elif not found.writable:
        noted.add(path, UserErrorCode.READ_ONLY, f"{found.name} is read-only.")
        return None
    return found


async def free(
    context: RequestContext, directory: Directory[R], key: str, path: Path, noted: Findings
) -> None:
    """No source has the key in any spelling; a silent one may, so nothing is written then (CU-17, COMP-3).

    Whoever sees some rows only hears that the key is taken, and not where: it may be out of sight.
    """
    if flawed(noted, path):
        return
    lookup = await directory.get_many([key], Freshness.LIVE)
    if gaps := lookup.gaps.get(key):
        message = f"{gaps[0].source} does not answer, so nobody knows whether {key} is free."
        noted.add(path, UserErrorCode.SOURCE_UNAVAILABLE, message)
    elif taken := lookup.found.get(key):
        where = "" if context.is_limited else f", in {directory.source(taken.source_key).name}"
        noted.add(path, UserErrorCode.TAKEN, f"{key} is there already{where}.")


async def inheritable(
    context: RequestContext,
    left: Callable[[], Awaitable[Sequence[str]]],
    path: Path,
    noted: Findings,
    *,
    adopt: bool,
) -> None:
    """Nothing is `left` under the key from before, or an admin takes it over knowingly (DB-4)."""
    if adopt and (Scope.GRANT not in context.viewer.scopes or context.is_limited):
        message = "Only admins who see all customers may take over what is left."
        noted.add(("adoptRelations",), UserErrorCode.FORBIDDEN, message)
    if adopt or flawed(noted, path):
        return
    if tables := await left():
        message = f"Something is left from before in {', '.join(tables)}; admins may set adoptRelations."
        noted.add(path, UserErrorCode.CONFLICT, message)


def flawed(noted: Findings, path: Path) -> bool:
    """Whether something is wrong with this part of the input already, so that no store need be asked about it."""
    return any(error.field == path for error in noted.errors)


def _key_checked(key: str, path: Path, most: int, noted: Findings) -> None:
    if not key:
        noted.add(path, UserErrorCode.REQUIRED, "It must not be empty.")
    elif key == "0":
        noted.add(
            path, UserErrorCode.INVALID, "OTOBO takes 0 for nothing at all (a running one could not use it)."
        )
    elif key != key.strip():
        noted.add(path, UserErrorCode.INVALID, "It must not begin or end with a blank.")
    if len(key) > most:
        noted.add(path, UserErrorCode.INVALID, f"Longer than {most} characters.")
    if not is_storable(key):
        noted.add(path, UserErrorCode.INVALID, "Holds a character that cannot be stored.")
