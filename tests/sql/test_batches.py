"""Changes of several rows that are ready at the same moment: one statement, and each as if it were alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backends.audit import Line
from backends.errors import SourceUnavailable
from backends.model import CustomerUser
from backends.sql.writer import SqlWriter
from tests.sql.renames import USERS, Clock, Place
from tests.sql.swapping import LINES, Told, lines, seen, until
from tests.sql.swapping import address as address
from tests.sql.swapping import place as place

ODD = ('it\'s "so" \\ {1} $1 %s ?', "zwei\nZeilen\tund ß\u2028 \U0001f600", "null", "[]")
LOGINS = [user[0] for user in USERS]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'WITH%'"


async def a_writer(place: Place, clock: Clock) -> SqlWriter[CustomerUser]:
    """A writer that knows its table already."""
    users = place.watched(clock).users()
    await users.update("amy", {"phone": "0"}, seen=await seen(place))
    clock.passed.clear()
    return users


@asynccontextmanager
async def two_held_up(
    place: Place,
) -> AsyncIterator[tuple[list[CustomerUser], list[asyncio.Task[CustomerUser]]]]:
    """Two records as they are, and changes of both by one statement that waits for a locked table until the end."""
    users = await a_writer(place, Clock())
    before = [await seen(place, login) for login in ("amy", "ben")]
    async with place.source.transaction() as session:
        await session.execute("LOCK TABLE customer_user IN SHARE MODE")
        tasks = [asyncio.ensure_future(users.update(one.login, {"city": "X"}, seen=one)) for one in before]
        await until(lambda: _waits(place))
        yield before, tasks


async def test_changes_of_one_moment_are_one_statement_and_each_gets_its_own_row_and_line(
    place: Place,
) -> None:
    clock = Clock()
    users = await a_writer(place, clock)
    before = {login: await seen(place, login) for login in LOGINS}
    notes = {
        login: Told(Line("lines", ("was", "now"), (login, odd)))
        for login, odd in zip(LOGINS, ODD, strict=True)
    }
    after = await asyncio.gather(
        *(
            users.update(
                login,
                {"city": odd},
                seen=before[login],
                note=notes[login],
            )
            for login, odd in zip(LOGINS, ODD, strict=True)
        )
    )
    assert len(clock.passed) == 1
    assert list(after) == [await seen(place, login) for login in LOGINS]
    assert [user.city for user in after] == list(ODD)
    assert [notes[login].foretold for login in LOGINS] == [
        (before[user.login].stored, user.stored) for user in after
    ]
    assert sorted(await lines(place)) == sorted(zip(LOGINS, ODD, strict=True))


async def test_changes_of_different_columns_are_written_each_by_their_own_text(place: Place) -> None:
    clock = Clock()
    users = await a_writer(place, clock)
    changes: list[dict[str, Any]] = [
        {"city": "A"},
        {"phone": "1"},
        {"city": "B"},
        {"city": "C", "phone": "2"},
    ]
    before = [await seen(place, login) for login in LOGINS]
    after = await asyncio.gather(
        *(users.update(one.login, change, seen=one) for one, change in zip(before, changes, strict=True))
    )
    assert len(clock.passed) == 3
    assert [(user.city, user.phone) for user in after] == [("A", "0"), (None, "1"), ("B", None), ("C", "2")]


async def test_a_row_that_was_changed_since_is_told_of_and_the_others_are_written_as_seen(
    place: Place,
) -> None:
    clock, notes = Clock(), [Told(LINES), Told(LINES)]
    users = await a_writer(place, clock)
    before = [await seen(place, login) for login in ("amy", "ben")]
    await place.source.execute("UPDATE customer_user SET street = 'S' WHERE login = 'ben'")
    amy, ben = await asyncio.gather(
        *(
            users.update(one.login, {"city": "X"}, seen=one, note=note)
            for one, note in zip(before, notes, strict=True)
        )
    )
    assert (amy.city, ben.city, ben.street) == ("X", "X", "S")
    assert notes[0].heard == []
    assert [(here, after) for here, _, after in notes[1].heard] == [(True, ben.stored)]
    assert await lines(place) == [("a", "b")]


async def test_a_row_that_another_connection_holds_holds_up_nobody_else(place: Place) -> None:
    users = await a_writer(place, Clock())
    before = [await seen(place, login) for login in LOGINS]
    async with place.source.transaction() as session:
        await session.execute("SELECT 1 FROM customer_user WHERE login = 'amy' FOR UPDATE")
        tasks = [asyncio.ensure_future(users.update(one.login, {"city": "X"}, seen=one)) for one in before]
        others = await asyncio.gather(*tasks[1:])
        assert not tasks[0].done()
    assert {user.city for user in (await tasks[0], *others)} == {"X"}


async def test_where_one_line_cannot_be_kept_that_change_alone_is_undone(place: Place) -> None:
    users = await a_writer(place, Clock())
    bad = Told(Line("lines", ("was", "now"), ("bad", "b")), fails=True)
    notes = [bad, Told(LINES), Told(LINES)]
    before = [await seen(place, login) for login in LOGINS[:3]]
    amy, *others = await asyncio.gather(
        *(
            users.update(one.login, {"city": "X"}, seen=one, note=note)
            for one, note in zip(before, notes, strict=True)
        ),
        return_exceptions=True,
    )
    assert isinstance(amy, SourceUnavailable)
    assert [user.city for user in others if isinstance(user, CustomerUser)] == ["X", "X"]
    assert await seen(place) == before[0]
    assert [len(note.heard) for note in notes] == [0, 1, 1]
    assert await lines(place) == []


async def test_what_a_trigger_makes_of_one_row_is_told_of(place: Place) -> None:
    users = await a_writer(place, Clock())
    before = [await seen(place, login) for login in LOGINS]
    notes = [Told(LINES) for _ in LOGINS]
    await place.source.execute(
        "CREATE FUNCTION shout() RETURNS trigger AS $$BEGIN IF NEW.login = 'ben' THEN NEW.city := 'LOUD'; END IF;"
        " RETURN NEW; END$$ LANGUAGE plpgsql"
    )
    await place.source.execute(
        "CREATE TRIGGER shout BEFORE UPDATE ON customer_user FOR EACH ROW EXECUTE FUNCTION shout()"
    )
    try:
        after = await asyncio.gather(
            *(
                users.update(one.login, {"city": "X"}, seen=one, note=note)
                for one, note in zip(before, notes, strict=True)
            )
        )
    finally:
        await place.source.execute("DROP FUNCTION shout CASCADE")
    assert [user.city for user in after] == ["X", "LOUD", "X", "X"]
    told = [note.heard[-1][2] if note.heard else (note.foretold or [None, None])[1] for note in notes]
    assert told == [user.stored for user in after]


async def test_rows_of_parts_of_a_table_are_told_apart(place: Place) -> None:
    users = await a_writer(place, Clock())
    await place.source.execute("CREATE TABLE part () INHERITS (customer_user)")
    try:
        await place.source.execute(
            "WITH gone AS (DELETE FROM customer_user WHERE login <> 'amy' RETURNING *) INSERT INTO part SELECT * FROM gone"
        )
        before = [await seen(place, login) for login in LOGINS]
        after = await asyncio.gather(
            *(users.update(one.login, {"city": one.login}, seen=one) for one in before)
        )
        assert list(after) == [await seen(place, login) for login in LOGINS]
        assert [user.city for user in after] == LOGINS
    finally:
        await place.source.execute("DROP TABLE part")


async def test_who_leaves_is_let_go_when_the_change_counts_and_takes_nobody_elses_away(place: Place) -> None:
    async with two_held_up(place) as (_, tasks):
        tasks[0].cancel()
        await asyncio.sleep(0)
        assert not tasks[0].done()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert (await tasks[1]).city == "X"
    assert (await seen(place)).city == "X"


async def test_when_all_have_left_the_statement_is_stopped_and_nothing_is_written(place: Place) -> None:
    async with two_held_up(place) as (before, tasks):
        for task in tasks:
            task.cancel()
        assert all(
            isinstance(one, asyncio.CancelledError)
            for one in await asyncio.gather(*tasks, return_exceptions=True)
        )
        await until(lambda: _nobody_waits(place))
    assert [await seen(place, one.login) for one in before] == before


async def _waits(place: Place) -> bool:
    return bool((await place.source.fetch(WAITING))[0][0])


async def _nobody_waits(place: Place) -> bool:
    return not await _waits(place)
