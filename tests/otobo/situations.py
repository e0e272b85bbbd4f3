"""A call, what was recorded of it, and what is expected here: what the rules look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.otobo.blocks import Block
from tests.otobo.lists import NO_CRITERIA, search_mode
from tests.otobo.oracle import Oracle, Record
from tests.otobo.outcomes import Outcome, Refused
from tests.otobo.recording import Call

LOGINS = ("User", "UserLogin", "CustomerUserID", "UserID")


@dataclass(frozen=True)
class Situation:
    """One call, what was recorded of it, and what is expected here."""

    call: Call
    oracle: Oracle
    recorded: Any
    expected: Outcome

    @property
    def args(self) -> Mapping[str, Any]:
        """The call's arguments."""
        return self.call.args

    @property
    def blocks(self) -> Sequence[Block]:
        """The sources that the call asks."""
        return self.oracle.companies if "Company" in self.call.method else self.oracle.users

    @cached_property
    def records(self) -> Sequence[Record]:
        """Everything that these sources hold."""
        return [record for block in self.blocks for record in self.oracle.records(block) or ()]

    @cached_property
    def texts(self) -> Sequence[str]:
        """What the caller looks for."""
        if self.call.method == "CustomerSearch":
            return [search_mode(self.args)[1]]
        return list(scalars(value for key, value in self.args.items() if key not in NO_CRITERIA))

    @cached_property
    def differing(self) -> frozenset[str]:
        """Keys that were recorded and are not expected, or the other way round, or have another label."""
        old, new = keys_of(self.recorded), keys_of(self.expected)
        differing = set(new) - set(old) if self.call.check == "subset" else set(old) ^ set(new)
        if isinstance(self.recorded, dict) and isinstance(self.expected, dict):
            labels = self.recorded.get("sample", self.recorded)
            differing |= {
                key for key in labels.keys() & self.expected.keys() if labels[key] != self.expected[key]
            }
        return frozenset({str(key) for key in differing} | ({"None"} if None in old else set()))

    @cached_property
    def owner(self) -> Record | None:
        """Who has the login that the call names."""
        try:
            return self.oracle.owner(self.login, self.oracle.users)
        except Refused:
            return None

    @property
    def login(self) -> str:
        """The login that the call names."""
        return next((str(self.args[name]) for name in LOGINS if self.args.get(name) is not None), "")

    @property
    def is_count(self) -> bool:
        """Whether only a number is wanted."""
        return self.args.get("Result") == "COUNT"


def scalars(values: Iterable[Any]) -> Iterable[str]:
    """All scalars as texts."""
    for value in values:
        if isinstance(value, dict):
            yield from scalars(value.values())
        elif isinstance(value, list):
            yield from scalars(value)
        elif value is not None:
            yield str(value)


def keys_of(result: Any) -> Sequence[Any]:
    """The keys of a hash, or the members of a list."""
    if isinstance(result, dict):
        keys: Sequence[Any] = result.get("keys") or result.get("of_keys") or list(result)
        return keys
    return result if isinstance(result, list) else []
