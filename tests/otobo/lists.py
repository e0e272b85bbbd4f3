"""The recorded searches: list search and detail search, of customer users and of companies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backends.fields import enum_name
from tests.otobo.asking import (
    ALL_VALIDITIES,
    COUNT_CUSTOMERS,
    COUNT_USERS,
    CUSTOMERS,
    REQUIRED_SEARCH,
    USERS,
    VALIDITY_IDS,
    Replay,
)
from tests.otobo.blocks import Block, truthy
from tests.otobo.outcomes import Outcome

Args = Mapping[str, Any]

MODES = ("Search", "PostMasterSearch", "UserLogin", "CustomerID", "CustomerIDRaw")
"""In the order in which the first that is given decides."""
NO_CRITERIA = frozenset({"Valid", "Result", "Limit", "OrderBy", "OrderByDirection"})
COMPANY_IDS, EXCLUDED = "CustomerCompanySearchCustomerIDs", "ExcludeUserLogins"
DYNAMIC_FIELD = "DynamicField_"
OPERATORS = {
    "Equals": "EQUALS",
    "Like": "LIKE",
    "GreaterThan": "GREATER_THAN",
    "GreaterThanEquals": "GREATER_THAN_EQUALS",
    "SmallerThan": "SMALLER_THAN",
    "SmallerThanEquals": "SMALLER_THAN_EQUALS",
}
DIRECTIONS = {"Up": "ASC", "Down": "DESC"}
COMPANY_ORDER = ("customerId", "name", "city", "country")


async def customer_search(replay: Replay, args: Args) -> Outcome:
    """Login to label; a call without a criterion sends null where one is required."""
    mode, value = search_mode(args)
    if mode is None:
        await replay.ask(REQUIRED_SEARCH, search=None)
    conditions: dict[str, Any] = {"validity": validity(args)}
    if mode == "PostMasterSearch":
        conditions["email"] = value
    elif mode == "UserLogin":
        conditions["login"] = value
    elif mode == "CustomerID":
        conditions["fields"] = [{"name": "customerId", "operator": "LIKE", "values": [value]}]
    elif mode == "CustomerIDRaw":
        conditions["customerIds"] = [value]
    search = value if mode == "Search" else None
    nodes = await replay.list(
        USERS, "customerUsers", row_limit(replay, args), search=search, filter=conditions
    )
    return {node["login"]: node["label"] for node in nodes}


def search_mode(args: Args) -> tuple[str | None, str]:
    """Which parameter decides, and its value; only null and empty count as missing."""
    for mode in MODES:
        value = args.get(mode)
        text = "" if value is None else str(value).strip() if mode == "Search" else str(value)
        if text:
            return mode, text
    return None, ""


def row_limit(replay: Replay, args: Args) -> int | None:
    """How many rows are asked for: the call's limit, or, but for searches, what all sources show together."""
    if truthy(args.get("Limit")):
        return int(args["Limit"])
    return None if search_mode(args)[0] == "Search" else sum(block.list_limit for block in replay.users)


def validity(args: Args) -> list[str]:
    """`Valid` is on where it is not given."""
    return ["VALID"] if is_valid_only(args) else ALL_VALIDITIES


def is_valid_only(args: Args) -> bool:
    """Whether only valid records are wanted."""
    return args.get("Valid") is None or truthy(args["Valid"])


async def search_detail(replay: Replay, args: Args) -> Outcome:
    """Logins in order, or their number."""
    conditions: dict[str, Any] = {"validity": wanted_validity(args)}
    conditions["fields"] = [field for name in args for field in _criteria(replay, name, args[name])]
    if args.get(COMPANY_IDS):
        conditions["fields"].append(
            {"name": "customerId", "operator": "EQUALS", "values": list_of(args[COMPANY_IDS])}
        )
    if args.get(EXCLUDED):
        conditions["excludeLogins"] = list_of(args[EXCLUDED])
    if args.get("Result") == "COUNT":
        data = await replay.ask(COUNT_USERS, filter=conditions)
        return str(data["customerUsers"]["totalCount"])
    orders = [
        {"field": enum_name(replay.graphql_name(variable)), "direction": direction}
        for variable, direction in order_terms(args, replay.users)
    ]
    limit = int(args["Limit"]) if truthy(args.get("Limit")) else None
    orders = with_login_last(orders, "LOGIN")
    nodes = await replay.list(USERS, "customerUsers", limit, filter=conditions, orderBy=orders)
    return [node["login"] for node in nodes]


async def company_list(replay: Replay, args: Args) -> Outcome:
    """Customer ID to label."""
    limit = int(args["Limit"]) if truthy(args.get("Limit")) else None
    search = args.get("Search")
    conditions = {"validity": validity(args)}
    nodes = await replay.list(
        CUSTOMERS, "customers", limit, search=None if search is None else str(search), filter=conditions
    )
    return {node["customerId"]: node["label"] for node in nodes}


