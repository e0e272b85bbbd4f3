"""A circuit breaker: after some failures in a row nobody is sent, then one probe at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

SOON_MS = 100
"""When to come back while a probe is on its way."""


@dataclass(frozen=True, slots=True, eq=False)
class Permit:
    """Leave for one call; it is settled once, however the call ends."""

    probe: bool
    hopeful: bool
    """Whether the calls before it worked, so that a failure may be a broken connection and no more."""


_HOPEFUL, _HOPELESS = Permit(probe=False, hopeful=True), Permit(probe=False, hopeful=False)


class Breaker:
    """Opens after `failures` in a row, for `seconds`; then lets through one probe at a time until one succeeds.

    Nothing here waits: the caller asks for a permit, calls, and settles the permit.
    """

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._failed = 0
        self._opened_at: float | None = None
        self._probe: Permit | None = None

    @property
    def is_open(self) -> bool:
        """Whether a call now would be refused."""
        return self._opened_at is not None and (self._probe is not None or self._rest > 0)

    @property
    def retry_after_ms(self) -> int:
        """When a refused caller should come back."""
        return max(math.ceil(self._rest * 1000), SOON_MS)

    def admit(self) -> Permit | None:
        """Leave for one call, or None while it is open."""
        if self._opened_at is None:
            return _HOPELESS if self._failed else _HOPEFUL
        if self.is_open:
            return None
        self._probe = Permit(probe=True, hopeful=False)
        return self._probe

    def settle(self, permit: Permit, worked: bool | None) -> None:
        """Say how the call ended: it worked, it failed, or (None) it says nothing about the source."""
        if permit is self._probe:
            self._probe = None
        elif permit.probe or self._opened_at is not None:
            return  # while it is open the probe decides, not a call from before
        if worked:
            self._failed = 0
            self._opened_at = None
        elif worked is False:
            self._failed += 1
            if permit.probe or self._failed >= self._limit:
                self._opened_at = self._clock()

    @property
    def _rest(self) -> float:
        return 0.0 if self._opened_at is None else self._opened_at + self._seconds - self._clock()
