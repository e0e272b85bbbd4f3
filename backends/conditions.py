"""A filter as a tree over a source's columns: written once, rendered by each store in its own language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backends.filters import DynamicHits, FieldCondition, Filter, Holders, Members, Operator, RowScope
from backends.mapping import FieldMapping, FieldType, RecordMapping
from backends.model import Membership, Validity
from backends.search import AllOf, AnyOf, Search, Word, pieces


@dataclass(frozen=True, slots=True)
class Always:
    """True for every row, or for none."""

    value: bool


@dataclass(frozen=True, slots=True)
class And:
    """All of `parts`; every renderer puts it in brackets."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of `parts`; every renderer puts it in brackets (SRCH-13, COMP-8)."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; in SQL, unknown stays unknown (SRCH-8)."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Like:
    """The column holds `pieces` in this order, with anything in between; the outer ones are anchored."""

    column: str
    pieces: tuple[str, ...]
    folded: bool


@dataclass(frozen=True, slots=True)
class In:
    """The column equals one of `values`."""

    column: str
    values: tuple[str, ...]
    folded: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """The column is greater or smaller; by number where the mapping says int."""

    column: str
    operator: Operator
    value: str
    folded: bool


@dataclass(frozen=True, slots=True)
class Empty:
    """The column is NULL, absent or empty."""

    column: str


@dataclass(frozen=True, slots=True)
class HasValidity:
    """The record's validity is one of these; what is missing or unknown counts as INVALID."""

    validities: frozenset[Validity]


@dataclass(frozen=True, slots=True)
class Lists:
    """The column holds a list of customer IDs (MULTI-2) and `value` is one of them.

    A store may answer too widely (LIKE %value%); the caller decides on the record.
    """

    column: str
    value: str
    folded: bool


Condition = Always | And | Or | Not | Like | In | Compare | Empty | HasValidity | Lists

EVERY_VALIDITY = frozenset(Validity)
ALWAYS, NEVER = Always(True), Always(False)


def condition_of(filter: Filter, mapping: RecordMapping) -> Condition:
    """The tree for `filter` over the columns of `mapping`; fields that are not mapped must be sorted out before."""
    folded = not mapping.search.case_sensitive
    parts: list[Condition] = []
    if filter.validity is not None and filter.validity != EVERY_VALIDITY:
        parts.append(_validity(filter.validity, mapping))
    if filter.scope is not None:
        parts.append(within(filter.scope, mapping))
    if filter.search is not None:
        found = search_condition(filter.search, mapping, _guards(filter, mapping))
        hidden = mapping.withheld(filter.hidden)
        dynamic = [name for name in mapping.search.dynamic_fields if name not in hidden]
        parts.append(_or_hits(found, filter.search_hits, dynamic, mapping))
    if filter.login is not None:
        parts.append(_key_search(filter.login, mapping))
    if filter.email is not None:
        exact = _any([In(column, (filter.email,), folded) for column in mapping.search.post_master_columns])
        parts.append(_or_hits(exact, filter.email_hits, mapping.search.post_master_dynamic_fields, mapping))
    if filter.customer_ids is not None:
        column = mapping.customer_id_column
        wanted = In(column, filter.customer_ids, folded) if column and filter.customer_ids else NEVER
        parts.append(_all([wanted, _named(filter.scope, mapping)]))
    if filter.keys is not None:
        parts.append(In(mapping.key_column, filter.keys, folded) if filter.keys else NEVER)
    if filter.exclude_keys:
        parts.append(Not(In(mapping.key_column, filter.exclude_keys, folded)))
    if filter.exclude_exactly:
        parts.append(Not(In(mapping.key_column, filter.exclude_exactly, folded=False)))
    if filter.members is not None:
        parts.append(_members(filter.members, mapping))
    if filter.holders is not None:
        parts.append(_holders(filter.holders, mapping))
    parts += [_field(condition, filter.scope, mapping) for condition in filter.fields]
    return _all(parts)


