"""One measured number of a promise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured, and whether it is within what is promised."""

    promise: str
    what: str
    number: float
    unit: str
    kept: bool

    def __str__(self) -> str:
        out = "" if self.kept else "  out of bounds"
        return f"{self.promise:4} {self.what:64} {self.number:8.3f} {self.unit}{out}"
