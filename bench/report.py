"""What a run found: medians and spread, ratios beside the goals, as a table, as JSON and in README."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measuring import Sample
from bench.scenarios import SHARED
from bench.servers import ANEW, CACHED, COMPILED, CORE, FEDERATED, FLOOR, MERCURIUS, POSTGRAPHILE, STRAWBERRY

LAST = Path(__file__).parent / "last.json"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- bench: written by python -m bench --readme -->", "<!-- bench: end -->"
PEERS = (MERCURIUS, POSTGRAPHILE, FLOOR, STRAWBERRY, CORE)

GOALS: Mapping[str, Mapping[str, float]] = {
    MERCURIUS: {
        "one": 1.2,
        "list100": 2.0,
        "list1000": 2.0,
        "relations": 3.5,
        "search": 1.5,
        "mutation": 0.8,
    },
    POSTGRAPHILE: {"one": 3, "list100": 4, "list1000": 4, "relations": 2.5, "search": 2.5, "mutation": 1.5},
    FLOOR: {"one": 0.8, "list100": 0.8, "list1000": 0.8, "relations": 0.8, "search": 0.8},
    STRAWBERRY: {"one": 20, "list100": 20, "list1000": 20, "relations": 20, "search": 20},
}
"""How many times less processor time than a peer; the floor's are shares of its speed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question of ours against another of ours: how many times as much it may cost, or how many ms more."""

    title: str
    scenario: str
    peer: str
    to: str
    most: float | None = None
    more_ms: float | None = None


COMPARISONS = (
    Comparison("page at the end of the list, to the first", "deep", COMPILED, "page", 1.2),
    Comparison("page over ten sources, to a page over one", "federated", FEDERATED, "page", 3.0),
    Comparison("the same with nothing remembered, neither keys of directories", "federated", ANEW, "page"),
    Comparison("effective permissions, to the relation query", "permissions", COMPILED, "relations", 1.5),
    Comparison("every text new, beyond a known text", "cold", COMPILED, "one", None, 2.0),
    Comparison("total count, to one user", "total", COMPILED, "one"),
    Comparison("one user of a directory, to one of a database", "ldap", ANEW, "one"),
    Comparison("the same remembered", "remembered", FEDERATED, "one"),
    Comparison("one user with the cache on, to one without", "one", CACHED, "one"),
)


def _machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, Python {platform.python_version()}"


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a run measured."""

    samples: Sequence[Sample]
    starts: Mapping[str, float] = field(default_factory=dict)
    """Seconds from nothing to the first answer."""
    rest: Mapping[str, float] = field(default_factory=dict)
    """MiB of memory before any load."""
    worked: Sequence[float] = ()
    """MiB of memory of Kundengraph after 10,000 requests, and after 100,000 more."""
    users: int = 100_000
    when: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M"))
    machine: str = field(default_factory=_machine)

    def median(self, scenario: str, peer: str) -> float | None:
        """Processor time in ms for one request."""
        found = self._of(scenario, peer)
        return statistics.median(one.cpu_ms for one in found) if found else None

    def spread(self, scenario: str, peer: str) -> float:
        """How far the turns lie apart, as a share of their median."""
        times = [one.cpu_ms for one in self._of(scenario, peer)]
        return (max(times) - min(times)) / statistics.median(times) if times else 0.0

    def per_second(self, scenario: str, peer: str) -> float | None:
        """Requests answered in a second, with one processor for the server."""
        found = self._of(scenario, peer)
        return statistics.median(one.per_second for one in found) if found else None

    def ratio(self, scenario: str, peer: str) -> float | None:
        """How many times Kundengraph's processor time the peer takes."""
        ours, theirs = self.median(scenario, COMPILED), self.median(scenario, peer)
        return theirs / ours if ours and theirs else None

    def _of(self, scenario: str, peer: str) -> list[Sample]:
        return [one for one in self.samples if one.scenario == scenario and one.peer == peer]


