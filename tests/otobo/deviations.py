"""Where OTOBO is deliberately not followed: by rule, each with what is expected instead.

What exactly is expected of a call, the oracle works out from the stores (expectations.py); a rule below says why that
may differ from the recorded outcome. An outcome that is neither recorded nor expected is a difference, and so is one
for which no rule speaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.otobo.blocks import PASSWORD, Block, truthy
from tests.otobo.lists import COMPANY_IDS, EXCLUDED, NO_CRITERIA, is_valid_only, search_mode
from tests.otobo.oracle import Oracle, Record
from tests.otobo.outcomes import Outcome, Refused
from tests.otobo.recording import Call

SEARCHES = frozenset({"CustomerSearch", "CustomerCompanyList"})
DETAILS = frozenset({"CustomerSearchDetail", "CustomerCompanySearchDetail"})
LISTS = SEARCHES | DETAILS
READS = frozenset({"CustomerUserDataGet", "CustomerName", "CustomerIDs", "CustomerUserCustomerMemberList"})
LOGINS = ("User", "UserLogin", "CustomerUserID")


@dataclass(frozen=True)
class Situation:
    """One call, what was recorded of it, and what is expected here."""

    call: Call
    oracle: Oracle
    recorded: Any
    expected: Outcome

    @property
    def args(self) -> Mapping[str, Any]:
        """The call's arguments."""
        return self.call.args

    @property
    def blocks(self) -> Sequence[Block]:
        """The sources that the call asks."""
        return self.oracle.companies if "Company" in self.call.method else self.oracle.users

    @cached_property
    def texts(self) -> Sequence[str]:
        """What the caller looks for."""
        if self.call.method == "CustomerSearch":
            return [search_mode(self.args)[1]]
        return list(_scalars(value for key, value in self.args.items() if key not in NO_CRITERIA))

    @cached_property
    def differing(self) -> frozenset[str]:
        """Keys that were recorded and are not expected, or the other way round, or have another label."""
        old, new = _keys(self.recorded), _keys(self.expected)
        differing = set(old) ^ set(new)
        if isinstance(self.recorded, dict) and isinstance(self.expected, dict):
            labels = self.recorded.get("sample", self.recorded)
            differing |= {
                key for key in labels.keys() & self.expected.keys() if labels[key] != self.expected[key]
            }
        return frozenset({str(key) for key in differing} | ({"None"} if None in old else set()))

    @cached_property
    def owner(self) -> Record | None:
        """Who has the login that the call names."""
        try:
            return self.oracle.owner(self.login, self.oracle.users)
        except Refused:
            return None

    @property
    def login(self) -> str:
        """The login that the call names."""
        return next((str(self.args[name]) for name in LOGINS if self.args.get(name) is not None), "")

    @property
    def is_count(self) -> bool:
        """Whether only a number is wanted."""
        return self.args.get("Result") == "COUNT"


@dataclass(frozen=True)
class Deviation:
    """A rule that is not followed, what holds instead, and whether it speaks in a situation."""

    rules: str
    instead: str
    methods: Collection[str]
    holds: Callable[[Situation], bool]

    def speaks(self, situation: Situation) -> bool:
        """Whether the rule may explain a difference."""
        return situation.call.method in self.methods and self.holds(situation)


def _scalars(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, dict):
            yield from _scalars(value.values())
        elif isinstance(value, list):
            yield from _scalars(value)
        elif value is not None:
            yield str(value)


def _keys(result: Any) -> Sequence[Any]:
    if isinstance(result, dict):
        keys: Sequence[Any] = result.get("keys") or result.get("of_keys") or list(result)
        return keys
    return result if isinstance(result, list) else []


def is_zero(case: Situation) -> bool:
    """The text `0` is looked for, or is a value that Perl takes for none."""
    if case.call.method in LISTS:
        return "0" in case.texts
    return case.login == "0" or str(case.args.get("CustomerID")) == "0" or "0" in _keys(case.expected)


def has_wildcard(case: Situation) -> bool:
    """A sign that SQL takes for a wildcard or an escape is looked for, or wildcards alone for one field."""
    of_a_field = case.call.method in DETAILS or search_mode(case.args)[0] == "CustomerID"
    return any(re.search(r"[%_\\]", text) or (of_a_field and not text.strip("*")) for text in case.texts)


def has_apostrophe(case: Situation) -> bool:
    """An apostrophe is looked for outside the search grammar."""
    return search_mode(case.args)[0] != "Search" and any("'" in text for text in case.texts)


def mails_several_columns(case: Situation) -> bool:
    """Several columns are asked for an address, and only the last one for the validity."""
    several = any(len(block.words("PostMasterSearchFields")) > 1 for block in case.blocks)
    return search_mode(case.args)[0] == "PostMasterSearch" and several and is_valid_only(case.args)


def mails_no_column(case: Situation) -> bool:
    """A directory without columns for addresses takes everybody."""
    none = any(not block.words("PostMasterSearchFields") for block in case.blocks)
    return search_mode(case.args)[0] == "PostMasterSearch" and none


