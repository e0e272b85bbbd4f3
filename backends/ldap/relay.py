"""Bytes between the driver and a directory: connecting, TLS and their time limits are asyncio's.

The driver's own handshake would freeze the whole process while a server says nothing, so the driver only ever
speaks to a unix socket of ours, in a folder that nobody else can enter, and gone once it has connected.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import tempfile
import urllib.parse

from backends.ldap.asking import OWN, message
from backends.ldap.ber import START_TLS, AnswerReader, start_tls_accepted
from backends.ldap.faults import Dead, LdapFault
from backends.ldap.settings import LdapSettings

_CHUNK = 65536
_LONGEST_ANSWER = 65536


def trust(settings: LdapSettings) -> ssl.SSLContext | None:
    """How to verify the directory: certificate and host name, always; None without TLS."""
    if settings.tls == "none":
        return None
    return ssl.create_default_context(cafile=settings.ca_file or None)


class Relay:
    """One connection to a directory, offered to the driver as a unix socket that can be used once."""

    def __init__(self, settings: LdapSettings, context: ssl.SSLContext | None) -> None:
        self.answers = AnswerReader()
        self._settings = settings
        self._context = context
        self._writers: list[asyncio.StreamWriter] = []
        self._listener: socket.socket | None = None
        self._folder: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._handed_over = False
        self._asked: asyncio.Future[None] | None = None
        self._ended = False

    async def ask(self, operation: bytes) -> None:
        """Send a search of our own, beside the driver, which must be idle; return once it has ended.

        Raises Dead where the connection ends before; the caller limits the time, and uses it no more if that is over.
        """
        if self._ended or self._writers[0].is_closing():
            raise Dead
        asked = self._asked = asyncio.get_running_loop().create_future()
        self.answers.begin(OWN, lambda: None if asked.done() else asked.set_result(None))
        self._writers[0].write(message(OWN, operation))
        try:
            await asked
        finally:
            self._asked = None

    async def open(self) -> str:
        """Connect, and return the URL for the driver; the caller limits the time."""
        self._reader, writer = await self._connect()
        self._writers.append(writer)
        self._folder = tempfile.mkdtemp(prefix="kundengraph-")
        path = f"{self._folder}/s"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.setblocking(False)
        self._listener.bind(path)
        self._listener.listen(1)
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._accept)
        return "ldapi://" + urllib.parse.quote(path, safe="")

    def close(self) -> None:
        """Let go of everything at once."""
        self._stop_listening()
        if self._task is not None:
            self._task.cancel()
        for writer in self._writers:
            writer.transport.abort()

    async def closed(self) -> None:
        """Wait until nothing of a closed relay is left."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for writer in self._writers:
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._settings.host, self._settings.port
        if self._settings.tls != "start_tls":
            name = host if self._context else None
            return await asyncio.open_connection(host, port, ssl=self._context, server_hostname=name)
        sock = await _connected(host, port)
        try:
            await _start_tls(sock)
        except BaseException:
            sock.close()
            raise
        try:
            return await asyncio.open_connection(sock=sock, ssl=self._context, server_hostname=host)
        except BaseException:
            _let_go(sock)
            raise

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            driver, _ = self._listener.accept()
        except BlockingIOError:
            return
        self._stop_listening()
        driver.setblocking(False)
        self._task = asyncio.get_running_loop().create_task(self._serve(driver))
        self._task.add_done_callback(lambda _: None if self._handed_over else driver.close())

    async def _serve(self, driver: socket.socket) -> None:
        self._handed_over = True
        try:
            reader, writer = await asyncio.open_unix_connection(sock=driver)
        except BaseException:
            _let_go(driver)
            raise
        self._writers.append(writer)
        await asyncio.gather(
            self._pump(reader, self._writers[0], None), self._pump(self._reader, writer, self.answers)
        )

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: AnswerReader | None
    ) -> None:
        try:
            while data := await reader.read(_CHUNK):
                if passed := answers.feed(data) if answers else data:
                    writer.write(passed)
                    await writer.drain()
        except (OSError, ValueError, IndexError):
            pass  # both sides see the end of the connection, which says enough
        finally:
            writer.close()
            self._ended = True
            if self._asked is not None and not self._asked.done():
                self._asked.set_exception(Dead())

    def _stop_listening(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _let_go(sock: socket.socket) -> None:
    """End with a socket that a loop was handed and has closed.

    uvloop closes the file without a word to the socket, which would close it again: then that of somebody else.
    """
    if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
        sock.close()
    else:
        sock.detach()


async def _connected(host: str, port: int) -> socket.socket:
    """A socket connected to the first address of `host` that accepts."""
    loop = asyncio.get_running_loop()
    failure: OSError = ConnectionError("the host has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure


async def _start_tls(sock: socket.socket) -> None:
    """Ask for TLS. Not a byte beyond the answer is read: whatever a stranger adds must fail in the handshake."""
    await asyncio.get_running_loop().sock_sendall(sock, START_TLS)
    header = await _exactly(sock, 2)
    if header[1] & 0x80:
        header += await _exactly(sock, header[1] & 0x7F)
    length = header[1] if not header[1] & 0x80 else int.from_bytes(header[2:], "big")
    if length > _LONGEST_ANSWER or not start_tls_accepted(header + await _exactly(sock, length)):
        raise LdapFault("StartTLS refused")


async def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        received = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
        if not received:
            raise EOFError("the connection ended within an answer")
        data += received
    return data
