"""Run the scenarios in turns and print medians as ratios; `--json FILE` writes them down."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.world import configuration, fill
from gateway.app import schema_of
from gateway.demo.servers.postgresql import start_postgresql
from gateway.stack import Stack
from resolvers.context import RequestContext
from resolvers.viewer import Viewer
from schema.build import KundengraphSchema

PAGE = "query($after: String) { customerUsers(first: 50, after: $after, orderBy: [{field: LAST_NAME}])"
LISTED = "{ nodes { login lastName } pageInfo { endCursor } } }"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A question, and the one whose time it is compared with."""

    name: str
    query: str
    compared_with: str
    variables: Mapping[str, str | None]


class Desk:
    """The gateway's schema over its open stores."""

    def __init__(self, schema: KundengraphSchema, stack: Stack) -> None:
        self._schema, self._stack = schema, stack

    async def ask(self, query: str, **variables: str | None) -> dict[str, object]:
        """The data of an answer without errors."""
        context = RequestContext(self._stack.services, Viewer.named("bench", ["reader"]))
        result = await self._schema.execute(query, variables, context_value=context)
        if result.errors:
            raise RuntimeError(result.errors[0].message)
        return result.data or {}


async def cursor_at(desk: Desk, depth: int) -> str:
    """The cursor of the row at `depth` in the list by last name."""
    query = PAGE.replace("first: 50", "first: 1000") + LISTED
    after: str | None = None
    for _ in range(depth // 1000):
        found = (await desk.ask(query, after=after))["customerUsers"]
        after = found["pageInfo"]["endCursor"]  # type: ignore[index]
    return str(after)


def scenarios(deep: str) -> list[Scenario]:
    """What is measured; the first is the measure of all that name no other."""
    one, page = "one user by login", "page 1 of 50 by last name"
    search = '{ customerUsers(search: "*mül*", first: 25) { nodes { login lastName } } }'
    hundred = "{ customerUsers(first: 100) { nodes { login firstName lastName email customerId validity } } }"
    return [
        Scenario(one, '{ customerUser(login: "user050000") { login email customer { name } } }', one, {}),
        Scenario("100 users with 6 fields", hundred, one, {}),
        Scenario(page, PAGE + LISTED, one, {"after": None}),
        Scenario("the same page at the end of the list", PAGE + LISTED, page, {"after": deep}),
        Scenario("search *mül*, first 25", search, one, {}),
        Scenario("totalCount", "{ customerUsers(first: 0) { totalCount } }", one, {}),
    ]


async def measure(users: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of every scenario in every round, in turns, after one round that does not count."""
    with start_postgresql() as server:
        fill(server, users)
        config = configuration(server)
        stack = Stack(config)
        try:
            desk = Desk(schema_of(config), stack)
            asked = scenarios(await cursor_at(desk, users - 1000))
            times: dict[str, list[float]] = {one.name: [] for one in asked}
            for turn in range(rounds + 1):
                for one in asked if turn % 2 else reversed(asked):
                    started = time.perf_counter()
                    await desk.ask(one.query, **one.variables)
                    if turn:
                        times[one.name].append(time.perf_counter() - started)
            return times
        finally:
            await stack.close()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    times = asyncio.run(measure(given.users, given.rounds))
    medians = {name: statistics.median(some) for name, some in times.items()}
    rows = []
    for one in scenarios(""):
        ratio = medians[one.name] / medians[one.compared_with]
        spread = (max(times[one.name]) - min(times[one.name])) / medians[one.name]
        rows.append({"scenario": one.name, "ratio": ratio, "to": one.compared_with, "spread": spread})
        sys.stdout.write(f"{one.name:40} {ratio:8.2f} x {one.compared_with:28} spread {spread:.0%}\n")
    if given.json:
        given.json.write_text(
            json.dumps({"users": given.users, "rounds": given.rounds, "rows": rows}, indent=1)
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
