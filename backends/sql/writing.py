"""What all writes to the registry share: audit values, locks, and replacing rows by their difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from backends.model import SourceKind


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who writes, and what time it is there (OVR-7, OVR-8)."""

    user_id: int = 1
    time_zone: tzinfo = UTC
    now: Callable[[], datetime] = _now

    def moment(self, kind: SourceKind) -> datetime | str:
        """The present second in the configured time zone, without zone, as the driver takes it."""
        local = self.now().astimezone(self.time_zone).replace(microsecond=0, tzinfo=None)
        return local.isoformat(" ") if kind is SourceKind.SQLITE else local
