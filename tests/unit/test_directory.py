"""All sources as one: who owns a login, what a list hides, and what is said when a source is silent."""

from __future__ import annotations

import pytest

from backends.directory import Beside, Directory, Listing
from backends.errors import BadUserInput, SourceUnavailable
from backends.filters import EVERYTHING, Filter
from backends.model import CustomerUser, ServedFrom, SourceStatus
from backends.order import Order, OrderTerm
from backends.search import parse_list_search
from tests.builders import a_mapping, a_memory_of, a_row
from tests.unit.counted import Counted, directory_of, users_in

BY_LOGIN = Order(())
ADA, BOB, EVE = a_row("ada"), a_row("bob"), a_row("eve")


async def test_the_first_source_that_knows_a_login_owns_it() -> None:
    """CU-1."""
    directory = directory_of(users_in([a_row("ada", city="Here")], [a_row("ada", city="There"), BOB]))
    found = await directory.get_many(["ada", "bob", "eve"])
    assert {login: (user.source_key, user.city) for login, user in found.found.items()} == {
        "ada": ("s0", "Here"),
        "bob": ("s1", None),
    }
    assert found.certain("eve") is None


async def test_an_invalid_owner_still_owns() -> None:
    """VAL-5."""
    directory = directory_of(users_in([a_row("ada", valid_id=2)], [ADA]))
    assert _shown(await _list(directory, Filter())) == []
    assert (await directory.get_many(["ada"])).found["ada"].source_key == "s0"


async def test_behind_a_silent_source_a_login_is_unknown() -> None:
    """R1: with FAIL an error, with PARTIAL what was found and the error beside it."""
    stores = users_in([ADA], [ADA, BOB], [EVE])
    stores[0].silent = SourceStatus.TIMEOUT
    lookup = await directory_of(stores).get_many(["ada", "zoe"])
    with pytest.raises(SourceUnavailable, match="s0 did not answer in time"):
        lookup.certain("ada")
    with pytest.raises(SourceUnavailable):
        lookup.certain("zoe")
    best = lookup.best("ada")
    assert isinstance(best, Beside)
    assert best.value is not None
    assert best.value.source_key == "s1"
    assert best.error.status is SourceStatus.TIMEOUT
    assert lookup.best("zoe") == Beside(None, best.error)


async def test_a_later_source_that_is_silent_does_not_matter_to_those_who_were_found() -> None:
    stores = users_in([ADA], [BOB])
    stores[1].silent = SourceStatus.UNAVAILABLE
    lookup = await directory_of(stores).get_many(["ada", "bob"], stop_at_gap=True)
    assert lookup.certain("ada") is not None
    assert isinstance(lookup.or_error("bob"), SourceUnavailable)


async def test_nobody_has_the_empty_login_and_no_source_is_asked_for_it() -> None:
    """CU-2: so a silent source does not matter either."""
    stores = users_in([ADA])
    stores[0].silent = SourceStatus.UNAVAILABLE
    assert (await directory_of(stores).get_many([""])).certain("") is None


async def test_a_source_that_is_named_is_asked_alone() -> None:
    stores = users_in([ADA], [ADA])
    directory = directory_of(stores)
    assert (await directory.get_many(["ada"], source="s1")).found["ada"].source_key == "s1"
    assert not stores[0].asked
    with pytest.raises(BadUserInput, match="there are s0, s1"):
        await directory.get_many(["ada"], source="nowhere")


async def test_a_hidden_record_never_matches() -> None:
    """SRCH-1: the owner decides whether the login matches, also when only the later record does."""
    directory = directory_of(
        users_in([a_row("ada", first_name="Ada")], [a_row("ADA", first_name="Zora"), BOB])
    )
    assert _shown(await _list(directory, Filter(search=parse_list_search("zora")))) == []
    assert _shown(await _list(directory, EVERYTHING)) == [("ada", "s0"), ("bob", "s1")]
    (total,) = await directory.counts([Filter(search=parse_list_search("zora"))])
    assert (total.number, total.exact) == (0, True)


async def test_a_source_that_is_not_listed_still_hides() -> None:
    directory = directory_of(users_in([ADA], [ADA, BOB]))
    (listing,) = await directory.lists([EVERYTHING], BY_LOGIN, 10, only=["s1"])
    assert _shown(listing) == [("bob", "s1")]
    assert [report.status for report in listing.reports] == [SourceStatus.SKIPPED, SourceStatus.OK]
    (total,) = await directory.counts([EVERYTHING], only=["s1"])
    assert total.number == 1


