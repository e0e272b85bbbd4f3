"""Logs: one JSON object a line, with names and numbers only."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import orjson
import structlog

from backends.errors import CODES
from backends.recorder import CURRENT, Record

log = structlog.get_logger("kundengraph")

TALKERS = ("asyncio", "uvicorn")
"""Libraries whose own words hold no values; of others the place that spoke is logged alone."""

_write: Callable[[bytes], None] | None = None
"""Takes a line; set by `configure_logs`."""
_stream: _Stream | None = None
_requests = True
"""Whether requests leave lines: not in the demo's terminal."""


def configure_logs(level: int = logging.INFO, *, requests: bool = True) -> None:
    """Write JSON lines to standard error; an exception becomes its type and places, never its words or values."""
    global _write, _requests, _stream  # noqa: PLW0603 - one process has one log
    _requests = requests
    stream = _Stream(sys.stderr)
    _write = stream.write_line
    _stream = stream
    structlog.configure(
        processors=[
            with_request,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, stream)),
        cache_logger_on_first_use=False,
    )
    libraries = logging.getLogger()
    for handler in [one for one in libraries.handlers if isinstance(one, Libraries)]:
        libraries.removeHandler(handler)
    libraries.addHandler(Libraries())


def log_request(record: Record, seconds: float, event: str = "request") -> None:
    """The one line of a request; past structlog, whose chain of processors costs more than the rest of it."""
    if not _requests or _write is None:
        return
    now = time.time_ns()
    kind = _kind(record.method, record.path, record.status)
    operation = _operation(record.credential, record.operation_type, record.operation, record.executor)
    has_more = (
        record.codes or record.sources or record.hits or record.stale or record.shared or record.operations
    )
    _write(
        f'{{"event":"{event}","timestamp":"{_second(now // 1_000_000_000)}.{now // 1000 % 1_000_000:06d}Z"'
        f',"level":"info","request_id":"{record.request_id}"{kind},"duration_ms":{round(seconds * 1000, 3)}'
        f"{operation}{_members(_more(record)) if has_more else ''}}}\n".encode()
    )


@lru_cache(maxsize=256)
def _kind(method: str, path: str, status: int | None) -> str:
    return _members({"method": method, "path": path, "status": status})


@lru_cache(maxsize=256)
def _operation(credential: str | None, type_: str | None, name: str | None, executor: str | None) -> str:
    known = {"credential": credential, "operation_type": type_, "operation": name, "executor": executor}
    return _members({key: value for key, value in known.items() if value is not None})


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _members(values: Mapping[str, Any]) -> str:
    """Members of an object that follow others, as JSON."""
    return "," + orjson.dumps(values).decode()[1:-1] if values else ""


def _more(record: Record) -> dict[str, Any]:
    """What few requests have to tell."""
    more: dict[str, Any] = {}
    if record.codes:
        more["codes"] = [known_code(code) for code in record.codes]
    if record.sources:
        more["sources"] = {
            key: {"calls": int(calls), "ms": round(spent * 1000, 3)}
            for key, (calls, spent) in record.sources.items()
        }
    if record.hits:
        more["from_cache"] = record.hits
    if record.stale:
        more["from_stale_cache"] = record.stale
    if record.shared:
        more["shared"] = True
    if record.operations:
        more["operations"] = record.operations
    return more


def log_line(event: str, values: Mapping[str, Any]) -> None:
    """The one line of something that happens often, past structlog too, where these logs are written."""
    if _write is None:
        log.info(event, **values)
        return
    line = {"event": event, "timestamp": datetime.now(UTC), "level": "info", **values}
    _write(orjson.dumps(line, option=_OPTIONS))


def known_code(code: str) -> str:
    """A code of the closed list; whatever else a library may say is OTHER."""
    return code if code in CODES else "OTHER"


def with_request(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say in which request something happened."""
    if (record := CURRENT.get()) is not None:
        event["request_id"] = record.request_id
    return event


def without_words(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its types and the places it passed: messages may hold what people typed."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event.update(_types_and_places(error))
    return event


class Libraries(logging.Handler):
    """What libraries log, as lines of ours: where it was said, and only of a few also what."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """One line; never the arguments of a message, and of an exception the types and places alone."""
        if _write is None:
            return
        line: dict[str, Any] = {
            "event": "a library says",
            "timestamp": datetime.now(UTC),
            "level": record.levelname.lower(),
            "library": record.name,
            "place": f"{record.filename}:{record.lineno}",
        }
        if record.name.partition(".")[0] in TALKERS:
            line["words"] = str(record.msg).partition("\n")[0]
        if (request := CURRENT.get()) is not None:
            line["request_id"] = request.request_id
        if record.exc_info and record.exc_info[1] is not None:
            line |= _types_and_places(record.exc_info[1])
        _write(orjson.dumps(line, option=_OPTIONS))


_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class _Stream:
    """A stream of lines of which one that nobody takes fails no request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._buffer: BinaryIO | None = getattr(stream, "buffer", None)
        self._lines: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that will write them."""

    def write(self, text: str) -> None:
        """As of any stream."""
        self.write_lines()
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """As of any stream."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def write_line(self, line: bytes) -> None:
        """A whole line, to the bytes below the stream where it has any; those of one turn of a loop together."""
        if self._buffer is None:
            print(line.decode(), end="", file=self, flush=True)
            return
        self._lines.append(line)
        loop = asyncio._get_running_loop()
        if loop is None:
            self.write_lines()
        elif loop is not self._loop:
            self._loop = loop
            loop.call_soon(self.write_lines)

    def write_lines(self) -> None:
        """What has waited for its turn."""
        lines, self._lines, self._loop = self._lines, [], None
        if not lines or self._buffer is None:
            return
        with suppress(OSError, ValueError):
            self._buffer.write(b"".join(lines))
            self._buffer.flush()


def _types_and_places(error: BaseException) -> dict[str, list[str]]:
    chain = _chain(error)
    return {
        "error": [type(one).__name__ for one in chain],
        "places": [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for one in chain
            for frame in traceback.extract_tb(one.__traceback__)
        ],
    }


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        if isinstance(following, BaseExceptionGroup):
            found += [one for one in following.exceptions if one not in found]
        following = following.__cause__ or following.__context__
    return found


@atexit.register
def _write_lines() -> None:
    """Who ends in the middle of a turn has said all that it had to say."""
    if _stream is not None:
        _stream.write_lines()
