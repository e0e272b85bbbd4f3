"""Changes of a row that was just seen: one statement where it still is so, and the longer way's answer where not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backends.audit import Line
from backends.errors import SourceUnavailable
from backends.model import CustomerUser, Value
from backends.writers import Conflict, Missing, Taken
from tests.sql.renames import NOW_TEXT, Clock, Place
from tests.sql.swapping import LINES, MAPPING, Told, lines, seen, until
from tests.sql.swapping import address as address
from tests.sql.swapping import place as place

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE%'"


@asynccontextmanager
async def held_up(place: Place, write: Awaitable[Any], meanwhile: str) -> AsyncIterator[asyncio.Task[Any]]:
    """The write while it waits for another connection, which does something to the row and then lets go."""
    task: asyncio.Task[Any]

    async def waits() -> bool:
        return bool((await place.source.fetch(WAITING))[0][0]) or task.done()

    async with place.source.transaction() as session:
        await session.execute(meanwhile)
        task = asyncio.ensure_future(write)
        await until(waits)
        assert not task.done()
        yield task


async def test_a_row_that_is_as_it_was_seen_is_changed_by_one_statement(place: Place) -> None:
    before, clock, note = await seen(place), Clock(), Told(LINES)
    users = place.watched(clock).users()
    await users.update("amy", {"city": "X"}, seen=before, note=note)
    clock.passed.clear()
    before = await seen(place)
    after = await users.update("amy", {"city": "Y", "phone": "1"}, seen=before, note=note)
    assert len(clock.passed) == 1
    assert after == await seen(place)
    assert (after.city, after.phone, str(after.changed_at)[:19]) == ("Y", "1", NOW_TEXT)
    assert note.foretold == (before.stored, after.stored)
    assert note.heard == []
    assert await lines(place) == [("a", "b")] * 2


async def test_a_row_that_is_as_it_is_to_be_is_not_written(place: Place) -> None:
    before, clock, note = await seen(place), Clock(), Told()
    users = place.watched(clock).users()
    await users.update("ben", {"city": "X"}, seen=await seen(place, "ben"))
    clock.passed.clear()
    assert await users.update("amy", {"firstName": "F"}, seen=before, note=note) == before
    assert clock.passed == []
    assert note.foretold == (before.stored, before.stored)
    note.line = LINES
    assert await users.update("amy", {"firstName": "F"}, seen=before, note=note) == before
    assert len(clock.passed) == 1
    assert await lines(place) == [("a", "b")]
    assert await seen(place) == before


@pytest.mark.parametrize("line", [LINES, None])
async def test_what_another_connection_changed_since_the_look_up_stays_and_is_told_of(
    place: Place, line: Line | None
) -> None:
    before, note = await seen(place), Told(line)
    await place.source.execute("UPDATE customer_user SET street = 'S' WHERE login = 'amy'")
    between = await seen(place)
    after = await place.users().update("amy", {"city": "X"}, seen=before, note=note)
    assert (after.street, after.city) == ("S", "X")
    assert note.heard == [(True, between.stored, after.stored)]
    assert note.foretold is None
    assert await lines(place) == []


@pytest.mark.parametrize("line", [LINES, None])
async def test_what_another_connection_changes_while_the_statement_waits_stays_and_is_told_of(
    place: Place, line: Line | None
) -> None:
    before, note = await seen(place), Told(line)
    write = place.users().update("amy", {"city": "X"}, seen=before, note=note)
    meanwhile = "UPDATE customer_user SET street = 'S' WHERE login = 'amy'"
    async with held_up(place, write, meanwhile) as task:
        pass
    after = await task
    assert (after.street, after.city) == ("S", "X")
    ((_, told_before, told_after),) = note.heard
    assert dict(zip(MAPPING.columns, told_before, strict=True))["street"] == "S"
    assert told_after == after.stored
    assert await lines(place) == []


async def test_a_row_that_another_connection_only_held_is_changed_as_it_was_seen(place: Place) -> None:
    before, note = await seen(place), Told(LINES)
    write = place.users().update("amy", {"city": "X"}, seen=before, note=note)
    holding = "SELECT 1 FROM customer_user WHERE login = 'amy' FOR NO KEY UPDATE"
    async with held_up(place, write, holding) as task:
        pass
    assert (await task).city == "X"
    assert note.heard == []
    assert await lines(place) == [("a", "b")]


async def test_a_check_that_refuses_what_was_seen_is_asked_again_of_the_row_as_it_is(place: Place) -> None:
    before, checked = await seen(place), list[tuple[Value, ...]]()

    def newest(stored: CustomerUser) -> None:
        checked.append(stored.stored)
        if stored.street != "S":
            raise Conflict

    with pytest.raises(Conflict):
        await place.users().update("amy", {"city": "X"}, seen=before, check=newest)
    assert await seen(place) == before
    await place.source.execute("UPDATE customer_user SET street = 'S' WHERE login = 'amy'")
    after = await place.users().update("amy", {"city": "X"}, seen=before, check=newest)
    assert (after.street, after.city) == ("S", "X")
    assert len(checked) == 4


async def test_a_check_holds_for_the_row_that_is_changed(place: Place) -> None:
    before = await seen(place)

    def unchanged(stored: CustomerUser) -> None:
        if stored.stored != before.stored:
            raise Conflict

    write = place.users().update("amy", {"city": "X"}, seen=before, check=unchanged)
    meanwhile = "UPDATE customer_user SET street = 'S' WHERE login = 'amy'"
    async with held_up(place, write, meanwhile) as task:
        pass
    with pytest.raises(Conflict):
        await task
    assert (await seen(place)).city is None


async def test_a_row_that_is_gone_is_missing(place: Place) -> None:
    before, note = await seen(place, "gus"), Told(LINES)
    await place.source.execute("DELETE FROM customer_user WHERE login = 'gus'")
    with pytest.raises(Missing):
        await place.users().update("gus", {"city": "X"}, seen=before, note=note)
    assert (note.heard, note.foretold, await lines(place)) == ([], None, [])


@pytest.mark.parametrize("line", [LINES, None])
@pytest.mark.parametrize("column", ["city", "street"])
async def test_what_a_trigger_makes_of_a_row_is_told_of_and_no_line_of_anything_else_is_kept(
    place: Place, column: str, line: Line | None
) -> None:
    before, clock, note = await seen(place), Clock(), Told(line)
    users = place.watched(clock).users()
    await place.source.execute(
        f"CREATE FUNCTION shout() RETURNS trigger AS $$BEGIN NEW.{column} := 'LOUD'; RETURN NEW; END$$"
        " LANGUAGE plpgsql"
    )
    await place.source.execute(
        "CREATE TRIGGER shout BEFORE UPDATE ON customer_user FOR EACH ROW EXECUTE FUNCTION shout()"
    )
    try:
        after = await users.update("amy", {"city": "X"}, seen=before, note=note)
        assert getattr(after, column) == "LOUD"
        assert after == await seen(place)
        assert note.heard == [(line is not None, before.stored, after.stored)]
        clock.passed.clear()
        again = await users.update("amy", {"city": "Y"}, seen=after, note=note)
        assert [text.split()[0] for text in clock.passed] == (
            ["SELECT", "UPDATE", "COMMIT"] if line else ["UPDATE"]
        )  # what was refused a moment ago is not tried again
        assert (after.stored, again.stored) in (note.heard[-1][1:], note.foretold)
    finally:
        await place.source.execute("DROP FUNCTION shout CASCADE")
    assert await lines(place) == []


async def test_a_line_that_cannot_be_kept_undoes_the_change(place: Place) -> None:
    before, clock = await seen(place), Clock()
    note = Told(Line("lines", ("was", "now"), ("bad", "b")), fails=True)
    with pytest.raises(SourceUnavailable):
        await place.watched(clock).users().update("amy", {"city": "X"}, seen=before, note=note)
    assert [text.split()[0] for text in clock.passed if "customer_user" in text] == [
        "WITH",
        "SELECT",
        "UPDATE",
    ]  # what was refused, and the transaction that was to say why
    assert await seen(place) == before
    assert await lines(place) == []


async def test_a_key_that_is_taken_and_a_value_of_another_record_are_said(place: Place) -> None:
    before = await seen(place)
    await place.source.execute("CREATE UNIQUE INDEX one_email ON customer_user (email)")
    try:
        with pytest.raises(Taken) as taken:
            await place.users().update("amy", {"email": "ben@mut.test"}, seen=before)
    finally:
        await place.source.execute("DROP INDEX one_email")
    assert taken.value.field == "email"
    assert await seen(place) == before


async def test_two_rows_of_one_key_are_a_conflict_and_neither_is_changed(place: Place) -> None:
    sql = (
        "SELECT conname::text FROM pg_constraint WHERE conrelid = 'customer_user'::regclass AND contype = 'u'"
    )
    ((name,),) = await place.source.fetch(sql)
    await place.source.execute(f"ALTER TABLE customer_user DROP CONSTRAINT {name}")
    try:
        before = await seen(place)
        await place.source.execute("CREATE TABLE twin AS SELECT * FROM customer_user WHERE login = 'amy'")
        await place.source.execute("UPDATE twin SET id = 9999")
        await place.source.execute("INSERT INTO customer_user SELECT * FROM twin")
        with pytest.raises(Conflict):
            await place.users().update("amy", {"city": "X"}, seen=before)
        cities = await place.source.fetch("SELECT city FROM customer_user WHERE login = 'amy'")
        assert {row[0] for row in cities} == {None}
    finally:
        await place.source.execute("DROP TABLE IF EXISTS twin")
        await place.source.execute("DELETE FROM customer_user WHERE id = 9999")
        await place.source.execute(f"ALTER TABLE customer_user ADD CONSTRAINT {name} UNIQUE (login)")


async def test_a_write_of_which_nobody_knows_whether_it_counts_is_not_sent_again(place: Place) -> None:
    before, clock, note = await seen(place), Clock(), Told(LINES)
    users = place.watched(clock).users()
    await users.update("ben", {"city": "X"}, seen=await seen(place, "ben"))
    clock.passed.clear()
    write = users.update("amy", {"city": "X"}, seen=before, note=note)
    holding = "SELECT 1 FROM customer_user WHERE login = 'amy' FOR NO KEY UPDATE"
    async with held_up(place, write, holding) as task:
        await place.source.fetch(WAITING.replace("count(*)", "count(pg_terminate_backend(pid))"))
        with pytest.raises(SourceUnavailable):
            await task
    assert len(clock.passed) == 1
    assert note.foretold is not None
    assert await seen(place) == before


async def test_a_column_that_may_not_give_back_what_it_was_given_is_written_in_a_transaction(
    place: Place,
) -> None:
    await place.source.execute("ALTER TABLE customer_user ALTER city TYPE character(20)")
    try:
        before, note = await seen(place), Told(LINES)
        after = await place.users().update("amy", {"city": "X"}, seen=before, note=note)
        assert note.heard == [(True, before.stored, after.stored)]
    finally:
        await place.source.execute("ALTER TABLE customer_user ALTER city TYPE character varying(200)")
