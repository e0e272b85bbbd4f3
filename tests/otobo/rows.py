"""Comparing the rows that a case changed with those that were recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from backends.passwords import verify
from tests.otobo.fresh import Changes, Row, Window
from tests.otobo.recording import Case

NOW, NEW, TICKET, GENERATED = "<now>", "<new>", "<TicketID>", "<generated>"
EPOCH = "<epoch-now>"
PASSWORD = "pw"
SECRETS = ("PW", "UserPassword")
UNKEPT = {"dynamic_field_value": frozenset({"id"})}
"""Columns that were left out of what was recorded."""


class Comparison:
    """What counts as equal within one case: any time of it, any new number, any hash of the password it sets."""

    def __init__(
        self, case: Case, window: Window, generated: Collection[str], tickets: Collection[str]
    ) -> None:
        self.window = window
        self.tickets = tickets
        self.generated = generated
        self.passwords = {
            str(call.args[name]) for call in case.steps for name in SECRETS if name in call.args
        }

    def same_tables(self, recorded: Changes, ours: Changes) -> bool:
        """Whether the same rows changed."""
        return recorded.keys() == ours.keys() and all(
            self.same_rows(recorded[table]["removed"], ours[table]["removed"], table)
            and self.same_rows(recorded[table]["added"], ours[table]["added"], table)
            for table in recorded
        )

    def same_rows(self, recorded: Sequence[Row], ours: Sequence[Row], table: str) -> bool:
        """Whether each recorded row has one of ours."""
        left = list(ours)
        for row in recorded:
            found = next((one for one in left if self.same_row(row, one, UNKEPT.get(table, ()))), None)
            if found is None:
                return False
            left.remove(found)
        return not left

    def same_row(self, recorded: Row, ours: Row, unkept: Collection[str] = ()) -> bool:
        """Whether a row is the recorded one."""
        columns = ours.keys() - set(unkept)
        return recorded.keys() == columns and all(
            self.same_cell(column, recorded[column], ours[column]) for column in columns
        )

    def same_cell(self, column: str, recorded: str | None, ours: str | None) -> bool:
        """Whether a value is the recorded one."""
        if recorded == NOW:
            return self.window.holds(ours)
        if recorded == EPOCH:
            return self.window.holds(_moment(ours))
        if recorded in (NEW, TICKET):
            return ours is not None and ours.isdigit() and (recorded == NEW or ours in self.tickets)
        if recorded == GENERATED:
            return ours is not None and any(verify(ours, password) for password in self.generated)
        if column == PASSWORD and recorded is not None and ours is not None and recorded != ours:
            return any(verify(ours, password) for password in self.passwords)
        return recorded == ours

    def timed(self, recorded: Any, outcome: Any) -> Any:
        """An outcome in which times of the case read as they were recorded."""
        if not isinstance(recorded, Mapping) or not isinstance(outcome, Mapping):
            return outcome
        return {
            key: NOW if recorded.get(key) == NOW and self.window.holds(value) else value
            for key, value in outcome.items()
        }


def _moment(seconds: str | None) -> str | None:
    """A time in seconds since 1970, as others are written."""
    if seconds is None or not seconds.isdigit():
        return seconds
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None).isoformat(" ")
