"""Lists of what is held: shared by whoever holds the same, and never older than the records they are made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.bounded import Bounded
from backends.model import Validity
from backends.records import Group, Held
from resolvers import rights
from resolvers.permissions import PermissionPolicy
from resolvers.rights import SAME, Rights

POLICY = PermissionPolicy(enabled=True, always=(), customer_always=())
RO, RW = POLICY.bits["ro"], POLICY.bits["rw"]
STAFF, GUESTS = Group(1, "staff"), Group(2, "guests")


def _shown(found: Rights, login: str | None = "anna", *customers: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.group.name, one.permissions) for one in found.held(login, customers)]


def test_equal_questions_to_equal_records_are_one_list() -> None:
    sets = {1: RO}
    first = Rights(POLICY, SAME, Held([STAFF, GUESTS], {"anna": sets}, {"C1": {2: RW}}))
    again = Rights(POLICY, SAME, Held([GUESTS, STAFF], {"bert": sets}, {}))
    assert first.held("anna", ()) is again.held("bert", ())
    assert _shown(first, "anna", "C1") == [("guests", ("ro", "rw")), ("staff", ("ro",))]


def test_a_group_that_was_renamed_or_is_valid_no_more_is_told_as_it_is_now() -> None:
    sets = {1: RO}
    assert _shown(Rights(POLICY, SAME, Held([STAFF], {"anna": sets}, {}))) == [("staff", ("ro",))]
    crew = replace(STAFF, name="crew")
    assert _shown(Rights(POLICY, SAME, Held([crew], {"anna": sets}, {}))) == [("crew", ("ro",))]
    gone = replace(STAFF, validity=Validity.INVALID)
    assert _shown(Rights(POLICY, SAME, Held([gone], {"anna": sets}, {}))) == []


def test_what_is_remembered_is_dropped_before_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "ENTRIES", 3)
    monkeypatch.setattr(rights, "_SUMS", Bounded(1))
    for name in ("one", "two", "three"):
        group = Group(1, name)
        held = Held([group], {str(number): {1: RO} for number in range(9)}, {})
        found = Rights(POLICY, SAME, held)
        assert [_shown(found, login) for login in held.on_logins] == [[(name, ("ro",))]] * 9
        assert len(rights._SUMS) == 1