def search_condition(
    search: Search, mapping: RecordMapping, guards: Mapping[str, Condition] | None = None
) -> Condition:
    """Each word in at least one search column, each negated word in none (SRCH-8).

    `guards` says of some columns when they may be looked into.
    """
    if isinstance(search, AllOf):
        return _all([search_condition(part, mapping, guards) for part in search.parts])
    if isinstance(search, AnyOf):
        return _any([search_condition(part, mapping, guards) for part in search.parts])
    rules = mapping.search
    word = _affixed(search, rules.prefix, rules.suffix)
    found = _any(
        [
            _all([_text(column, word, not rules.case_sensitive), (guards or {}).get(column, ALWAYS)])
            for column in rules.columns
        ]
    )
    return Not(found) if search.negated else found


def within(scope: RowScope, mapping: RecordMapping) -> Condition:
    """The rows that `scope` lets somebody see: members as a customer's list has them, by the source's rule of case."""
    folded = not mapping.search.case_sensitive
    parts: list[Condition] = []
    if scope.members and scope.customer_ids:
        if mapping.customer_id_column:
            parts.append(In(mapping.customer_id_column, scope.customer_ids, folded))
        if mapping.customer_ids_column:
            parts += [Lists(mapping.customer_ids_column, one, folded) for one in scope.customer_ids]
    if scope.members and scope.related:
        parts.append(In(mapping.key_column, scope.related, folded))
    if scope.own is not None and scope.own[0] == mapping.source_key:
        parts.append(In(mapping.key_column, scope.own[1:], folded=False))
    return _any(parts)


def field_condition(condition: FieldCondition, mapping: RecordMapping) -> Condition:
    """One field against several values, joined by OR; no value at all matches nothing."""
    field = mapping.field(condition.name)
    if field is None:
        return NEVER
    if field.column == mapping.valid_column or field.name == "validity":
        return _validity_field(condition, mapping)
    if condition.operator is Operator.EMPTY:
        return Empty(field.column)
    folded = not mapping.search.case_sensitive
    return _any([_field_value(field, condition.operator, value, folded) for value in condition.values])


def _field(condition: FieldCondition, scope: RowScope | None, mapping: RecordMapping) -> Condition:
    """The same; a primary customer that may not be named counts as none."""
    found, column = field_condition(condition, mapping), mapping.customer_id_column
    row = mapping.field(condition.name)
    if scope is None or row is None or row.column != column or found == ALWAYS:
        return found
    if condition.operator is Operator.EMPTY:
        return _any([found, Not(_named(scope, mapping))])
    return _all([found, _named(scope, mapping)])


def _guards(filter: Filter, mapping: RecordMapping) -> Mapping[str, Condition]:
    """Columns that are not searched at all, or only where the customer in them may be named."""
    guards: dict[str, Condition] = {}
    if filter.scope is not None and mapping.customer_id_column:
        guards[mapping.customer_id_column] = _named(filter.scope, mapping)
    if filter.scope is not None and mapping.customer_ids_column:
        guards[mapping.customer_ids_column] = NEVER
    return guards | dict.fromkeys(mapping.withheld(filter.hidden), NEVER)


def _named(scope: RowScope | None, mapping: RecordMapping) -> Condition:
    """Whether the primary customer may be named; whoever has none has none to hide."""
    column = mapping.customer_id_column
    if scope is None or column is None or column == mapping.key_column:
        return ALWAYS
    return In(column, (*scope.customer_ids, ""), folded=not mapping.search.case_sensitive)


def _field_value(field: FieldMapping, operator: Operator, value: str, folded: bool) -> Condition:
    if operator is Operator.LIKE:
        if value and not value.strip("*"):
            return ALWAYS  # a criterion of wildcards alone asks for nothing (DET-5)
        return _text(field.column, pieces(value), folded)
    if operator is Operator.EQUALS:
        return In(field.column, (value,), folded=False)
    if (field.type is FieldType.INT and not _is_number(value)) or not is_storable(value):
        return NEVER
    return Compare(field.column, operator, value, folded)


