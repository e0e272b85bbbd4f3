"""Equal questions share one call, whatever becomes of those who asked (R11)."""

from __future__ import annotations

import asyncio

import pytest

from backends.deadline import Over, within
from backends.flight import Flight
from tests.unit.scripted import settled


class Call:
    """A call that ends when the test says so."""

    def __init__(self) -> None:
        self.made = 0
        self.cancelled = 0
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.made += 1
        try:
            return await asyncio.shield(self.answer)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def test_r11_five_hundred_equal_questions_make_one_call() -> None:
    flight, call = Flight[str](), Call()
    waiters = [asyncio.create_task(flight.share("who", call)) for _ in range(500)]
    await settled()
    call.answer.set_result("ada")
    assert set(await asyncio.gather(*waiters)) == {"ada"}
    assert call.made == 1


async def test_r11_they_share_its_error_too() -> None:
    flight, call = Flight[str](), Call()
    waiters = [asyncio.create_task(flight.share("who", call)) for _ in range(500)]
    await settled()
    call.answer.set_exception(LookupError("nobody"))
    errors = await asyncio.gather(*waiters, return_exceptions=True)
    assert {type(error) for error in errors} == {LookupError}
    assert call.made == 1


async def test_r11_one_who_leaves_takes_nobody_elses_answer_away() -> None:
    flight, call = Flight[str](), Call()
    first, second = (asyncio.create_task(flight.share("who", call)) for _ in range(2))
    await settled()
    first.cancel()
    await settled()
    call.answer.set_result("ada")
    assert await second == "ada"
    assert first.cancelled()
    assert (call.made, call.cancelled) == (1, 0)


async def test_r11_when_all_have_left_the_call_is_cancelled() -> None:
    flight, call = Flight[str](), Call()
    waiters = [asyncio.create_task(flight.share("who", call)) for _ in range(3)]
    await settled()
    for waiter in waiters:
        waiter.cancel()
    await settled()
    assert call.cancelled == 1


async def test_who_asks_after_all_have_left_starts_anew() -> None:
    flight, call, again = Flight[str](), Call(), Call()
    waiter = asyncio.create_task(flight.share("who", call))
    await settled()
    waiter.cancel()
    late = asyncio.create_task(flight.share("who", again))
    await settled()
    again.answer.set_result("ada")
    assert await late == "ada"
    assert call.cancelled == 1


async def test_whose_time_is_over_is_told_so_and_the_others_are_answered() -> None:
    flight, call = Flight[str](), Call()
    patient = asyncio.create_task(flight.share("who", call))
    with within(0):
        hurried = asyncio.create_task(flight.share("who", call))
    with pytest.raises(Over):
        await hurried
    call.answer.set_result("ada")
    assert await patient == "ada"
    assert (call.made, call.cancelled) == (1, 0)


async def test_r10_when_the_time_of_the_last_one_is_over_the_call_is_cancelled() -> None:
    flight, call = Flight[str](), Call()
    with within(0), pytest.raises(Over):
        await flight.share("who", call)
    await settled()
    assert call.cancelled == 1


async def test_who_asks_while_an_answer_is_on_its_way_gets_it() -> None:
    flight, call, again = Flight[str](), Call(), Call()
    waiter = asyncio.create_task(flight.share("who", call))
    await settled()
    late: list[asyncio.Task[str]] = []
    call.answer.add_done_callback(lambda _: late.append(asyncio.create_task(flight.share("who", again))))
    call.answer.set_result("ada")
    assert await waiter == "ada"
    assert await late[0] == "ada"
    assert (call.made, again.made) == (1, 0)


async def test_different_questions_do_not_share() -> None:
    flight, call, other = Flight[str](), Call(), Call()
    call.answer.set_result("ada")
    other.answer.set_result("bob")
    assert await flight.share("a", call) == "ada"
    assert await flight.share("b", other) == "bob"


async def test_r14_nothing_is_kept_of_a_call_that_has_ended() -> None:
    flight, failing, working = Flight[str](), Call(), Call()
    failing.answer.set_exception(LookupError("nobody"))
    working.answer.set_result("ada")
    with pytest.raises(LookupError):
        await flight.share("who", failing)
    assert await flight.share("who", working) == "ada"