async def test_logins_of_one_source_that_differ_only_in_case_are_one_entry() -> None:
    """DB-8: the first in order is shown, and counted once."""
    twins = [a_row(login) for login in ("franz", "Franz", "FRANZ", "ada")]
    directory = directory_of(users_in(twins, [a_row("fRANZ")]))
    assert _shown(await _list(directory, EVERYTHING)) == [("ada", "s0"), ("FRANZ", "s0")]
    (total,) = await directory.counts([EVERYTHING])
    assert total.number == 2
    assert (await directory.tally("customerId", EVERYTHING)).numbers == {"ACME": 2}


async def test_where_case_counts_two_spellings_are_two_people() -> None:
    """SRC-7."""
    directory = directory_of(
        users_in([a_row("Franz"), a_row("franz")], [a_row("FRANZ")], case_sensitive=True)
    )
    assert [login for login, _ in _shown(await _list(directory, EVERYTHING))] == ["FRANZ", "Franz", "franz"]
    (total,) = await directory.counts([EVERYTHING])
    assert total.number == 3


async def test_a_list_of_one_page_asks_each_source_once() -> None:
    """A21: pages of each, and nothing else where all that is shown is of the first; twins are remembered."""
    stores = users_in(*([a_row(f"{source}{number:02}") for number in range(60)] for source in "abc"))
    directory = directory_of(stores)
    await _list(directory, EVERYTHING, 50)
    for store in stores:
        store.forget()
    await _list(directory, EVERYTHING, 50)
    assert [store.asked for store in stores] == [["pages"], ["pages"], ["pages"]]


async def test_of_many_sources_each_is_asked_for_its_part_of_a_page_first() -> None:
    """Whoever has more than its part is asked once more."""
    stores = _mixed()
    listing = await _list(directory_of(stores), EVERYTHING, 50)
    assert [login for login, _ in _shown(listing)] == ["00a", *(f"00a{number:02}" for number in range(49))]
    assert [store.asked.count("pages") for store in stores] == [1, 1, 1, 1, 1, 2]


async def test_of_a_page_that_was_asked_before_each_source_is_asked_for_what_it_had_in_it() -> None:
    """Where it has more by then it is asked once more, so that no row is missing."""
    stores = _mixed()
    directory = directory_of(stores)
    first = await _list(directory, EVERYTHING, 50)
    for store in stores:
        store.forget()
    assert _shown(await _list(directory, EVERYTHING, 50)) == _shown(first)
    assert [store.asked.count("pages") for store in stores] == [1, 1, 1, 1, 1, 1]
    assert (
        sum(
            size
            for store in stores
            for call, size in zip(store.asked, store.sizes, strict=True)
            if call == "pages"
        )
        < 70
    )
    stores[2].backend.rows = [*(a_row(f"00{number}") for number in range(9)), *stores[2].backend.rows]
    listing = await _list(directory, EVERYTHING, 50)
    new = [f"00{number}" for number in range(9)]
    assert [login for login, _ in _shown(listing)] == [
        *new,
        "00a",
        *(f"00a{number:02}" for number in range(40)),
    ]


def _mixed() -> list[Counted[CustomerUser]]:
    """Five sources that take turns, and a sixth that has nearly all of the first page."""
    people = [[a_row(f"{number:02}{source}") for number in range(60)] for source in "abcde"]
    return users_in(*people, [a_row(f"00a{number:02}") for number in range(60)])


async def test_several_lists_ask_each_source_as_often_as_one() -> None:
    stores = users_in(
        [a_row(f"a{number}", customer_id=f"C{number}") for number in range(50)],
        [a_row("bob", customer_id="C7")],
    )
    directory = directory_of(stores)
    await directory.lists([Filter(customer_ids=(f"C{number}",)) for number in range(50)], BY_LOGIN, 5)
    assert [store.asked for store in stores] == [["twins", "pages", "get_many"], ["twins", "pages"]]


async def test_where_most_rows_are_hidden_pages_grow() -> None:
    """A source that is all shadow is read in a few rounds, not in as many as there are pages."""
    shadow = [a_row(f"u{number:04}") for number in range(2000)]
    owners = [{**row, "first_name": "Zora"} for row in shadow]
    stores = users_in(owners, shadow)
    order = Order.of([OrderTerm("firstName")], "login")
    (listing,) = await directory_of(stores).lists([EVERYTHING], order, 10)
    assert [user for user, _ in _shown(listing)] == [f"u{number:04}" for number in range(10)]
    rounds = stores[1].asked.count("pages")
    assert rounds < 12
    assert max(stores[1].sizes) <= 1001


