"""Where OTOBO is deliberately not followed: by rule, each with what is expected instead.

What exactly is expected of a call, the oracle works out from the stores (expectations.py); a rule below says why that
may differ from the recorded outcome. An outcome that is neither recorded nor expected is a difference, and so is one
for which no rule speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tests.otobo import predicates as when
from tests.otobo import refusing, signing, ticket_rules
from tests.otobo import when_held as held
from tests.otobo.outcomes import Outcome, Refused
from tests.otobo.situations import Situation

SEARCHES = frozenset({"CustomerSearch", "CustomerCompanyList"})
DETAILS = when.DETAILS
LISTS = when.LISTS
READS = frozenset({"CustomerUserDataGet", "CustomerName", "CustomerIDs", "CustomerUserCustomerMemberList"})
GROUPS = frozenset({"GroupMemberList", "GroupCustomerList"})
SERVICES = frozenset({"CustomerUserServiceMemberList"})
USERS = frozenset({"CustomerUserAdd", "CustomerUserUpdate"})
RELATIONS = READS | {"GetPreferences"}


Keys = Collection[str]


def everything(situation: Situation) -> Keys:
    """All that differs, of what there is."""
    if situation.call.method not in LISTS:
        return situation.differing
    ids = situation.call.method == "CustomerIDList"
    known = (record.attribute("UserCustomerID") if ids else record.key for record in situation.records)
    return situation.differing.intersection(known)


def nothing(situation: Situation) -> Keys:
    """No key: the rule is about order and number."""
    return ()


@dataclass(frozen=True)
class Deviation:
    """A rule that is not followed, what holds instead, and what of a difference it explains."""

    rules: str
    instead: str
    methods: Collection[str]
    holds: Callable[[Situation], bool] = bool
    """Whether the rule speaks at all; where nothing is said, it does where it explains some key."""
    explains: Callable[[Situation], Keys] = everything

    def explained(self, situation: Situation) -> Keys | None:
        """The differing keys that the rule explains; None where it does not speak."""
        if situation.call.method not in self.methods:
            return None
        if self.holds is not bool:
            return self.explains(situation) if self.holds(situation) else None
        return situation.differing.intersection(self.explains(situation)) or None


def by_key(
    rules: str, instead: str, methods: Collection[str], explains: Callable[[Situation], Keys]
) -> Deviation:
    """A rule that explains some keys alone."""
    return Deviation(rules, instead, methods, explains=explains)


DEVIATIONS: Sequence[Deviation] = (
    Deviation("OVR-4", "0 is a value like any other", LISTS | READS | {"CustomerCompanyGet"}, when.is_zero),
    Deviation("SRCH-9, SRCH-11, DET-5, QC-10", "* is the only wildcard", LISTS, when.has_wildcard),
    Deviation("SRCH-15", "apostrophes are found", {"CustomerSearch"}, when.has_apostrophe),
    Deviation(
        "SRCH-13", "the validity holds for every column", {"CustomerSearch"}, when.mails_several_columns
    ),
    Deviation("LDAP-14", "no columns for addresses: no match", {"CustomerSearch"}, when.mails_no_column),
    Deviation("COMP-8", "the validity holds beside any OR", {"CustomerCompanyList"}, when.has_open_or),
    Deviation(
        "COMP-10", "only valid ones by default", {"CustomerCompanySearchDetail"}, when.ignores_validity
    ),
    by_key("SRCH-1, DET-1, CU-1", "the first source of a login decides", LISTS, when.held_twice),
    Deviation("DET-11", "each login once", DETAILS, when.repeats_logins, nothing),
    Deviation("DET-11, LDAP-9", "each login is counted once", DETAILS, when.is_counted_over_sources),
    by_key("LDAP-9 to LDAP-17, LDAP-31", "a directory searches as databases do", LISTS, when.in_a_directory),
    by_key("LDAP-22, SRCH-16", "empty parts leave no blank in a label", SEARCHES, when.lacking_part_of_label),
    Deviation("DET-12, DET-13, OVR-11", "ordered by folded keys, all criteria", DETAILS, when.is_ordered),
    Deviation("OVR-11", "ordered by folded keys", {"CustomerUserCustomerMemberList"}, when.is_ordered),
    Deviation("DET-12", "an attribute named again changes nothing", DETAILS, when.repeats_order),
    Deviation("SRCH-5", "one order first, then one limit", SEARCHES, when.is_cut, when.left_by_limit),
    Deviation(
        "SRC-16, DET-15", "an error or a report, never an empty answer", LISTS | READS, when.a_store_failed
    ),
    Deviation("DET-1", "an unknown criterion is refused", DETAILS, when.has_unknown_criterion),
    Deviation("QC-12", "operators alone are refused", SEARCHES | {"CustomerIDList"}, when.is_asked_wrongly),
    by_key("DET-5, SRC-7", "case counts where the source says so", DETAILS, when.in_a_case_sensitive_source),
    Deviation("DET-1, SRCH-1", "spellings of a login are one", DETAILS, when.excludes_in_other_case),
    by_key("LDAP-22, MAP-7", "absent reads null", {"CustomerUserDataGet"}, when.empty_in_directory),
    by_key("SRCH-16, SRCH-17", "one label everywhere", {"CustomerUserDataGet"}, when.label_beyond_map),
    by_key(
        "PREF-6", "attributes win over preferences", {"CustomerUserDataGet"}, when.overridden_by_preferences
    ),
    Deviation("LDAP-10, LDAP-20", "who is no member does not exist", RELATIONS, when.is_restricted),
    by_key("PREF-4, MULTI-8, DF-4", "the stored spelling counts", RELATIONS, when.of_other_spelling),
    Deviation("MULTI-1, MULTI-7, PREF-1", "nobody has no relations", RELATIONS, when.is_nobodys),
    Deviation("MULTI-6", "only the owning source is asked", {"CustomerIDs"}, when.has_no_ids),
    Deviation("MULTI-4", "no empty IDs", {"CustomerIDs"}, when.has_empty_ids, lambda _: ("",)),
    Deviation("CU-10", "only the owning source is asked", {"CustomerName"}, when.has_no_name),
    Deviation("LDAP-21", "the first value is the login", READS, when.has_another_key),
    by_key("LDAP-21", "the first value is the login", LISTS, when.with_several_keys),
    by_key("CU-6, PREF-6", "secrets are not shown", {"GetPreferences"}, when.secrets),
    Deviation("CU-6", "a password is no field", {"GetFieldConfig"}, when.is_password),
    Deviation("SRC-15, SRC-16", "a malformed filter stops the start", LISTS | RELATIONS, when.is_unusable),
    Deviation("OVR-4", "0 is a name like any other", held.BY_LOGIN | GROUPS, held.names_zero),
    Deviation("PERM-10, SVC-5, SVC-7", "nobody has no relations", held.BY_LOGIN, held.is_nobody),
    Deviation("PERM-13, PREF-4", "the stored spelling counts", held.BY_LOGIN, held.is_spelled_otherwise),
    Deviation("PERM-12", "raw is what is stored", {"GroupMemberList"}, held.is_raw),
    Deviation("PERM-18", "the true inverse", {"GroupMemberList"}, held.asks_for_holders),
    Deviation("PERM-16", "members, never the list of groups", GROUPS, held.is_without_groups),
    Deviation("PERM-2", "keys count that are configured", GROUPS | {"PermissionCheck"}, held.has_other_key),
    Deviation("PERM-3", "contexts count that are configured", {"GroupCustomerList"}, held.has_other_context),
    Deviation("PERM-14", "no customer gives nothing", {"GroupCustomerList"}, held.is_no_customer),
    Deviation(
        "MULTI-8", "the stored spelling counts", {"GroupCustomerList"}, held.is_customer_spelled_otherwise
    ),
    Deviation("SVC-6", "any row keeps the defaults away", SERVICES, held.has_invalid_services_alone),
    Deviation("SVC-3", "the reserved login is nobody's", SERVICES, held.has_default_among_logins),
    Deviation("MULTI-7, PERM-6, SVC-7", "nobody gets nothing", refusing.RELATED, refusing.is_nobody),
    Deviation("MULTI-7, PERM-6", "no customer gets nothing", refusing.CUSTOMER, refusing.is_no_customer),
    Deviation("OVR-5", "no blanks around a name", refusing.NAMED, refusing.is_blank_at_an_end),
    Deviation("OVR-4", "nothing is called 0", refusing.NAMED, refusing.is_zero),
    Deviation("OVR-4", "0 is no password", {"SetPassword"}, refusing.is_password_zero),
    Deviation("DB-6", "no login of over 100 characters", USERS, refusing.is_too_long),
    Deviation(
        "COMP-3", "unique over all spellings", refusing.COMPANIES, refusing.is_taken_in_another_spelling
    ),
    Deviation(
        "COMP-3", "required fields are checked", {"CustomerCompanyAdd"}, refusing.lacks_a_required_field
    ),
    Deviation("COMP-12", "read-only is not written", refusing.COMPANIES, refusing.is_read_only),
    Deviation("PREF-6", "no attributes among preferences", {"SetPreferences"}, refusing.is_forbidden_key),
    Deviation("PERM-2", "keys count that are configured", {"GroupMemberAdd"}, refusing.has_other_key),
    Deviation("CU-25", "the login says who is changed", {"CustomerUserUpdate"}, refusing.lacks_an_id),
    Deviation("SRC-16, DET-15", "an error where a store is silent", refusing.CHANGING, when.a_store_failed),
    Deviation("DFC-4", "a missing field is an error", refusing.TICKETS, refusing.maps_a_missing_field),
    by_key("DFC-4", "a missing field is an error", {"TicketGet"}, ticket_rules.of_unwritten),
    by_key("PREF-4, DF-4", "the stored spelling of a login", {"TicketGet"}, ticket_rules.spelled),
    by_key("SRC-1", "a source has a key, no slot", {"TicketGet"}, ticket_rules.slots),
    by_key("OVR-4", "0 is a value like any other", {"TicketGet"}, ticket_rules.zeros),
    Deviation("AUTH-6", "the login as it is stored", {"Auth"}, signing.is_spelled_otherwise),
    Deviation("AUTH-5", "whom no source has does not sign in", {"Auth"}, signing.is_nobodys),
    Deviation("PW-12", "nothing is compared as plain text", {"Auth"}, signing.is_plain),
    Deviation("SRC-18", "read-only is what cannot be written", {"CustomerSourceList"}, when.is_always),
)


def reasons(situation: Situation) -> list[str]:
    """The rules that speak in a situation, if they explain all of the difference."""
    found = [(deviation.rules, deviation.explained(situation)) for deviation in DEVIATIONS]
    speaking = [(rules, keys) for rules, keys in found if keys is not None]
    explained = {key for _, keys in speaking for key in keys}
    return [rules for rules, _ in speaking] if situation.differing <= explained else []


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
    if situation.call.method in ("CustomerIDs", "CustomerIDList"):
        return set(expected) == set(outcome)
    return bool(expected == outcome)
