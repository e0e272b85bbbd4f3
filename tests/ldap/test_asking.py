"""Searches that we write ourselves: the same as the driver's, or left to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import uvloop

from backends.ldap import asking
from backends.ldap.ber import element
from backends.ldap.connection import Connection, connect
from backends.ldap.faults import Dead, LdapFault, NoSuchEntry
from backends.ldap.settings import Scope
from gateway.demo.servers.slapd import Slapd, start_slapd
from tests.ldap.doubles import Wire, listening
from tests.ldap.worlds import LDIF, PEOPLE, opened, settings

PLAIN = (
    "(objectClass=*)",
    "(!(objectClass=*))",
    "(uid=ada)",
    "(UID;lang-de=ada)",
    "(cn=Jörg Ünal)",
    "(cn=J\\c3\\b6rg \\2a\\28\\29\\5c\\00)",
    "(uid>=a)",
    "(uid<=b)",
    "(cn~=ada)",
    "(cn=a*)",
    "(cn=*a)",
    "(cn=*a*)",
    "(cn=a*b*\\2a*c)",
    "(|(uid=ada)(uid=boss)(&(uid=crowd-1)(!(uid=crowd-2))(objectClass=person)))",
    "(&(|(uid=ada)(uid=boss))(cn=*))",
    f"(|{''.join(f'(uid=crowd-{number})' for number in range(200))})",
    f"(cn={'x' * 10_000})",
)
STRANGE = (
    "",
    "uid=ada",
    "(uid=ada",
    "(uid=ada))",
    "(uid=ada)(uid=boss)",
    "((uid=ada))",
    "(&)",
    "(!)",
    "(!(uid=ada)(uid=boss))",
    "(& (uid=ada))",
    "(uid=)",
    "(uid=a(b)",
    "(uid=a\0)",
    "(uid=a\\zz)",
    "(uid=a\\2)",
    "(uid>=a*)",
    "(uid=a**b)",
    "(=ada)",
    "(uid:caseExactMatch:=ada)",
    "(memberOf:1.2.840.113556.1.4.1941:=cn=all)",
    "(uid=\ud800)",
)


def tree(data: bytes) -> list[Any]:
    """Elements as pairs of tag and content, however their lengths are spelled."""
    found: list[Any] = []
    place = 0
    while place < len(data):
        tag, start, place = element(data, place)
        content = data[start:place]
        found.append((tag, tree(content) if tag & 0x20 else content))
    return found


@pytest.fixture
async def connection(directory: Slapd) -> AsyncIterator[Connection]:
    connection = await connect(settings(directory), None)
    yield connection
    connection.drop()
    await connection.dropped()


async def _asked(connection: Connection, expression: str, scope: Scope) -> tuple[list[Any], object]:
    """What goes over the line, and what is found."""
    writer = connection._relay._writers[0]
    sent = b""
    write = writer.write

    def seen(data: bytes) -> None:
        nonlocal sent
        sent += data
        write(data)

    writer.write = seen  # type: ignore[method-assign, assignment]
    try:
        entries = await connection.search(PEOPLE, scope, expression, ["uid", "cn"])
    finally:
        writer.write = write  # type: ignore[method-assign]
    ((tag, ((_, _), *operation)),) = tree(sent)
    return [tag, operation], [(one.dn, dict(one.values)) for one in entries]


@pytest.mark.parametrize("expression", PLAIN)
async def test_a_search_is_what_the_driver_would_send_and_finds_the_same(
    connection: Connection, expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scopes: tuple[Scope, ...] = ("sub", "one", "base")
    ours = [await _asked(connection, expression, scope) for scope in scopes]
    assert asking.search(PEOPLE, "sub", expression, ("uid",), 1.0) is not None
    monkeypatch.setattr(asking, "search", lambda *_: None)
    assert ours == [await _asked(connection, expression, scope) for scope in scopes]


@pytest.mark.parametrize("expression", STRANGE)
def test_a_filter_that_is_more_or_less_than_that_is_left_to_the_driver(expression: str) -> None:
    assert asking.search(PEOPLE, "sub", expression, ("uid",), 1.0) is None


def test_our_number_is_none_of_the_driver() -> None:
    ((_, ((tag, content),)),) = tree(asking.message(asking.OWN, b""))
    assert (tag, int.from_bytes(content, "big", signed=True)) == (0x02, asking.OWN)


@pytest.mark.parametrize("driver", [False, True])
async def test_a_base_that_is_not_there_is_told_and_harms_nobody(
    connection: Connection, driver: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if driver:
        monkeypatch.setattr(asking, "search", lambda *_: None)
    for base in (f"ou=nowhere,{PEOPLE}", "no name at all"):
        with pytest.raises(NoSuchEntry):
            await connection.search(base, "sub", "(objectClass=*)", ["uid"])
        assert connection.usable
    assert len(await connection.search(PEOPLE, "sub", "(uid=ada)", ["uid"])) == 1


@pytest.mark.parametrize("driver", [False, True])
async def test_a_limit_keeps_what_came(driver: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if driver:
        monkeypatch.setattr(asking, "search", lambda *_: None)
    with start_slapd(LDIF, anonymous_read=True, size_limit="size.soft=3 size.hard=3") as server:
        connection = await connect(settings(server), None)
        for expression, found in (("(uid=*)", (3, True)), ("(uid=ada)", (1, False))):
            entries = await connection.search(PEOPLE, "sub", expression, ["uid"])
            assert (len(entries), connection.limited) == found
        connection.drop()
        await connection.dropped()


async def test_whoever_gives_up_or_is_late_leaves_a_connection_that_nobody_uses(directory: Slapd) -> None:
    for late in (False, True):
        connection = await connect(settings(directory), None)
        if late:
            connection._timeout = 0.0
            with pytest.raises(TimeoutError):
                await connection.search(PEOPLE, "sub", "(uid=ada)", ["uid"])
        else:
            search = asyncio.create_task(connection.search(PEOPLE, "sub", "(uid=ada)", ["uid"]))
            await asyncio.sleep(0)
            search.cancel()
            with pytest.raises(asyncio.CancelledError):
                await search
        assert not connection.usable
        connection.drop()
        await connection.dropped()


async def test_a_connection_that_ends_while_or_before_it_is_asked_is_dead(directory: Slapd) -> None:
    wire = Wire(directory.port)
    async with listening(wire) as port:
        connection = await connect(replace(settings(directory), port=port), None)
        assert await connection.search(PEOPLE, "sub", "(uid=ada)", ["uid"])
        wire.cut()
        for _ in range(2):
            with pytest.raises(Dead) as raised:
                await connection.search(PEOPLE, "sub", "(uid=ada)", ["uid"])
            assert isinstance(raised.value, LdapFault)
            assert not connection.usable
        connection.drop()
        await connection.dropped()


@pytest.mark.parametrize("turns", range(4))
def test_a_connection_that_was_lost_this_very_moment_is_dead(directory: Slapd, turns: int) -> None:
    """On the loop of the running gateway, which refuses to write then."""

    async def ask() -> None:
        connection = await connect(settings(directory), None)
        connection._relay._writers[0].transport.abort()
        for _ in range(turns):
            await asyncio.sleep(0)
        with pytest.raises(Dead):
            await connection.search(PEOPLE, "sub", "(uid=ada)", ["uid"])
        assert not connection.usable
        connection.drop()
        await connection.dropped()

    uvloop.run(ask())


async def test_entries_that_come_again_are_the_same_record_and_those_that_changed_another() -> None:
    with start_slapd(LDIF, anonymous_read=True) as server:
        async with opened(server) as backend:
            first = (await backend.get_many(["ada", "boss"]))["ada"]
            assert (await backend.get_many(["ada"]))["ada"] is first
            server.add(f"dn: uid=ada,{PEOPLE}\nchangetype: modify\nreplace: mail\nmail: new@example.com\n")
            again = (await backend.get_many(["ada"]))["ada"]
            assert again.email == "new@example.com" != first.email
