"""A demo that runs for tests, as a newcomer starts it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.servers import postgresql, slapd
from tests.servers import need

SCRIPTS = Path(sys.executable).parent
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs, and what it said."""

    address: str
    directory: int
    registry_url: str
    admin: str


@contextmanager
def running_demo() -> Iterator[Demo]:
    """A fresh demo with all its sources, on a free port."""
    need(slapd.available())
    need(postgresql.available())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile("w+") as progress:
        process = subprocess.Popen(
            [SCRIPTS / "kundengraph", "demo", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=progress,
            text=True,
        )
        assert process.stdout is not None
        try:
            said = ""
            while "Ctrl-C" not in said:
                line = process.stdout.readline()
                progress.seek(0)
                assert line, progress.read()
                said += line
            yield described(port, said)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=SECONDS)


def described(port: int, said: str) -> Demo:
    settings = re.search(r"Settings +(\S+)", said)
    directory = re.search(r"kill -STOP (\d+)", said)
    admin = re.search(r"admin: +(\S+)", said)
    assert settings is not None
    assert directory is not None
    assert admin is not None
    registry = tomllib.loads(Path(settings[1]).read_text("utf-8"))["registry"]["url"]
    return Demo(f"http://127.0.0.1:{port}", int(directory[1]), registry, admin[1])
