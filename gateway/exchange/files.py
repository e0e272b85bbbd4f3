"""Rows in files: CSV and JSON lines, read and written one after the other."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, Protocol

from gateway.exchange.cells import flat

Format = Literal["csv", "jsonl"]
LONGEST = 1_000_000
"""Characters of one cell, or of one line."""


class Unusable(Exception):
    """A file that cannot be read at all, and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file, or why it cannot be read; `raw` is what to write beside then."""

    number: int
    cells: Mapping[str, Any]
    fault: str | None = None


class Sheet(Protocol):
    """Where rows are written."""

    def write(self, cells: Mapping[str, Any]) -> None:
        """One row."""
        ...


class CsvSheet:
    """Comma-separated values, with a header."""

    def __init__(self, file: IO[str], columns: Sequence[str]) -> None:
        self._columns = columns
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, cells: Mapping[str, Any]) -> None:
        self._writer.writerow([flat(cells.get(column)) for column in self._columns])


class JsonSheet:
    """One JSON object a line."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, cells: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(cells, ensure_ascii=False) + "\n")


def sheet(file: IO[str], format: Format, columns: Sequence[str]) -> Sheet:
    """A file to write rows to."""
    return CsvSheet(file, columns) if format == "csv" else JsonSheet(file)


@contextmanager
def replaced(path: Path) -> Iterator[IO[str]]:
    """A file for its owner's eyes, which takes the place of `path` when all of it is written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            yield file
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def format_of(path: Path) -> Format:
    """What a file's name says."""
    return "jsonl" if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else "csv"


class Rows:
    """The rows of an open file."""

    def __init__(self, raw: BinaryIO, format: Format) -> None:
        self._raw = raw
        self._lines = TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self.columns: tuple[str, ...] = ()
        """The header of a CSV; empty for JSON lines, where each names its own."""
        self._rows = self._csv() if format == "csv" else self._json()
        if format == "csv":
            self._header()

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return os.fstat(self._raw.fileno()).st_size

    @property
    def position(self) -> int:
        """How many bytes were read."""
        return self._raw.tell()

    def _header(self) -> None:
        csv.field_size_limit(LONGEST)
        first = self._lines.readline(LONGEST)
        separator = ";" if ";" in first and "," not in first else ","
        try:
            names = next(csv.reader([first], delimiter=separator), [])
        except csv.Error as error:
            raise Unusable("has no header that can be read") from error
        self.columns = tuple(name.strip() for name in names)
        if len(set(self.columns)) != len(self.columns):
            raise Unusable("names a column twice in its header")
        self._reader = csv.reader(self._lines, delimiter=separator, strict=True)

    def _csv(self) -> Iterator[Row]:
        number = 1
        while True:
            number += 1
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number, {}, f"row {number} is no CSV: {error}")
                continue
            cells: dict[str, Any] = dict(zip(self.columns, values, strict=False))
            if len(values) != len(self.columns):
                if values:
                    fault = f"row {number} has {len(values)} cells, the header {len(self.columns)}"
                    yield Row(number, cells, fault)
                continue
            yield Row(number, cells)

    def _json(self) -> Iterator[Row]:
        number = 0
        while line := self._lines.readline(LONGEST):
            number += 1
            if not line.strip():
                continue
            try:
                cells = json.loads(line)
            except (ValueError, RecursionError):
                yield Row(number, {}, f"line {number} is not JSON")
                continue
            if isinstance(cells, dict):
                yield Row(number, cells)
            else:
                yield Row(number, {}, f"line {number} is no JSON object")
