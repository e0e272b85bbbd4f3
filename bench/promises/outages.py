"""What users of nine healthy sources notice of a tenth that is away (R2): several databases, files and directories."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from bench.promises.asking import ask, quiet
from bench.promises.finding import Finding
from bench.stores import IN_LDAP, IN_MARIADB, IN_POSTGRESQL, TOKEN, Stores
from bench.world import ldif, people, small_script
from gateway.app import create_app
from gateway.config import Config, load
from gateway.demo.servers.mariadb import start_mariadb
from gateway.demo.servers.postgresql import start_postgresql
from gateway.demo.servers.process import Server
from gateway.demo.servers.slapd import start_slapd
from tests.faults.test_cancelling import until

ROUNDS, EACH, CROWD = 6, 40, 4
"""Turns with every source away, logins of each source, and callers at a time."""
SHARE, RATIO = 99.9, 1.10
REMEMBERED, LAPSED = 300.0, 0.001
"""Seconds for which records and absences are remembered: all the time, or so short that every source is asked anew."""
BREAKER = 1.0
QUERY = "query($login: String!) { found: customerUser(login: $login) { login firstName source { key } } }"
ANY = "query($login: String!, $source: String!) { found: customerUser(login: $login, source: $source) { login } }"


@dataclass(frozen=True, slots=True)
class Victim:
    """A source with a server of its own, and what the configuration says of it."""

    place: int
    server: Server
    settings: Mapping[str, Any]


@dataclass(slots=True)
class Tally:
    """How it went while every source was up, and while one was away."""

    ratios: list[float] = field(default_factory=list)
    asked: int = 0
    answered: int = 0


def victims(stack: ExitStack) -> list[Victim]:
    """A table in PostgreSQL, one in MariaDB, and a directory."""
    postgresql, mariadb = stack.enter_context(start_postgresql()), stack.enter_context(start_mariadb())
    place, other, third = IN_POSTGRESQL[0], IN_MARIADB[0], IN_LDAP[0]
    postgresql.run_sql(small_script(place))
    mariadb.run_sql(small_script(other), "gw")
    directory = stack.enter_context(start_slapd(ldif((third,))))
    return [
        Victim(place, postgresql, {"url": postgresql.url(), "table": "people"}),
        Victim(other, mariadb, {"url": mariadb.url(), "table": "people"}),
        Victim(third, directory, {"url": directory.url}),
    ]


def configured(base: Config, found: Sequence[Victim], ttl: float) -> Config:
    """The ten sources, some of which are elsewhere."""
    elsewhere = {one.place: one.settings for one in found}
    breaker = base.sources[0].breaker.model_copy(update={"seconds": BREAKER})
    common = {"cache_ttl": ttl, "negative_ttl": ttl, "timeout": 2.0, "breaker": breaker}
    sources = [
        source.model_copy(update={**common, **elsewhere.get(place, {})})
        for place, source in enumerate(base.sources)
    ]
    return base.model_copy(update={"sources": tuple(sources)})


async def block(app: ASGIApp, logins: Sequence[str]) -> tuple[float, int]:
    """Ask for everybody once; the time below which 95 of 100 stay, and how many were answered rightly."""
    waiting, times, right = iter(logins), list[float](), 0

    async def insist() -> None:
        nonlocal right
        for login in waiting:
            begun = time.perf_counter()
            answer = await ask(app, TOKEN, QUERY, login=login)
            times.append(time.perf_counter() - begun)
            right += (answer.found or {}).get("source") == {"key": f"place{int(login[1:]) % 10}"}

    await asyncio.gather(*(insist() for _ in range(CROWD)))
    return sorted(times)[len(times) * 95 // 100], right


async def turn(app: ASGIApp, victim: Victim, logins: Sequence[str], tally: Tally, *, hangs: bool) -> None:
    """One block with every source up and one without the victim, in either order; all are up again afterwards."""
    usual, right = await block(app, logins)
    if right != len(logins):
        raise RuntimeError("with every source up somebody is not answered")
    await asyncio.to_thread(victim.server.pause if hangs else victim.server.kill)
    try:
        worse, right = await block(app, logins)
    finally:
        await asyncio.to_thread(victim.server.resume if hangs else victim.server.spawn)
    tally.ratios.append(worse / usual)
    tally.asked += len(logins)
    tally.answered += right

    async def is_back() -> bool:
        unknown = f"nobody{len(tally.ratios)}"
        return not (await ask(app, TOKEN, ANY, login=unknown, source=f"place{victim.place}")).codes

    await until(is_back)


async def measured(config: Config, found: Sequence[Victim]) -> Tally:
    """All turns over one running gateway."""
    draw, tally, app = random.Random(1), Tally(), create_app(config)
    everybody = {place: _some(place) for place in range(len(config.sources))}
    async with app.router.lifespan_context(app):
        for logins in everybody.values():
            await block(app, logins)
        for number in range(ROUNDS):
            for victim in found:
                logins = [one for place, some in everybody.items() if place != victim.place for one in some]
                draw.shuffle(logins)
                await turn(app, victim, logins, tally, hangs=number % 2 == 1)
    return tally


async def measure() -> list[Finding]:
    found = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stores = Stores(Path(folder), 1000, None, ten=True)
        stack.callback(stores.close)
        some = victims(stack)
        base = load(stores.configuration("ten", ten=True))
        for said, ttl in (("remembered", REMEMBERED), ("asked anew", LAPSED)):
            tally = await measured(configured(base, some, ttl), some)
            share, ratio = 100 * tally.answered / tally.asked, statistics.median(tally.ratios)
            found += [
                Finding("R2", f"9 of 10 sources, {said}: answered of {tally.asked:,}", share, "%", share >= SHARE),
                Finding("R2", f"the same: p95 to that of 10 sources, of {len(tally.ratios)}", ratio, "", ratio <= RATIO),
            ]  # fmt: skip
    return found


def findings() -> Iterator[Finding]:
    """Every number."""
    with quiet():
        found = asyncio.run(measure())
    yield from found


def _some(place: int) -> list[str]:
    return [login for login, *_ in people(place)][:EACH]
