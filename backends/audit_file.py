"""The audit trail in a file: one JSON object a line, added at the end by one system call, read from the end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from backends.audit import AuditEntry, Line, Place, Trail, as_json, from_json
from backends.errors import BadUserInput, CostExceeded

if TYPE_CHECKING:
    from backends.sql.database import Session

SYNC_AFTER = 1.0
"""Seconds after which a line is on the disk, whatever happens to the machine; it outlives the process at once."""
BLOCK = 65_536
MOST_READ = 64 * 2**20
"""Bytes that one question reads at most."""


class FileTrail:
    """Adds lines to a file that may be moved away at any time: then the next line begins a new one.

    Several processes may write to the same file, since a line is one call in append mode.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._syncing: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Nothing: the file is opened for the first entry."""

    async def within(self, session: Session, entry: AuditEntry) -> bool:
        return False

    def line(self, entry: AuditEntry) -> Line | None:
        return None

    async def keep(self, entry: AuditEntry) -> None:
        line = orjson.dumps(as_json(entry), option=orjson.OPT_APPEND_NEWLINE)
        if os.write(self._opened(), line) != len(line):
            raise OSError("only a part of the line could be written")
        if self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(self._sync())

    async def read(self, login: str | None, before: Place | None, limit: int) -> Trail:
        return await asyncio.to_thread(self._read, login, before, limit)

    async def close(self) -> None:
        if self._syncing is not None:
            self._syncing.cancel()
            await asyncio.gather(self._syncing, return_exceptions=True)
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        """The file that the path names now."""
        if self._file is not None:
            held = os.fstat(self._file)
            try:
                named = self._path.stat()
            except FileNotFoundError:
                named = None
            if named is not None and (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino):
                return self._file
            os.fsync(self._file)
            os.close(self._file)
            self._file = None
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._file

    async def _sync(self) -> None:
        await asyncio.sleep(SYNC_AFTER)
        if self._file is not None:
            copy = os.dup(self._file)  # another line may meanwhile find the file moved, and close it
            try:
                await asyncio.to_thread(os.fsync, copy)
            finally:
                os.close(copy)

    def _read(self, login: str | None, before: Place | None, limit: int) -> Trail:
        """A place is the offset of a line in the file with that number; entries of older files stay there."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return Trail([], False)
        try:
            part = str(os.fstat(file).st_ino)
            if before is not None and before.part != part:
                raise BadUserInput(
                    "The audit file was begun anew since: start again without `after`.", argument="after"
                )
            end = os.fstat(file).st_size if before is None else before.number
            found: list[tuple[Place, AuditEntry]] = []
            for offset, line in _lines_backwards(file, end):
                entry = _entry(line)
                if entry is not None and (login is None or entry.concerns(login)):
                    if len(found) == limit:
                        return Trail(found, True)
                    found.append((Place(offset, part), entry))
            return Trail(found, False)
        finally:
            os.close(file)


def _lines_backwards(file: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The lines before an offset, the last one first, each with its own offset."""
    rest, start, lowest = b"", end, max(0, end - MOST_READ)
    while start > lowest:
        size = min(BLOCK, start)
        start -= size
        rest = os.pread(file, size, start) + rest
        head, *lines = rest.split(b"\n")
        offset = start + len(rest)
        for line in reversed(lines):
            offset -= len(line)
            yield offset, line
            offset -= 1
        rest = head
    if start > 0:
        raise CostExceeded("No more of the audit file is read at once: it is better kept in the table.")
    yield 0, rest


def _entry(line: bytes) -> AuditEntry | None:
    """The entry of a line; none where it was damaged or cut off."""
    try:
        return from_json(orjson.loads(line))
    except (KeyError, TypeError, ValueError):
        return None
