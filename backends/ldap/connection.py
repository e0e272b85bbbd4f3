"""One connection to a directory: the driver's, but waiting properly, one operation at a time, with our errors.

The driver's own asyncio connection spins while it waits, hangs when two operations meet, and goes on spinning when
one is cancelled. Imports the driver, so import this module only when a directory is to be opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any

import bonsai
from bonsai.asyncio import AIOLDAPConnection
from bonsai.ldapconnection import BaseLDAPConnection

from backends.ldap import asking
from backends.ldap.ber import SIZE_LIMIT_EXCEEDED, SUCCESS, Entry
from backends.ldap.faults import Dead, LdapFault, LimitRefused, NoSuchEntry
from backends.ldap.relay import Relay
from backends.ldap.settings import LdapSettings, Scope
from backends.recorder import spanned
from backends.turns import TimeLimit

_NO_SUCH_OBJECT = 32
_ENDS: Mapping[int | None, type[Exception]] = {3: TimeoutError, 11: LimitRefused, 34: NoSuchEntry}
"""What codes of searches say that have come to no good end: time, the server's limit, a DN that is none."""
_REFUSALS = frozenset({19, 32, 34, 48, 49, 50, 53})
"""What a directory says of a wrong password, or of somebody who may not bind: all but that it cannot tell now."""
_FIRST_LOOK, _LAST_LOOK = 0.001, 0.25
_GIVING_UP, _LAST_PAUSE = 0.02, 60.0


async def connect(
    settings: LdapSettings,
    context: ssl.SSLContext | None,
    dn: str = "",
    password: str = "",
) -> Connection:
    """A connection bound as `dn`, or anonymously where that is empty."""
    if dn and not password:
        raise LdapFault("an empty password never binds")
    relay = Relay(settings, context)
    driver: _Driver | None = None
    try:
        async with asyncio.timeout(settings.timeout):
            client = bonsai.LDAPClient(await relay.open())
            client.set_ignore_referrals(True)
            client.set_server_chase_referrals(False)
            if dn:
                client.set_credentials("SIMPLE", user=dn, password=password)
            driver = _Driver(client)  # type: ignore[no-untyped-call]
            with _faults():
                await driver.open()  # type: ignore[no-untyped-call]
            return Connection(driver, relay, settings.timeout)
    except BaseException:
        relay.close()
        try:
            await relay.closed()
        finally:  # whoever cancels once more
            if driver is not None:
                driver.give_up()
        raise


async def binds(settings: LdapSettings, context: ssl.SSLContext | None, dn: str, password: str) -> bool:
    """Whether the directory lets `dn` bind with the password; anything but a yes or no is a fault."""
    try:
        connection = await connect(settings, context, dn, password)
    except LdapFault as error:
        if getattr(error.__cause__, "code", None) in _REFUSALS:
            return False
        raise
    connection.drop()
    await connection.dropped()
    return True


class Connection:
    """Searches, one after the other; anything but an answer makes it unusable."""

    def __init__(self, driver: _Driver, relay: Relay, timeout: float) -> None:
        self._driver = driver
        self._timeout = timeout
        self._relay = relay

    @property
    def usable(self) -> bool:
        """Whether another search may be sent."""
        return not self._driver.broken and not self._driver.closed

    @property
    def limited(self) -> bool:
        """Whether the server's size limit cut the last search."""
        return self._relay.answers.code == SIZE_LIMIT_EXCEEDED

    async def search(
        self, base: str, scope: Scope, expression: str, attributes: Sequence[str]
    ) -> Sequence[Entry]:
        """The entries that match, at most as many as the server gives at once."""
        operation = asking.search(base, scope, expression, tuple(attributes), self._timeout)
        if operation is not None:
            await self._ask(operation)
            return self._entries()
        self._relay.answers.begin()
        with spanned("ldap search"), _faults():
            await self._driver.search(base, asking.SCOPES[scope], expression, list(attributes), self._timeout)
        self._check()
        return self._entries()

    async def _ask(self, operation: bytes) -> None:
        """Search past the driver, and raise what it would."""
        try:
            with spanned("ldap search"), TimeLimit(self._timeout):
                await self._relay.ask(operation)
        except BaseException:  # gone, cancelled or out of time: an answer may still be on its way
            self._driver.broken = True
            raise
        if (fault := _ENDS.get(self._relay.answers.code)) is not None:
            raise fault
        self._check()

    async def pages(
        self,
        base: str,
        scope: Scope,
        expression: str,
        attributes: Sequence[str],
        page_size: int,
    ) -> AsyncGenerator[Sequence[Entry], None]:
        """The entries that match, by pages; the time limit holds for each page."""
        self._relay.answers.begin()
        with spanned("ldap search"), _faults():
            found = await self._driver.paged_search(
                base, asking.SCOPES[scope], expression, list(attributes), self._timeout, page_size=page_size
            )
        while True:
            self._check()
            yield self._entries()
            with spanned("ldap page"), _faults():
                message = found.acquire_next_page()
                if message is None:
                    return
                found = await self._driver.evaluate(message, self._timeout)

    def _entries(self) -> Sequence[Entry]:
        return self._relay.answers.entries()

    def _check(self) -> None:
        """The driver takes some failures for empty answers."""
        code = self._relay.answers.code
        if code == _NO_SUCH_OBJECT:
            raise NoSuchEntry
        if code not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
            raise LdapFault

    def drop(self) -> None:
        """Let go at once."""
        with contextlib.suppress(Exception):
            self._driver.close()
        self._relay.close()

    async def dropped(self) -> None:
        """Wait until nothing of a dropped connection is left."""
        await self._relay.closed()