def has_open_or(case: Situation) -> bool:
    """An OR stands outside all brackets, before the condition on validity."""
    return is_valid_only(case.args) and any(re.search(r"\|\||\bOR\b", text) for text in case.texts)


def ignores_validity(case: Situation) -> bool:
    """The detail search of companies looks for its validity under a key that is not there."""
    return is_valid_only(case.args) and not any(block.settings.get("CustomerValid") for block in case.blocks)


def is_held_twice(case: Situation) -> bool:
    """A login that differs, or may be counted twice, is held by several sources."""
    if case.is_count:
        return len(case.blocks) > 1
    has_repeats = case.call.method in DETAILS and len(set(_keys(case.recorded))) < len(_keys(case.recorded))
    return has_repeats or any(case.oracle.holders(key) > 1 for key in case.differing)


def is_in_a_directory(case: Situation) -> bool:
    """A directory holds a login that differs, or answered with entries that have none."""
    if case.is_count:
        return any(block.is_directory for block in case.blocks)
    held = {
        one.key for block in case.blocks if block.is_directory for one in case.oracle.records(block) or ()
    }
    has_directory = any(block.is_directory for block in case.blocks)
    return bool(held & case.differing) or (has_directory and "None" in case.differing)


def lacks_part_of_label(case: Situation) -> bool:
    """An entry lacks an attribute of its label."""
    directories = [block for block in case.blocks if block.is_directory]
    return any(
        record.key in case.differing and not all(map(record.first, block.label_columns))
        for block in directories
        for record in case.oracle.records(block) or ()
    )


def is_ordered(case: Situation) -> bool:
    """The order of the list, or what a limit leaves of it, counts."""
    return not case.is_count and isinstance(case.recorded, list)


def is_cut(case: Situation) -> bool:
    """A limit cut what was recorded."""
    return case.call.check == "subset" or truthy(case.args.get("Limit"))


def a_store_failed(case: Situation) -> bool:
    """A store does not answer, or refused a statement."""
    silent = any(case.oracle.records(block) is None for block in [*case.oracle.users, *case.oracle.companies])
    return silent or any("database error" in error for error in case.call.errors)


def is_asked_wrongly(case: Situation) -> bool:
    """The call names what no source has, or nothing at all."""
    return isinstance(case.expected, Refused) and case.expected.is_the_callers_fault


def has_unknown_criterion(case: Situation) -> bool:
    """A criterion is no attribute of any source."""
    given = {name for name, value in case.args.items() if value not in (None, "", [], {})}
    known = {row.variable for block in case.blocks for row in block.rows}
    return bool(given - known - NO_CRITERIA - {COMPANY_IDS, EXCLUDED, "ValidID"})


def is_case_sensitive(case: Situation) -> bool:
    """A source that tells upper from lower case holds a login that differs."""
    held = (one.key for block in case.blocks if not block.folded for one in case.oracle.records(block) or ())
    return not case.differing.isdisjoint(held)


def excludes_in_other_case(case: Situation) -> bool:
    """A login is excluded in another spelling."""
    return any(key not in case.args.get(EXCLUDED, ()) for key in case.differing) and bool(
        case.args.get(EXCLUDED)
    )


def repeats_order(case: Situation) -> bool:
    """An attribute is named twice or not at all in the order, which OTOBO refuses."""
    order = case.args.get("OrderBy") or []
    return len(set(order)) < len(order) or not all(order)


def is_empty_in_directory(case: Situation) -> bool:
    """An attribute that an entry lacks was recorded as empty text."""
    return case.owner is not None and case.owner.block.is_directory and "" in case.recorded.values()


def has_label_beyond_map(case: Situation) -> bool:
    """The label shows what the record that was read does not hold: unmapped attributes and dynamic fields."""
    if case.owner is None:
        return False
    plain = {row.column for row in case.owner.block.rows if not row.is_dynamic}
    return not plain.issuperset(case.owner.block.label_columns)


def has_overriding_preference(case: Situation) -> bool:
    """A preference, or its default, stood in for a mapped attribute."""
    if case.owner is None:
        return False
    groups = case.oracle.settings.get("CustomerPreferencesGroups") or {}
    keys = {*case.oracle.preferences(case.owner.key), *case.oracle.preferences(case.login)}
    keys |= {group.get("PrefKey") for group in groups.values()}
    return any(row.variable in keys for row in case.owner.block.rows)


def is_restricted(case: Situation) -> bool:
    """Only members of a group exist."""
    return any(block.params.get("GroupDN") for block in case.oracle.users)


def is_spelled_otherwise(case: Situation) -> bool:
    """The login is stored in another spelling."""
    return case.owner is not None and case.owner.key != case.login


def is_nobodys(case: Situation) -> bool:
    """Nobody has the login, or one of those that were recorded."""
    if not case.login:
        return bool(case.differing)
    return case.owner is None


def has_no_ids(case: Situation) -> bool:
    """The owning source gives no customer ID of its own, so that a later source was asked."""
    return case.owner is not None and len(case.oracle.users) > 1


