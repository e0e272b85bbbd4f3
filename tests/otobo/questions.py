"""The searches, answered by the oracle: who matches, in which order, and where a list is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from backends.errors import BadUserInput
from backends.order import fold, number_text
from backends.search import AllOf, AnyOf, Search, parse_customer_search, parse_list_search
from tests.otobo.blocks import Block, Row, truthy
from tests.otobo.lists import (
    COMPANY_IDS,
    COMPANY_ORDER,
    EXCLUDED,
    NO_CRITERIA,
    is_valid_only,
    order_terms,
    search_mode,
)
from tests.otobo.oracle import Oracle, Record
from tests.otobo.outcomes import Outcome, Refused

Args = Mapping[str, Any]
Test = Callable[[Record], bool | None]

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
            if name in {*NO_CRITERIA, COMPANY_IDS, EXCLUDED, "ValidID"} or value in (None, "", [], {}):
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
            tests.append(_one_of("UserCustomerID", args[COMPANY_IDS]))
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
                found.sort(key=lambda record: _sort_value(record, variable), reverse=descending)
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
            return lambda record: _login_holds(record, value)
        if mode == "CustomerID":
            return lambda record: like(record, "UserCustomerID", value)
        return lambda record: equals(record, record.block.settings["CustomerID"], value)

    def _mailed(self, record: Record, value: str) -> bool | None:
        columns = record.block.words("PostMasterSearchFields")
        dynamic = [self.oracle.dynamic(record, column) for column in columns]
        return any(equals(record, column, value) for column in columns) or any(
            fold(one) == fold(value) for values in dynamic for one in values
        )

    def _dynamic_hits(self, text: str) -> Test:
        fields = {row.column for block in self.blocks for row in block.rows if row.is_dynamic}
        whole = parse_customer_search(text) if fields else None

        def test(record: Record) -> bool:
            dynamic = {row.column for row in record.block.rows if row.is_dynamic}
            for name in dynamic.intersection(record.block.words("SearchFields")):
                values = self.oracle.dynamic(record, name)
                if name in self.oracle.text_fields:
                    if whole and any(holds(whole, partial(_within, value)) for value in values):
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
            return _one_of(name, value)
        return lambda record: like(record, name, str(value))

    def _dynamic_criterion(self, record: Record, name: str, operator: str, given: Any) -> bool:
        row = record.block.row(name)
        stored = [fold(one) for one in self.oracle.dynamic(record, row.column)] if row else []
        if operator == "Empty":
            return bool(stored) is not truthy(given)
        values = [
            fold(str(one)) for one in (given if isinstance(given, list) else [given]) if one not in (None, "")
        ]
        check = _DYNAMIC[operator]
        return not values or any(check(one, value) for one in stored for value in values)


def _is_well_typed(args: Args) -> bool:
    """Whether lists are lists, and validities and directions exist."""
    lists = [args[name] for name in ("ValidID", COMPANY_IDS, EXCLUDED) if args.get(name)]
    ids = args.get("ValidID") or []
    return (
        all(isinstance(one, list) for one in lists)
        and {str(one) for one in ids} <= {"1", "2", "3"}
        and set(args.get("OrderByDirection") or ()) <= {"Up", "Down", None, ""}
    )


def found_by(tree: Search, record: Record) -> bool | None:
    """Whether each word stands in some search field, and each negated word in none (SRCH-8)."""
    columns = list(record.block.words("SearchFields"))
    if record.block.is_directory and not columns:
        columns = [record.block.key]
    mapped = {row.column for row in record.block.rows if row.is_dynamic}
    before, after = record.block.affixes

    def word(pieces: Sequence[str]) -> bool | None:
        text = re.sub(r"\*+", "*", f"{before}{'*'.join(pieces)}{after}")
        return _any(resembles(record, column, text) for column in columns if column not in mapped)

    return holds(tree, word)


def holds(tree: Search, word: Callable[[Sequence[str]], bool | None]) -> bool | None:
    """A search tree, in which unknown stays unknown."""
    if isinstance(tree, AllOf):
        parts = [holds(part, word) for part in tree.parts]
        return False if False in parts else None if None in parts else True
    if isinstance(tree, AnyOf):
        return _any(holds(part, word) for part in tree.parts)
    found = word(tree.pieces)
    return found if found is None or not tree.negated else not found


def resembles(record: Record, column: str, text: str) -> bool | None:
    """Whether some value has the form of `text`, in which `*` is the only wildcard; unknown for NULL."""
    values = record.all(column)
    if not values:
        return False if record.block.is_directory else None
    same = _normal(record.block, column)
    form = ".*".join(re.escape(part) for part in same(text).split("*"))
    return any(re.fullmatch(form, same(value), re.DOTALL) for value in values)


def like(record: Record, variable: str, text: str) -> bool | None:
    """A field criterion; wildcards alone ask for nothing (DET-5)."""
    row = record.block.row(variable)
    if row is None:
        return False
    if not text.strip("*"):
        return True
    return _number_equals(record, row, text) if row.type == "int" else resembles(record, row.column, text)


def equals(record: Record, column: str, text: str) -> bool:
    """Whether some value of a column is `text`, as the source compares."""
    same = _normal(record.block, column)
    return any(same(value) == same(text) for value in record.all(column))


def _number_equals(record: Record, row: Row, text: str) -> bool:
    return record.first(row.column) is not None and number_text(record.first(row.column)) == number_text(text)


def _login_holds(record: Record, text: str) -> bool | None:
    row = record.block.row("UserLogin")
    if row is not None and row.type == "int":
        return bool(re.fullmatch(r"[+-]?\d{1,16}", text)) and _number_equals(record, row, text)
    return resembles(record, record.block.key, f"*{text}*")


def _one_of(name: str, values: Sequence[Any]) -> Test:
    wanted = {str(one) for one in values}
    return lambda record: bool(
        wanted & set(record.all(row.column) if (row := record.block.row(name)) else ())
    )


def _normal(block: Block, column: str) -> Callable[[str], str]:
    """How a source compares: by case or not; a directory also squeezes blanks, and knows telephone numbers."""
    if not block.is_directory:
        return fold if block.folded else str
    if column.lower() == "telephonenumber":
        return lambda text: re.sub(r"[ -]", "", fold(text))
    return lambda text: (
        " ".join(fold(text).split(" ")) if "  " not in text else re.sub(r" +", " ", fold(text))
    )


def _sort_value(record: Record, variable: str) -> str:
    row = record.block.row(variable)
    value = record.first(row.column) if row else None
    return number_text(value) if row and row.type == "int" else fold(value or "")


def _within(value: str, pieces: Sequence[str]) -> bool:
    form = ".*".join(re.escape(fold(part)) for part in ("", *pieces, ""))
    return re.fullmatch(form, fold(value), re.DOTALL) is not None


def _any(results: Iterable[bool | None]) -> bool | None:
    found = list(results)
    return True if True in found else None if None in found else False


def _matches(stored: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, text.split("*"))), stored, re.DOTALL) is not None


_DYNAMIC: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "Like": _matches,
    "GreaterThan": str.__gt__,
    "GreaterThanEquals": str.__ge__,
    "SmallerThan": str.__lt__,
    "SmallerThanEquals": str.__le__,
}
_COMPANY_ORDER = tuple(f"CustomerCompany{name[:1].upper()}{name[1:]}" for name in COMPANY_ORDER[1:])
