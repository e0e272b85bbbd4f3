"""What the fields of customer users mean, over sources in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from backends.directory import Beside
from backends.errors import BadUserInput, CursorInvalid, SourceUnavailable
from backends.filters import FieldCondition
from backends.mapping import FieldType
from backends.model import Customer, CustomerUser, Membership, SourceStatus, Validity
from backends.order import OrderTerm
from resolvers import counts, customer_users, customers, duplicates, lists
from resolvers.asked import CustomerFilter, UserFilter
from resolvers.context import RequestContext
from resolvers.customer_users import UserList
from resolvers.customers import CustomerList
from resolvers.lists import Connection, Policy
from tests.builders import USER_FIELDS, a_customer_row, a_field, a_mapping, a_memory_of, a_row
from tests.laws.worlds import context_of
from tests.unit.counted import Counted, Relations, customers_in, directory_of, users_in


class World:
    """Sources of people and of customers, and the registry that relates them."""

    def __init__(self, **changes: object) -> None:
        self.users = users_in(
            [
                a_row("ada", customer_id="ACME", customer_ids="NORD; ACME ;;SUED", city="Berlin"),
                a_row("bob", customer_id="NORD", valid_id=2),
            ],
            [a_row("ADA", customer_id="EVIL"), a_row("eve", customer_id=None, city="Berlin")],
            **changes,
        )
        self.customers = customers_in(
            [a_customer_row("ACME"), a_customer_row("NORD")], [a_customer_row("acme"), a_customer_row("SUED")]
        )
        self.registry = Relations({"ada": ["ACME", "WEST"], "eve": ["ACME", "acme"]})

    @property
    def context(self) -> RequestContext:
        """A new request."""
        return context_of(directory_of(self.users), directory_of(self.customers), self.registry)

    async def people(self, context: RequestContext, *logins: str) -> list[CustomerUser]:
        """Records by login."""
        found = await customer_users.by_logins(context, logins)
        return [one for one in found if isinstance(one, CustomerUser)]


async def test_all_customer_ids_come_primary_first_and_each_once() -> None:
    """MULTI-1, MULTI-2, MULTI-3, MULTI-4, MULTI-6: listed, then related; only the owner is asked."""
    world = World()
    context = world.context
    ada, bob, eve = await world.people(context, "ada", "bob", "eve")
    found = await customer_users.customer_ids_of(context, [ada, bob, eve])
    assert found == [["ACME", "NORD", "SUED", "WEST"], ["NORD"], ["ACME", "acme"]]
    assert await customer_users.additional_customer_ids_of(context, [ada, bob]) == [["ACME", "WEST"], []]


async def test_a_source_can_leave_out_the_primary_id_but_not_what_is_listed() -> None:
    """MULTI-5."""
    world = World(exclude_primary_customer_id=True)
    context = world.context
    users = await world.people(context, "ada", "bob")
    assert await customer_users.customer_ids_of(context, users) == [["NORD", "ACME", "SUED", "WEST"], []]


async def test_customers_are_those_that_exist_under_the_ids() -> None:
    world = World()
    context = world.context
    users = await world.people(context, "ada", "eve")
    ada, eve = await customer_users.customers_of(context, users)
    assert _ids(ada) == ["ACME", "NORD", "SUED"]
    assert _ids(eve) == ["ACME"]
    (primary, none) = await customer_users.customer_of(context, users)
    assert isinstance(primary, Customer)
    assert (primary.customer_id, primary.source_key, none) == ("ACME", "c0", None)


async def test_a_source_without_customer_support_has_no_primary_customer() -> None:
    """SRC-20."""
    world = World(customer_support=False)
    context = world.context
    assert await customer_users.customer_of(context, await world.people(context, "ada")) == [None]


async def test_a_hundred_people_with_their_customers_cost_one_question_a_store() -> None:
    """A21: whatever is selected, the registry is asked once, and each customer source once."""
    people = [a_row(f"u{number:03}", customer_id=f"C{number % 7}") for number in range(100)]
    users, firms = users_in(people), customers_in([a_customer_row("C1")], [a_customer_row("C2")])
    registry = Relations({f"u{number:03}": ["C2", f"X{number}"] for number in range(100)})
    context = context_of(directory_of(users), directory_of(firms), registry)
    page = await customer_users.page(context, UserList())
    assert [store.asked for store in users] == [["twins", "pages"]]
    fields = (
        customer_users.customer_of,
        customer_users.customers_of,
        customer_users.customer_ids_of,
        customer_users.additional_customer_ids_of,
        customer_users.shadowed_sources_of,
    )
    await asyncio.gather(*(field(context, page.nodes) for field in fields))
    assert registry.asked == ["customers_of"]
    assert [store.asked for store in firms] == [["get_many"], ["get_many"]]
    assert [store.asked for store in users] == [["twins", "pages"]]


async def test_names_labels_and_attributes_ask_for_dynamic_fields_once() -> None:
    mapping = a_mapping(
        "s0",
        fields=(*USER_FIELDS, a_field("DynamicField_Team", "Team", FieldType.DYNAMIC_FIELD)),
        list_columns=("first_name", "Team"),
        name_columns=("Team", "last_name"),
    )
    registry = Relations(dynamic={"ada": {"Team": ("Engines", "Poetry")}})
    users = directory_of([Counted(a_memory_of([a_row("ada")], mapping))])
    context = context_of(users, None, registry)
    (ada,) = (await customer_users.page(context, UserList())).nodes
    found = await asyncio.gather(
        customer_users.full_names_of(context, [ada]),
        customer_users.labels_of(context, [ada]),
        customer_users.attributes_of(context, [ada]),
        customer_users.dynamic_values_of(context, [ada]),
    )
    assert found[0] == ["Engines Poetry Lovelace"]
    assert found[1] == ["Ada Engines Poetry"]
    assert [(one.name, list(one.values)) for one in found[2][0]] == [("team", ["Engines", "Poetry"])]
    assert found[3] == [{"team": "Engines, Poetry"}]
    assert sorted(registry.asked) == ["dynamic_choices", "dynamic_values"]


async def test_a_silent_registry_is_an_error_and_never_an_empty_list() -> None:
    """R5."""
    world = World()
    context = world.context
    users = await world.people(context, "ada")
    world.registry.is_silent = True
    for field in (customer_users.customer_ids_of, customer_users.customers_of):
        with pytest.raises(SourceUnavailable, match="registry"):
            await field(context, users)
    (primary,) = await customer_users.customer_of(context, users)
    assert isinstance(primary, Customer), "what does not depend on the registry is there"


async def test_a_silent_customer_source_is_an_error_only_where_it_matters() -> None:
    """A11."""
    world = World()
    world.customers[1].silent = SourceStatus.TIMEOUT
    context = world.context
    users = await world.people(context, "ada", "bob", "eve")
    ada, bob, _ = await customer_users.customers_of(context, users)
    assert isinstance(ada, SourceUnavailable)
    assert _ids(bob) == ["NORD"]


async def test_a_gap_is_an_error_or_stands_beside_what_was_found() -> None:
    world = World()
    world.users[0].silent = SourceStatus.UNAVAILABLE
    with pytest.raises(SourceUnavailable):
        await customer_users.by_login(world.context, "eve")
    found = await customer_users.by_login(world.context, "eve", policy=Policy.PARTIAL)
    assert isinstance(found, Beside)
    assert found.value is not None
    assert found.value.login == "eve"
    with pytest.raises(SourceUnavailable):
        await customer_users.page(world.context, UserList(policy=Policy.FAIL))


async def test_many_logins_are_answered_in_the_order_asked() -> None:
    world = World()
    found = await customer_users.by_logins(world.context, ["EVE", "nobody", "ada", "EVE"])
    assert [one.login if isinstance(one, CustomerUser) else one for one in found] == [
        "eve",
        None,
        "ada",
        "eve",
    ]
    with pytest.raises(BadUserInput, match="At most 1000"):
        await customer_users.by_logins(world.context, ["x"] * 1001)


@pytest.mark.parametrize("first", [-1, 1001])
async def test_pages_have_a_largest_size(first: int) -> None:
    """A3."""
    with pytest.raises(BadUserInput, match="between 0 and 1000"):
        await customer_users.page(World().context, UserList(first=first))


async def test_a_cursor_serves_the_list_it_came_from_and_no_other() -> None:
    """A4."""
    world = World()
    everybody = UserFilter(validity=None)
    cursor = (await customer_users.page(world.context, UserList(everybody, first=1))).end_cursor
    rest = await customer_users.page(world.context, UserList(everybody, after=cursor))
    assert [user.login for user in rest.nodes] == ["bob", "eve"]
    for other in (
        UserList(after=cursor),
        UserList(everybody, order=(OrderTerm("email"),), after=cursor),
        UserList(everybody, search="a", after=cursor),
        UserList(UserFilter(validity=None, sources=("s0", "s1")), after=cursor),
    ):
        with pytest.raises(CursorInvalid):
            await customer_users.page(world.context, other)
    with pytest.raises(CursorInvalid):
        await customers.page(world.context, CustomerList(after=cursor))
    world.users.reverse()
    with pytest.raises(CursorInvalid):
        await customer_users.page(world.context, UserList(everybody, after=cursor))


async def test_members_of_a_customer_say_how_they_belong_to_it() -> None:
    """MULTI-11: primary, listed and additional, each person once; by one question to each store."""
    world = World()
    context = world.context
    firms = (await customers.page(context, CustomerList())).nodes
    for store in world.users:
        store.forget()
    found = await _members(context, firms)
    assert _belonging(found[0]) == {
        "ada": [Membership.PRIMARY, Membership.LISTED, Membership.ADDITIONAL],
        "eve": [Membership.ADDITIONAL],
    }
    assert _belonging(found[1]) == {"ada": [Membership.LISTED], "bob": [Membership.PRIMARY]}
    assert world.registry.asked == ["logins_of"]
    assert [store.asked.count("pages") for store in world.users] == [1, 1]
    (acme, *_) = await _members(context, firms, membership=frozenset({Membership.PRIMARY}))
    assert _belonging(acme)["ada"] == [Membership.PRIMARY, Membership.LISTED, Membership.ADDITIONAL]


async def test_below_several_customers_a_cursor_serves_the_one_it_came_from() -> None:
    world = World()
    context = world.context
    firms = (await customers.page(context, CustomerList())).nodes
    first = (await _members(context, firms, first=1))[0]
    assert isinstance(first, Connection)
    acme, nord, *_ = await _members(context, firms, after=first.end_cursor)
    assert _belonging(acme).keys() == {"eve"}
    assert isinstance(nord, CursorInvalid)


async def test_a_list_of_customers_fails_with_a_silent_source_and_so_does_its_total() -> None:
    world = World()
    context = world.context
    connection = await customers.page(context, CustomerList())
    assert [one.customer_id for one in connection.nodes] == ["ACME", "NORD", "SUED"]
    assert await lists.certain_totals(context, [connection]) == [3]
    world.customers[0].silent = SourceStatus.TIMEOUT
    with pytest.raises(SourceUnavailable):
        await customers.page(world.context, CustomerList(CustomerFilter(customer_ids=("ACME",))))
    (total,) = await lists.certain_totals(world.context, [_stale(connection, world)])
    assert isinstance(total, SourceUnavailable)


async def test_people_are_counted_by_value_the_most_frequent_first() -> None:
    """CU-12, CU-13."""
    world = World()
    everybody = UserFilter(validity=None)
    found = await counts.counts_by(world.context, "city", filter=everybody)
    assert [(one.value, one.count) for one in found.nodes] == [("Berlin", 2), (None, 1)]
    assert found.exact
    found = await counts.counts_by(world.context, "customerId", filter=everybody)
    assert [(one.value, one.count) for one in found.nodes] == [(None, 1), ("ACME", 1), ("NORD", 1)]
    found = await counts.counts_by(world.context, "validity", filter=everybody)
    assert [(one.value, one.count) for one in found.nodes] == [("VALID", 2), ("INVALID", 1)]
    found = await counts.counts_by(world.context, "city", filter=UserFilter(sources=("s1",)))
    assert [(one.value, one.count) for one in found.nodes] == [("Berlin", 1)]
    assert [report.status for report in found.reports] == [SourceStatus.SKIPPED, SourceStatus.OK]


@pytest.mark.parametrize(
    ("search", "prefix", "wanted"),
    [
        ("c", "*", ["ACME", "nice"]),
        ("c", "", []),
        ("ac OR no", "", ["ACME", "NORD"]),
        ("!c", "*", ["NORD"]),
        ("*", "", ["ACME", "nice", "NORD"]),
    ],
)
async def test_values_are_searched_by_the_grammar_of_the_list(
    search: str, prefix: str, wanted: list[str]
) -> None:
    people = [
        a_row(f"u{number}", customer_id=value) for number, value in enumerate(["ACME", "NORD", "nice", None])
    ]
    context = context_of(directory_of(users_in(people, prefix=prefix)))
    found = await counts.counts_by(context, "customerId", search)
    assert [one.value for one in found.nodes] == wanted


async def test_only_mapped_fields_are_counted_by() -> None:
    with pytest.raises(BadUserInput, match="cannot be counted by 'nonsense', but by city, comment"):
        await counts.counts_by(World().context, "nonsense")


async def test_duplicate_logins_are_listed_and_paged() -> None:
    world = World()
    page = await duplicates.page(world.context, first=1)
    (edge,) = page.edges
    assert (edge.login, [source.key for source in edge.sources]) == ("ada", ["s0", "s1"])
    assert (page.total_count, page.has_next_page, page.has_previous_page) == (1, False, False)
    rest = await duplicates.page(world.context, after=page.end_cursor)
    assert (rest.edges, rest.has_previous_page, rest.start_cursor) == ([], True, None)
    with pytest.raises(CursorInvalid):
        await customer_users.page(world.context, UserList(after=page.end_cursor))


async def test_fields_that_nobody_has_are_refused_by_name() -> None:
    asked = UserFilter(fields=(FieldCondition("nonsense", ("x",)),))
    with pytest.raises(BadUserInput, match="There is no field 'nonsense'"):
        await customer_users.page(World().context, UserList(asked))
    with pytest.raises(BadUserInput, match="There is no source 'nowhere'"):
        await customer_users.page(World().context, UserList(UserFilter(sources=("nowhere",))))


async def _members(
    context: RequestContext,
    firms: list[Customer],
    membership: frozenset[Membership] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> list[Connection[CustomerUser] | CursorInvalid]:
    asked = UserFilter(validity=frozenset(Validity))
    return list(await customer_users.of_customers(context, firms, asked, membership, first, after))


def _belonging(found: Connection[CustomerUser] | CursorInvalid) -> dict[str, list[Membership]]:
    assert isinstance(found, Connection)
    return {edge.node.login: list(edge.membership or ()) for edge in found.edges}


def _ids(found: object) -> list[str]:
    assert isinstance(found, list)
    return [one.customer_id for one in found]


def _stale(connection: Connection[Customer], world: World) -> Connection[Customer]:
    """The connection over sources as they are now."""
    return replace(connection, directory=directory_of(world.customers))
