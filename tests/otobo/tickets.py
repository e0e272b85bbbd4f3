"""The recorded steps on tickets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.otobo.asking import Replay
from tests.otobo.mutations import write
from tests.otobo.outcomes import Outcome
from tests.otobo.records import text

Args = Mapping[str, Any]

TICKET = "<TicketID>"
SET, SELECTION = "setTicketCustomerUser", "dynamicFields { name }"
INSERT = """INSERT INTO ticket (tn, title, queue_id, ticket_lock_id, user_id, responsible_user_id,
 ticket_priority_id, ticket_state_id, customer_id, customer_user_id, timeout, until_time, escalation_time,
 escalation_update_time, escalation_response_time, escalation_solution_time,
 create_time, create_by, change_time, change_by)
VALUES (md5(random()::text), 't', 1, 1, 1, 1, 3, 1, {customer}, {user}, 0, 0, 0, 0, 0, 0, now(), 1, now(), 1)
RETURNING id;"""
ROW = "SELECT json_build_array(customer_id, customer_user_id) FROM ticket WHERE id = {ticket};"
FIELDS = """SELECT coalesce(json_object_agg(name, value_text), '{{}}') FROM (SELECT f.name,
 (SELECT v.value_text FROM dynamic_field_value v WHERE v.field_id = f.id AND v.object_id = {ticket}
  ORDER BY v.id LIMIT 1)
 FROM dynamic_field f WHERE f.object_type = 'Ticket' AND f.valid_id = 1) found;"""


async def create(replay: Replay, args: Args) -> Outcome:
    """Insert the row, then do what a set customer user does."""
    row = INSERT.format(customer=_quoted(args.get("CustomerID")), user=_quoted(args.get("CustomerUser")))
    ticket = replay.run(row).strip()
    replay.tickets.append(ticket)
    given = {"ticketId": ticket, "login": text(args.get("CustomerUser"))}
    given["customerId"] = text(args.get("CustomerID"))
    await write(replay, SET, given, agent=args.get("UserID"), selection=SELECTION)
    return TICKET


async def customer_set(replay: Replay, args: Args) -> Outcome:
    """Set the customer user or the customer of a ticket; what is not given stays."""
    given: dict[str, Any] = {"ticketId": number(replay, args)}
    given |= {
        ours: text(args[theirs])
        for ours, theirs in (("login", "User"), ("customerId", "No"))
        if args.get(theirs) is not None
    }
    await write(replay, SET, given, agent=args.get("UserID"), selection=SELECTION)
    return "1"


async def get(replay: Replay, args: Args) -> Outcome:
    """The row and its dynamic fields."""
    ticket = number(replay, args)
    customer, user = json.loads(replay.run(ROW.format(ticket=ticket)))
    fields = json.loads(replay.run(FIELDS.format(ticket=ticket)))
    found = {f"DynamicField_{name}": value for name, value in fields.items()}
    found |= {"CustomerID": customer, "CustomerUserID": user}
    return {key: value for key, value in found.items() if value is not None}


def number(replay: Replay, args: Args) -> str:
    """The ticket of the case, or the one that is named."""
    given = str(args.get("TicketID"))
    return replay.tickets[-1] if given == "${TicketID}" else given


def _quoted(value: object) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"