def has_empty_ids(case: Situation) -> bool:
    """Empty customer IDs were recorded."""
    return "" in _keys(case.recorded)


def has_no_name(case: Situation) -> bool:
    """The owner's name is empty, so that a later source was asked."""
    return case.owner is not None and not case.oracle.full_name(case.owner)


def has_several_keys(case: Situation) -> bool:
    """An entry was found by another value of its key than the first."""
    holders = [block for block in case.oracle.users if block.is_directory]
    return any(
        case.login in record.all(block.key)[1:]
        for block in holders
        for record in case.oracle.records(block) or ()
    )


def is_password(case: Situation) -> bool:
    """The password's column is asked for."""
    return bool(PASSWORD.search(str(case.args.get("FieldName"))))


def is_always(case: Situation) -> bool:
    """Nothing more has to hold."""
    return True


DEVIATIONS: Sequence[Deviation] = (
    Deviation("OVR-4", "0 is a value like any other", LISTS | READS | {"CustomerCompanyGet"}, is_zero),
    Deviation("SRCH-9, SRCH-11, DET-5, QC-10", "* is the only wildcard", LISTS, has_wildcard),
    Deviation("SRCH-15", "apostrophes are found", {"CustomerSearch"}, has_apostrophe),
    Deviation("SRCH-13", "the validity holds for every column", {"CustomerSearch"}, mails_several_columns),
    Deviation("LDAP-14", "no columns for addresses: no match", {"CustomerSearch"}, mails_no_column),
    Deviation("COMP-8", "the validity holds beside any OR", {"CustomerCompanyList"}, has_open_or),
    Deviation("COMP-10", "only valid ones by default", {"CustomerCompanySearchDetail"}, ignores_validity),
    Deviation(
        "SRCH-1, DET-1, DET-11, CU-1", "each login once, its first source decides", LISTS, is_held_twice
    ),
    Deviation("LDAP-9 to LDAP-17, LDAP-31", "a directory searches as databases do", LISTS, is_in_a_directory),
    Deviation("LDAP-22, SRCH-16", "empty parts leave no blank in a label", SEARCHES, lacks_part_of_label),
    Deviation("DET-12, DET-13, OVR-11", "ordered by folded keys, all criteria", DETAILS, is_ordered),
    Deviation("OVR-11", "ordered by folded keys", {"CustomerUserCustomerMemberList"}, is_ordered),
    Deviation("DET-12", "an attribute named again changes nothing", DETAILS, repeats_order),
    Deviation("SRCH-5", "one order first, then one limit", SEARCHES, is_cut),
    Deviation("SRC-16, DET-15", "an error or a report, never an empty answer", LISTS | READS, a_store_failed),
    Deviation("DET-1", "an unknown criterion is refused", DETAILS, has_unknown_criterion),
    Deviation("QC-12", "operators alone are refused", SEARCHES, is_asked_wrongly),
    Deviation("DET-5, SRC-7", "case counts where the source says so", DETAILS, is_case_sensitive),
    Deviation("DET-1, SRCH-1", "spellings of a login are one", DETAILS, excludes_in_other_case),
    Deviation("LDAP-22, MAP-7", "absent reads null", {"CustomerUserDataGet"}, is_empty_in_directory),
    Deviation("SRCH-16, SRCH-17", "one label everywhere", {"CustomerUserDataGet"}, has_label_beyond_map),
    Deviation(
        "PREF-6", "attributes win over preferences", {"CustomerUserDataGet"}, has_overriding_preference
    ),
    Deviation("LDAP-10, LDAP-20", "who is no member does not exist", READS, is_restricted),
    Deviation("PREF-4, MULTI-8, DF-4", "the stored spelling counts", READS, is_spelled_otherwise),
    Deviation("MULTI-1, MULTI-7", "nobody has no relations", READS, is_nobodys),
    Deviation("MULTI-6", "only the owning source is asked", {"CustomerIDs"}, has_no_ids),
    Deviation("MULTI-4", "no empty IDs", {"CustomerIDs"}, has_empty_ids),
    Deviation("CU-10", "only the owning source is asked", {"CustomerName"}, has_no_name),
    Deviation("LDAP-21", "the first value is the login", READS, has_several_keys),
    Deviation("CU-6", "a password is no field", {"GetFieldConfig"}, is_password),
    Deviation("SRC-18", "read-only is what cannot be written", {"CustomerSourceList"}, is_always),
)


def reasons(situation: Situation) -> list[str]:
    """The rules that speak in a situation."""
    return [deviation.rules for deviation in DEVIATIONS if deviation.speaks(situation)]


def as_expected(situation: Situation, outcome: Outcome) -> bool:
    """Whether an outcome is exactly what is expected."""
    expected = situation.expected
    if isinstance(expected, Refused) or isinstance(outcome, Refused):
        return (
            isinstance(expected, Refused)
            and isinstance(outcome, Refused)
            and (
                expected.code == outcome.code
                or (expected.is_the_callers_fault and outcome.is_the_callers_fault)
            )
        )
    if situation.call.method == "CustomerIDs":
        return set(expected) == set(outcome)
    return bool(expected == outcome)
