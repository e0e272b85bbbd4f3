"""The recorded look-ups: one customer user, one company, names, customer IDs, relations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from backends.names import CUSTOMER_NAMES, USER_NAMES
from tests.otobo.asking import ALL_VALIDITIES, VALIDITY_IDS, Replay
from tests.otobo.blocks import Block, slot_of
from tests.otobo.outcomes import Outcome

Args = Mapping[str, Any]

CUSTOMER_FIELDS = """customerId name street zip city country url comment validity sourceKey createdAt changedAt
attributes { variable values }"""
CUSTOMER = f"query Customer($id: String!) {{ customer(customerId: $id) {{ {CUSTOMER_FIELDS} }} }}"
USER = f"""query User($login: String!) {{
  customerUser(login: $login) {{
    login title firstName lastName email customerId phone fax mobile street zip city country comment validity
    fullName label createdAt changedAt source {{ key }}
    attributes {{ variable values }}
    customer {{ {CUSTOMER_FIELDS} }}
  }}
}}"""
NAME = "query Name($login: String!) { customerUser(login: $login) { fullName } }"
IDS = "query Ids($login: String!) { customerUser(login: $login) { customerIds } }"
ADDITIONAL = "query Additional($login: String!) { customerUser(login: $login) { additionalCustomerIds } }"
MEMBERS = """query Members($id: String!, $validity: [Validity!], $first: Int, $after: String) {
  customer(customerId: $id) {
    customerUsers(membership: [ADDITIONAL], filter: {validity: $validity}, first: $first, after: $after) {
      nodes { login } pageInfo { hasNextPage endCursor }
    }
  }
}"""


async def data_get(replay: Replay, args: Args) -> Outcome:
    """One customer user with its company below it, in OTOBO's keys."""
    user = (await replay.ask(USER, login=text(args.get("User"))))["customerUser"]
    if user is None:
        return {}
    block = replay.user_block(user["source"]["key"])
    zone = zone_of(replay)
    found: dict[str, Any] = {}
    if user["customer"] is not None:
        found = company_hash(replay, user["customer"])
        found["CustomerCompanyValidID"] = found.pop("ValidID", None)
        found |= {} if block.row("ValidID") else {"ValidID": found["CustomerCompanyValidID"]}
    found |= {row.variable: value for row, value in _mapped(block, user)}
    found |= {"UserID": user["login"], "UserMailString": user["label"], "Source": block.slot}
    if user["fullName"]:
        found["UserFullname"] = user["fullName"]
    if block.audited:
        found |= _times(user, zone)
    return found


async def company_get(replay: Replay, args: Args) -> Outcome:
    """One company in OTOBO's keys."""
    key = args.get("Name") or args.get("CustomerID")
    customer = (await replay.ask(CUSTOMER, id=text(key)))["customer"]
    return {} if customer is None else company_hash(replay, customer)


def company_hash(replay: Replay, customer: Mapping[str, Any]) -> dict[str, Any]:
    """A customer in OTOBO's keys."""
    block = next(one for one in replay.companies if one.slot == slot_of(customer["sourceKey"]))
    found = {row.variable: value for row, value in _mapped(block, customer)}
    return found | {"Source": block.slot} | (_times(customer, zone_of(replay)) if block.audited else {})


async def customer_name(replay: Replay, args: Args) -> Outcome:
    """The full name; none where it is empty or nobody has the login."""
    user = (await replay.ask(NAME, login=text(args.get("UserLogin"))))["customerUser"]
    return (user["fullName"] or None) if user else None


async def customer_ids(replay: Replay, args: Args) -> Outcome:
    """All customer IDs, to be compared as a set."""
    user = (await replay.ask(IDS, login=text(args.get("User"))))["customerUser"]
    return user["customerIds"] if user else []


async def member_list(replay: Replay, args: Args) -> Outcome:
    """Relations of a customer user, or of a customer; the first that is given decides."""
    if text(args.get("CustomerUserID")) or not text(args.get("CustomerID")):
        user = (await replay.ask(ADDITIONAL, login=text(args.get("CustomerUserID"))))["customerUser"]
        return user["additionalCustomerIds"] if user else []
    logins: list[str] = []
    after = None
    while True:
        data = await replay.ask(
            MEMBERS, id=text(args["CustomerID"]), validity=ALL_VALIDITIES, first=1000, after=after
        )
        if data["customer"] is None:
            return []
        members = data["customer"]["customerUsers"]
        logins += [node["login"] for node in members["nodes"]]
        if not members["pageInfo"]["hasNextPage"]:
            return logins
        after = members["pageInfo"]["endCursor"]


def text(value: object) -> str | None:
    """A scalar as text; undefined goes out as null."""
    return None if value is None else str(value)


def zone_of(replay: Replay) -> ZoneInfo:
    """The time zone in which OTOBO writes."""
    return ZoneInfo(replay.settings.get("OTOBOTimeZone") or "UTC")


def _mapped(block: Block, record: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The mapped attributes of a record, as OTOBO names them; several values stay a list."""
    names = CUSTOMER_NAMES if block.is_company else USER_NAMES
    others = {one["variable"]: one["values"] for one in record["attributes"]}
    for row in block.rows:
        if row.variable == "ValidID":
            yield row, VALIDITY_IDS[record["validity"]]
        elif row.variable == "UserCustomerIDs":
            yield row, others.get(row.variable, [])
        elif row.variable in names:
            yield row, record[names[row.variable]]
        else:
            values = others.get(row.variable, [])
            yield row, values if len(values) > 1 else values[0] if values else None


def _times(record: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str | None]:
    return {
        key: datetime.fromisoformat(record[name]).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        if record[name]
        else None
        for key, name in (("CreateTime", "createdAt"), ("ChangeTime", "changedAt"))
    }