def write(findings: Findings, path: Path) -> None:
    """The findings as JSON, with the ratios beside them."""
    ratios = {
        one.name: {peer: round(ratio, 3) for peer in PEERS if (ratio := findings.ratio(one.name, peer))}
        for one in SHARED
    }
    found = asdict(findings) | {"ratios": ratios}
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> Findings:
    """What `write` wrote."""
    found: dict[str, Any] = json.loads(path.read_text())
    found.pop("ratios")
    return Findings(**found | {"samples": [Sample(**one) for one in found["samples"]]})


def table(findings: Findings) -> str:
    """Everything in Markdown."""
    parts = [_head(findings), _times(findings), _ratios(findings), _own(findings), _processes(findings)]
    return "\n\n".join(part for part in parts if part)


def into_readme(findings: Findings, readme: Path = README) -> None:
    """Put the tables where README has its marks."""
    text = readme.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme.name} has no place for the tables: {BEGIN}")
    readme.write_text(f"{before}{BEGIN}\n\n{table(findings)}\n\n{END}{after}")


def _head(findings: Findings) -> str:
    return (
        f"{findings.when} UTC, {findings.machine}. {findings.users:,} customer users in PostgreSQL; one core for the "
        "server, another for load and database; everything on (token, limits, log line, metrics); no cache where peers have none."
    )


def _times(findings: Findings) -> str:
    """Processor time for one request, and requests a second in brackets."""
    rows = []
    for one in SHARED:
        cells = [_time(findings, one.name, peer) for peer in (COMPILED, *PEERS)]
        if cells[0] != "–":
            rows.append([one.title, *cells])
    return _lines(["CPU ms for one request ± spread (requests a second)", COMPILED, *PEERS], rows)


def _time(findings: Findings, scenario: str, peer: str) -> str:
    median = findings.median(scenario, peer)
    if median is None:
        return "–"
    spread, rate = findings.spread(scenario, peer), findings.per_second(scenario, peer)
    return f"{median:.3f} ± {spread:.0%} ({rate:,.0f})"


def _ratios(findings: Findings) -> str:
    rows = []
    for one in SHARED:
        cells = [_ratio(findings, one.name, peer) for peer in PEERS]
        if any(cell != "–" for cell in cells):
            rows.append([one.title, *cells])
    return _lines(["times Kundengraph's CPU time (goal)", *PEERS], rows) if rows else ""


def _ratio(findings: Findings, scenario: str, peer: str) -> str:
    ratio, goal = findings.ratio(scenario, peer), GOALS.get(peer, {}).get(scenario)
    if ratio is None:
        return "–"
    return f"{ratio:.2f}" + (f" ({goal:g}{'' if ratio >= goal else ', missed'})" if goal else "")


def _own(findings: Findings) -> str:
    return _lines(["Kundengraph against itself", "found", "goal"], list(_compared(findings)))


def _compared(findings: Findings) -> Iterator[list[str]]:
    for one in COMPARISONS:
        ours, base = findings.median(one.scenario, one.peer), findings.median(one.to, COMPILED)
        if ours is None or base is None:
            continue
        if one.more_ms is not None:
            missed = "" if ours - base <= one.more_ms else ", missed"
            yield [one.title, f"{ours - base:.2f} ms", f"at most {one.more_ms:g} ms{missed}"]
        else:
            missed = "" if one.most is None or ours / base <= one.most else ", missed"
            goal = f"at most {one.most:g}{missed}" if one.most else ""
            yield [one.title, f"{ours / base:.2f} ({ours:.3f} ms)", goal]


def _processes(findings: Findings) -> str:
    rows = [
        [peer, f"{seconds:.2f} s", f"{findings.rest[peer]:.0f} MiB"]
        for peer, seconds in findings.starts.items()
        if peer in findings.rest
    ]
    found = _lines(["server", "start to first answer", "memory at rest"], rows) if rows else ""
    if findings.worked:
        first, last = findings.worked
        found += f"\n\nMemory of Kundengraph after 10,000 requests {first:.1f} MiB, after 100,000 more {last:.1f} MiB."
    return found


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled) if rows else ""
