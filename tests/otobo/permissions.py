"""The recorded questions about groups: who holds what, and whose tickets are within reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.otobo.asking import Replay
from tests.otobo.blocks import truthy
from tests.otobo.outcomes import Outcome
from tests.otobo.recording import Settings
from tests.otobo.records import text

Args = Mapping[str, Any]

REQUIRED = "query Missing($value: String!) { group(name: $value) { name } }"
EFFECTIVE = "effectivePermissions { group { name } permissions grants { origin } }"
USER = f"query Effective($login: String!) {{ customerUser(login: $login) {{ {EFFECTIVE} }} }}"
STORED = """query Stored($login: String!) {
  customerUser(login: $login) { groups { group { name validity } permissions } }
}"""
CUSTOMER = """query Effective($id: String!, $context: PermissionContext!) {
  customer(customerId: $id) { effectivePermissions(context: $context) { group { name } permissions } }
}"""
HOLDERS = """query Holders($group: String!, $key: PermissionKey!, $first: Int, $after: String) {
  group(name: $group) { validity members: effectiveCustomerUsers(permission: $key, first: $first, after: $after) {
    edges { login permissions node { validity } } pageInfo { hasNextPage endCursor }
  } }
}"""
USERS = """query Users($group: String!, $first: Int, $after: String) {
  group(name: $group) { validity members: customerUsers(first: $first, after: $after) {
    edges { login permissions node { validity } } pageInfo { hasNextPage endCursor }
  } }
}"""
CUSTOMERS = """query Customers($group: String!, $first: Int, $after: String) {
  group(name: $group) { validity members: customers(first: $first, after: $after) {
    edges { customerId context permissions } pageInfo { hasNextPage endCursor }
  } }
}"""
CHECK = """query Check($login: String!, $group: String!, $key: PermissionKey!) {
  customerUser(login: $login) { hasPermission(group: $group, permission: $key) }
}"""
REACHED = """query Reached($login: String!) {
  customerUser(login: $login) { accessibleCustomers { customer { customerId label } direct indirect } }
}"""
MATRIX = f"""query Matrix($login: String!) {{
  __type(name: "PermissionKey") {{ enumValues {{ name }} }}
  customerUser(login: $login) {{
    {EFFECTIVE} accessibleCustomers {{ customer {{ customerId label }} direct indirect }}
  }}
}}"""


async def require(replay: Replay, *values: object) -> None:
    """A required value that is missing is sent as null."""
    for value in values:
        if value is None or value == "":
            await replay.ask(REQUIRED, value=None)


def configured(replay: Replay, key: object) -> str:
    """A permission key as it is asked for: one that is not configured can be held by rw alone (PERM-2)."""
    keys = replay.settings["System::Customer::Permission"]
    return (str(key) if key in keys else "rw").upper()


def shaped(found: Mapping[str, str], result: object) -> Outcome:
    """The answer in the form that the call wants (PERM-9)."""
    if result == "HASH":
        return dict(found)
    return sorted(found) if result == "ID" else sorted(found.values()) if result == "Name" else []


async def member_list(replay: Replay, args: Args) -> Outcome:
    """Groups of a customer user, or customer users of a group."""
    user, group, raw = args.get("UserID"), args.get("GroupID"), truthy(args.get("RawPermissions"))
    await require(replay, args.get("Result"), args.get("Type"), user if group in (None, "") else group)
    key = configured(replay, args["Type"])
    if user not in (None, ""):
        held = await (_stored if raw else _effective)(replay, str(user))
        return shaped(_with_key(replay, held, key), args["Result"])
    document, wanted = (USERS, {}) if raw else (HOLDERS, {"key": key})
    name = replay.names.groups.get(str(group), "")
    edges = await _edges(replay, document, name, **wanted)
    logins = [
        one["login"] for one in edges if {key, "RW"} & set(one["permissions"]) and _may_show(one["node"])
    ]
    return shaped(dict.fromkeys(logins, name), args["Result"])


async def customer_list(replay: Replay, args: Args) -> Outcome:
    """Groups of a customer, or customers of a group."""
    customer, group = args.get("CustomerID"), args.get("GroupID")
    await require(replay, args.get("Result"), args.get("Type"), customer if group in (None, "") else group)
    key, context = configured(replay, args["Type"]), context_of(replay, args.get("Context"))
    if customer not in (None, ""):
        found = (await replay.ask(CUSTOMER, id=str(customer), context=context))["customer"]
        held = found["effectivePermissions"] if found else []
        return shaped(_with_key(replay, held, key), args["Result"])
    name = replay.names.groups.get(str(group), "")
    edges = await _edges(replay, CUSTOMERS, name)
    ids = [
        one["customerId"]
        for one in edges
        if {key, "RW"} & set(one["permissions"]) and one["context"] == context
    ]
    return shaped(dict.fromkeys(ids, name), args["Result"])


async def check(replay: Replay, args: Args) -> Outcome:
    """Whether a customer user has a permission; an unknown group, or nobody, has none."""
    await require(replay, args.get("UserID"), args.get("GroupName"), args.get("Type"))
    key = configured(replay, args["Type"])
    data = await replay.ask(CHECK, login=str(args["UserID"]), group=str(args["GroupName"]), key=key)
    user = data["customerUser"]
    return "1" if user and user["hasPermission"] else "0"


async def accessible_customers(replay: Replay, args: Args) -> Outcome:
    """Customers within reach, by their labels."""
    await require(replay, args.get("CustomerUserID"))
    user = (await replay.ask(REACHED, login=text(args["CustomerUserID"])))["customerUser"]
    reached = user["accessibleCustomers"] if user else []
    return {one["customer"]["customerId"]: one["customer"]["label"] for one in reached}


async def matrix(replay: Replay, args: Args) -> Outcome:
    """The two tables of the admin page; not shown where every grant is unrestricted."""
    data = await replay.ask(MATRIX, login=text(args.get("ID")))
    user = data["customerUser"]
    if user is None:
        return {}
    held = user["effectivePermissions"]
    origins = {grant["origin"] for one in held for grant in one["grants"]}
    if origins == {"UNRESTRICTED"}:
        return {"shown": "0", "types": [], "groups": [], "customers": []}
    types = [one["name"].lower() for one in data["__type"]["enumValues"]]
    return {
        "shown": "1",
        "types": types,
        "groups": [_row(replay, one, types) for one in held],
        "customers": [
            {
                "id": one["customer"]["customerId"],
                "name": one["customer"]["label"],
                "access": cells(replay.settings, direct=one["direct"], indirect=one["indirect"]),
            }
            for one in user["accessibleCustomers"]
        ],
    }


def cells(settings: Settings, *, direct: bool, indirect: bool) -> dict[str, str]:
    """One row of the second table, which has a column for each configured context (EFF-3)."""
    contexts = settings.get("CustomerGroupPermissionContext")
    shown = {"Direct": on(direct)} if not contexts or "001-CustomerID-same" in contexts else {}
    return shown | ({"Indirect": on(indirect)} if "100-CustomerID-other" in (contexts or {}) else {})


def on(held: bool) -> str:
    """A cell of the admin page."""
    return "On" if held else "Off"


def context_of(replay: Replay, value: object) -> str:
    """Our name of a stored context; one that is not configured goes out as it is."""
    contexts = replay.settings.get("CustomerGroupPermissionContext") or {}
    same = (contexts.get("001-CustomerID-same") or {}).get("Value")
    other = (contexts.get("100-CustomerID-other") or {}).get("Value")
    if value in (None, "", same, "Ticket::CustomerID::Same"):
        return "SAME_CUSTOMER"
    return "OTHER_CUSTOMERS" if value in (other, "Ticket::CustomerID::Other") else str(value)


async def _effective(replay: Replay, login: str) -> Sequence[Mapping[str, Any]]:
    user = (await replay.ask(USER, login=login))["customerUser"]
    return user["effectivePermissions"] if user else ()


async def _stored(replay: Replay, login: str) -> Sequence[Mapping[str, Any]]:
    user = (await replay.ask(STORED, login=login))["customerUser"]
    return [one for one in user["groups"] if one["group"]["validity"] == "VALID"] if user else ()


def _with_key(replay: Replay, held: Iterable[Mapping[str, Any]], key: str) -> dict[str, str]:
    """Groups in which a key is held, or rw in its place, by their ids."""
    names = [one["group"]["name"] for one in held if {key, "RW"} & set(one["permissions"])]
    return {replay.names.group_id(name): name for name in names}


def _row(replay: Replay, held: Mapping[str, Any], types: Sequence[str]) -> dict[str, Any]:
    name = held["group"]["name"]
    cells = {key: on(key.upper() in held["permissions"]) for key in types}
    return {"id": replay.names.group_id(name), "name": name, "permissions": cells}


def _may_show(node: Mapping[str, Any] | None) -> bool:
    """Whether OTOBO lists such a member: one that exists and is not valid is left out (PERM-17)."""
    return node is None or node["validity"] == "VALID"


async def _edges(replay: Replay, document: str, group: str, **variables: Any) -> list[Mapping[str, Any]]:
    """All members of a valid group, page by page."""
    found: list[Mapping[str, Any]] = []
    after = None
    while True:
        answer = (await replay.ask(document, group=group, first=1000, after=after, **variables))["group"]
        if answer is None or answer["validity"] != "VALID":
            return []
        members = answer["members"]
        found += members["edges"]
        if not members["pageInfo"]["hasNextPage"]:
            return found
        after = members["pageInfo"]["endCursor"]
