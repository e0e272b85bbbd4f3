"""`python -m bench` measures every scenario and writes ratios down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from gateway.demo.servers import postgresql as postgresql_server
from tests.servers import need


def test_the_bench_prints_and_writes_a_ratio_for_every_scenario(tmp_path: Path) -> None:
    if reason := postgresql_server.available():
        need(reason)
    file = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "--users", "3000", "--rounds", "2", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    written = json.loads(file.read_text())
    names = [row["scenario"] for row in written["rows"]]
    assert "the same page at the end of the list" in names
    assert [line for line in names if line in done.stdout] == names
    assert all(row["ratio"] > 0 for row in written["rows"])
