"""A scenario whose data change: loaded anew for each case, and looked at before and after."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.otobo.worlds import World

UNSEEN = frozenset({"ticket", "queue", "ticket_history", "ticket_history_type", "search_profile"})
"""Tables that are left out of what was recorded."""

Row = Mapping[str, str | None]
Tables = Mapping[str, Sequence[Row]]
Changes = Mapping[str, Mapping[str, list[dict[str, str | None]]]]
"""Table to the whole rows that were removed and added."""

NAMES = "SELECT coalesce(json_agg(tablename), '[]') FROM pg_tables WHERE schemaname = 'public'"


class FreshWorld(World):
    """One scenario's data in stores of its own, which cases may change."""

    def reload(self) -> None:
        """Bring all databases back to the fixtures, and forget what was read."""
        for name in self.databases:
            self.run(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {self.script(name)}", name)
        self.forget()

    def forget(self) -> None:
        """Read anew what comes next."""
        self._rows.clear()

    def snapshot(self) -> Tables:
        """All rows of all tables that are compared."""
        found: dict[str, list[Row]] = {}
        for name in self.databases:
            tables = [one for one in json.loads(self.run(NAMES, name)) if one not in UNSEEN]
            queries = ", ".join(
                f"'{one}', (SELECT coalesce(json_agg(t), '[]') FROM {one} t)" for one in sorted(tables)
            )
            rows = json.loads(self.run(f"SELECT json_build_object({queries})", name))
            prefix = "" if name == "main" else f"{name}."
            found |= {f"{prefix}{one}": [_text(row) for row in rows[one]] for one in tables}
        return found


def changes(before: Tables, after: Tables) -> Changes:
    """Rows that one side has and the other has not, by table."""
    found = {}
    for table in sorted({*before, *after}):
        old, new = (Counter(map(_frozen, rows.get(table, ()))) for rows in (before, after))
        removed, added = ([dict(row) for row in side.elements()] for side in (old - new, new - old))
        if removed or added:
            found[table] = {"removed": removed, "added": added}
    return found


class Window:
    """The time that a case took."""

    def __init__(self) -> None:
        self.start = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(seconds=1)

    def holds(self, text: object) -> bool:
        """Whether a time lies within the case."""
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            return False
        return self.start <= moment <= datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=1)


def _text(row: Mapping[str, Any]) -> Row:
    """Values as they were recorded."""
    return {key: None if value is None else _time(str(value)) for key, value in row.items()}


def _time(text: str) -> str:
    is_time = len(text) == 19 and text[10] == "T" and text[4] == text[7] == "-"
    return text.replace("T", " ") if is_time else text


def _frozen(row: Row) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(row.items()))
