"""What is promised, by id, and which tests hold us to it: docs/promises.md is made of this."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).parent

RESILIENCE = {
    "R1": "A silent source never changes who a login is",
    "R2": "Users of healthy sources are unaffected",
    "R3": "Start-up depends on no source",
    "R4": "Partial is always visible",
    "R5": "Empty is never a lie",
    "R6": "Time is bounded",
    "R7": "Circuit breaker for each source",
    "R8": "Bulkhead",
    "R9": "Retries are few",
    "R10": "Cancelling reaches the store",
    "R11": "No stampede",
    "R12": "Stale has a cap and a name",
    "R13": "Absence is remembered briefly",
    "R14": "A failure is not kept",
    "R15": "Unknown never overwrites",
    "R16": "A new order of sources is safe",
    "R17": "Writes are atomic",
    "R18": "Health is split",
    "R19": "A size limit is a signal",
    "R20": "Pages put together are the list",
    "R21": "Permission before paging",
}
SECURITY = {
    "S1": "No injection into filters and names of a directory",
    "S2": "No injection into SQL, no smuggling into patterns",
    "S3": "An empty password never binds or matches",
    "S4": "No referral is followed, TLS is never left",
    "S5": "Overload is refused before execution",
    "S6": "Hostile documents do no harm",
    "S7": "No guessing by the batch",
    "S8": "Nobody learns who exists",
    "S9": "Every hash of OTOBO is verified, new ones are bcrypt",
    "S10": "No hash leaves",
    "S11": "Tokens of our own are sound",
    "S12": "Generated passwords are random and shown once",
    "S13": "Rights count on every way to a value",
    "S14": "Read-only stays",
    "S15": "No personal data on the side",
    "S16": "Errors tell clients nothing of us",
    "S17": "Browsers cannot be used against us",
    "S18": "Hosts come from the file alone",
    "S19": "Secrets stay secret",
    "S20": "Callers never share decisions",
    "S21": "Walls between customers",
    "S22": "Few packages, each locked by its hash",
    "S23": "Every mutation leaves an entry",
}
PROTOCOL = {
    "A1": "The schema holds the contract",
    "A2": "An id is opaque, and leads back to its record",
    "A3": "Pages have 0 to 1000 entries",
    "A4": "A cursor is sealed, and bound to its question",
    "A5": "A total costs nothing unless it is asked for",
    "A6": "Cursors of edges are those of the page",
    "A7": "Every list has one order, which ends in the login",
    "A8": "Left out is kept, empty is emptied",
    "A9": "With user errors nothing was written",
    "A10": "Codes of errors are a closed list",
    "A11": "What crosses a silent store is null, with an error at its path",
    "A12": "A version changes with every change, and with nothing else",
    "A13": "What is set is replaced, and only that",
    "A14": "Enums and fields are those of the configuration",
    "A15": "Everything has a description",
    "A16": "GraphQL over HTTP, all audits",
    "A17": "Trusted documents",
    "A18": "Subscriptions are authorised anew for each event",
    "A19": "Introspection off means off",
    "A20": "Both executors give the same answers",
    "A21": "Questions to stores do not grow with rows",
    "A22": "Recorded answers of OTOBO are reproduced, or deviate by rule",
    "A23": "What is left under a name is never inherited",
    "A24": "A limited write lies in its rows before and after",
}
HEAD = """\
# Promises

What Kundengraph promises, and where it is held to that: the names of the tests begin with the id, `test_r1_…`. They assert
what happens; times are measured by `python -m bench promises`. This page is made from the tests.
"""
FAULTS = """
`tests/faults/` puts a proxy of ours before real servers, which refuses, hangs at three points, resets, crawls, loses bytes
and flaps. `python -m tests.soak --minutes N --seed S` does all that at random, kills and stops the servers too, and
compares each answer under mixed load with a model.
"""


def places_of() -> Mapping[str, Sequence[str]]:
    """The files in which the tests of each promise stand."""
    found: dict[str, dict[str, None]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name in re.findall(r"def test_(\w+)\(", path.read_text("utf-8")):
            for id_ in re.findall(r"(?:^|(?<=_))([rsa]\d+)(?=_)", name):
                place = path.relative_to(TESTS.parent).as_posix()
                found.setdefault(id_.upper(), {})[place] = None
    return {id_: list(places) for id_, places in found.items()}


def page() -> str:
    """docs/promises.md."""
    parts, found = [HEAD], places_of()
    for title, words, promises in (
        ("Resilience", FAULTS, RESILIENCE),
        ("Security", "", SECURITY),
        ("Schema and protocol", "", PROTOCOL),
    ):
        parts.append(f"\n## {title}\n{words}\n| Id | Promise | Tests |\n|---|---|---|\n")
        parts += [
            f"| {id_} | {promise} | {', '.join(f'`{place}`' for place in found.get(id_, ())) or '**open**'} |\n"
            for id_, promise in promises.items()
        ]
    return "".join(parts)
