"""Connections: verified or not at all, bounded, and well again after whatever happened to them."""

from __future__ import annotations

import asyncio
import datetime
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from backends.errors import SourceUnavailable
from backends.filters import EVERYTHING
from backends.ldap import connection as connections
from backends.ldap.backend import LdapBackend
from backends.ldap.ber import START_TLS
from backends.ldap.settings import LdapSettings
from backends.model import SourceStatus
from gateway.demo.servers.slapd import Slapd, start_slapd
from tests.ldap.doubles import Wire, answering, listening, silence
from tests.ldap.worlds import LDIF, PEOPLE, opened, settings
from tests.unit.ldap.worlds import MAPPING

ADA = f"uid=ada,{PEOPLE}"
GRANTED = bytes.fromhex("300c02010178070a010004000400")
REFUSED = bytes.fromhex("300c02010178070a010204000400")


def ports(server: Slapd, tls: str) -> dict[str, Any]:
    """Settings for one way of speaking to the server."""
    assert server.tls is not None
    trusted = "" if tls == "none" else str(server.tls.ca)
    return {"tls": tls, "port": server.tls_port if tls == "ldaps" else server.port, "ca_file": trusted}


@pytest.mark.parametrize("tls", ["none", "start_tls", "ldaps"])
@pytest.mark.parametrize(("dn", "password"), [("", ""), (ADA, "pw-ada")])
async def test_a_person_is_found_however_the_directory_is_reached(
    directory: Slapd, tls: str, dn: str, password: str
) -> None:
    async with opened(directory, **ports(directory, tls), bind_dn=dn, bind_password=password) as backend:
        await backend.ping()
        assert set(await backend.get_many(["ada"])) == {"ada"}
        assert len(await backend.keys(EVERYTHING, None, 10)) == 10


async def test_a_wrong_password_is_unavailable(directory: Slapd) -> None:
    async with opened(directory, bind_dn=ADA, bind_password="wrong") as backend:
        await is_unavailable(backend)


async def test_s3_an_empty_password_never_reaches_a_server(directory: Slapd) -> None:
    wire = Wire(directory.port)
    async with listening(wire) as port:
        chosen = settings(directory, port=port)
        with pytest.raises(Exception, match="never binds"):
            await connections.connect(chosen, None, ADA, "")
    assert wire.connections == 0


@pytest.mark.parametrize("tls", ["start_tls", "ldaps"])
@pytest.mark.parametrize("fault", ["stranger", "expired", "wrong name", "self-signed", "system"])
async def test_s4_a_server_that_cannot_prove_itself_is_sent_nothing(
    tmp_path: Path, tls: str, fault: str
) -> None:
    """S4: 0 connections, so 0 binds."""
    served, trusted = certificates(tmp_path, fault)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.configure_cert(context)
    received: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if tls == "start_tls":
            await reader.readexactly(31)
            writer.write(GRANTED)
        await writer.start_tls(context)
        received.append(await reader.read(1000))

    ca_file = "" if fault == "system" else str(trusted)
    async with listening(handler) as port:
        chosen = LdapSettings(
            key="people",
            host="localhost",
            port=port,
            tls="start_tls" if tls == "start_tls" else "ldaps",
            ca_file=ca_file,
            base_dn=PEOPLE,
            bind_dn=ADA,
            bind_password="pw-ada",
        )
        backend = LdapBackend(MAPPING, chosen)
        await is_unavailable(backend)
        await backend.close()
    assert [data for data in received if data] == []


@pytest.mark.parametrize(
    "answer",
    [
        REFUSED,
        GRANTED[:5],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes.fromhex("300c02010278070a010004000400"),
        b"\x30\x84\x7f\xff\xff\xff",
    ],
    ids=["refused", "half", "http", "another message", "endless"],
)
async def test_s4_without_a_plain_yes_to_start_tls_nothing_more_is_sent(answer: bytes) -> None:
    received: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1000))
        writer.write(answer)
        writer.write_eof()
        received.append(await reader.read(1000))

    async with listening(handler) as port, speaking(port, tls="start_tls") as backend:
        await is_unavailable(backend)
    assert [data for data in received if data] == [START_TLS]


async def test_s4_words_smuggled_in_before_tls_are_not_believed() -> None:
    """What follows the answer in clear must break the handshake, not be read as if TLS had protected it."""
    search_done = bytes.fromhex("300c02010165070a010004000400")
    handler = answering(GRANTED + search_done)
    async with listening(handler) as port, speaking(port, tls="start_tls") as backend:
        await is_unavailable(backend)


@pytest.mark.parametrize("tls", ["none", "start_tls", "ldaps"])
async def test_a_silent_host_costs_its_timeout_and_stalls_nobody(tls: str) -> None:
    async with listening(silence) as port, speaking(port, tls=tls, timeout=0.5) as backend:
        turns = asyncio.create_task(turns_of_others())
        async with asyncio.timeout(20):
            await is_unavailable(backend, SourceStatus.TIMEOUT)
        turns.cancel()
        assert await turns > 5


async def test_r10_giving_up_while_connecting_leaves_no_file_behind() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:  # the system accepts for it
        asked = LdapSettings(
            key="people", base_dn=PEOPLE, host="127.0.0.1", port=server.getsockname()[1], timeout=0.05
        )
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(20):
            with pytest.raises(TimeoutError):
                await connections.connect(asked, None, ADA, "pw-ada")
        gc.collect()
        assert len(list(Path("/proc/self/fd").iterdir())) <= before


