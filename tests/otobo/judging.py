"""One case from the recording to a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.otobo.asking import Replay
from tests.otobo.compare import comparable, difference, is_equal, recorded
from tests.otobo.deviations import as_expected, reasons
from tests.otobo.expectations import EXPECTATIONS, expected
from tests.otobo.methods import METHODS, NOT_APPLICABLE, PENDING
from tests.otobo.oracle import Oracle
from tests.otobo.outcomes import UNUSABLE, Outcome, Refused
from tests.otobo.recording import Call, Case
from tests.otobo.situations import Situation

KINDS = ("equal", "deviating", "different", "pending", "not applicable")


@dataclass
class Tally:
    """How many cases came to what."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    rules: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def add(self, other: dict[str, Any]) -> None:
        """Add another tally, as a property of a test report."""
        for mine, theirs in ((self.counts, "counts"), (self.rules, "rules"), (self.waiting, "waiting")):
            for name, number in other[theirs].items():
                mine[name] = mine.get(name, 0) + number

    @property
    def line(self) -> str:
        """The line that the runner prints."""
        equal, deviating, different, pending, outside = (self.counts[kind] for kind in KINDS)
        return (
            f"{equal} equal, {deviating} deviating, {different} different,"
            f" {pending} pending, {outside} not applicable"
        )


def set_aside(case: Case, tally: Tally) -> bool:
    """Count a case that is not replayed: whole methods that are not applicable, or wait for a later issue."""
    if any(method in NOT_APPLICABLE for method in case.methods):
        tally.counts["not applicable"] += 1
        return True
    waits = [PENDING[method] for method in case.methods if method in PENDING]
    if waits:
        tally.counts["pending"] += 1
        tally.waiting[waits[0]] = tally.waiting.get(waits[0], 0) + 1
    return bool(waits)


async def judge(case: Case, replay: Replay | None, oracle: Oracle, tally: Tally) -> None:
    """Replay one case and count what it comes to; without a gateway the configuration was refused."""
    call, settings = case.call, oracle.settings
    if call is None or call.method not in METHODS:
        different(case, f"no translation of {', '.join(case.methods)}", tally)
        return
    try:
        answer = Refused(UNUSABLE) if replay is None else await outcome_of(call, replay)
        outcome = comparable(call, answer, settings)
        was = recorded(call, settings)
        if is_equal(call, was, outcome):
            tally.counts["equal"] += 1
        else:
            explain(case, call, was, outcome, oracle, tally)
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        different(case, f"{brief_call(call)} cannot be translated: {error!r}", tally)


def explain(case: Case, call: Call, was: Any, outcome: Outcome, oracle: Oracle, tally: Tally) -> None:
    """Count an outcome that was not recorded: expected by some rule, or different."""
    wanted = expected(oracle, call.method, call.args) if call.method in EXPECTATIONS else was
    wanted = Refused(UNUSABLE) if oracle.is_unusable else wanted
    situation = Situation(call, oracle, was, wanted)
    rules = reasons(situation) if as_expected(situation, outcome) else []
    if not rules:
        different(case, f"{brief_call(call)}: {difference(was, outcome)}", tally)
        return
    tally.counts["deviating"] += 1
    for rule in rules:
        tally.rules[rule] = tally.rules.get(rule, 0) + 1


def different(case: Case, why: str, tally: Tally) -> None:
    """Count a difference."""
    tally.counts["different"] += 1
    tally.differences.append(f"{case.id} {case.variant}: {why}")


async def outcome_of(call: Call, replay: Replay) -> Outcome:
    """What the gateway makes of a call."""
    try:
        return await METHODS[call.method](replay, call.args)
    except Refused as refused:
        return refused


def brief_call(call: Call) -> str:
    """A call for people."""
    return f"{call.method}{json.dumps(dict(call.args), ensure_ascii=False)}"
