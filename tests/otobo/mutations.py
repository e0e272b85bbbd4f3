"""The recorded calls that change something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backends.names import CUSTOMER_NAMES, USER_NAMES
from tests.otobo.asking import VALIDITY_IDS, Replay
from tests.otobo.blocks import Block, Row, source_key, truthy
from tests.otobo.offers import DEFAULT
from tests.otobo.outcomes import Outcome, Refused
from tests.otobo.permissions import context_of
from tests.otobo.records import text
from tests.otobo.worlds import READER, TOKEN

Args = Mapping[str, Any]

UNSENT = frozenset({"UserLogin", "CustomerID", "UserCustomerIDs"})
"""Attributes that are the key, or no part of the inputs."""
VALIDITIES = {number: name for name, number in VALIDITY_IDS.items()}
ASSIGNED = "{ defaultServices { name } }"


async def write(
    replay: Replay, field: str, given: Mapping[str, Any], *, agent: object = 1, selection: str = ""
) -> Any:
    """Run a mutation as an admin, or as a reader where nobody acts; anything found wrong is a refusal."""
    name = f"{field[0].upper()}{field[1:]}Input"
    document = f"mutation Write($input: {name}!) {{ {field}(input: $input) {{ userErrors {{ code }} {selection} }} }}"
    token = READER if agent in (None, "") else TOKEN
    reply = await replay.gateway.ask(document, {"input": given}, token)
    if reply.code is not None or reply.data is None:
        raise Refused(reply.code or "")
    errors = reply.data[field]["userErrors"]
    if errors:
        raise Refused(errors[0]["code"])
    return reply.data[field]


async def user_add(replay: Replay, args: Args) -> Outcome:
    """A new customer user, in the source that is named or in the first."""
    slot = args.get("Source") or "CustomerUser"
    block = next((one for one in replay.users if one.slot == slot), replay.users[0])
    given = _attributes(replay, block, args, given=args.keys())
    given |= {"login": text(args.get("UserLogin")), "source": source_key(str(slot)), "adoptRelations": True}
    if truthy(args.get("UserPassword")):
        given["password"] = str(args["UserPassword"])
    made = await write(
        replay,
        "createCustomerUser",
        given,
        agent=args.get("UserID"),
        selection="generatedPassword customerUser { login }",
    )
    if made["generatedPassword"]:
        replay.generated.append(made["generatedPassword"])
    return made["customerUser"]["login"]


async def user_update(replay: Replay, args: Args) -> Outcome:
    """A whole record: what is not given is sent as null."""
    login = args.get("ID") if args.get("ID") not in (None, "") else args.get("UserLogin")
    owner = await replay.owner(str(login))
    given = _attributes(replay, owner or replay.users[0], args) | {"login": text(login)}
    if args.get("UserLogin") != args.get("ID") and "ID" in args:
        given["newLogin"] = text(args.get("UserLogin"))
    given["adoptRelations"] = True
    await write(replay, "updateCustomerUser", given, agent=args.get("UserID"))
    if truthy(args.get("UserPassword")):
        await set_password(replay, {"UserLogin": args["UserLogin"], "PW": args["UserPassword"]})
    return "1"


async def company_add(replay: Replay, args: Args) -> Outcome:
    """A new customer."""
    slot = str(args.get("Source") or "CustomerCompany")
    block = next((one for one in replay.companies if one.slot == slot), replay.companies[0])
    given = _attributes(replay, block, args, given=args.keys())
    given |= {"customerId": text(args.get("CustomerID")), "source": source_key(slot), "adoptRelations": True}
    made = await write(
        replay, "createCustomer", given, agent=args.get("UserID"), selection="customer { customerId }"
    )
    return made["customer"]["customerId"]


async def company_update(replay: Replay, args: Args) -> Outcome:
    """A whole record: what is not given is sent as null."""
    old = args.get("CustomerCompanyID") or args.get("CustomerID")
    given = _attributes(replay, replay.companies[0], args) | {"customerId": text(old), "adoptRelations": True}
    if args.get("CustomerID") != old:
        given["newCustomerId"] = text(args.get("CustomerID"))
    await write(replay, "updateCustomer", given, agent=args.get("UserID"))
    return "1"


async def set_password(replay: Replay, args: Args) -> Outcome:
    """A new password."""
    given = {"login": text(args.get("UserLogin")), "password": text(args.get("PW"))}
    made = await write(replay, "setCustomerUserPassword", given, selection="generatedPassword")
    if made["generatedPassword"]:
        replay.generated.append(made["generatedPassword"])
    return "1"


async def set_preferences(replay: Replay, args: Args) -> Outcome:
    """One preference; a key that cannot be set gives 0 (PREF-3)."""
    given = {"key": text(args.get("Key")), "value": "" if args.get("Value") is None else str(args["Value"])}
    try:
        await write(
            replay,
            "setCustomerUserPreferences",
            {"login": text(args.get("UserID")), "preferences": [given]},
        )
    except Refused as refused:
        if refused.code in ("INVALID", "FORBIDDEN") and given["key"]:
            return "0"
        raise
    return "1"


async def member_add(replay: Replay, args: Args) -> Outcome:
    """A relation of a customer user and a customer, made or taken away."""
    change = "add" if truthy(args.get("Active")) else "remove"
    given = {"customerId": text(args.get("CustomerID")), change: [text(args.get("CustomerUserID"))]}
    await write(replay, "updateCustomerMembers", given, agent=args.get("UserID"))
    return "1"


async def service_add(replay: Replay, args: Args) -> Outcome:
    """A service given or taken away; taking one away returns nothing (SVC-8)."""
    active, login = truthy(args.get("Active")), text(args.get("CustomerUserLogin"))
    number = args.get("ServiceID")
    name = None if number in (None, "") else replay.names.services.get(str(number), "")
    if login == DEFAULT:
        found = (await replay.ask(ASSIGNED))["defaultServices"]
        others = [one["name"] for one in found if one["name"] != name]
        wanted = [*others, *([name] if active else [])]
        await write(replay, "setDefaultServices", {"services": wanted}, agent=args.get("UserID"))
    else:
        change = "add" if active else "remove"
        given = {"service": name, change: [login or None]}
        await write(replay, "updateServiceCustomerUsers", given, agent=args.get("UserID"))
    return "1" if active else None


async def group_member_add(replay: Replay, args: Args) -> Outcome:
    """What a customer user holds in a group, as a whole (PERM-4)."""
    permissions = args.get("Permission")
    held = (
        None if permissions is None else [key.upper() for key, value in permissions.items() if truthy(value)]
    )
    grants = [{"group": _group(replay, args), "permissions": held}] if permissions != {} else []
    given = {"login": text(args.get("UID")), "grants": grants}
    await write(replay, "setCustomerUserGroups", given, agent=args.get("UserID"))
    return "1"


async def group_customer_add(replay: Replay, args: Args) -> Outcome:
    """What a customer holds in a group, for each context that is given (PERM-5)."""
    keys = replay.settings["System::Customer::Permission"]
    contexts = replay.settings.get("CustomerGroupPermissionContext") or {}
    known = {context.get("Value") for context in contexts.values()}
    grants = [
        {
            "group": _group(replay, args),
            "context": context_of(replay, context),
            "permissions": [key.upper() for key in keys if truthy(permissions.get(key))],
        }
        for context, permissions in (args.get("Permission") or {}).items()
        if context in known and permissions
    ]
    given = {"customerId": text(args.get("CustomerID")), "grants": grants}
    await write(replay, "setCustomerGroups", given, agent=args.get("UserID"))
    return "1"


def _group(replay: Replay, args: Args) -> str | None:
    number = args.get("GID")
    return None if number in (None, "") else replay.names.groups.get(str(number), "")


def _attributes(
    replay: Replay, block: Block, args: Args, given: Iterable[str] | None = None
) -> dict[str, Any]:
    """The mapped attributes that can be written: those that are given and those that are required, or all."""
    return {
        name: _value(row, args.get(row.variable))
        for row, name, required in _writable(replay, block)
        if given is None or required or row.variable in given
    }


def _writable(replay: Replay, block: Block) -> Iterator[tuple[Row, str, bool]]:
    names = CUSTOMER_NAMES if block.is_company else USER_NAMES
    entries = {entry[0]: entry for entry in reversed(block.settings["Map"])}
    for row in block.rows:
        entry = entries[row.variable]
        if row.variable in UNSENT or row.is_dynamic or truthy(entry[7]):
            continue
        name = replay.graphql_name(row.variable, company=block.is_company)
        yield row, name, truthy(entry[4]) and (row.variable in names or row.variable == "ValidID")


def _value(row: Row, value: object) -> object:
    if row.variable == "ValidID":
        return None if value in (None, "") else VALIDITIES.get(str(value), str(value))
    if row.type == "int" and str(value).lstrip("-").isdigit():
        return int(str(value))
    return text(value)
