"""Permissions in effect against a naive oracle: every user, group, key and context, and the other way round."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from backends.directory import Directory
from backends.memory import MemoryBackend
from backends.memory_registry import MemoryRegistry, MemoryRelations
from backends.memory_stores import MemoryGroups
from backends.model import CustomerUser, SourceKind, Validity
from backends.order import fold
from backends.records import Grant, Group
from backends.source import Source
from gateway.demo.servers.postgresql import PostgreSQL
from gateway.stack import Stack
from resolvers import effective, holders
from resolvers.context import RequestContext, Services
from resolvers.cursors import Seal
from resolvers.effective import EffectivePermission
from resolvers.holders import HolderConnection
from resolvers.permissions import PermissionContext, PermissionPolicy
from resolvers.viewer import Viewer
from tests.builders import (
    CUSTOM_FIELDS,
    USER_FIELDS,
    Columns,
    a_customer_mapping,
    a_customer_memory_of,
    a_directory_mapping,
    a_mapping,
    entry_of,
)
from tests.laws.permission_stores import people_of, settled
from tests.laws.permission_world import (
    OTHER,
    SAME,
    SOURCES,
    Naive,
    PermissionWorld,
    Rules,
    a_permission_world,
)

STORED = {PermissionContext.SAME_CUSTOMER: SAME, PermissionContext.OTHER_CUSTOMERS: OTHER}
WORLD = a_permission_world(4)
RULES = {
    "as shipped, with both contexts": Rules(keys=("ro", "rw"), always=("users",), customer_always=("users",)),
    "without always-groups": Rules(),
    "with groups that whoever has a customer has": Rules(customer_always=("stats", "g05", "g06")),
    "with several always-groups": Rules(
        keys=("move_into", "rw"), always=("g01", "g02", "g03"), customer_always=("g02", "g04")
    ),
    "without the other context": Rules(keys=("note", "ro", "rw"), always=("users",), other=False),
    "without group support": Rules(enabled=False, keys=("rw",), always=("users",)),
}

REAL = Rules(always=("g01",), customer_always=("g04", "stats"))


def policy_of(rules: Rules) -> PermissionPolicy:
    return PermissionPolicy(
        rules.enabled, rules.keys, rules.always, rules.customer_always, SAME, OTHER if rules.other else ""
    )


def in_memory(world: PermissionWorld, rules: Rules) -> RequestContext:
    """The world in memory, as a request sees it."""
    groups = [Group(number, name, None, Validity.of(validity)) for number, name, validity in world.groups]
    grants = [Grant(group, key, login) for login, group, key, value in world.on_logins if value == 1]
    grants += [
        Grant(group, key, customer_id=customer, context=context)
        for customer, group, context, key, value in world.on_customers
        if value == 1
    ]
    registry = MemoryRegistry(MemoryGroups(groups, grants), relations=MemoryRelations(world.relations))
    company = a_customer_memory_of(world.customers)
    services = Services(
        Directory(sources_in_memory(world)),
        Directory([Source("customers", "Customers", 0, company, a_customer_mapping("customers"))]),
        registry,
        Seal("k" * 32),
        groups=registry.groups,
        policy=policy_of(rules),
    )
    return a_request(services)


class Indexed(MemoryBackend[CustomerUser]):
    """The same answers as those of a store in memory, without looking at every row for every key."""

    def _owner(self, key: str) -> Columns | None:
        if not hasattr(self, "_rows_of"):
            self._rows_of: dict[str, list[Columns]] = {}
            for row in self.rows:
                self._rows_of.setdefault(fold(self._key(row)), []).append(row)
        rows = self._rows_of.get(fold(key), ())
        return min(rows, key=lambda row: (self._key(row) != key, self._key(row)), default=None)


def sources_in_memory(world: PermissionWorld) -> Sequence[Source[CustomerUser]]:
    fields = (*USER_FIELDS, *CUSTOM_FIELDS)
    desk = a_mapping("desk", fields=fields)
    archive = a_mapping("archive", fields=fields, exclude_primary_customer_id=True)
    directory = a_directory_mapping("directory")
    entries = [entry_of(row) for row in world.people["directory"]]
    backends = [
        Indexed(desk, world.people["desk"], desk.customer_user),
        Indexed(archive, world.people["archive"], archive.customer_user),
        Indexed(directory, entries, directory.customer_user, SourceKind.LDAP),
    ]
    return [
        Source(key, key, place, backend, backend.mapping, read_only=key != "desk")
        for place, (key, backend) in enumerate(zip(SOURCES, backends, strict=True))
    ]


def a_request(services: Services) -> RequestContext:
    return RequestContext(services, Viewer.named("law", ("admin",)))


async def everybody(context: RequestContext, oracle: Naive) -> Mapping[str, CustomerUser]:
    lookup = await context.users.get_many(sorted(oracle.owners))
    assert set(lookup.found) == set(oracle.owners)
    assert {login: user.source_key for login, user in lookup.found.items()} == {
        login: source for login, (source, _) in oracle.owners.items()
    }
    return lookup.found


def reasons(held: Sequence[EffectivePermission]) -> dict[str, set[tuple[str, str, frozenset[str]]]]:
    """What is shown of somebody, in words of the oracle."""
    return {
        one.group.name: {
            (grant.origin.name, grant.customer_id or "", frozenset(grant.permissions)) for grant in one.grants
        }
        for one in held
    }


@pytest.mark.parametrize("rules", RULES.values(), ids=[name.replace(" ", "-") for name in RULES])
class TestInMemory:
    async def test_everybody_holds_what_the_oracle_says_for_the_reasons_it_says(self, rules: Rules) -> None:
        await check_effective(in_memory(WORLD, rules), Naive(WORLD, rules))

    async def test_every_customer_gives_what_the_oracle_says(self, rules: Rules) -> None:
        context, oracle = in_memory(WORLD, rules), Naive(WORLD, rules)
        ids = [str(row["customer_id"]) for row in WORLD.customers]
        found = await context.customers.get_many(ids)
        for whose, stored in STORED.items():
            held = await effective.effective_of_customers(context, [found.found[one] for one in ids], whose)
            for customer_id, some in zip(ids, held, strict=True):
                assert reasons(some) == oracle.why(None, {customer_id}, stored)

    async def test_the_other_way_round_it_is_the_exact_inverse_page_by_page(self, rules: Rules) -> None:
        first = 199 if rules.enabled else 1000  # without group support every page is everybody
        await check_inverse(in_memory(WORLD, rules), Naive(WORLD, rules), rules.keys, first)

    async def test_the_customers_within_reach_are_those_of_the_oracle(self, rules: Rules) -> None:
        await check_accessible(in_memory(WORLD, rules), Naive(WORLD, rules))


@pytest.mark.parametrize("seed", range(8))
async def test_small_worlds_agree_with_the_oracle_by_pages_of_few(seed: int) -> None:
    world = a_permission_world(seed, people=12, customers=3, groups=6)
    rules = Rules(always=("g00",) * (seed % 2), customer_always=("users",) * (seed % 3))
    await check_effective(in_memory(world, rules), Naive(world, rules))
    await check_inverse(in_memory(world, rules), Naive(world, rules), rules.keys, first=2)
    await check_accessible(in_memory(world, rules), Naive(world, rules))


async def check_effective(context: RequestContext, oracle: Naive) -> None:
    users = await everybody(context, oracle)
    for whose, stored in STORED.items():
        held = await effective.effective_of_users(context, list(users.values()), whose)
        looked_up = await effective.permissions_of_users(context, list(users.values()), whose)
        for login, some, keys in zip(users, held, looked_up, strict=True):
            expected = oracle.why(login, oracle.customers_of(login), stored)
            assert reasons(some) == expected, (login, whose)
            assert keys == {
                group: frozenset().union(*(one[2] for one in why)) for group, why in expected.items()
            }
            assert {one.group.name: frozenset(one.permissions) for one in some} == keys
            names = [one.group.name.upper() for one in some]
            assert names == sorted(names)


async def check_inverse(context: RequestContext, oracle: Naive, keys: Sequence[str], first: int) -> None:
    groups = await context.services.groups.groups()
    for whose, stored in STORED.items():
        held = {login: oracle.why(login, oracle.customers_of(login), stored) for login in oracle.owners}
        for key in keys:
            listed, totals = await all_holders(context, groups, key, whose, first)
            for group in groups:
                expected = {
                    login: frozenset().union(*(one[2] for one in why[group.name]))
                    for login, why in held.items()
                    if any(key in one[2] for one in why.get(group.name, ()))
                }
                assert listed[group.id] == expected, (group.name, key, whose)
                assert totals[group.id] == len(expected)


async def all_holders(
    context: RequestContext, groups: Sequence[Group], key: str, whose: PermissionContext, first: int
) -> tuple[Mapping[int, Mapping[str, frozenset[str]]], Mapping[int, int]]:
    """Everybody in each group by their pages, the first ones of all groups at once, and the totals."""
    found: dict[int, dict[str, frozenset[str]]] = {group.id: {} for group in groups}
    pages = [page_of(one) for one in await holders.holders_of(context, groups, key, whose, first, None)]
    counted = await holders.count_users(context, pages)
    for group, first_page in zip(groups, pages, strict=True):
        page, order = first_page, list[str]()
        while True:
            assert len(page.edges) <= first
            order += [edge.login.lower() for edge in page.edges]
            found[group.id] |= {edge.login: frozenset(edge.permissions) for edge in page.edges}
            if not page.has_next_page:
                break
            following = await holders.holders_of(context, [group], key, whose, first, page.end_cursor)
            page = page_of(following[0])
        assert order == sorted(set(order))
    return found, {
        group.id: total for group, total in zip(groups, counted, strict=True) if isinstance(total, int)
    }


def page_of(found: object) -> HolderConnection:
    assert isinstance(found, HolderConnection), found
    return found


async def check_accessible(context: RequestContext, oracle: Naive) -> None:
    users = await everybody(context, oracle)
    found = await effective.accessible_customers_of(context, list(users.values()))
    for login, some in zip(users, found, strict=True):
        assert not isinstance(some, Exception)
        shown = {one.customer.customer_id: (one.direct, one.indirect) for one in some}
        assert shown == oracle.accessible(login), login
        assert [*shown] == sorted(shown)


@pytest.fixture(scope="module")
async def services(
    postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    with people_of(WORLD) as directory:
        config = await settled(WORLD, REAL, postgresql, directory, tmp_path_factory.mktemp("archive"))
        stack = Stack(config)
        yield stack.services
        await stack.close()


class TestInRealStores:
    """One set of rules, and a smaller page, since every page is asked of three servers."""

    async def test_everybody_holds_what_the_oracle_says(self, services: Services) -> None:
        await check_effective(a_request(services), Naive(WORLD, REAL))

    async def test_the_other_way_round_it_is_the_exact_inverse(self, services: Services) -> None:
        await check_inverse(a_request(services), Naive(WORLD, REAL), ("move_into", "rw"), first=300)

    async def test_the_customers_within_reach_are_those_of_the_oracle(self, services: Services) -> None:
        await check_accessible(a_request(services), Naive(WORLD, REAL))
