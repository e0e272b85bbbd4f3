"""What the order hides: logins that more than one source holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from backends.duplicates import Duplicate
from backends.model import CustomerUser, SourceReport
from backends.order import Position
from backends.source import Source
from resolvers.context import RequestContext
from resolvers.cursors import question
from resolvers.lists import page_size


@dataclass(frozen=True, slots=True)
class DuplicateLogin:
    """A login as its owner spells it, and the sources that hold it; the first one owns it."""

    login: str
    sources: Sequence[Source[CustomerUser]]
    cursor: str


@dataclass(frozen=True, slots=True)
class DuplicateLogins:
    """One page of duplicate logins, in order of folded login."""

    edges: Sequence[DuplicateLogin]
    has_next_page: bool
    has_previous_page: bool
    total_count: int | None
    """None where a source did not answer or there are more than can be kept."""
    reports: Sequence[SourceReport]

    @property
    def start_cursor(self) -> str | None:
        """Cursor of the first login; None on an empty page (A6)."""
        return self.edges[0].cursor if self.edges else None

    @property
    def end_cursor(self) -> str | None:
        """Cursor of the last login; None on an empty page (A6)."""
        return self.edges[-1].cursor if self.edges else None


async def page(
    context: RequestContext, first: int | None = None, after: str | None = None
) -> DuplicateLogins:
    """Logins in more than one source, over those sources that answer."""
    size = page_size(first)
    sources = tuple(source.key for source in context.users.sources)
    bound = question("duplicateLogins", sources, context.viewer.rows)
    seal = context.services.seal
    last = seal.open(after, bound) if after is not None else None
    found, reports, complete = await context.users.duplicated()
    begin = bisect_right(found, (last.folded, last.key), key=_place) if last else 0

    def edge(one: Duplicate) -> DuplicateLogin:
        position = Position((), one.folded, one.key, one.source_keys[0])
        holders = [context.users.source(key) for key in one.source_keys]
        return DuplicateLogin(one.key, holders, seal.seal(position, bound))

    return DuplicateLogins(
        [edge(one) for one in found[begin : begin + size]],
        len(found) > begin + size,
        after is not None,
        len(found) if complete else None,
        reports,
    )


def _place(duplicate: Duplicate) -> tuple[str, str]:
    return duplicate.folded, duplicate.key
