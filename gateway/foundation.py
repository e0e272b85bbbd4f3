"""What `kundengraph init` does: the tables of a registry in an empty database, and never a change to others."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from rich.console import Console
from rich.text import Text

from backends.errors import SourceUnavailable
from backends.model import SourceKind
from backends.sql import ddl
from backends.sql.config import RegistryConfig
from backends.sql.database import Database, Session, open_database
from backends.sql.ddl import audit
from backends.sql.tables import Tables, comparable, differences, tables_in, tables_of
from gateway.reading import SQLITE
from gateway.reasons import NO_RIGHT, reason_of

GROUPS = "groups_table"
PATIENCE = 60.0
"""Seconds that a statement may take at least: making tables is not answering a request."""
LOCKS = {
    SourceKind.POSTGRESQL: "SELECT pg_advisory_xact_lock(hashtext('kundengraph init'))",
    SourceKind.MARIADB: "SELECT GET_LOCK(CONCAT('kundengraph init ', DATABASE()), 50)",
}
"""Two that begin at once do it one after the other; SQLite's transactions do so by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done, or why nothing was."""

    done: Sequence[str] = ()
    differences: Sequence[str] = ()
    reason: str | None = None
    """Why the registry cannot be used at all, in words that hold no secret."""


async def attempt(config: RegistryConfig) -> Outcome:
    """The outcome of `lay`, whatever stands in its way."""
    try:
        return await lay(config)
    except (SourceUnavailable, OSError) as error:
        reason = reason_of(error)
        return Outcome(reason="the user may not make tables" if reason == NO_RIGHT else reason)


def report(console: Console, outcome: Outcome) -> bool:
    """Print what was done; whether the registry can be used."""
    if outcome.reason is not None:
        console.print(Text(f"registry: cannot be used: {outcome.reason}", "red"), soft_wrap=True)
        return False
    for sentence in outcome.done:
        console.print(f"registry: {sentence}", soft_wrap=True)
    if outcome.differences:
        sentence = "registry: is not empty, and differs from what is needed; nothing was changed:"
        console.print(Text(sentence, "red"), soft_wrap=True)
        for sentence in outcome.differences:
            console.print(f"    {sentence}", soft_wrap=True)
    return not outcome.differences


async def lay(config: RegistryConfig) -> Outcome:
    """Make what the registry lacks, all or nothing; raises SourceUnavailable.

    MariaDB makes each table at once: what was interrupted there is completed by the next call.
    """
    file = _new_file(config.url)
    timeout = max(config.timeout, PATIENCE)
    database = open_database(config.url, name="registry", pool_size=1, timeout=timeout)
    try:
        return await _lay(database, config.groups_table)
    except BaseException:
        if file is not None:
            with suppress(OSError):
                file.unlink()
        raise
    finally:
        await database.close()


async def _lay(database: Database, groups_table: str) -> Outcome:
    kind = database.dialect.kind
    groups = comparable(groups_table, kind)
    script = ddl.statements(kind)
    wanted = tables_in(script)
    columns = wanted.pop(GROUPS)
    if groups in wanted or groups == audit.TABLE:
        return Outcome(differences=[f"registry.groups_table: {groups} is the name of another table"])
    wanted[groups] = columns
    async with database.transaction() as session:
        if lock := LOCKS.get(kind):
            await session.fetch(lock)
        present = await tables_of(session, kind)
        differing = list(differences(wanted, present))
        others = present.keys() - wanted.keys() - {audit.TABLE}
        missing = [table for table in wanted if table not in present]
        if kind is SourceKind.MARIADB and not others and audit.TABLE not in present:
            differing = [one for one in differing if one[0] not in missing]  # ours, perhaps interrupted
        elif not present:
            differing = []
        elif not missing:
            script = []
        if differing:
            return Outcome(differences=[sentence for _, sentence in differing])
        await _run(session, kind, _named(script, database.dialect.quoted(groups_table)))
        return Outcome(done=[*_made(missing, groups, others), await _audit(session, kind, present)])


async def _run(session: Session, kind: SourceKind, script: Sequence[str]) -> None:
    """Every statement of the script; on MariaDB those of an interrupted one are left out."""
    known: set[str] = set()
    if kind is SourceKind.MARIADB:
        sql = "SELECT constraint_name FROM information_schema.table_constraints WHERE constraint_schema = DATABASE()"
        known = {str(row[0]).lower() for row in await session.fetch(sql)}
    for statement in script:
        key = re.match(r"ALTER TABLE \S+ ADD CONSTRAINT (\w+)", statement)
        if key and key[1].lower() in known:
            continue
        await session.execute(_repeatable(statement) if kind is SourceKind.MARIADB else statement)


def _repeatable(statement: str) -> str:
    """A statement that does nothing where it was run before."""
    statement = re.sub(r"^CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", statement)
    return re.sub(r"^INSERT INTO ", "INSERT IGNORE INTO ", statement)


async def _audit(session: Session, kind: SourceKind, present: Tables) -> str:
    """Make the table of mutations, or the columns that it lacks."""
    if audit.TABLE not in present:
        for statement in audit.creation(kind):
            await session.execute(statement)
        return f"{audit.TABLE}: created"
    statements = audit.additions(kind, present[audit.TABLE])
    for statement in statements:
        await session.execute(statement)
    if not statements:
        return f"{audit.TABLE}: is there already"
    return f"{audit.TABLE}: {len(statements)} {'column' if len(statements) == 1 else 'columns'} added"


def _made(missing: Sequence[str], groups: str, others: Sequence[str] | set[str]) -> list[str]:
    if missing:
        tables = "1 table" if len(missing) == 1 else f"{len(missing)} tables"
        return [f"{tables} created, with the rows of a fresh system; groups are in {groups}"]
    found = ["all tables are there already, with the columns they need; none was changed"]
    if others:
        found.append(f"{len(others)} other {'table' if len(others) == 1 else 'tables'} left alone")
    return found


def _named(script: Sequence[str], groups: str) -> list[str]:
    """The script with the configured name of the groups' table."""
    return [re.sub(rf"\b{GROUPS}\b", lambda _: groups, statement) for statement in script]


def _new_file(url: str) -> Path | None:
    """The file of a SQLite registry, made empty where there is none yet."""
    if not url.startswith(SQLITE):
        return None
    path = Path(unquote(url.removeprefix(SQLITE).partition("?")[0]))
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        return path
    return None
