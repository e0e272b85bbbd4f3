"""All customer users, page by page, into a file."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING
from backends.model import CustomerUser, SourceStatus
from backends.order import Order, Position
from gateway.config import Config
from gateway.exchange.cells import cells_of, columns_of
from gateway.exchange.files import Format, replaced, sheet
from gateway.exchange.progress import progress
from gateway.stack import Stack
from resolvers import dynamic_fields
from resolvers.context import RequestContext, Services
from resolvers.viewer import Viewer

PAGE = 1000
ORDER = Order((), False)


@dataclass(slots=True)
class Export:
    """What is exported, and what came of it."""

    services: Services
    source: str | None = None
    rows: int = 0
    cut: set[str] = field(default_factory=set)
    """Sources that did not show all they have."""

    async def total(self) -> int | None:
        """How many rows there will be, as far as the sources can count them."""
        only = [self.source] if self.source else None
        (found,) = await self.services.users.counts([EVERYTHING], only=only)
        return found.number if found.exact else None

    async def pages(self) -> AsyncIterator[list[CustomerUser]]:
        """All customer users by login, each once; raises SourceUnavailable where a source is silent."""
        only = [self.source] if self.source else None
        after: Position | None = None
        while True:
            (listing,) = await self.services.users.lists([EVERYTHING], ORDER, PAGE, after, only=only)
            if listing.silent is not None:
                raise listing.silent
            self.cut |= {one.source_key for one in listing.reports if one.status is SourceStatus.TRUNCATED}
            if listing.rows:
                yield [row.record for row in listing.rows]
                after = listing.rows[-1].position
            if not listing.has_next:
                return

    async def write(self, file: IO[str], format: Format) -> None:
        """Every mapped field of every customer user; no password is among them."""
        users = self.services.users
        columns = columns_of([one.mapping for one in users.sources if self.source in (None, one.key)])
        out = sheet(file, format, columns)
        with progress("export", await self.total()) as advance:
            async for page in self.pages():
                context = RequestContext(self.services, Viewer.named("export", ["admin"]))
                dynamic = await dynamic_fields.of_users(context, page)
                for user in page:
                    out.write(cells_of(user, users.mapping(user.source_key), dynamic.get(user.login, {})))
                self.rows += len(page)
                advance(self.rows, self.rows)


async def export(config: Config, format: Format, source: str | None, output: Path | None) -> bool:
    """Export to a file or standard output; whether all of it is there. Says on standard error what is missing."""
    stack = Stack(config)
    try:
        if source is not None:
            stack.services.users.source(source)
        run = Export(stack.services, source)
        if output is None:
            await run.write(sys.stdout, format)
        else:
            with replaced(output) as file:
                await run.write(file, format)
    except SourceUnavailable as error:
        sys.stderr.write(f"The export is not complete: {error}\n")
        return False
    finally:
        await stack.close()
    if run.cut:
        sys.stderr.write(f"The export is not complete: {', '.join(sorted(run.cut))} did not show all.\n")
    return not run.cut