def is_storable(text: str) -> bool:
    """Whether every store could hold the text: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(texts: Iterable[str]) -> list[str]:
    """Those of the texts that every store could hold, without the empty one, each once."""
    some = list(dict.fromkeys(texts))
    whole = "".join(some)
    if whole.isascii() and "\0" not in whole and "" not in some:
        return some
    return [text for text in some if text and is_storable(text)]


def _text(column: str, parts: tuple[str, ...], folded: bool) -> Condition:
    return Like(column, parts, folded) if len(parts) > 1 else In(column, parts, folded)


def _affixed(word: Word, prefix: str, suffix: str) -> tuple[str, ...]:
    """The word between the source's prefix and suffix, runs of wildcards reduced to one (QC-9)."""
    before, after = pieces(prefix), pieces(suffix)
    parts = [*before[:-1], before[-1] + word.pieces[0], *word.pieces[1:]]
    parts = [*parts[:-1], parts[-1] + after[0], *after[1:]]
    return (parts[0], *(part for part in parts[1:-1] if part), parts[-1]) if len(parts) > 1 else (parts[0],)


def _key_search(text: str, mapping: RecordMapping) -> Condition:
    """A part of the login, `*` as wildcard (SRCH-9); a whole number where the key is one (SRC-12)."""
    folded = not mapping.search.case_sensitive
    if mapping.key_is_number:
        return In(mapping.key_column, (text.strip(),), folded) if _is_number(text) else NEVER
    return Like(mapping.key_column, pieces(f"*{text}*"), folded)


def _members(members: Members, mapping: RecordMapping) -> Condition:
    folded = not mapping.search.case_sensitive
    parts: list[Condition] = []
    if Membership.PRIMARY in members.kinds and mapping.customer_id_column:
        parts.append(In(mapping.customer_id_column, (members.customer_id,), folded))
    if Membership.LISTED in members.kinds and mapping.customer_ids_column:
        parts.append(Lists(mapping.customer_ids_column, members.customer_id, folded))
    if Membership.ADDITIONAL in members.kinds and members.related:
        parts.append(In(mapping.key_column, members.related, folded))
    return _any(parts)


def _holders(holders: Holders, mapping: RecordMapping) -> Condition:
    parts: list[Condition] = []
    if holders.keys:
        parts.append(In(mapping.key_column, holders.keys, folded=False))
    if holders.customer_ids and mapping.customer_id_column and not mapping.exclude_primary_customer_id:
        parts.append(In(mapping.customer_id_column, holders.customer_ids, folded=False))
    if mapping.customer_ids_column:
        parts += [Lists(mapping.customer_ids_column, one, folded=False) for one in holders.customer_ids]
    if holders.any_customer:
        primary = None if mapping.exclude_primary_customer_id else mapping.customer_id_column
        parts += [Not(Empty(column)) for column in (primary, mapping.customer_ids_column) if column]
    return _any(parts)


def _validity(validities: frozenset[Validity], mapping: RecordMapping) -> Condition:
    if mapping.has_validity:
        return HasValidity(validities)
    return Always(Validity.VALID in validities)


def _validity_field(condition: FieldCondition, mapping: RecordMapping) -> Condition:
    wanted = frozenset(
        validity for validity in Validity if {validity.name, str(validity.value)} & set(condition.values)
    )
    return _validity(wanted, mapping) if wanted else NEVER


def _or_hits(
    condition: Condition, hits: Sequence[DynamicHits], searched: Sequence[str], mapping: RecordMapping
) -> Condition:
    keys = tuple(dict.fromkeys(key for hit in hits if hit.field in searched for key in hit.keys))
    return _any([condition, In(mapping.key_column, keys, folded=False)]) if keys else condition


def _is_number(text: str) -> bool:
    digits = text.strip().removeprefix("-").removeprefix("+")
    return digits.isascii() and digits.isdigit() and len(digits) <= 16


def _all(parts: list[Condition]) -> Condition:
    kept = [part for part in parts if part != ALWAYS]
    if NEVER in kept:
        return NEVER
    return kept[0] if len(kept) == 1 else And(tuple(kept)) if kept else ALWAYS


def _any(parts: list[Condition]) -> Condition:
    kept = [part for part in parts if part != NEVER]
    if ALWAYS in kept:
        return ALWAYS
    return kept[0] if len(kept) == 1 else Or(tuple(kept)) if kept else NEVER
