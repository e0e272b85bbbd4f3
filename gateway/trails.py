"""Where the audit trail is kept: the configured file, else the registry's table, else the log."""

from __future__ import annotations

from collections.abc import Callable

from backends.audit import AuditEntry, AuditTrail, Line, Place, Trail
from backends.audit_file import FileTrail
from backends.errors import BadUserInput
from backends.sql.audit import SqlTrail
from backends.sql.database import Database, Session
from gateway.sections import AuditConfig
from gateway.telemetry import log_line
from resolvers.cursors import Seal


def open_trail(config: AuditConfig, registry: Database, seal: Seal) -> AuditTrail:
    """The trail that the configuration names; nothing is opened before the first entry."""
    if config.file is not None:
        return FileTrail(config.file)
    return SqlTrail(registry, LogTrail(seal.version))


class LogTrail:
    """One line in the log for each mutation; who and whom are keyed hashes there, as logs hold no personal data."""

    def __init__(self, hashed: Callable[[str], str]) -> None:
        self._hashed = hashed

    async def prepare(self) -> None:
        """Nothing: the log is open."""

    async def within(self, session: Session, entry: AuditEntry) -> bool:
        return False

    def line(self, entry: AuditEntry) -> Line | None:
        return None

    async def keep(self, entry: AuditEntry) -> None:
        values = {
            "mutation": entry.mutation,
            "actor": self._hashed(entry.actor),
            "target": entry.target.partition(" ")[0],
            "whom": [self._hashed(name) for name in entry.names],
            "source": entry.source_key,
            "changed_fields": entry.changed_fields,
            "request_id": entry.request_id,
            "before": entry.before,
            "after": entry.after,
        }
        log_line("mutation", values)

    async def read(self, login: str | None, before: Place | None, limit: int) -> Trail:
        raise BadUserInput(
            "The audit trail goes to the log here, whence it cannot be read: name a file in [audit], or let"
            " `kundengraph init` make the table kundengraph_audit."
        )

    async def close(self) -> None:
        """Nothing: the log stays open."""
