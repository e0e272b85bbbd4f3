"""One run: servers up, answers compared, turns taken, everything stopped."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import measuring
from bench.measuring import Meter, Sample, memory
from bench.report import Findings
from bench.scenarios import EVERYTHING, OWN, SHARED, TEN_SOURCES, Scenario, normal
from bench.servers import ANEW, CACHED, COMPILED, CORE, FEDERATED, Running, peers
from bench.stores import Stores

FIRST, MORE = 10_000, 100_000
"""Requests after which memory is looked at."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured, and for how long."""

    users: int = 100_000
    rounds: int = 3
    seconds: float = 4.0
    warm: float = 1.0
    scenarios: Collection[str] = ()
    peers: Collection[str] = ()
    memory: bool = True
    check: bool = False
    """Only compare answers."""

    def wants(self, scenario: Scenario) -> bool:
        """Whether the scenario was asked for, or none was named."""
        return not self.scenarios or scenario.name in self.scenarios

    @property
    def ten(self) -> bool:
        """Whether the ten sources are needed."""
        return any(map(self.wants, TEN_SOURCES)) and (
            not self.peers or not {FEDERATED, ANEW}.isdisjoint(self.peers)
        )


def measure(plan: Plan) -> Findings:
    """Everything that the plan asks for, in turns."""
    where = measuring.processors()
    with tempfile.TemporaryDirectory(prefix="kundengraph-bench-") as folder:
        stores = Stores(Path(folder), plan.users, where.load, ten=plan.ten)
        try:
            with _started(plan, stores, where.server, Path(folder)) as servers:
                starts = {name: server.seconds for name, server in servers.items()}
                rest = {name: memory(server.pid) for name, server in servers.items()}
                scenarios = [_placed(one, servers, plan) for one in EVERYTHING if plan.wants(one)]
                agree(servers, scenarios)
                if plan.check:
                    return Findings((), starts, rest, users=plan.users)
                samples = list(_turns(plan, servers, scenarios, Meter(where, plan.seconds, plan.warm)))
                worked = _worked(servers, plan, Meter(where, plan.seconds, 0)) if plan.memory else ()
                return Findings(samples, starts, rest, worked, plan.users)
        finally:
            stores.close()


def agree(servers: Mapping[str, Running], scenarios: Sequence[Scenario]) -> None:
    """Every peer gives the same data, or there is nothing to measure."""
    for scenario in scenarios:
        expected: tuple[str, str] | None = None
        for name, server in servers.items():
            if not _takes(server, scenario):
                continue
            found = json.dumps(normal(server.ask(scenario)), ensure_ascii=False, sort_keys=True)
            if expected is not None and scenario.spread and found != expected[1]:
                raise RuntimeError(
                    f"{scenario.name}: {name} and {expected[0]} differ:\n{found[:700]}\n{expected[1][:700]}"
                )
            expected = expected or (name, found)


@contextmanager
def _started(plan: Plan, stores: Stores, cpu: int | None, folder: Path) -> Iterator[Mapping[str, Running]]:
    servers: dict[str, Running] = {}
    try:
        for peer in peers(stores):
            if not plan.peers or peer.name in plan.peers:
                servers[peer.name] = Running(peer, cpu, folder / f"{peer.name}.log")
                servers[peer.name].wait(_first(servers[peer.name]))  # alone, so that each start is its own
        yield servers
    finally:
        for server in servers.values():
            server.stop()


def _first(server: Running) -> Scenario:
    """What a server is asked first."""
    return next(one for one in EVERYTHING if _takes(server, one))


def _takes(server: Running, scenario: Scenario) -> bool:
    """Each kind of question goes to the servers that it is about."""
    name = server.peer.name
    if scenario.name in {one.name for one in TEN_SOURCES}:
        return name in _TEN[scenario.name]
    if scenario.name in {one.name for one in OWN}:
        return name in (COMPILED, CORE)
    if name == CACHED:
        return scenario.name in ("one", "relations")
    return name not in (FEDERATED, ANEW) and server.peer.takes(scenario)


_TEN = {"federated": (FEDERATED, ANEW), "ldap": (ANEW,), "remembered": (FEDERATED,)}


def _placed(scenario: Scenario, servers: Mapping[str, Running], plan: Plan) -> Scenario:
    """The scenario with the cursor that it begins after, and no more numbers than there are people."""
    most = min(scenario.most, plan.users) if scenario.digits == 6 else scenario.most
    if scenario.name != "deep" or COMPILED not in servers:
        return replace(scenario, most=most)
    page = replace(scenario, variables={"first": min(1000, plan.users // 2), "after": None})
    for _ in range(max(1, plan.users // page.variables["first"] - 1)):
        after = servers[COMPILED].ask(page)["customerUsers"]["pageInfo"]["endCursor"]
        page = replace(page, variables={**page.variables, "after": after})
    return replace(scenario, variables={"first": 50, "after": after})


def _turns(
    plan: Plan, servers: Mapping[str, Running], scenarios: Sequence[Scenario], meter: Meter
) -> Iterator[Sample]:
    """Scenario by scenario and round by round, so that noise from outside hits all alike."""
    for turn in range(plan.rounds):
        for scenario in scenarios:
            taking = [server for server in servers.values() if _takes(server, scenario)]
            for server in taking if turn % 2 == 0 else reversed(taking):
                sample = meter.turn(server, scenario, turn)
                sys.stderr.write(
                    f"{turn + 1}/{plan.rounds} {scenario.name:12} {server.peer.name:14} {sample.cpu_ms:9.3f} ms"
                    f" {sample.per_second:9.0f}/s p50 {sample.p50_ms:8.2f} p99 {sample.p99_ms:8.2f} ms"
                    f" {sample.memory_mib:6.0f} MiB\n"
                )
                yield sample


def _worked(servers: Mapping[str, Running], plan: Plan, meter: Meter) -> Sequence[float]:
    """Memory after some requests, and after many more."""
    server = servers.get(COMPILED)
    if server is None:
        return ()
    one = replace(SHARED[0], most=min(SHARED[0].most, plan.users))
    found = []
    for requests in (FIRST, MORE):
        done = 0.0
        while done < requests:
            sample = meter.measured(server, one, int(done), 5.0)
            done += sample.per_second * 5
        found.append(memory(server.pid))
    return found