async def test_a_silent_source_costs_its_own_rows_and_is_reported() -> None:
    """R4."""
    stores = users_in([ADA], [ADA, BOB])
    stores[0].silent = SourceStatus.CIRCUIT_OPEN
    listing = await _list(directory_of(stores), EVERYTHING)
    assert _shown(listing) == [("ada", "s1"), ("bob", "s1")]
    first, second = listing.reports
    assert (first.status, first.served_from) == (SourceStatus.CIRCUIT_OPEN, ServedFrom.NONE)
    assert first.message == "s0 is given time to recover: its rows are missing, and rows it hides may show."
    assert (second.status, second.message) == (SourceStatus.OK, None)
    assert listing.silent is not None
    assert listing.silent.source == "s0"


async def test_a_source_that_only_fails_to_say_whom_it_hides_is_reported_too() -> None:
    stores = users_in([ADA], [ADA])
    stores[0].fails_at = frozenset({"get_many"})
    listing = await _list(directory_of(stores), EVERYTHING)
    assert listing.reports[0].status is SourceStatus.UNAVAILABLE


async def test_a_source_that_ran_out_of_time_is_not_waited_for_twice() -> None:
    """R6."""
    stores = users_in([ADA], [ADA])
    stores[0].silent = SourceStatus.TIMEOUT
    await _list(directory_of(stores), EVERYTHING)
    assert stores[0].asked == ["twins"]
    await directory_of(stores).counts([EVERYTHING])
    assert stores[0].asked == ["twins", "keys"]


async def test_a_source_without_the_field_is_skipped_and_named() -> None:
    """DET-1."""
    stores = users_in([ADA], [BOB])
    stores[1] = Counted(a_memory_of([BOB], a_mapping("s1")))
    (listing,) = await directory_of(stores).lists([Filter(needs=("room",))], BY_LOGIN, 10)
    assert _shown(listing) == [("ada", "s0")]
    assert listing.reports[1].status is SourceStatus.SKIPPED
    assert listing.reports[1].message == "Does not have the field room."
    assert "pages" not in stores[1].asked


async def test_r19_what_a_limit_cuts_is_reported_and_the_total_is_a_lower_bound() -> None:
    """R19."""
    directory = directory_of(users_in([ADA, BOB, EVE], list_limit=2))
    wanted = Filter(search=parse_list_search("*"))
    listing = await _list(directory, wanted)
    assert len(listing.rows) == 2
    assert listing.reports[0].status is SourceStatus.TRUNCATED
    (total,) = await directory.counts([wanted])
    assert (total.number, total.exact) == (2, False)


async def test_a_total_loads_no_rows_and_no_records() -> None:
    """A5."""
    stores = users_in([ADA, BOB], [ADA, EVE])
    directory = directory_of(stores)
    (total,) = await directory.counts([EVERYTHING])
    assert (total.number, total.exact) == (3, True)
    assert [store.asked for store in stores] == [["keys", "counts"], ["keys", "counts"]]
    await directory.counts([EVERYTHING])
    assert [store.asked[2:] for store in stores] == [["counts"], ["counts"]]


async def test_shadowed_sources_are_those_later_ones_that_hold_the_login_too() -> None:
    stores = users_in([ADA], [a_row("ADA"), BOB], [ADA, BOB])
    directory = directory_of(stores)
    users = [
        *(await directory.get_many(["ada", "bob"])).found.values(),
        *(await directory.get_many(["ada"], source="s1")).found.values(),
    ]
    held = await directory.shadowing(users)
    assert [[source.key for source in some] for some in held if not isinstance(some, SourceUnavailable)] == [
        ["s1", "s2"],
        ["s2"],
        ["s2"],
    ]


async def test_who_is_behind_no_silent_source_keeps_an_answer() -> None:
    """A11."""
    stores = users_in([ADA], [BOB], [EVE])
    directory = directory_of(stores)
    users = list((await directory.get_many(["ada", "bob", "eve"])).found.values())
    stores[1].silent = SourceStatus.UNAVAILABLE
    ada, bob, eve = await directory.shadowing(users)
    assert isinstance(ada, SourceUnavailable)
    assert bob == eve == []


async def _list(directory: Directory[CustomerUser], wanted: Filter, first: int = 10) -> Listing[CustomerUser]:
    (listing,) = await directory.lists([wanted], BY_LOGIN, first)
    return listing


def _shown(listing: Listing[CustomerUser]) -> list[tuple[str, str]]:
    return [(row.record.login, row.record.source_key) for row in listing.rows]
