"""Small questions about a situation: whether a rule may speak in it."""

from __future__ import annotations

import re

from tests.otobo.blocks import PASSWORD, truthy
from tests.otobo.expectations import SECRET
from tests.otobo.lists import COMPANY_IDS, EXCLUDED, NO_CRITERIA, is_valid_only, search_mode
from tests.otobo.oracle import Record
from tests.otobo.outcomes import Refused
from tests.otobo.situations import Situation, keys_of

DETAILS = frozenset({"CustomerSearchDetail", "CustomerCompanySearchDetail"})
LABEL = "UserMailString"
NAMES = (LABEL, "UserFullname")
LISTS = DETAILS | {"CustomerSearch", "CustomerCompanyList", "CustomerIDList"}


def is_zero(case: Situation) -> bool:
    """The text `0` is looked for, or is a value that Perl takes for none."""
    if case.call.method in LISTS:
        return "0" in case.texts
    return case.login == "0" or str(case.args.get("CustomerID")) == "0" or "0" in keys_of(case.expected)


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


def is_counted_over_sources(case: Situation) -> bool:
    """A number is added up over several sources, or over a directory."""
    return case.is_count and (len(case.blocks) > 1 or any(block.is_directory for block in case.blocks))


def repeats_logins(case: Situation) -> bool:
    """A login was recorded more than once."""
    found = keys_of(case.recorded)
    return not case.is_count and len(set(found)) < len(found)


def held_twice(case: Situation) -> set[str]:
    """What several sources hold."""
    if case.call.method == "CustomerIDList":
        hidden = [one for one in case.records if case.oracle.is_hidden(one, case.blocks)]
        return {one.attribute("UserCustomerID") or "" for one in hidden}
    return {key for key in case.differing if case.oracle.holders(key) > 1}


def in_a_directory(case: Situation) -> set[str]:
    """What a directory holds, and entries that have no login."""
    found = [record for record in case.records if record.block.is_directory]
    if case.call.method == "CustomerIDList":
        return {one for record in found for one in record.all(record.block.settings["CustomerID"])}
    return {record.key for record in found} | ({"None"} if found else set())


def lacking_part_of_label(case: Situation) -> set[str]:
    """Entries that lack an attribute of their label."""
    return {
        record.key
        for record in case.records
        if record.block.is_directory and not all(map(record.first, record.block.label_columns))
    }


def left_by_limit(case: Situation) -> set[str]:
    """Records that one limit leaves in another way than many; which they are, a cut never said."""
    return set() if case.call.check == "subset" else {record.key for record in case.records}


def is_ordered(case: Situation) -> bool:
    """The order of the list counts, or what a limit leaves of it."""
    if case.is_count or not isinstance(case.recorded, list):
        return False
    return not case.differing or truthy(case.args.get("Limit"))


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


def in_a_case_sensitive_source(case: Situation) -> set[str]:
    """What a source that tells upper from lower case holds."""
    return {record.key for record in case.records if not record.block.folded}


def excludes_in_other_case(case: Situation) -> bool:
    """A login is excluded in another spelling."""
    return any(key not in case.args.get(EXCLUDED, ()) for key in case.differing) and bool(
        case.args.get(EXCLUDED)
    )


def repeats_order(case: Situation) -> bool:
    """An attribute is named twice or not at all in the order, which OTOBO refuses."""
    order = case.args.get("OrderBy") or []
    return len(set(order)) < len(order) or not all(order)


def empty_in_directory(case: Situation) -> set[str]:
    """Attributes that an entry lacks, which were recorded as empty text."""
    if case.owner is None or not case.owner.block.is_directory:
        return set()
    return {key for key, value in case.recorded.items() if value == "" and key != LABEL}


def label_beyond_map(case: Situation) -> set[str]:
    """The label, where it shows what the record that was read does not hold: unmapped or dynamic fields."""
    if case.owner is None:
        return set()
    plain = {row.column for row in case.owner.block.rows if not row.is_dynamic}
    return set() if plain.issuperset(case.owner.block.label_columns) else {LABEL}


def overridden_by_preferences(case: Situation) -> set[str]:
    """Attributes for which a preference, or its default, stood in."""
    if case.owner is None:
        return set()
    groups = case.oracle.settings.get("CustomerPreferencesGroups") or {}
    keys = {*case.oracle.preferences(case.owner.key), *case.oracle.preferences(case.login)}
    return keys | {str(group.get("PrefKey")) for group in groups.values()}


def is_restricted(case: Situation) -> bool:
    """Only members of a group exist."""
    return any(block.params.get("GroupDN") for block in case.oracle.users)


def of_other_spelling(case: Situation) -> set[str]:
    """What hangs on the login as it is stored, where the call spells it otherwise."""
    owner = case.owner
    if owner is None or owner.key == case.login:
        return set()
    if case.call.method == "CustomerUserDataGet":
        return {key for key in case.differing if key.startswith("DynamicField_") or key in NAMES}
    related = {*case.oracle.related("user_id", owner.key), *case.oracle.related("user_id", case.login)}
    return related | {*case.oracle.preferences(owner.key), *case.oracle.preferences(case.login)}


def is_nobodys(case: Situation) -> bool:
    """Nobody has the login, or one of those that were recorded."""
    if not case.login:
        return bool(case.differing)
    return case.owner is None


def has_no_ids(case: Situation) -> bool:
    """The owning source gives no customer ID of its own, so that a later source was asked."""
    if case.owner is None or len(case.oracle.users) < 2:
        return False
    return set(case.oracle.customer_ids(case.owner)) <= set(case.oracle.related("user_id", case.owner.key))


def has_empty_ids(case: Situation) -> bool:
    """Empty customer IDs were recorded."""
    return "" in keys_of(case.recorded)


def has_no_name(case: Situation) -> bool:
    """The owner's name is empty, so that a later source was asked."""
    return case.owner is not None and not case.oracle.full_name(case.owner)


def has_another_key(case: Situation) -> bool:
    """The login is another value of an entry's key than the first."""
    return any(case.login in later_keys(record) for record in case.records)


def with_several_keys(case: Situation) -> set[str]:
    """Entries with several values of their key."""
    return {record.key for record in case.records if later_keys(record)}


def later_keys(record: Record) -> tuple[str, ...]:
    """The values of an entry's key behind the first."""
    return record.values.get(record.block.key.lower(), ())[1:] if record.block.is_directory else ()


def is_password(case: Situation) -> bool:
    """The password's column is asked for."""
    return bool(PASSWORD.search(str(case.args.get("FieldName"))))


def secrets(case: Situation) -> set[str]:
    """Secret preferences that were recorded."""
    return {key for key in case.recorded if SECRET.match(key)}


def is_unusable(case: Situation) -> bool:
    """A filter is malformed."""
    return case.oracle.is_unusable


def is_always(case: Situation) -> bool:
    """Nothing more has to hold."""
    return True
