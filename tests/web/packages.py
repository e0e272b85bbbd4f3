"""Node and the packages of these tests, laid out when a test first needs them."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.servers import need

WEB = Path(__file__).parent


@cache
def need_node() -> None:
    """Skip where node is missing; bring node_modules up to its lock file."""
    need(None if shutil.which("node") and shutil.which("npm") else "not installed: node, npm")
    with (WEB / "package-lock.json").open() as turn:  # one worker of pytest at a time
        fcntl.flock(turn, fcntl.LOCK_EX)
        command = ["sh", "scripts/environment.sh", "web"]
        subprocess.run(command, cwd=WEB.parents[1], check=True, capture_output=True)
