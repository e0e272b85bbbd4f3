"""`python -m bench`: run the scenarios in turns and print medians as ratios."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import measuring, report
from bench.promises.__main__ import main as promises
from bench.run import Plan, measure
from bench.scenarios import EVERYTHING
from bench.stores import missing

DESCRIPTION = "Measures the gateway beside its peers, as ratios within one run, over private servers."


def main() -> int:
    """The command line."""
    if sys.argv[1:2] == ["promises"]:
        return promises(sys.argv[2:])
    given = _arguments()
    if given.readme:
        report.into_readme(report.read(report.LAST))
        return 0
    if reason := measuring.missing():
        sys.stderr.write(f"{reason}\n")
        return 1
    plan = _plan(given)
    if plan.ten and (reason := missing()):
        sys.stderr.write(f"without the ten sources: {reason}\n")
    findings = measure(plan)
    if given.check:
        sys.stdout.write("all peers agree\n")
        return 0
    sys.stdout.write(report.table(findings) + "\n")
    if given.json:
        report.write(findings, given.json)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=DESCRIPTION)
    names = ", ".join(one.name for one in EVERYTHING)
    parser.add_argument("--scenarios", default="", help=f"some of: {names}")
    parser.add_argument("--peers", default="", help="some of the servers, by the names in the table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of load in each turn")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--check", action="store_true", help="only compare the answers")
    parser.add_argument("--no-memory", action="store_true", help="leave out the last 100,000 requests")
    parser.add_argument(
        "--json", type=Path, help=f"write everything here; what README shows is {report.LAST.name}"
    )
    parser.add_argument("--readme", action="store_true", help="put the tables of the last run into README")
    return parser.parse_args()


def _plan(given: argparse.Namespace) -> Plan:
    return Plan(
        users=given.users,
        rounds=1 if given.quick else given.rounds,
        seconds=1.0 if given.quick else given.seconds,
        warm=0.0 if given.quick else 1.0,
        scenarios=_names(given.scenarios),
        peers=_names(given.peers),
        memory=not (given.quick or given.no_memory),
        check=given.check,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


if __name__ == "__main__":
    sys.exit(main())