async def test_a_server_that_falls_silent_costs_its_timeout_and_comes_back(own: Slapd) -> None:
    async with opened(own, timeout=0.5) as backend:
        assert await backend.have(["ada"]) == {"ada"}
        own.pause()
        try:
            async with asyncio.timeout(20):
                await is_unavailable(backend, SourceStatus.TIMEOUT)
        finally:
            own.resume()
        assert await backend.have(["ada"]) == {"ada"}


async def test_a_server_that_was_killed_and_is_back_answers_the_next_call(own: Slapd) -> None:
    async with opened(own) as backend:
        await asyncio.gather(*[backend.have([f"crowd-{number}"]) for number in range(5)])
        own.kill()
        await is_unavailable(backend)
        own.spawn()
        assert await backend.have(["ada"]) == {"ada"}


async def test_a_restart_between_two_calls_is_not_noticed(own: Slapd) -> None:
    async with opened(own) as backend:
        await asyncio.gather(*[backend.have([f"crowd-{number}"]) for number in range(5)])
        own.kill()
        own.spawn()
        assert await backend.have(["ada"]) == {"ada"}


async def test_a_search_is_tried_again_once_and_only_after_idling(directory: Slapd) -> None:
    """R9."""
    wire = Wire(directory.port)
    async with listening(wire) as port, opened(directory, port=port) as backend:
        assert await backend.have(["ada"]) == {"ada"}
        assert wire.connections == 1
        wire.cut()
        assert await backend.have(["ada"]) == {"ada"}
        assert wire.connections == 2
    deaf = 0

    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal deaf
        deaf += 1
        await reader.read(1000)

    async with listening(dying) as port, speaking(port) as backend:
        await is_unavailable(backend)
    assert deaf == 1


async def test_giving_up_leaves_a_healthy_pool(directory: Slapd) -> None:
    """R10."""
    async with opened(directory, pool_size=2) as backend:
        await backend.have(["ada"])
        for delay in range(40):
            asking = asyncio.create_task(backend.get_many(["ada", "boss"]))
            await asyncio.sleep(delay / 10_000)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        found = await asyncio.gather(*[backend.get_many(["ada"]) for _ in range(10)])
        assert all(set(each) == {"ada"} for each in found)


async def test_fifty_look_ups_share_four_connections(directory: Slapd) -> None:
    wire = Wire(directory.port)
    async with listening(wire) as port, opened(directory, port=port, pool_size=4) as backend:
        names = [f"crowd-{number}" for number in range(50)]
        found = await asyncio.gather(*[backend.get_many([name]) for name in names])
        assert [next(iter(each)) for each in found] == names
    assert 1 <= wire.connections <= 4


async def test_waiting_for_a_connection_ends_with_the_timeout(own: Slapd) -> None:
    async with opened(own, pool_size=1, timeout=0.4) as backend:
        await backend.have(["ada"])
        own.pause()
        try:
            calls = [backend.have(["ada"]) for _ in range(5)]
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*calls, return_exceptions=True)
        finally:
            own.resume()
        assert all(isinstance(answer, SourceUnavailable) for answer in answers)
        assert await backend.have(["ada"]) == {"ada"}


async def test_s16_no_error_tells_of_names_places_or_secrets(directory: Slapd) -> None:
    async with opened(directory, bind_dn=ADA, bind_password="wr0ng-secret") as backend:
        with pytest.raises(SourceUnavailable) as caught:
            await backend.get_many(["ada"])
    told = f"{caught.value} {caught.value.extensions}"
    for secret in ("wr0ng", "uid=", "dc=", "127.0.0.1", str(directory.port)):
        assert secret not in told


@pytest.fixture
def own() -> Iterator[Slapd]:
    """A server that a test may kill."""
    with start_slapd(LDIF, anonymous_read=True) as server:
        yield server


@asynccontextmanager
async def speaking(port: int, **changes: Any) -> AsyncIterator[LdapBackend]:
    """A backend that binds anonymously at a port."""
    chosen: dict[str, Any] = {
        "key": "people",
        "host": "127.0.0.1",
        "port": port,
        "base_dn": PEOPLE,
        **changes,
    }
    backend = LdapBackend(MAPPING, LdapSettings(**chosen))
    yield backend
    await backend.close()


async def is_unavailable(backend: LdapBackend, status: SourceStatus = SourceStatus.UNAVAILABLE) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        await backend.get_many(["ada"])
    assert caught.value.status is status


async def turns_of_others() -> int:
    """How often the loop let others go on, until cancelled."""
    turns = 0
    try:
        while True:
            await asyncio.sleep(0.005)
            turns += 1
    except asyncio.CancelledError:
        return turns


def certificates(folder: Path, fault: str) -> tuple[trustme.LeafCert, Path]:
    """A certificate for localhost with a fault, and the authorities that a client trusts."""
    authority, stranger = trustme.CA(), trustme.CA()
    trusted = folder / "trusted.pem"
    authority.cert_pem.write_to_path(str(trusted))
    if fault == "expired":
        past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        return authority.issue_cert(
            "localhost", not_before=past, not_after=past + datetime.timedelta(days=1)
        ), trusted
    if fault == "wrong name":
        return authority.issue_cert("elsewhere.example.org"), trusted
    if fault == "stranger":
        return stranger.issue_cert("localhost"), trusted
    if fault == "self-signed":
        alone = trustme.CA().issue_cert("localhost")
        return alone, trusted
    return authority.issue_cert("localhost"), trusted
