"""The recorded questions about values: customer IDs in use, and preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.otobo.asking import Replay
from tests.otobo.lists import validity
from tests.otobo.outcomes import Outcome
from tests.otobo.records import text

Args = Mapping[str, Any]

COUNTS = """query Counts($search: String, $filter: CustomerUserFilter) {
  customerUserCounts(by: "customerId", search: $search, filter: $filter, first: 1000) { nodes { value } }
}"""
PREFERENCES = (
    "query Preferences($login: String!) { customerUser(login: $login) { preferences { key value } } }"
)


async def customer_id_list(replay: Replay, args: Args) -> Outcome:
    """Customer IDs that customer users have as their primary one."""
    conditions = {"validity": validity(args)}
    data = await replay.ask(COUNTS, search=text(args.get("SearchTerm")), filter=conditions)
    return [node["value"] for node in data["customerUserCounts"]["nodes"] if node["value"] is not None]


async def preferences(replay: Replay, args: Args) -> Outcome:
    """Preferences by key."""
    user = (await replay.ask(PREFERENCES, login=text(args.get("UserID"))))["customerUser"]
    return {one["key"]: one["value"] for one in user["preferences"]} if user else {}