class _Driver(AIOLDAPConnection):
    """The driver's connection, waiting for reading only."""

    broken = False
    _busy = False
    _message = -1
    """What was asked last; while it opens, the handle of that."""

    def give_up(self, pause: float = _GIVING_UP) -> None:
        """Let the C library see that its peer is gone: what it has opened half-way it closes at no other time.

        It begins in a thread of its own, which may still be under way: long, on a busy machine.
        """
        try:
            opened = BaseLDAPConnection.get_result(self, self._message)
        except bonsai.LDAPError:
            return
        if opened is not None:
            with contextlib.suppress(bonsai.LDAPError):
                self.close()
        elif pause < _LAST_PAUSE:
            self._loop.call_later(pause, self.give_up, pause * 1.5)

    async def evaluate(self, message: int, seconds: float) -> Any:
        """The answer to a message that was sent."""
        return await self._poll(message, seconds)

    async def _poll(self, msg_id: int, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - the driver's signature
        if self._busy:
            raise RuntimeError("one operation at a time on an LDAP connection")
        self._busy = True
        self._message = msg_id
        answer = _Answer(self, msg_id)
        try:
            async with asyncio.timeout(timeout):
                return await answer.wait()
        except (bonsai.ConnectionError, bonsai.ClosedConnection, bonsai.TimeoutError):
            self.broken = True
            raise
        except bonsai.LDAPError:
            raise
        except BaseException:  # cancelled or out of time: an answer may still be on its way
            self.broken = True
            raise
        finally:
            answer.stop()
            self._busy = False


class _Answer:
    """Looks for one answer whenever there is something to read, and now and then besides.

    The looks besides are for connecting, and for what the C library has read already.
    """

    def __init__(self, driver: _Driver, message: int) -> None:
        self._driver = driver
        self._message = message
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Any] = self._loop.create_future()
        self._watched = -1
        self._pause = _FIRST_LOOK
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self) -> Any:
        """Return the answer, or raise what the driver makes of it."""
        self._look()
        if not self._future.done():
            self._timer = self._loop.call_later(self._pause, self._look_again)
        return await self._future

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watched > -1:
            self._loop.remove_reader(self._watched)
            self._watched = -1

    def _look(self) -> None:
        if self._future.done():
            return
        try:
            result = BaseLDAPConnection.get_result(self._driver, self._message)
        except Exception as error:
            self._future.set_exception(error)
            return
        if result is not None:
            self._future.set_result(result)
            return
        current = self._driver.fileno()  # changes once: the real socket replaces a stand-in
        if current != self._watched:
            if self._watched > -1:
                self._loop.remove_reader(self._watched)
            self._watched = current
            if current > -1:
                self._loop.add_reader(current, self._look)

    def _look_again(self) -> None:
        self._look()
        self._pause = min(self._pause * 2, _LAST_LOOK)
        if not self._future.done():
            self._timer = self._loop.call_later(self._pause, self._look_again)


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    """The driver's errors as ours."""
    try:
        yield
    except bonsai.TimeoutError as error:
        raise TimeoutError from error
    except (bonsai.ConnectionError, bonsai.ClosedConnection) as error:
        raise Dead from error
    except bonsai.NoSuchObjectError as error:
        raise NoSuchEntry from error
    except bonsai.LDAPError as error:
        raise _ENDS.get(error.code, LdapFault) from error
