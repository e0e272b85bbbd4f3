"""What a call comes to: a result in the recorded shape, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

UNUSABLE = "CONFIGURATION"
"""The code of a gateway that does not start with its configuration."""
ASKED_WRONGLY = frozenset(
    {
        *("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "FORBIDDEN"),
        *("REQUIRED", "INVALID", "TAKEN", "NOT_FOUND", "READ_ONLY", "AMBIGUOUS", "CONFLICT"),
    }
)
"""Codes of errors, and of what mutations find wrong."""


@dataclass(frozen=True)
class Refused(Exception):
    """The gateway refused, with this code."""

    code: str

    @property
    def is_the_callers_fault(self) -> bool:
        """Whether the call itself was wrong, not the state of a store."""
        return self.code in ASKED_WRONGLY


Outcome = Any
"""A result in the recorded shape, or Refused."""

NOTHING: dict[str, Any] = {"hash": {}, "list": [], "scalar": None}
"""What a refused call gives, by what it returns."""
