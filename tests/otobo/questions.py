"""The searches, answered by the oracle: who matches, in which order, and where a list is cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from backends.errors import BadUserInput
from backends.order import fold
from backends.search import Search, parse_customer_search, parse_list_search
from tests.otobo.blocks import Block, truthy
from tests.otobo.lists import (
    COMPANY_IDS,
    COMPANY_ORDER,
    EXCLUDED,
    NO_CRITERIA,
    is_valid_only,
    order_terms,
    search_mode,
)
from tests.otobo.matching import (
    DYNAMIC,
    Test,
    equals,
    found_by,
    holds,
    like,
    login_holds,
    one_of,
    sort_value,
    within,
)
from tests.otobo.oracle import Oracle, Record
from tests.otobo.outcomes import Outcome, Refused

Args = Mapping[str, Any]

WRONG = Refused("BAD_USER_INPUT")


class Questions:
    """Answers the searches over one kind of source."""

    def __init__(self, oracle: Oracle, *, company: bool = False) -> None:
        self.oracle = oracle
        self.company = company
        self.blocks = list(oracle.companies if company else oracle.users)

    def search(self, args: Args) -> Outcome:
        """The list search: keys to labels, in the order of keys."""
        mode, value = ("Search", str(args.get("Search") or "")) if self.company else search_mode(args)
        if mode is None:
            return WRONG
        try:
            test = self._mode(mode, value)
        except BadUserInput:
            return WRONG
        wanted = {"1"} if is_valid_only(args) else {"1", "2", "3"}
        capped = mode == "Search" and bool(value)
        found = self._matching(lambda record: record.valid in wanted and test(record), capped=capped)
        limit = int(args["Limit"]) if truthy(args.get("Limit")) else None
        if limit is None and not capped and not self.company:
            limit = sum(block.list_limit for block in self.blocks)
        return {record.key: self.oracle.label(record) for record in found[:limit]}

    def detail(self, args: Args) -> Outcome:
        """The detail search: keys in the order asked for, or their number."""
        tests, needs = [], []
        for name, value in args.items():
            if name in {*NO_CRITERIA, COMPANY_IDS, EXCLUDED, "ValidID"} or not _is_given(value):
                continue
            if not any(block.row(name) for block in self.blocks):
                return WRONG
            needs.append(name)
            tests.append(self._criterion(name, value))
        wanted = {"1"} if is_valid_only(args) else {"1", "2", "3"}
        if not _is_well_typed(args):
            return WRONG
        if args.get("ValidID"):
            wanted &= set(map(str, args["ValidID"]))
        if args.get(COMPANY_IDS):
            needs.append("UserCustomerID")
            tests.append(one_of("UserCustomerID", args[COMPANY_IDS]))
        excluded = {fold(str(one)) for one in args.get(EXCLUDED) or ()}

        def test(record: Record) -> bool:
            is_out = any(
                fold(record.key) == one if record.block.folded else record.key in args[EXCLUDED]
                for one in excluded
            )
            return record.valid in wanted and not is_out and all(one(record) for one in tests)

        asked = [block for block in self.blocks if all(block.row(name) for name in needs)]
        found = self._matching(test, order=list(self._order(args)), blocks=asked)
        if args.get("Result") == "COUNT":
            return str(len(found))
        limit = int(args["Limit"]) if truthy(args.get("Limit")) else None
        return [record.key for record in found[:limit]]

    def primary_ids(self, args: Args) -> Outcome:
        """Values of the primary customer ID, searched by the list search alone."""
        term = str(args.get("SearchTerm") or "") if args.get("SearchTerm") != 0 else "0"
        try:
            tree = parse_list_search(term)
        except BadUserInput:
            return WRONG
        wanted = {"1"} if is_valid_only(args) else {"1", "2", "3"}
        found = self._matching(lambda record: record.valid in wanted)
        values = {value: record for record in found if (value := record.attribute("UserCustomerID"))}
        return [value for value, record in values.items() if tree is None or _holds_id(tree, record, value)]

    def _order(self, args: Args) -> Iterable[tuple[str, bool]]:
        key = "CustomerID" if self.company else "UserLogin"
        for variable, direction in order_terms(args, self.blocks):
            if not self.company or variable in ("CustomerID", *_COMPANY_ORDER):
                yield variable, direction == "DESC"
            if variable == key:
                return
        yield key, True

    def _matching(
        self,
        test: Test,
        *,
        capped: bool = False,
        order: Sequence[tuple[str, bool]] = (),
        blocks: Sequence[Block] | None = None,
    ) -> list[Record]:
        """Records that match, hidden ones left out; each source is cut before, where its limit holds."""
        found: list[Record] = []
        for block in self.blocks if blocks is None else blocks:
            own = self.ordered([record for record in self.oracle.records(block) or () if test(record)], order)
            if capped:
                own = own[: block.list_limit]
            found += [record for record in own if not self.oracle.is_hidden(record, self.blocks)]
        return self.ordered(found, order)

    def ordered(self, records: Iterable[Record], order: Sequence[tuple[str, bool]]) -> list[Record]:
        """By these attributes, folded; by key where nothing is said."""
        key = "CustomerID" if self.company else "UserLogin"
        found = list(records)
        for variable, descending in reversed(list(order) or [(key, False)]):
            if variable == key:
                found.sort(key=lambda record: (fold(record.key), record.key), reverse=descending)
            else:
                found.sort(key=lambda record: sort_value(record, variable), reverse=descending)
        return found

    def _mode(self, mode: str, value: str) -> Test:
        if mode == "Search":
            tree = parse_customer_search(value) if self.company else parse_list_search(value)
            hits = self._dynamic_hits(value)
            return lambda record: (
                bool(record.block.words("SearchFields") or record.block.is_directory)
                and (tree is None or found_by(tree, record) or hits(record))
            )
        if mode == "PostMasterSearch":
            return lambda record: self._mailed(record, value)
        if mode == "UserLogin":
            return lambda record: login_holds(record, value)
        if mode == "CustomerID":
            return lambda record: like(record, "UserCustomerID", value)
        return lambda record: equals(record, record.block.settings["CustomerID"], value)

    def _mailed(self, record: Record, value: str) -> bool | None:
        columns = record.block.words("PostMasterSearchFields")
        dynamic = [self.oracle.dynamic(record, column) for column in columns]
        return any(equals(record, column, value) for column in columns) or any(
            fold(value) in fold(one) for values in dynamic for one in values
        )

    def _dynamic_hits(self, text: str) -> Test:
        fields = {row.column for block in self.blocks for row in block.rows if row.is_dynamic}
        whole = parse_customer_search(text) if fields else None

        def test(record: Record) -> bool:
            dynamic = {row.column for row in record.block.rows if row.is_dynamic}
            for name in dynamic.intersection(record.block.words("SearchFields")):
                values = self.oracle.dynamic(record, name)
                if name in self.oracle.text_fields:
                    if whole and any(holds(whole, partial(within, value)) for value in values):
                        return True
                elif any(fold(value) == fold(text) for value in values):
                    return True
            return False

        return test

    def _criterion(self, name: str, value: Any) -> Test:
        if isinstance(value, dict):
            return lambda record: all(
                self._dynamic_criterion(record, name, operator, given) for operator, given in value.items()
            )
        if isinstance(value, list):
            return one_of(name, value)
        return lambda record: like(record, name, str(value))

    def _dynamic_criterion(self, record: Record, name: str, operator: str, given: Any) -> bool:
        row = record.block.row(name)
        stored = [fold(one) for one in self.oracle.dynamic(record, row.column)] if row else []
        if operator == "Empty":
            return bool(stored) is not truthy(given) and record.key in self.oracle.described
        values = [
            fold(str(one)) for one in (given if isinstance(given, list) else [given]) if one not in (None, "")
        ]
        if operator not in DYNAMIC:
            raise WRONG
        check = DYNAMIC[operator]
        return not values or any(check(one, value) for one in stored for value in values)


def _holds_id(tree: Search, record: Record, value: str) -> bool | None:
    """Whether one value of the primary customer ID is what a search looks for."""
    row = record.block.row("UserCustomerID")
    alone = {row.column.lower(): (value,)} if row else {}
    return found_by(tree, replace(record, values=alone), ["UserCustomerID"])


def _is_given(value: Any) -> bool:
    """Whether a criterion holds anything to look for."""
    if isinstance(value, dict):
        return any(_is_given(one) for one in value.values())
    return value not in (None, "", [], [""])


def _is_well_typed(args: Args) -> bool:
    """Whether lists are lists, and validities and directions exist."""
    lists = [args[name] for name in ("ValidID", COMPANY_IDS, EXCLUDED) if args.get(name)]
    ids = args.get("ValidID") or []
    return (
        all(isinstance(one, list) for one in lists)
        and {str(one) for one in ids} <= {"1", "2", "3"}
        and set(args.get("OrderByDirection") or ()) <= {"Up", "Down", None, ""}
    )


_COMPANY_ORDER = tuple(f"CustomerCompany{name[:1].upper()}{name[1:]}" for name in COMPANY_ORDER[1:])
