"""`kundengraph demo`: from nothing to a served GraphiQL page, and back to nothing at Ctrl-C."""

import asyncio
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import orjson
import uvicorn
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.config import Config, load
from gateway.demo import configuration, world
from gateway.demo.closing import closing_lines
from gateway.demo.configuration import Tokens
from gateway.demo.once import ask
from gateway.demo.progress import Progress
from gateway.demo.servers.ports import HOST
from gateway.demo.stores import Stores, opened

DEFAULT_PORT = 8080
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything that is set up before the first request."""

    config: Config
    path: Path
    tokens: Tokens
    stores: Stores


def main(port: int = 0, once: str | None = None) -> int:
    """Run the demo; a port of 0 stands for 8080, or a free one where that is taken. The exit code."""
    progress = Progress()
    with _ended_by_signals(), ExitStack() as stack:
        try:
            listener = None if once is not None else stack.enter_context(_listener(port, progress))
            demo = _set_up(listener.getsockname()[1] if listener else DEFAULT_PORT, progress, stack)
            if listener is None:
                return _answer_once(demo, once or "")
            return _serve(demo, listener, progress)
        except (OSError, RuntimeError) as error:
            progress.say(f"The demo cannot run: {error}")
            return 1
        finally:
            for number in ENDINGS:  # nothing interrupts the clearing away
                signal.signal(number, signal.SIG_IGN)


def _set_up(port: int, progress: Progress, stack: ExitStack) -> Demo:
    """Start and fill the stores, and write the configuration that names them."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kundengraph-demo-")))
    progress.say("Setting up a help desk and its directories of customer users:")
    people = world.build()
    stores = opened(people, folder, progress, stack)
    ldap = stores.directory.url if stores.directory else None
    path, tokens = configuration.write(folder, port, stores.registry_url, ldap)
    return Demo(load(path), path, tokens, stores)


def _answer_once(demo: Demo, query: str) -> int:
    answer = asyncio.run(ask(_app(demo), demo.config.server.path, query, demo.tokens.admin))
    sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n")
    sys.stdout.flush()
    return 1 if "errors" in answer else 0


def _app(demo: Demo) -> Starlette:
    """The application; a terminal is no place for a line of each request."""
    return create_app(demo.config, log_requests=False)


def _serve(demo: Demo, listener: socket.socket, progress: Progress) -> int:
    server = _Server(_app(demo), demo, progress)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        if not server.started:
            raise
    return 0


class _Server(uvicorn.Server):
    """A server that says where it is as soon as it can be reached."""

    def __init__(self, app: Starlette, demo: Demo, progress: Progress) -> None:
        super().__init__(
            uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        )
        self._demo = demo
        self._progress = progress

    async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
        await super().startup(list(sockets or []))
        demo, seconds = self._demo, self._progress.seconds
        port = demo.config.server.port
        lines = closing_lines(port, demo.tokens, demo.path, demo.stores.directory, seconds)
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _listener(port: int, progress: Progress) -> socket.socket:
    """A socket taken before anything is set up, so that nobody else takes the port meanwhile."""
    try:
        return _bound(port or DEFAULT_PORT)
    except OSError as error:
        if port:
            raise OSError(
                f"port {port} is in use or not allowed ({error.strerror}): try another --port"
            ) from error
    listener = _bound(0)
    progress.say(f"Port {DEFAULT_PORT} is in use: taking {listener.getsockname()[1]} instead.")
    return listener


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let the signals that end a program unwind it, so that whatever was begun is cleared away."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
