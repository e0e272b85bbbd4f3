"""A private server: one process on loopback, with its data in a folder of its own.

As root, servers run as `nobody`; on Linux they die with the process that started them, however that one ends.
"""

import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypeVar

PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Word = str | Path  # of a command
SECONDS_TO_START = 30.0
SECONDS_TO_STOP = 20.0

# The kernel's "parent died" means the thread that forked: this one lives as long as the interpreter does.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="servers")


@dataclass(kw_only=True)
class Server(ABC):
    """A server that can be stopped, killed, paused and brought back on the same port with the same data."""

    directory: Path
    port: int
    keep: bool = False
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @abstractmethod
    def command(self) -> Sequence[Word]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def prepare(self) -> None:
        """Lay out the folder before the first start."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the running process answers clients by now."""

    @property
    def pid(self) -> int:
        """The server's process, which must have been started."""
        if self._process is None:
            raise RuntimeError(f"{type(self).__name__} was not started")
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server has written to its standard error so far."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def spawn(self) -> None:
        """Start the process, again if need be, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            raise RuntimeError(f"{type(self).__name__} is running already")
        self._process = _spawner.submit(self._popen).result()
        wait_until(lambda: self._has_exited() or self.is_ready(), SECONDS_TO_START)
        if self._has_exited() or not self.is_ready():
            raise RuntimeError(f"{type(self).__name__} did not start: {self.log.strip()[-2000:]}")

    def stop(self) -> None:
        """Shut down in order, and remove the folder unless it is to be kept."""
        if self._process is not None and self._process.poll() is None:
            self.resume()
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self.kill()
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self) -> None:
        """End the process and its children by SIGKILL; the data stay."""
        family = self._signal_family(signal.SIGSTOP)  # stopped first, so that none is born meanwhile
        for pid in family:
            _signal(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        wait_until(lambda: not any(map(_is_alive, family)), SECONDS_TO_STOP)

    def pause(self) -> None:
        """Let the server fall silent without closing anything."""
        self._signal_family(signal.SIGSTOP)

    def resume(self) -> None:
        """Wake a paused server."""
        self._signal_family(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _popen(self) -> subprocess.Popen[bytes]:
        user, group, extra_groups = _identity()
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [*_dying_with_parent(), *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=environment(self.directory),
                user=user,
                group=group,
                extra_groups=extra_groups,
                start_new_session=True,  # Ctrl-C at a terminal is for us: we stop the servers in order
            )

    def _has_exited(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _signal_family(self, number: signal.Signals) -> list[int]:
        """Signal the process, then its children: those of PostgreSQL leave its process group."""
        if self._process is None or self._process.poll() is not None:
            return []
        _signal(self._process.pid, number)
        children = _children(self._process.pid)
        for child in children:
            _signal(child, number)
        return [self._process.pid, *children]


AnyServer = TypeVar("AnyServer", bound=Server)


def started(server: AnyServer) -> AnyServer:
    """The server, prepared and answering; whatever was begun is cleared away when that fails."""
    try:
        server.prepare()
        server.spawn()
    except BaseException:
        server.stop()
        raise
    return server


def private_directory(name: str) -> Path:
    """A new temporary folder that only the server's user can enter."""
    directory = Path(tempfile.mkdtemp(prefix=f"kundengraph-{name}-"))
    give_away(directory)
    return directory


def give_away(path: Path) -> None:
    """Make the user under whom servers run the owner of a file or folder."""
    user, group, _ = _identity()
    if user is not None and group is not None:
        os.chown(path, user, group)


def write_private(path: Path, text: str) -> None:
    """Write a file that only the server's user can read."""
    path.touch(mode=0o600)
    path.write_text(text)
    give_away(path)


def is_reachable(path: Path) -> bool:
    """Whether the user under whom servers run can enter this folder."""
    user, _, _ = _identity()
    return user is None or all(
        status.st_mode & 0o001 or status.st_uid == user
        for status in (folder.stat() for folder in (path, *path.parents))
    )


def program(name: str) -> str | None:
    """The path of a system program, if it is installed."""
    return shutil.which(name, path=PROGRAMS)


def required(name: str) -> str:
    """The path of a system program that must be there."""
    if path := program(name):
        return path
    raise RuntimeError(f"{name} is not installed")


def missing(package: str, *names: str) -> str | None:
    """None when all programs are there, else the reason in one line."""
    absent = [name for name in names if program(name) is None]
    return f"{', '.join(absent)} not found: install the Debian package {package}" if absent else None


def output_of(command: Sequence[Word], directory: Path, stdin: str = "", **variables: str) -> str:
    """What a tool prints, run as the server's user; its complaint is the error when it fails."""
    user, group, extra_groups = _identity()
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env=environment(directory) | variables,
        user=user,
        group=group,
        extra_groups=extra_groups,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def environment(directory: Path) -> dict[str, str]:
    """The variables of a server's process: the caller's own do not leak in."""
    return {"PATH": PROGRAMS, "LC_ALL": "C.UTF-8", "HOME": str(directory)}


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds; False when it still does not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _identity() -> tuple[int | None, int | None, list[int] | None]:
    """User, group and further groups of servers: `nobody` for root, else unchanged."""
    if os.geteuid() != 0:
        return None, None, None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid, []


@functools.cache
def _dying_with_parent() -> list[str]:
    """The command prefix that ties a process to its parent; empty where the system has none.

    It runs after the change of user, which would undo it, and unlike a `preexec_fn` it is safe among threads.
    """
    prefix = ["setpriv", "--pdeathsig", "KILL", "--"]
    with contextlib.suppress(OSError):
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    return []


def _children(parent: int) -> list[int]:
    return [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if (status := _status(int(folder.name))) and int(status[1]) == parent
    ]


def _is_alive(pid: int) -> bool:
    status = _status(pid)
    return status is not None and status[0] not in "ZX"


def _status(pid: int) -> list[str] | None:
    """State, parent and the rest of what the kernel tells about a process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
