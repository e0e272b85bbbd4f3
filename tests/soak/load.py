"""The mixed load: look-ups, lists, pages, relations, changes and callers who hang up, each checked by the model."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.callers import EDITOR
from tests.faults.stage import SOURCES, SQL, people
from tests.soak.model import CODES, Model

NODE = "login firstName source { key }"
LIST = f"""query($first: Int!, $after: String) {{ found: customerUsers(first: $first, after: $after) {{
  nodes {{ {NODE} }} sources {{ source {{ key }} status }} pageInfo {{ hasNextPage endCursor }} }} }}"""
ONE = f"query($login: String!) {{ found: customerUser(login: $login) {{ {NODE} servedFrom }} }}"
MANY = f"query($logins: [String!]!) {{ found: customerUsersByLogin(logins: $logins) {{ {NODE} }} }}"
RELATIONS = f"""query($login: String!) {{ found: customerUser(login: $login) {{ {NODE}
  groups {{ group {{ name }} permissions }} additionalCustomerIds }} }}"""
CHANGE = """mutation($input: UpdateCustomerUserInput!) { found: updateCustomerUser(input: $input) {
  customerUser { firstName } userErrors { code } } }"""


@dataclass
class Tally:
    """What was seen."""

    asked: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    hung_up: int = 0
    stale: int = 0
    partial: int = 0

    def blame(self, what: str) -> None:
        """Note what must not be."""
        self.wrong.append(what)


class Caller:
    """One client that asks one thing after the other; it alone changes its people."""

    def __init__(
        self, address: str, model: Model, tally: Tally, chance: random.Random, mine: Sequence[str]
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=address, headers={"authorization": f"Bearer {EDITOR}"}, timeout=30
        )
        self._model, self._tally, self._chance, self._mine = model, tally, chance, mine
        self._changes = 0

    async def run(self, end: float) -> None:
        """Ask until the end."""
        deeds = [self.look_up, self.look_up, self.look_up_many, self.list, self.pages, self.relations]
        deeds += [self.change, self.hang_up]
        async with self._client:
            while time.monotonic() < end:
                deed = self._chance.choice(deeds)
                self._tally.asked[deed.__name__] += 1
                await deed()
                await asyncio.sleep(self._chance.uniform(0, 0.04))

    async def look_up(self) -> None:
        login = self._chance.choice([*self._model.people, "everywhere", "EveryWhere", "nobody"])
        since = time.monotonic()
        answer = await self._ask(ONE, login=login)
        if self._failed(answer):
            return
        found = answer["data"]["found"]
        self._tally.stale += bool(found and found["servedFrom"] == "STALE_CACHE")
        if wrong := self._model.wrong_record(login, found, since):
            self._tally.blame(f"look-up: {wrong}")

    async def look_up_many(self) -> None:
        logins = self._chance.sample(sorted(self._model.people), 8)
        since = time.monotonic()
        answer = await self._ask(MANY, logins=logins)
        silent = {one["path"][1] for one in answer.get("errors", ()) if len(one.get("path") or ()) > 1}
        self._failed(answer)
        records = (answer.get("data") or {}).get("found")
        if records is None and answer.get("errors"):
            return
        if not isinstance(records, list):
            self._tally.blame(f"look-up of many: {str(answer)[:300]}")
            return
        for place, found in enumerate(records):
            if place in silent:
                continue
            if wrong := self._model.wrong_record(logins[place], found, since):
                self._tally.blame(f"look-up of many: {wrong}")

    async def list(self) -> None:
        since = time.monotonic()
        answer = await self._ask(LIST, first=200)
        if not self._failed(answer):
            self._check_list("list", [answer["data"]["found"]], since)

    async def pages(self) -> None:
        since, after, pages = time.monotonic(), None, []
        while True:
            answer = await self._ask(LIST, first=self._chance.randint(5, 12), after=after)
            if self._failed(answer):
                return
            pages.append(answer["data"]["found"])
            if not pages[-1]["pageInfo"]["hasNextPage"]:
                break
            after = pages[-1]["pageInfo"]["endCursor"]
        self._check_list("pages", pages, since)

    async def relations(self) -> None:
        login = self._chance.choice([*people("postgresql"), *people("mariadb")])
        since = time.monotonic()
        answer = await self._ask(RELATIONS, login=login)
        failed = {".".join(map(str, one.get("path") or ())) for one in answer.get("errors", ())}
        self._failed(answer)
        found = (answer.get("data") or {}).get("found")
        if found is None:
            if not failed:
                self._tally.blame(f"relations: {login} is absent")
            return
        if wrong := self._model.wrong_record(login, found, since):
            self._tally.blame(f"relations: {wrong}")
        if "found.additionalCustomerIds" not in failed and found["additionalCustomerIds"] != ["NORD"]:
            self._tally.blame(f"relations: {login} has {found['additionalCustomerIds']}")
        if "found.groups" not in failed and not found["groups"]:
            self._tally.blame(f"relations: {login} has no groups")

    async def change(self) -> None:
        person = self._model.people[self._chance.choice(self._mine)]
        self._changes += 1
        value = f"{person.source}-{self._changes}"
        spell = person.may_become(value)
        answer = await self._ask(CHANGE, input={"login": person.login, "firstName": value})
        payload = (answer.get("data") or {}).get("found")
        if self._failed(answer) or payload is None:
            return
        if payload["customerUser"] and payload["customerUser"]["firstName"] == value:
            person.became(spell)
        elif {one["code"] for one in payload["userErrors"]} != {"SOURCE_UNAVAILABLE"}:
            self._tally.blame(f"change: {person.login} is refused: {payload}")

    async def hang_up(self) -> None:
        try:
            async with asyncio.timeout(self._chance.uniform(0.001, 0.15)):
                await self._ask(LIST, first=200)
        except TimeoutError:
            self._tally.hung_up += 1

    async def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        try:
            name = f"{self._chance.getrandbits(64):016x}"
            answer = await self._client.post(
                "/graphql", json={"query": query, "variables": variables}, headers={"x-request-id": name}
            )
        except httpx.HTTPError as error:
            self._tally.blame(f"no answer: {type(error).__name__}")
            return {"errors": [{"extensions": {"code": "NO_ANSWER"}}]}
        if answer.headers.get("x-request-id") != name:
            self._tally.blame("the answer is that of another request")
        found: dict[str, Any] = answer.json()
        return found

    def _failed(self, answer: Mapping[str, Any]) -> bool:
        """Whether the answer has errors, of which only those are right that name a silence."""
        errors = answer.get("errors", ())
        for error in errors:
            code = error["extensions"]["code"]
            self._tally.codes[code] += 1
            if code not in CODES:
                self._tally.blame(f"{code}: {error.get('message')}")
        return bool(errors)

    def _check_list(self, what: str, pages: Sequence[Mapping[str, Any]], since: float) -> None:
        fine = {
            key: all(
                one["status"] == "OK"
                for page in pages
                for one in page["sources"]
                if one["source"]["key"] == key
            )
            for key in SOURCES
        }
        self._tally.partial += not all(fine.values())
        nodes = [node for page in pages for node in page["nodes"]]
        if what == "pages" and not all(fine.values()):
            nodes = list({(node["login"], node["source"]["key"]): node for node in nodes}.values())
        for wrong in self._model.wrong_list(nodes, set(self._model.people), fine, since):
            self._tally.blame(f"{what}: {wrong}")


def shares(callers: int) -> Sequence[Sequence[str]]:
    """Who may be changed by which caller."""
    everybody = [login for key in SQL for login in people(key)]
    return [everybody[number::callers] for number in range(callers)]
