"""The recorded questions about services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.otobo.asking import VALIDITY_IDS, Replay
from tests.otobo.blocks import truthy
from tests.otobo.outcomes import Outcome
from tests.otobo.permissions import require

Args = Mapping[str, Any]

DEFAULT = "<DEFAULT>"
UNKNOWN = "Ticket::Service::Default::UnknownCustomer"
SERVICES = "name validity"
USER = f"""query Services($login: String!) {{
  customerUser(login: $login) {{ services {{ {SERVICES} }} assignedServices {{ {SERVICES} }} }}
}}"""
DEFAULTS = f"{{ defaultServices {{ {SERVICES} }} }}"
SERVICE = "query Service($name: String!) { service(name: $name) { name comment validity parent { name } } }"
USERS = """query Users($name: String!, $first: Int, $after: String) {
  service(name: $name) { validity customerUsers(first: $first, after: $after) {
    edges { login } pageInfo { hasNextPage endCursor }
  } }
}"""


async def member_list(replay: Replay, args: Args) -> Outcome:
    """Services of a customer user, or customer users of a service; a service that is given decides."""
    login, service, result = args.get("CustomerUserLogin"), args.get("ServiceID"), args.get("Result")
    with_defaults = args.get("DefaultServices") is None or truthy(args["DefaultServices"])
    await require(replay, result)
    if truthy(service):
        found = dict.fromkeys(await _logins(replay, str(service)), str(service))
    elif login is None or login == "":
        unknown = truthy(replay.settings.get(UNKNOWN)) and with_defaults
        await require(replay, DEFAULT if unknown else None)
        found = await _defaults(replay)
    elif login == DEFAULT:
        found = await _defaults(replay)
    else:
        found = await _services(replay, str(login), "services" if with_defaults else "assignedServices")
    if result == "HASH":
        return found
    return list(found.values()) if result == "Name" else list(found)


async def service_get(replay: Replay, args: Args) -> Outcome:
    """One service, by its name or by its id."""
    name = args.get("Name") or replay.names.services.get(str(args.get("ServiceID")), "")
    service = (await replay.ask(SERVICE, name=str(name)))["service"]
    if service is None:
        return {}
    ids = replay.names.service_id
    found = {
        "ServiceID": ids(service["name"]),
        "Name": service["name"],
        "NameShort": service["name"].split("::")[-1],
        "Comment": service["comment"],
        "ValidID": VALIDITY_IDS[service["validity"]],
        "ParentID": ids(service["parent"]["name"]) if service["parent"] else None,
    }
    return {key: value for key, value in found.items() if value is not None}


async def _services(replay: Replay, login: str, field: str) -> dict[str, str]:
    user = (await replay.ask(USER, login=login))["customerUser"]
    return _valid(replay, user[field] if user else [])


async def _defaults(replay: Replay) -> dict[str, str]:
    return _valid(replay, (await replay.ask(DEFAULTS))["defaultServices"])


def _valid(replay: Replay, services: list[Mapping[str, Any]]) -> dict[str, str]:
    names = [one["name"] for one in services if one["validity"] == "VALID"]
    return {replay.names.service_id(name): name for name in names}


async def _logins(replay: Replay, service: str) -> list[str]:
    """All logins of a valid service, page by page."""
    name = replay.names.services.get(service, "")
    found: list[str] = []
    after = None
    while True:
        answer = (await replay.ask(USERS, name=name, first=1000, after=after))["service"]
        if answer is None or answer["validity"] != "VALID":
            return []
        users = answer["customerUsers"]
        found += [edge["login"] for edge in users["edges"]]
        if not users["pageInfo"]["hasNextPage"]:
            return found
        after = users["pageInfo"]["endCursor"]
