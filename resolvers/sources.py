"""What the fields of sources mean: live health and duplicate logins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from backends.errors import SourceUnavailable
from backends.mapping import FieldMapping
from backends.model import CustomerUser, SourceStatus, Validity
from backends.source import Health, Source
from resolvers.context import RequestContext


async def health_of(
    context: RequestContext, sources: Sequence[Source[CustomerUser]]
) -> Sequence[Health | Exception]:
    """Ask every source for a sign of life, all at once; a bug in one of them concerns no other."""
    return await asyncio.gather(*(_check(source) for source in sources))


async def _check(source: Source[CustomerUser]) -> Health | Exception:
    started = time.monotonic()
    try:
        await source.backend.ping()
    except SourceUnavailable as silent:
        return Health(silent.status, None, datetime.now(UTC), silent.message)
    except Exception as bug:
        return bug
    return Health(SourceStatus.OK, (time.monotonic() - started) * 1000, datetime.now(UTC))


def selection_of(row: FieldMapping) -> Sequence[tuple[str, str]] | None:
    """Values to choose from: those configured, and the list of validities for a validity (MAP-10)."""
    if row.selection is None and row.variable.lower().startswith("validid"):
        return [(one.name, one.name.lower().replace("_", "-")) for one in Validity]
    return row.selection
