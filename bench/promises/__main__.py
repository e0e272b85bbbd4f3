"""Print every number; 1 where one is out of bounds. Words name some parts, as PARTS does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.promises import identities, leaving, outages, refusals, replicas, signing, silence, starting
from bench.promises.finding import Finding

PARTS: Mapping[str, Callable[[], Iterator[Finding]]] = {
    "refusals": refusals.findings,
    "silence": silence.findings,
    "signing": signing.findings,
    "identities": identities.findings,
    "outages": outages.findings,
    "starting": starting.findings,
    "leaving": leaving.findings,
    "replicas": replicas.findings,
}


def main(names: Sequence[str] = ()) -> int:
    """The command line."""
    good = True
    for name in names or PARTS:
        for finding in PARTS[name]():
            sys.stdout.write(f"{finding}\n")
            sys.stdout.flush()
            good = good and finding.kept
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
