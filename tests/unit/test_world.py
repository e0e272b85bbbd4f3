"""The demo's world: the same on every run, and worth looking at."""

import hashlib
import os
import subprocess
import sys
from collections import Counter

import pytest

from gateway.demo import stories
from gateway.demo.people import SIZES, Person
from gateway.demo.stories import Store
from gateway.demo.world import World, build

DIGEST = "print(__import__('tests.unit.test_world', fromlist=['digest']).digest())"


def digest() -> str:
    """One number for everything there is in the world."""
    return hashlib.sha256(repr(build()).encode()).hexdigest()


@pytest.fixture(scope="module")
def world() -> World:
    return build()


def everybody(world: World) -> list[Person]:
    return [person for store in Store for person in world.people[store]]


def test_the_world_is_the_same_on_every_run_whatever_the_hash_seed() -> None:
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    other = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest()


def test_another_seed_makes_another_world() -> None:
    assert build(1) != build(2)


def test_about_two_thousand_people_of_some_120_customers_are_spread_over_three_stores(world: World) -> None:
    assert {store: len(people) for store, people in world.people.items()} == SIZES
    assert 110 <= len(world.companies) <= 130


def test_a_login_occurs_once_in_a_store_whatever_its_case(world: World) -> None:
    for people in world.people.values():
        folded = Counter(person.login.casefold() for person in people)
        assert max(folded.values()) == 1


def test_some_logins_occur_in_two_or_three_stores_and_a_few_of_them_in_another_spelling(world: World) -> None:
    spellings: dict[str, list[str]] = {}
    for person in everybody(world):
        spellings.setdefault(person.login.casefold(), []).append(person.login)
    shared = [logins for logins in spellings.values() if len(logins) > 1]
    assert 20 <= len(shared) <= 35
    assert sum(len(set(logins)) > 1 for logins in shared) >= 4
    assert len(spellings["anna.mueller"]) == 3


def test_every_customer_id_is_known_or_deliberately_missing(world: World) -> None:
    known = {company.customer_id for company in world.companies} | stories.MISSING_CUSTOMER_IDS
    used = {person.customer_id for person in everybody(world)}
    used |= {customer_id for person in everybody(world) for customer_id in person.further_customer_ids}
    used |= {grant[0] for grant in world.customer_grants} | {row[1] for row in world.additional_customers}
    assert used <= known
    assert used >= stories.MISSING_CUSTOMER_IDS


def test_addresses_lie_in_the_domain_that_belongs_to_nobody(world: World) -> None:
    assert all(person.email.endswith(".example") and person.email.isascii() for person in everybody(world))


def test_an_address_occurs_once_in_a_store(world: World) -> None:
    for people in world.people.values():
        assert len({person.email.lower() for person in people}) == len(people)


def test_names_are_german_and_international(world: World) -> None:
    letters = set("".join(person.last_name for person in everybody(world)))
    assert letters >= set("äöüßøåłźıçñō'")
    assert len({person.country for person in everybody(world)}) == 10


def test_some_people_are_invalid_in_every_way_a_store_knows(world: World) -> None:
    states = {store: {person.validity for person in people} for store, people in world.people.items()}
    assert states == {Store.MAIN: {1, 2, 3}, Store.CRM: {1, 2}, Store.LDAP: {1, 2}}


def test_relations_name_people_groups_and_services_that_exist(world: World) -> None:
    logins = {person.login for person in everybody(world)} | {"<DEFAULT>"}
    groups, services = {group.name for group in world.groups}, set(world.services)
    assert {row[0] for row in world.user_grants} <= logins
    assert {row[1] for row in (*world.user_grants, *world.customer_grants)} <= groups
    assert {row[0] for row in (*world.assigned_services, *world.preferences, *world.support_tiers)} <= logins
    assert {row[1] for row in world.assigned_services} <= services


def test_values_fit_their_columns(world: World) -> None:
    for person in everybody(world):
        assert len(person.login) <= 100
        assert max(len(person.first_name), len(person.last_name)) <= 100
        assert len(person.email) <= 150


def test_whoever_has_a_story_has_only_that_one(world: World) -> None:
    assert [row for row in world.user_grants if row[0] == "haruki.tanaka"] == []
    assert [row[1] for row in world.assigned_services if row[0] == "maria.garcia"] == ["Altsystem"]
    assert [row for row in world.customer_grants if row[0] == "BURSZTYN"] == []
