"""A file of customer users into one source; what cannot be written goes beside it, with the reason."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from backends.errors import BadUserInput
from backends.model import CustomerUser
from backends.order import fold
from backends.source import Source
from gateway.config import Config
from gateway.exchange.cells import LOGIN, PASSWORD, REASON, Refusal
from gateway.exchange.files import Format, Row, Rows, Sheet, Unusable, format_of, replaced, sheet
from gateway.exchange.progress import progress
from gateway.exchange.writing import Outcome, Writing, unknown_columns, unwritten_columns
from gateway.stack import Stack

CHUNK = 200
REMEMBERED = 2 * CHUNK
"""Entries of the cache in memory: a row that was written is not asked for again."""
AT_ONCE = 8
"""Rows that are written at the same time, of which no two are about the same login or address."""


class Rejected:
    """The file beside, made when the first row goes there."""

    def __init__(self, path: Path, format: Format, columns: Sequence[str], kept: ExitStack) -> None:
        self.path = path
        self._format: Format = format
        self._columns = [*(name for name in columns if name not in (REASON, PASSWORD)), REASON]
        self._kept = kept
        self._sheet: Sheet | None = None

    def add(self, row: Row, reason: str) -> None:
        """One row and its reason; a password is not written down again."""
        if self._sheet is None:
            file = self._kept.enter_context(replaced(self.path))
            self._sheet = sheet(file, self._format, self._columns)
        cells = {name: value for name, value in row.cells.items() if name not in (REASON, PASSWORD)}
        self._sheet.write({**cells, REASON: reason})


async def import_users(config: Config, users: Path, source_key: str, *, dry_run: bool) -> bool:
    """Write every row that can be written; whether all could be. Raises Unusable before anything is written."""
    cache = config.cache.model_copy(update={"max_entries": REMEMBERED})
    stack = Stack(config.model_copy(update={"cache": cache}))
    try:
        try:
            source = stack.services.users.source(source_key)
        except BadUserInput as error:
            raise Unusable(str(error)) from error
        if not source.writable or source_key not in stack.services.writes.users:
            raise Unusable(f"{source_key} is read-only.")
        counted, beside = await _imported(
            Writing(stack.services, source, dry_run=dry_run), users, dry_run=dry_run
        )
    finally:
        await stack.close()
    _report(counted, beside, dry_run=dry_run)
    return not counted[Outcome.REJECTED]


async def _imported(writing: Writing, users: Path, *, dry_run: bool) -> tuple[Counter[Outcome], Path]:
    kind = format_of(users)
    beside = users.with_name(f"{users.stem}.rejected.{kind}")
    counted: Counter[Outcome] = Counter()
    try:
        raw = users.open("rb")
    except OSError as error:
        raise Unusable(f"{users.name} cannot be read: {error.strerror}") from error
    with raw, ExitStack() as kept:
        rows = Rows(raw, kind)
        _check_header(rows.columns, writing.source, kind)
        rejected = Rejected(beside, kind, rows.columns, kept)
        with progress("dry run" if dry_run else "import", rows.size) as advance:
            while chunk := list(islice(rows, CHUNK)):
                counted += await _written(writing, chunk, rejected)
                advance(rows.position, counted.total())
    if not counted[Outcome.REJECTED]:
        beside.unlink(missing_ok=True)  # of an earlier run
    return counted, beside


def _check_header(columns: Sequence[str], source: Source[CustomerUser], format: Format) -> None:
    if format == "csv" and LOGIN not in columns:
        raise Unusable("has no column login")
    if unknown := unknown_columns(source.mapping, columns):
        known = ", ".join(row.name for row in source.mapping.fields)
        raise Unusable(f"has columns that {source.key} has not: {', '.join(unknown)}; it has {known}")
    if unwritten := unwritten_columns(source.mapping, columns):
        sys.stderr.write(f"Dynamic fields are not imported: {', '.join(unwritten)}\n")


async def _written(writing: Writing, chunk: Sequence[Row], rejected: Rejected) -> Counter[Outcome]:
    """What became of some rows; those of one login or address run one after the other."""
    counted: Counter[Outcome] = Counter()
    limit = asyncio.Semaphore(AT_ONCE)
    for wave in _waves(chunk):
        logins = list(dict.fromkeys(login for row in wave if (login := _login(row))))
        owners = await writing.owners(logins)

        async def one(row: Row, owners: Any = owners) -> tuple[Outcome, str]:
            async with limit:
                try:
                    return await writing.write(_checked(row, writing.source), owners[_login(row)]), ""
                except Refusal as refusal:
                    return Outcome.REJECTED, str(refusal)

        for row, (outcome, reason) in zip(wave, await asyncio.gather(*map(one, wave)), strict=True):
            counted[outcome] += 1
            if outcome is Outcome.REJECTED:
                rejected.add(row, reason)
    return counted


def _waves(chunk: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows in their order, cut before one that names the login or address of an earlier one."""
    wave: list[Row] = []
    named: set[tuple[str, str]] = set()
    for row in chunk:
        names = {(key, fold(str(row.cells.get(key) or ""))) for key in (LOGIN, "email")}
        names = {name for name in names if name[1]}
        if named & names:
            yield wave
            wave, named = [], set()
        wave.append(row)
        named |= names
    if wave:
        yield wave


def _login(row: Row) -> str:
    login = row.cells.get(LOGIN)
    return str(login) if isinstance(login, str | int) and not isinstance(login, bool) else ""


def _checked(row: Row, source: Source[CustomerUser]) -> dict[str, Any]:
    """The cells of a row that can be read, and is about somebody."""
    if row.fault:
        raise Refusal(row.fault)
    if not _login(row):
        raise Refusal("login: is missing")
    if unknown := unknown_columns(source.mapping, list(row.cells)):
        raise Refusal(f"{', '.join(unknown)}: is no field of {source.key}")
    return {**row.cells, LOGIN: _login(row)}


def _report(counted: Counter[Outcome], beside: Path, *, dry_run: bool) -> None:
    parts = [f"{counted[outcome]:,} {outcome.value}" for outcome in Outcome]
    sentence = f"{'Would be: ' if dry_run else ''}{', '.join(parts)}."
    if counted[Outcome.REJECTED]:
        sentence += f" What was rejected is in {beside.name}, with reasons."
    sys.stdout.write(f"{sentence}\n")
