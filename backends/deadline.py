"""When the request under way ends: whoever asks a store waits no longer than that, so that the rest is answered."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, ContextVar, Token, copy_context

from backends.errors import SourceTimeout

_END: ContextVar[float | None] = ContextVar("end of the request", default=None)
_NOTHING = nullcontext()

PART = 0.75


class Over(SourceTimeout):
    """The request's time has come to its end while it waited for something that others wait for too."""


end_of_request = _END.get
"""When the request ends, by `time.monotonic`; None where nothing limits it."""


def seconds_left() -> float | None:
    """How long the request may still take, never below 0; None where nothing limits it."""
    end = _END.get()
    return None if end is None else max(end - time.monotonic(), 0.0)


def begin(seconds: float) -> Token[float | None]:
    """Let everything that is asked from here on end in so many seconds, until `end`."""
    return _END.set(time.monotonic() + seconds)


end = _END.reset


class within:
    """Let everything that is asked in this block, and in tasks begun there, end in so many seconds."""

    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = begin(self._seconds)

    def __exit__(self, *_: object) -> None:
        end(self._token)


def with_some_left() -> AbstractContextManager[None]:
    """The same for a part of what the request may still take, so that something can be asked after it."""
    left = seconds_left()
    return _NOTHING if left is None else within(left * PART)


def timeless() -> Context:
    """The present context without its end, for what is done for several requests."""
    context = copy_context()
    context.run(_END.set, None)
    return context
