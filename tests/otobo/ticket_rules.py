"""What is expected of a ticket's dynamic fields where OTOBO is not followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.otobo.oracle import Oracle
from tests.otobo.rows import TICKET
from tests.otobo.situations import Situation

FIELD = "DynamicField_"
LOGIN = "CustomerUserID"
TABLE = "dynamic_field_value"


def wanted_ticket(was: Mapping[str, Any], oracle: Oracle, made: Mapping[str, Any]) -> dict[str, Any]:
    """The stored spelling of the login, no slot of OTOBO's, and 0 as a value like any other.

    Where a field is missing, the ticket is as it was `made`.
    """
    if lacks_ticket_fields(oracle):
        return {"CustomerID": made.get("CustomerID"), LOGIN: made.get("CustomerUser")}
    found = dict(was)
    owner = oracle.owner(str(was.get(LOGIN) or ""), oracle.users)
    if owner is None:
        return found
    found[LOGIN] = owner.key
    for variable, name in _mapping(oracle).items():
        if variable == "Source":
            found.pop(f"{FIELD}{name}", None)
        elif owner.attribute(variable) == "0":
            found[f"{FIELD}{name}"] = "0"
    return found


def wanted_rows(recorded: Mapping[str, Any], oracle: Oracle, ticket: Mapping[str, Any]) -> dict[str, Any]:
    """The rows that belong to a ticket as it is expected."""
    if lacks_ticket_fields(oracle):
        return {}
    rows = oracle.world.query("SELECT id, name FROM dynamic_field WHERE valid_id = 1")
    numbers = {row["name"][0]: row["id"][0] for row in rows}
    slot = numbers.get(_mapping(oracle).get("Source", ""))
    added = [row for row in recorded.get(TABLE, {}).get("added", ()) if row["field_id"] != slot]
    known = {row["field_id"] for row in added}
    zeros = [key.removeprefix(FIELD) for key, value in ticket.items() if value == "0"]
    empty = dict.fromkeys(("index_set", "index_value", "value_date", "value_int"))
    for name in zeros:
        if numbers.get(name, slot) not in known:
            added.append(empty | {"field_id": numbers[name], "object_id": TICKET, "value_text": "0"})
    removed = recorded.get(TABLE, {}).get("removed", [])
    return {TABLE: {"removed": removed, "added": added}} if removed or added else {}


def spelled(case: Situation) -> set[str]:
    """The login of the ticket, in another spelling."""
    return {LOGIN}


def slots(case: Situation) -> set[str]:
    """Fields that hold the number of a source."""
    return {f"{FIELD}{name}" for variable, name in _mapping(case.oracle).items() if variable == "Source"}


def zeros(case: Situation) -> set[str]:
    """Fields whose value is 0."""
    return {key for key, value in case.expected.items() if value == "0"}


def lacks_ticket_fields(oracle: Oracle) -> bool:
    """Whether the mapping names a field that no ticket has."""
    sql = "SELECT name FROM dynamic_field WHERE valid_id = 1 AND object_type = 'Ticket'"
    return not {row["name"][0] for row in oracle.world.query(sql)}.issuperset(_mapping(oracle).values())


def of_unwritten(case: Situation) -> set[str]:
    """All of a ticket that was not written, since a field is missing."""
    return set(case.differing) if lacks_ticket_fields(case.oracle) else set()


def _mapping(oracle: Oracle) -> Mapping[str, str]:
    found: Mapping[str, str] = oracle.settings.get("DynamicFieldFromCustomerUser::Mapping") or {}
    return found
