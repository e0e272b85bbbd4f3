"""The circuit breaker, under a clock that stands still (R7)."""

from __future__ import annotations

from backends.breaker import Breaker, Permit
from tests.unit.scripted import Clock


def test_r7_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(3, 10.0, Clock())
    states = []
    for _ in range(3):
        fail(breaker)
        states.append(breaker.is_open)
    assert states == [False, False, True]
    assert breaker.admit() is None


def test_r7_a_success_in_between_starts_the_count_again() -> None:
    breaker = Breaker(2, 10.0, Clock())
    fail(breaker)
    breaker.settle(admitted(breaker), worked=True)
    fail(breaker)
    assert not breaker.is_open


def test_r7_after_its_rest_it_lets_through_one_probe_and_no_more() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.pass_by(9.999)
    assert breaker.admit() is None
    clock.pass_by(0.001)
    assert admitted(breaker).probe
    assert breaker.is_open
    assert breaker.admit() is None


def test_r7_a_probe_that_works_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.pass_by(10)
    breaker.settle(admitted(breaker), worked=True)
    assert not breaker.is_open
    assert not admitted(breaker).probe


def test_r7_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.pass_by(12)
    fail(breaker)
    clock.pass_by(9)
    assert breaker.admit() is None
    clock.pass_by(1)
    assert admitted(breaker).probe


def test_a_probe_whose_caller_left_makes_room_for_the_next() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.pass_by(10)
    breaker.settle(admitted(breaker), worked=None)
    assert not breaker.is_open
    assert admitted(breaker).probe


def test_a_call_from_before_it_opened_neither_closes_it_nor_counts_as_the_probe() -> None:
    clock = Clock()
    breaker = Breaker(1, 10.0, clock)
    early, late = admitted(breaker), admitted(breaker)
    fail(breaker)
    breaker.settle(early, worked=True)
    assert breaker.is_open
    clock.pass_by(10)
    admitted(breaker)
    breaker.settle(late, worked=False)
    assert breaker.admit() is None


def test_a_permit_is_hopeful_while_the_calls_before_it_worked() -> None:
    breaker = Breaker(3, 10.0, Clock())
    assert admitted(breaker).hopeful
    fail(breaker)
    assert not admitted(breaker).hopeful


def test_it_says_when_to_come_back() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.pass_by(2.5)
    assert breaker.retry_after_ms == 7500
    clock.pass_by(7.5)
    assert breaker.retry_after_ms == 100


def opened(clock: Clock) -> Breaker:
    """A breaker that has just opened for ten seconds."""
    breaker = Breaker(1, 10.0, clock)
    fail(breaker)
    return breaker


def admitted(breaker: Breaker) -> Permit:
    """Leave that must be given."""
    permit = breaker.admit()
    assert permit is not None
    return permit


def fail(breaker: Breaker) -> None:
    """Go through a call that fails."""
    breaker.settle(admitted(breaker), worked=False)
