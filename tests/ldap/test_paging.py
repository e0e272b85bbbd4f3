"""Lists of a directory: past its size limit, cut where it insists, read again when they are old."""

from __future__ import annotations

import pytest

from backends.filters import EVERYTHING, Filter, Question
from backends.ldap.backend import LdapBackend
from backends.order import Order, OrderTerm, Position
from backends.search import parse_list_search
from gateway.demo.servers.slapd import Slapd, start_slapd
from tests.ldap.worlds import CROWD, GROUPS, LDIF, PEOPLE, opened, page, person, searching

TOTAL = CROWD + 11
BY_CUSTOMER = Order.of([OrderTerm("customerId", descending=True), OrderTerm("email")], "login")


@pytest.mark.parametrize("order", [Order(()), Order((), descending_ties=True), BY_CUSTOMER], ids=str)
async def test_pages_join_to_the_whole_list(directory: Slapd, order: Order) -> None:
    async with opened(directory, page_size=7) as backend:
        whole = [row.record.login for row in (await page(backend, EVERYTHING, order)).rows]
        assert len(whole) == TOTAL
        found: list[str] = []
        after: Position | None = None
        while True:
            part = (await backend.pages([Question(EVERYTHING, order, 13, after)]))[0]
            found += [row.record.login for row in part.rows]
            if not part.more:
                break
            after = part.rows[-1].position
        assert found == whole


async def test_paged_results_reach_beyond_the_size_limit() -> None:
    with start_slapd(
        LDIF, anonymous_read=True, size_limit="size.soft=10 size.hard=10 size.prtotal=unlimited"
    ) as server:
        async with opened(server, bind_dn="", page_size=10) as backend:
            keys = await backend.keys(EVERYTHING, None, 1000)
            assert len(keys) == TOTAL
            assert not (await page(backend)).truncated
            some = [key for _, key in keys][:60]
            assert set(await backend.get_many(some)) == set(some)


@pytest.mark.parametrize(
    "limit",
    [
        "size.soft=20 size.hard=20",
        "size.soft=20 size.hard=20 size.prtotal=disabled",
        "size.soft=20 size.hard=20 size.pr=3",
    ],
)
@pytest.mark.parametrize("page_size", [500, 9])
async def test_a_size_limit_keeps_what_came_and_says_so(limit: str, page_size: int) -> None:
    with start_slapd(LDIF, anonymous_read=True, size_limit=limit) as server:
        async with opened(server, bind_dn="", page_size=page_size) as backend:
            found = await page(backend)
            assert found.truncated and not found.more
            assert len(found.rows) in (20, 19, 18)  # some servers count the entries of ours that are nobody's
            count = (await backend.counts([EVERYTHING]))[0]
            assert not count.exact and count.number == len(found.rows)
            assert set(await backend.get_many([f"crowd-{number}" for number in range(50)])) == {
                f"crowd-{number}" for number in range(50)
            }


async def test_our_own_limit_of_keys_cuts_too(directory: Slapd) -> None:
    async with opened(directory, max_keys=30, page_size=20) as backend:
        found = await page(backend)
        assert len(found.rows) == 30 and found.truncated
        assert not (await backend.counts([EVERYTHING]))[0].exact


async def test_a_search_is_capped_in_the_order_asked(directory: Slapd) -> None:
    async with opened(directory, searching(list_limit=5)) as backend:
        crowd = Filter(search=parse_list_search("crowd"), validity=None)
        down = Order((), descending_ties=True)
        found = (await backend.pages([Question(crowd, down, 3)]))[0]
        assert [row.record.login for row in found.rows] == ["crowd-99", "crowd-98", "crowd-97"]
        assert found.more and found.truncated
        rest = (await backend.pages([Question(crowd, down, 3, found.rows[-1].position)]))[0]
        assert [row.record.login for row in rest.rows] == ["crowd-96", "crowd-95"]
        assert not rest.more and rest.truncated
        few = Filter(search=parse_list_search("ada"), validity=None)
        assert not (await page(backend, few)).truncated


async def test_a_position_of_another_source_is_as_good(directory: Slapd) -> None:
    async with opened(directory) as backend:
        foreign = Position((), "ada", "ada", "another")
        for place, first in ((-1, "ada"), (1, "boss")):
            found = (await backend.pages([Question(EVERYTHING, Order(()), 1, foreign, place)]))[0]
            assert found.rows[0].record.login == first


async def test_many_keys_are_asked_in_portions(directory: Slapd) -> None:
    async with opened(directory) as backend:
        keys = tuple(f"crowd-{number}" for number in range(500))
        assert len(await backend.get_many(keys)) == CROWD
        assert (await backend.counts([Filter(keys=keys, validity=None)]))[0].number == CROWD
        others = Filter(exclude_keys=keys, validity=None)
        assert (await backend.counts([others]))[0].number == TOTAL - CROWD


async def test_entries_that_are_gone_make_room_for_the_next() -> None:
    now = 0.0
    with start_slapd(LDIF, anonymous_read=True) as server:
        async with opened(server, clock=lambda: now, cache_ttl=60.0) as backend:
            assert await size(backend) == TOTAL
            server.add(f"dn: uid=ada,{PEOPLE}\nchangetype: delete\n")
            server.add(person("zoe"))
            found = await page(backend, EVERYTHING, limit=3)
            assert [row.record.login for row in found.rows] == ["boss", "branched", "crowd-0"]
            assert await size(backend) == TOTAL
            now = 120.0
            assert await size(backend) == TOTAL
            assert (await backend.keys(EVERYTHING, ("y", ""), 5)) == [("zoe", "zoe")]


async def test_a_group_that_changes_is_asked_again_for_each_look_up() -> None:
    group = f"cn=byname,{GROUPS}"
    with start_slapd(LDIF, anonymous_read=True) as server:
        async with opened(server, group_dn=group) as backend:
            assert await backend.have(["ada", "boss"]) == {"ada"}
            server.add(
                f"dn: {group}\nchangetype: modify\nadd: memberUid\nmemberUid: boss\n-\ndelete: memberUid\nmemberUid: ada\n"
            )
            assert await backend.have(["ada", "boss"]) == {"boss"}


async def size(backend: LdapBackend) -> int:
    return (await backend.counts([EVERYTHING]))[0].number
