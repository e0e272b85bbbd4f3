"""Logs: one JSON object a line, with names and numbers only."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """Write JSON lines to standard error; an exception becomes its type and places, never its words or values."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def without_words(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its types and the places it passed: messages may hold what people typed."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = [type(one).__name__ for one in _chain(error)]
        event["places"] = [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for one in _chain(error)
            for frame in traceback.extract_tb(one.__traceback__)
        ]
    return event


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        if isinstance(following, BaseExceptionGroup):
            found += [one for one in following.exceptions if one not in found]
        following = following.__cause__ or following.__context__
    return found