async def company_search_detail(replay: Replay, args: Args) -> Outcome:
    """Customer IDs in order, or their number."""
    conditions: dict[str, Any] = {"validity": wanted_validity(args)}
    conditions["fields"] = [
        field for name in args for field in _criteria(replay, name, args[name], company=True)
    ]
    if args.get("Result") == "COUNT":
        data = await replay.ask(COUNT_CUSTOMERS, filter=conditions)
        return str(data["customers"]["totalCount"])
    orders = [
        {"field": enum_name(name), "direction": direction}
        for variable, direction in order_terms(args, replay.companies)
        if (name := replay.graphql_name(variable, company=True)) in COMPANY_ORDER
    ]
    limit = int(args["Limit"]) if truthy(args.get("Limit")) else None
    orders = with_login_last(orders, "CUSTOMER_ID")
    nodes = await replay.list(CUSTOMERS, "customers", limit, filter=conditions, orderBy=orders)
    return [node["customerId"] for node in nodes]


def wanted_validity(args: Args) -> Any:
    """The validities that `Valid` and a criterion on `ValidID` leave; an unknown id goes out as it is."""
    ids, wanted = args.get("ValidID"), validity(args)
    if not truthy(ids) or ids == []:
        return wanted
    if not isinstance(ids, list):
        return wrong(ids)
    names = {number: name for name, number in VALIDITY_IDS.items()}
    given = [names.get(str(one), str(one)) for one in ids]
    unknown = [one for one in given if one not in ALL_VALIDITIES]
    return unknown or [one for one in given if one in wanted]


def wrong(value: object) -> dict[str, object]:
    """A value of a wrong type, as something that GraphQL does not take for a list either."""
    return {"notAList": value}


def list_of(value: object) -> Any:
    """A list as texts, where it is one."""
    return [str(one) for one in value] if isinstance(value, list) else wrong(value)


def order_terms(args: Args, blocks: list[Block]) -> Iterator[tuple[str, Any]]:
    """Attributes and directions, paired by position; unknown attributes are passed over."""
    directions = args.get("OrderByDirection") or []
    mapped = {row.variable for block in blocks for row in block.rows if not row.is_dynamic}
    for place, variable in enumerate(args.get("OrderBy") or []):
        given = directions[place] if place < len(directions) else None
        direction = DIRECTIONS.get(str(given), given) if given else "DESC"
        if variable in mapped or direction not in DIRECTIONS.values():
            yield (variable if variable in mapped else "UserLogin"), direction


def with_login_last(orders: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The key, descending, ends every order."""
    named = any(order["field"] == key for order in orders)
    return orders if named else [*orders, {"field": key, "direction": "DESC"}]


def _criteria(replay: Replay, name: str, value: Any, *, company: bool = False) -> Iterator[dict[str, Any]]:
    """Conditions for one criterion; only null and empty count as not given."""
    if name in {*NO_CRITERIA, COMPANY_IDS, EXCLUDED, "ValidID"} or value in (None, "", [], {}):
        return
    field = replay.graphql_name(name, company=company)
    if name.startswith(DYNAMIC_FIELD) and isinstance(value, dict):
        yield from _dynamic_criteria(field, value)
    elif isinstance(value, list):
        yield {"name": field, "operator": "EQUALS", "values": [str(one) for one in value]}
    elif has_choices(replay, name, company=company) or not isinstance(value, str | int | float):
        yield {"name": field, "operator": "EQUALS", "values": wrong(value)}
    else:
        yield {"name": field, "operator": "LIKE", "values": [str(value)]}


def _dynamic_criteria(field: str, operators: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operator, given in operators.items():
        values = [
            str(one) for one in (given if isinstance(given, list) else [given]) if one not in (None, "")
        ]
        if operator == "Empty" and given is not None:
            yield (
                {"name": field, "operator": "EMPTY", "values": []}
                if truthy(given)
                else {"name": field, "operator": "GREATER_THAN", "values": [""]}
            )
        elif operator == "Equals" and not any("*" in value for value in values):
            if values:  # dynamic fields are compared without case, which EQUALS does not do
                yield {"name": field, "operator": "LIKE", "values": values}
        elif values:
            yield {"name": field, "operator": OPERATORS.get(operator, operator), "values": values}


def has_choices(replay: Replay, variable: str, *, company: bool = False) -> bool:
    """Whether an attribute is a selection, whose criteria must be lists."""
    blocks = replay.companies if company else replay.users
    return any((block.settings.get("Selections") or {}).get(variable) for block in blocks)
