"""Cases of several steps that change something, each from freshly loaded fixtures to a verdict."""

from __future__ import annotations

from typing import Any

from tests.otobo.asking import Replay
from tests.otobo.compare import brief, comparable, difference, is_equal, recorded
from tests.otobo.deviations import as_expected, reasons
from tests.otobo.expectations import EXPECTATIONS, expected
from tests.otobo.fresh import Changes, FreshWorld, Tables, Window, changes
from tests.otobo.judging import Tally, brief_call, outcome_of
from tests.otobo.model import Model
from tests.otobo.oracle import Oracle
from tests.otobo.outcomes import UNUSABLE, Outcome, Refused
from tests.otobo.recording import Call, Case
from tests.otobo.refusing import CHANGING, wanted
from tests.otobo.row_rules import row_rules
from tests.otobo.rows import Comparison
from tests.otobo.signing import sign, wanted_login
from tests.otobo.situations import Situation
from tests.otobo.ticket_rules import TABLE, wanted_rows, wanted_ticket


class Steps:
    """One case on its way."""

    def __init__(self, case: Case, world: FreshWorld) -> None:
        world.reload()
        self.case = case
        self.world = world
        self.before: Tables = world.snapshot()
        self.generated: list[str] = []
        self.tickets: list[str] = []
        self.same = Comparison(case, Window(), self.generated, self.tickets)
        self.model = Model(self.before, case.tables)
        self.rules: list[str] = []
        self.of_rows: list[str] = []
        self.of_tickets: Changes = {}
        self.differences: list[str] = []

    async def run(self, replay: Replay | None) -> None:
        """All steps in order, then the rows."""
        for call in self.case.steps:
            self.world.forget()
            try:
                await self._step(call, replay)
            except (
                ArithmeticError,
                LookupError,
                TypeError,
                ValueError,
                AttributeError,
                RuntimeError,
            ) as error:
                self.differences.append(f"{brief_call(call)} cannot be translated: {error!r}")
        self._compare_rows()

    async def _step(self, call: Call, replay: Replay | None) -> None:
        oracle = Oracle(self.world, self.world.settings(self.case.variant))
        was = recorded(call, oracle.settings)
        situation = self._situation(call, oracle, was)
        rules = reasons(situation)
        if call.method == "Auth":
            sign(self.model, situation)
        elif call.method in CHANGING and not is_refused(situation):
            self.of_rows += row_rules(situation)
            self.model.apply(call, oracle)
        answer: Outcome = Refused(UNUSABLE) if replay is None else await outcome_of(call, replay)
        self.generated += replay.generated if replay else ()
        self.tickets += replay.tickets if replay else ()
        outcome = self.same.timed(was, comparable(call, answer, oracle.settings))
        if is_equal(call, was, outcome):
            return
        if call.method not in CHANGING | {"Auth"}:
            rules = rules or [*self.rules, *self.of_rows]
        if rules and as_expected(situation, outcome):
            self.rules += rules
        else:
            self.differences.append(f"{brief_call(call)}: {difference(was, outcome)}")

    def _situation(self, call: Call, oracle: Oracle, was: Any) -> Situation:
        """What is expected of a step, before it is done."""
        if call.method in CHANGING:
            return Situation(call, oracle, was, wanted(Situation(call, oracle, was, was)))
        if call.method == "Auth":
            return Situation(call, oracle, was, wanted_login(Situation(call, oracle, was, was)))
        if call.method == "TicketGet":
            made = next(one.args for one in self.case.steps if one.method == "TicketCreate")
            ticket = wanted_ticket(was, oracle, made)
            self.of_tickets = wanted_rows(self.case.tables, oracle, ticket)
            return Situation(call, oracle, was, ticket)
        if call.method in EXPECTATIONS:
            ought = expected(oracle, call.method, call.args)
            return Situation(call, oracle, was, self.same.timed(was, ought))
        return Situation(call, oracle, was, was)

    def _compare_rows(self) -> None:
        ours = changes(self.before, self.world.snapshot())
        ought = changes(self.before, self.model.tables)
        if self.tickets:  # of these cases no other table was recorded
            ours, ought = _only(TABLE, ours), self.of_tickets
        if self.same.same_tables(self.case.tables, ours):
            return
        for table in sorted({*ought, *ours}):
            if not self.same.same_tables(_only(table, ought), _only(table, ours)):
                told = brief(_told(ought.get(table), ours.get(table)), 900)
                self.differences.append(f"rows of {table}: {told}")
        self.rules += self.of_rows
        if not self.rules:
            self.differences.append(f"no rule for the rows of {', '.join({*self.case.tables, *ours})}")

    def count(self, tally: Tally) -> None:
        """Count what the case came to."""
        kind = "different" if self.differences else "deviating" if self.rules else "equal"
        tally.counts[kind] += 1
        tally.differences += [f"{self.case.id} {self.case.variant}: {one}" for one in self.differences]
        for rule in dict.fromkeys(self.rules if not self.differences else ()):
            tally.rules[rule] = tally.rules.get(rule, 0) + 1


def is_refused(situation: Situation) -> bool:
    """Whether nothing is to change."""
    ought = situation.expected
    return isinstance(ought, Refused) or ought == "0" or (ought is None and situation.call.refused)


def _only(table: str, rows: Changes) -> Changes:
    return {table: rows[table]} if table in rows else {}


def _told(recorded: Any, ours: Any) -> str:
    """What tells the rows of a table from the recorded ones."""
    texts = []
    for side in ("removed", "added"):
        old, new = (one[side] if one else [] for one in (recorded, ours))
        if len(old) == len(new) == 1:
            cells = {
                key: (old[0].get(key), value) for key, value in new[0].items() if old[0].get(key) != value
            }
            texts.append(f"{side}: {cells}")
        else:
            texts.append(f"{side}: recorded {old}, came {new}")
    return "; ".join(texts)
